"""Compares the pictures of two films, frame by frame."""

import re

from tools import ffmpeg

# Encoders that give back every value of their pixel format.
LOSSLESS = ("ffv1", "huffyuv", "ffvhuff", "rawvideo", "png", "apng", "qtrle", "tiff", "bmp", "ppm", "pgm", "utvideo", "exr")
# Conversions between pixel formats add as little as they can.
SCALER = "sws_flags=bicubic+accurate_rnd+full_chroma_int"
INPUT = "settb=1/25,setpts=N"
# The filter psnr takes no floats.
MEASURABLE = {"gbrpf32le": "gbrp16le", "gbrapf32le": "gbrap16le"}


def are_same(source: str, output: str, folder: str, pixels: str) -> bool:
    """Whether all samples of two films are the same bits, floats outside of 0 to 1 included."""
    hashes = [ffmpeg(["-i", name, "-map", "0:v:0", "-c:v", "rawvideo", "-pix_fmt", pixels, "-f", "hash", "-"], folder)
              for name in (source, output)]
    return hashes[0] == hashes[1]


def psnr(
    source: str, output: str, folder: str, *, pixels: str, reference: str, decoders: tuple[list[str], list[str]]
) -> float:
    """The PSNR in dB of `output` against `source`, infinite where all values are the same.

    The frames are compared by their number, in the pixel format `pixels`. `reference` is a filter that the source's
    frames go through before; `decoders` are options for the two inputs.
    """
    pixels = MEASURABLE.get(pixels, pixels)
    before = f"[0:v:0]{reference + ',' if reference else ''}{INPUT},format={pixels}[source]"
    after = f"[1:v:0]{INPUT},format={pixels}[output]"
    measured = "[output][source]psnr=shortest=1,metadata=print:file=-:key=lavfi.psnr.psnr_avg"
    printed = ffmpeg(
        [*decoders[0], "-i", source, *decoders[1], "-i", output,
         "-filter_complex", f"{SCALER};{before};{after};{measured}", "-f", "null", "-"], folder)
    values = [float(value) for value in re.findall(r"psnr_avg=(\S+)", printed)]
    # The worst frame counts: a film is as good as that.
    return min(values, default=0)
