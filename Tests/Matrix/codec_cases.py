"""Cases of codecs, bit depth, chroma subsampling and alpha."""

from cases import Case
from encoders import AV1, DNXHR, DNXHR_HQX, H264, HEVC, PRORES, PRORES_4444, THEORA, VP9
from sources import Film

DEPTH = "Bit depth and chroma"
ALPHA = "Alpha"
FFV1 = ("--codec", "ffv1")


def depth(name: str, codec: str, pixels: str, output: str = "out.mkv", *options: str, smoke: bool = False) -> Case:
    """A film with the pixel format `pixels` in the container of the output."""
    source = "in" + output[output.rindex("."):]
    return Case(DEPTH, name, Film(source, codec, pixels=pixels), output, options, smoke=smoke)


def alpha(name: str, source: str, codec: str, pixels: str, output: str, *options: str, smoke: bool = False) -> Case:
    """A film that is transparent on the left."""
    return Case(ALPHA, name, Film(source, codec, pixels=pixels, alpha=True), output, options, smoke=smoke)


CASES = [
    depth("H.264, 10 bits", H264, "yuv420p10le", "out.mp4", smoke=True),
    depth("H.264, 4:2:2", H264, "yuv422p", "out.mp4", smoke=True),
    depth("H.264, 4:2:2, 10 bits", H264, "yuv422p10le", "out.mp4"),
    depth("H.264, 4:4:4", H264, "yuv444p", "out.mp4"),
    depth("H.264, 4:4:4, 10 bits", H264, "yuv444p10le", "out.mp4"),
    depth("H.264, RGB", "libx264rgb -preset ultrafast -crf 10", "rgb24", "out.mp4"),
    depth("H.264, grey", H264, "gray", "out.mp4"),
    depth("H.264, 10 bits, to 4:2:0 with 8", H264, "yuv422p10le", "out.mp4", "--pixel-format", "yuv420p"),
    depth("HEVC, 10 bits", HEVC, "yuv420p10le", "out.mp4", "--codec", "libx265", smoke=True),
    depth("HEVC, 4:2:2, 10 bits", HEVC, "yuv422p10le", "out.mp4", "--codec", "libx265"),
    depth("HEVC, 12 bits", HEVC, "yuv420p12le", "out.mkv", "--codec", "libx265"),
    depth("HEVC, 10 bits, default encoder", HEVC, "yuv420p10le", "out.mp4"),
    depth("HEVC, 12 bits, default encoder", HEVC, "yuv420p12le", "out.mp4"),
    depth("VP9, 10 bits", VP9, "yuv420p10le", "out.webm", smoke=True),
    depth("VP9, 4:4:4", VP9, "yuv444p", "out.webm"),
    depth("AV1, 10 bits", AV1, "yuv420p10le", "out.mkv", "--codec", "libsvtav1"),
    depth("ProRes 422, 10 bits", PRORES, "yuv422p10le", "out.mov", "--codec", "prores_ks", smoke=True),
    depth("ProRes 422, default encoder", PRORES, "yuv422p10le", "out.mov"),
    depth("ProRes 4444, 10 bits", PRORES_4444, "yuv444p10le", "out.mov", "--codec", "prores_ks"),
    depth("DNxHR HQ, 8 bits", DNXHR, "yuv422p", "out.mov", "--codec", "dnxhd",
          "--output-option", "profile=dnxhr_hq"),
    depth("DNxHR HQX, 10 bits", DNXHR_HQX, "yuv422p10le", "out.mov", "--codec", "dnxhd",
          "--output-option", "profile=dnxhr_hqx"),
    depth("FFV1, 8 bits", "ffv1", "yuv420p", "out.mkv", *FFV1, smoke=True),
    depth("FFV1, 4:2:2, 10 bits", "ffv1", "yuv422p10le", "out.mkv", *FFV1, smoke=True),
    depth("FFV1, 4:4:4, 12 bits", "ffv1", "yuv444p12le", "out.mkv", *FFV1),
    depth("FFV1, 4:2:0, 16 bits", "ffv1", "yuv420p16le", "out.mkv", *FFV1, smoke=True),
    depth("FFV1, RGB, 16 bits", "ffv1", "gbrp16le", "out.mkv", *FFV1),
    depth("FFV1, grey, 10 bits", "ffv1", "gray10le", "out.mkv", *FFV1),
    depth("FFV1, 4:1:0", "ffv1", "yuv410p", "out.mkv", *FFV1),
    depth("HuffYUV, 4:2:2", "huffyuv", "yuv422p", "out.avi", "--codec", "huffyuv"),
    depth("raw RGB", "rawvideo", "bgr24", "out.avi", "--codec", "rawvideo"),
    depth("Theora, 4:4:4", THEORA, "yuv444p", "out.ogv"),
    depth("Y4M, 4:2:2, 10 bits", "wrapped_avframe -strict -1", "yuv422p10le", "out.y4m"),
    Case(DEPTH, "PNG pattern, 16 bits", Film("in/%03d.png", "png", pixels="rgb48be", seconds=0.4), "out/%03d.png"),
    Case(DEPTH, "TIFF pattern, 16 bits", Film("in/%03d.tiff", "tiff", pixels="rgb48le", seconds=0.4),
         "out/%03d.tiff"),
    Case(DEPTH, "EXR pattern, 16-bit floats", Film("in/%03d.exr", "exr -format half", pixels="gbrpf32le", seconds=0.4),
         "out/%03d.exr", smoke=True),
    Case(DEPTH, "EXR pattern to MP4", Film("in/%03d.exr", "exr -format half", pixels="gbrpf32le", seconds=0.4),
         "out.mp4"),

    alpha("ProRes 4444", "in.mov", PRORES_4444, "yuva444p10le", "out.mov", smoke=True),
    alpha("ProRes 4444, named encoder", "in.mov", PRORES_4444, "yuva444p10le", "out.mov", "--codec", "prores_ks"),
    alpha("ProRes 4444 to MP4", "in.mov", PRORES_4444, "yuva444p10le", "out.mp4", smoke=True),
    alpha("QuickTime Animation", "in.mov", "qtrle", "argb", "out.mov", "--codec", "qtrle", smoke=True),
    alpha("PNG in MOV", "in.mov", "png", "rgba", "out.mov", "--codec", "png"),
    alpha("FFV1", "in.mkv", "ffv1", "yuva420p", "out.mkv", *FFV1),
    alpha("VP9 in WebM", "in.webm", VP9, "yuva420p", "out.webm", smoke=True),
    alpha("PNG pattern", "in/%03d.png", "png", "rgba", "out/%03d.png", smoke=True),
    alpha("EXR pattern", "in/%03d.exr", "exr -format half", "gbrapf32le", "out/%03d.exr"),
    alpha("APNG", "in.apng", "apng", "rgba", "out.apng"),
    alpha("APNG to GIF", "in.apng", "apng", "rgba", "out.gif"),
]
