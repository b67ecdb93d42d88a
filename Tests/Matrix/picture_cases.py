"""Cases of single pictures, for `stylize-image`."""

from cases import Case
from sources import Picture

GROUP = "Pictures"


def picture(name: str, source: Picture, output: str, *options: str, smoke: bool = False,
            floor: float | None = 32) -> Case:
    """A picture to the format of the output."""
    return Case(GROUP, name, source, output, options, smoke=smoke, floor=floor)


CASES = [
    picture("PNG", Picture("in.png"), "out.png", smoke=True),
    picture("PNG, 16 bits", Picture("in.png", "rgb48be"), "out.png", smoke=True),
    picture("PNG, grey", Picture("in.png", "gray"), "out.png"),
    picture("PNG, alpha", Picture("in.png", "rgba", alpha=True), "out.png", smoke=True),
    picture("PNG, 16 bits, alpha", Picture("in.png", "rgba64be", alpha=True), "out.png"),
    picture("PNG, alpha, to JPEG", Picture("in.png", "rgba", alpha=True), "out.jpg"),
    picture("PNG, 16 bits, to JPEG", Picture("in.png", "rgb48be"), "out.jpg"),
    picture("PNG, 16 bits, to TIFF", Picture("in.png", "rgb48be"), "out.tiff"),
    picture("TIFF", Picture("in.tiff"), "out.tiff"),
    picture("TIFF, 16 bits", Picture("in.tiff", "rgb48le"), "out.tiff", smoke=True),
    picture("TIFF, alpha", Picture("in.tiff", "rgba", alpha=True), "out.tiff"),
    picture("JPEG, 4:2:0", Picture("in.jpg", "yuvj420p", "mjpeg -q:v 2"), "out.jpg", smoke=True),
    picture("JPEG, 4:4:4", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2"), "out.jpg"),
    picture("JPEG to PNG", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2"), "out.png"),
    picture("JPEG to WebP", Picture("in.jpg", "yuvj420p", "mjpeg -q:v 2"), "out.webp"),
    picture("WebP", Picture("in.webp", "yuv420p", "libwebp -quality 95"), "out.webp", smoke=True),
    picture("WebP, alpha", Picture("in.webp", "bgra", "libwebp -lossless 1", alpha=True), "out.webp"),
    picture("WebP to PNG", Picture("in.webp", "bgra", "libwebp -lossless 1"), "out.png"),
    picture("PPM, 16 bits", Picture("in.ppm", "rgb48be"), "out.ppm"),
    picture("EXR, 16-bit floats", Picture("in.exr", "gbrpf32le", "exr -format half"), "out.exr", smoke=True),
    picture("EXR, 32-bit floats", Picture("in.exr", "gbrpf32le", "exr -compression zip1"), "out.exr"),
    picture("EXR, grey", Picture("in.exr", "grayf32le", "exr -format half"), "out.exr"),
    picture("EXR, alpha", Picture("in.exr", "gbrapf32le", "exr -format half", alpha=True), "out.exr", smoke=True),
    picture("EXR to PNG", Picture("in.exr", "gbrpf32le", "exr -format half"), "out.png", smoke=True),
    # Colours in EXR are premultiplied, and those in PNG are not.
    picture("EXR, alpha, to PNG", Picture("in.exr", "gbrapf32le", "exr -format half", alpha=True), "out.png",
            floor=None),
    picture("EXR, alpha, to JPEG", Picture("in.exr", "gbrapf32le", "exr -format half", alpha=True), "out.jpg"),
    picture("PNG, 16 bits, to EXR", Picture("in.png", "rgb48be"), "out.exr", smoke=True),
    picture("JPEG to EXR", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2"), "out.exr"),
    picture("BMP", Picture("in.bmp", "bgr24"), "out.bmp"),
    picture("GIF to PNG", Picture("in.gif", "rgb8"), "out.png"),
    picture("PNG with a profile", Picture("in.png", profile=True), "out.png", smoke=True),
    picture("PNG with a profile, to JPEG", Picture("in.png", profile=True), "out.jpg"),
    picture("PNG with a profile, to WebP", Picture("in.png", profile=True), "out.webp"),
    picture("JPEG with a profile", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", profile=True), "out.jpg"),
    picture("JPEG with a profile, to TIFF", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", profile=True), "out.tiff"),
    picture("JPEG, EXIF data", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", orientation=1), "out.jpg", smoke=True),
    picture("JPEG, turned by its EXIF data",
            Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", orientation=6), "out.jpg", smoke=True),
    picture("JPEG, turned by its EXIF data, to PNG",
            Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", orientation=3), "out.png"),
    picture("JPEG, EXIF data, to TIFF", Picture("in.jpg", "yuvj444p", "mjpeg -q:v 2", orientation=6), "out.tiff"),
    picture("PNG, EXIF data, to WebP", Picture("in.png", orientation=1), "out.webp"),
]
