"""Writes the pictures in this folder with Pillow (13.0.0) and NumPy; FixtureTests.swift computes what they must hold."""

import struct
import zlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 24, 16
x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
colors = np.stack([10 * x, 15 * y, 255 - 5 * x - 6 * y], -1).astype(np.uint8)
alpha = (16 * y + 5 * (x % 3)).clip(0, 255).astype(np.uint8)
rgb = Image.fromarray(colors)
rgba = Image.fromarray(np.dstack([colors, alpha]))
exif = Image.Exif()
exif[0x0112] = 6

rgb.save("oriented.jpg", quality=95, subsampling=0, exif=exif.tobytes())
rgb.save("subsampled.jpg", quality=95, subsampling=2)
rgb.save("progressive.jpg", quality=95, subsampling=0, progressive=True)
rgb.convert("L").save("gray.jpg", quality=95)
rgb.convert("CMYK").save("cmyk.jpg", quality=95)
rgba.save("alpha.png")
rgb.save("oriented.png", exif=exif.tobytes())
Image.fromarray((x * 2621 + y * 13).astype(np.uint16)).save("gray16.png")
Image.fromarray(np.dstack([colors[..., 0], alpha])).save("grayalpha.png")
Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).convert("1").save("bilevel.png")
palette = Image.fromarray((x // 6 + 4 * (y // 8)).astype(np.uint8))
palette.putpalette([value for i in range(8) for value in (30 * i, 255 - 30 * i, i * 97 % 256)])
palette.save("palette.png", transparency=bytes([255, 0, 128, 255, 255, 255, 255, 64]), bits=8)
palette.save("palette.gif", transparency=1)
rgba.save("lossless.webp", lossless=True, exact=True, exif=exif.tobytes())
rgba.save("lossy.webp", quality=95, exact=True)
rgba.save("alpha.tiff")
rgb.save("oriented.tiff", compression="tiff_lzw", exif=exif)
rgb.save("rgb.bmp")
rgb.save("rgb.ppm")


def png(width, height, bits, color_type, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


deep = (colors.astype(np.uint32) * 257).astype(">u2")
open("rgb48.png", "wb").write(png(WIDTH, HEIGHT, 16, 2, b"".join(b"\0" + row.tobytes() for row in deep)))
open("zero.png", "wb").write(png(0, 0, 8, 2, b""))

# Detail down to the pixel, and what Pillow's bicubic filter makes of it. The samples keep off 0 and 255, where Pillow
# cuts off what overshoots between its two passes.
x, y = np.meshgrid(np.arange(31), np.arange(22))
detail = [127 + 70 * np.sin(x * 0.9 + y * 0.2), 127 + 70 * np.cos(y * 1.1) + 0 * x, 60 + (x * 37 + y * 91) % 136]
detail = Image.fromarray(np.stack(detail, -1).astype(np.uint8))
detail.save("detail.png")
for size in [(13, 9), (47, 30), (31, 7), (60, 5), (1, 1)]:
    detail.resize(size, Image.BICUBIC).save(f"detail-{size[0]}x{size[1]}.png")
# The same by the box filter, and by its widths of two and more samples.
for size in [(13, 9), (31, 7), (10, 22), (4, 3), (1, 1)]:
    detail.resize(size, Image.BOX).save(f"box-{size[0]}x{size[1]}.png")

# A film of ten frames of one grey each.
film = [Image.new("L", (9, 7), 20 * index + 10) for index in range(10)]
film[0].save("film.gif", save_all=True, append_images=film[1:], duration=100)
