"""Why something is lost: what a container or codec cannot hold, in a line each.

A loss without a line here is a defect or not yet understood; the report counts those.
"""

import os
import re

from cases import Case
from facts import Facts
from tools import pixel_formats

# By the output's container and the aspect, without the number of a track.
CONTAINERS: dict[tuple[str, str], str] = {
    ("avi", "attachment"): "AVI has no attachments.",
    ("avi", "chapters"): "AVI has no chapters.",
    ("avi", "duration"): "AVI stores no presentation times, which frames that refer to later ones need.",
    ("avi", "range"): "AVI stores no colour tags of its own.",
    ("avi", "subtitles"): "FFmpeg's AVI writer takes no text.",
    ("avi", "times"): "AVI stores no presentation times, which frames that refer to later ones need.",
    ("flv", "attachment"): "FLV has no attachments.",
    ("flv", "chapters"): "FLV has no chapters.",
    ("flv", "duration"): "FLV stores no duration of the last frame.",
    ("flv", "pixel shape"): "FLV stores no aspect ratio.",
    ("flv", "subtitles"): "FLV holds text only as live commands.",
    ("gif", "alpha"): "GIF has one transparent colour and no half-transparent ones.",
    ("gif", "chroma"): "GIF has palettes of 256 colours.",
    ("gif", "chapters"): "GIF has no chapters.",
    ("gif", "depth"): "GIF has palettes of 256 colours.",
    ("gif", "duration"): "GIF counts in 1/100 s.",
    ("gif", "picture"): "GIF has palettes of 256 colours.",
    ("gif", "sound"): "GIF has no sound.",
    ("gif", "subtitles"): "GIF has no subtitles.",
    ("gif", "tag"): "GIF has no tags.",
    ("gif", "times"): "GIF counts in 1/100 s.",
    ("h264", "tag"): "A raw stream holds only pictures.",
    ("h264", "sound"): "A raw stream holds only pictures.",
    ("mov", "attachment"): "MOV has no attachments.",
    ("mp4", "attachment"): "MP4 has no attachments.",
    ("mpg", "chapters"): "MPEG program streams have no chapters.",
    ("mpg", "duration"): "MPEG program streams store a time for some frames only.",
    ("mpg", "subtitles"): "MPEG program streams hold no text.",
    ("mpg", "tag"): "MPEG program streams have no tags.",
    ("mpg", "times"): "MPEG program streams store a time for some frames only.",
    ("mpg", "default flag"): "MPEG program streams have no flags.",
    ("mxf", "tag"): "FFmpeg's MXF writer takes no such tag.",
    ("mxf", "chapters"): "MXF has no chapters.",
    ("nut", "attachment"): "NUT has no attachments.",
    ("ogv", "attachment"): "Ogg has no attachments.",
    ("ogv", "subtitles"): "FFmpeg's Ogg writer takes no text.",
    ("ts", "attachment"): "MPEG-TS has no attachments.",
    ("ts", "chapters"): "MPEG-TS has no chapters.",
    ("ts", "default flag"): "MPEG-TS has no default flag.",
    ("ts", "cover"): "MPEG-TS has no cover pictures.",
    ("ts", "subtitles"): "MPEG-TS holds broadcast subtitles, not text.",
    ("ts", "tag"): "MPEG-TS has no such tag.",
    ("webm", "attachment"): "WebM has no attachments.",
    ("webm", "pixel shape"): "WebM stores the width on the screen in whole pixels.",
    ("webm", "cover"): "WebM has no attachments, so no cover pictures.",
    ("y4m", "chapters"): "Y4M holds only pictures.",
    ("y4m", "sound"): "Y4M holds only pictures.",
    ("y4m", "subtitles"): "Y4M holds only pictures.",
    ("y4m", "tag"): "Y4M holds only pictures.",
    ("png", "sound"): "A series of pictures has no sound.",
    ("bmp", "ICC profile"): "FFmpeg's BMP encoder writes no profiles.",
    ("bmp", "alpha"): "BMP pictures are written opaque.",
    ("bmp", "depth"): "BMP has 8 bits.",
    ("jpg", "alpha"): "JPEG has no alpha channel.",
    ("jpg", "depth"): "JPEG has 8 bits.",
    ("png", "depth"): "PNG has at most 16 bits.",
    ("png", "duration"): "A picture has no duration.",
    ("ppm", "EXIF camera"): "PPM holds only pixels.",
    ("ppm", "ICC profile"): "PPM holds only pixels.",
    ("ppm", "alpha"): "PPM has no alpha channel.",
    ("webp", "chroma"): "Lossy WebP halves the chroma.",
    ("webp", "chroma location"): "WebP has one place for the chroma.",
    ("webp", "depth"): "WebP has 8 bits.",
    ("webp", "range"): "WebP has limited range only.",
    ("wmv", "duration"): "FFmpeg's ASF reader gives no presentation times of H.264.",
    ("wmv", "times"): "FFmpeg's ASF reader gives no presentation times of H.264.",
}

# By the output's codec and the aspect, where the container has no line.
CODECS: dict[tuple[str, str], str] = {
    ("mpeg4", "chroma"): "MPEG-4 part 2 has 4:2:0 only.",
    ("mpeg4", "depth"): "MPEG-4 part 2 has 8 bits.",
    ("mpeg4", "range"): "MPEG-4 part 2 is written without colour tags.",
    ("theora", "chroma location"): "Theora has one place for the chroma.",
    ("theora", "depth"): "Theora has 8 bits.",
    ("theora", "alpha"): "Theora has no alpha channel.",
    ("mpeg2video", "chroma"): "MPEG-2 has no 4:4:4.",
    ("mpeg2video", "depth"): "MPEG-2 has 8 bits.",
    ("h264", "alpha"): "H.264 is written without an alpha channel.",
    ("hevc", "alpha"): "HEVC is written without an alpha channel.",
    ("flv1", "depth"): "FLV1 has 8 bits.",
    ("prores", "range"): "ProRes has limited range only.",
    ("dnxhd", "alpha"): "DNxHD is written without an alpha channel.",
}

# By an option of the program and the aspect.
OPTIONS: dict[tuple[str, str], str] = {
    ("--pixel-format", "chroma"): "The pixel format is chosen by an option.",
    ("--pixel-format", "depth"): "The pixel format is chosen by an option.",
    ("--sdr", "content light"): "The data describes the HDR picture.",
    ("--sdr", "mastering display"): "The data describes the HDR picture.",
    ("--sdr", "matrix"): "The colours become those of BT.709.",
    ("--sdr", "primaries"): "The colours become those of BT.709.",
    ("--sdr", "transfer"): "The colours become those of BT.709.",
}

# By the name of a case and the aspect: what the comparison itself cannot see.
CASES: dict[tuple[str, str], str] = {
    ("EXR, grey", "picture"): "Grey keeps its full range, which ffmpeg narrows in the comparison.",
    ("FFV1, grey, 10 bits", "picture"): "Grey keeps its full range, which ffmpeg narrows in the comparison.",
    ("gif to mp4", "duration"): "ffprobe takes the duration of the last frame from the clock of H.264.",
}

# Containers that store a frame rate instead of times.
CONSTANT_RATE = ("avi", "ogv", "y4m", "mxf", "h264", "swf")


def reason(aspect: str, case: Case, source: Facts, output: Facts) -> str:
    """Why `aspect` is lost; empty where nothing explains it."""
    container = os.path.splitext(case.output)[1][1:]
    # "sound 2: default flag" is about "default flag" first, then about "sound".
    parts = [re.sub(r" \d+$", "", part) for part in reversed(aspect.split(": "))]
    names = ["tag" if part.startswith("tag ") else part for part in parts]
    if names[0] in ("frames", "times", "duration") and container in CONSTANT_RATE and len(set(_steps(source))) > 1:
        return "The container stores one frame rate, so frames are repeated or left out."
    if names[0] == "depth" and output.codec == "h264" and pixel_formats()[output.pixel_format].bits == 10:
        return "H.264 is written with at most 10 bits."
    for table, keys in ((CASES, (case.name,)), (OPTIONS, case.options), (CONTAINERS, (container,)), (CODECS, (output.codec,))):
        for name in names:
            for key in keys:
                if why := table.get((key, name)):
                    return why
    if names[0] == "chroma" and pixel_formats()[source.pixel_format].chroma == "RGB":
        return "RGB is written as YCbCr, which every player shows."
    return ""


def _steps(facts: Facts) -> list[int]:
    """The time between frames, in 1/100 s."""
    return [round(100 * (after - before)) for before, after in zip(facts.times, facts.times[1:])]
