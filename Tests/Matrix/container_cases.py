"""Cases of containers: from one to itself, and from one to another."""

from cases import Case
from encoders import AAC, AC3, H264, MJPEG, MP2, MP3, MPEG2, MPEG4, OPUS, THEORA, VORBIS, VP8, VP9
from sources import Film

SAME = "Containers"
OTHER = "From one container to another"


def same(name: str, codec: str, sound: str = "", *, smoke: bool = False, **options: object) -> Case:
    """A film to the container that it is in."""
    extension = name.split(" ")[0]
    film = Film(f"in.{extension}", codec, sounds=(sound,) if sound else (), **options)
    return Case(SAME, name, film, f"out.{extension}", smoke=smoke)


def other(name: str, film: Film, *, smoke: bool = False, **fields: object) -> Case:
    """A film to the container at the end of the case's name."""
    return Case(OTHER, name, film, f"out.{name.split(' ')[2]}", smoke=smoke, **fields)


MP4 = Film("in.mp4", H264, sounds=(AAC,), options="-metadata title=Film -metadata artist=Painter")
MKV = Film("in.mkv", H264, sounds=(AAC,), options="-metadata title=Film -metadata artist=Painter")

CASES = [
    same("mp4 H.264, AAC", H264, AAC, smoke=True),
    same("mov H.264, PCM", H264, "pcm_s16le", smoke=True),
    same("mkv H.264, FLAC", H264, "flac", smoke=True),
    same("webm VP9, Opus", VP9, OPUS, smoke=True),
    same("webm VP8, Vorbis", VP8, VORBIS),
    same("avi MPEG-4, MP3", MPEG4, MP3, smoke=True),
    same("avi MJPEG, PCM", MJPEG, "pcm_s16le", pixels="yuvj420p"),
    same("ts H.264, AAC", H264, AAC, smoke=True),
    same("ts MPEG-2, AC-3", MPEG2, AC3),
    same("m2ts H.264, AC-3", H264, AC3),
    same("flv H.264, AAC", H264, AAC),
    same("mxf MPEG-2, PCM", MPEG2 + " -b:v 8M", "pcm_s16le", smoke=True),
    same("mpg MPEG-2, MP2", MPEG2, MP2),
    same("ogv Theora, Vorbis", THEORA, VORBIS, smoke=True),
    same("nut H.264, PCM", H264, "pcm_s16le"),
    same("wmv WMV2, WMA", "wmv2 -q:v 2", "wmav2 -b 128k"),
    same("y4m raw video", "wrapped_avframe", smoke=True),
    same("gif palette", "gif", pixels="rgb8", smoke=True),
    same("apng RGB", "apng", pixels="rgb24"),
    Case(SAME, "png pattern of pictures", Film("in/%03d.png", "png", pixels="rgb24", seconds=0.4), "out/%03d.png",
         smoke=True),
    Case(SAME, "jpg pattern of pictures", Film("in/%03d.jpg", MJPEG, pixels="yuvj420p", seconds=0.4), "out/%03d.jpg"),

    other("mp4 to mkv", MP4, smoke=True),
    other("mp4 to mov", MP4),
    other("mp4 to webm", MP4, smoke=True),
    other("mp4 to avi", MP4),
    other("mp4 to ts", MP4),
    other("mp4 to flv", MP4),
    other("mp4 to mxf", MP4),
    other("mp4 to ogv", MP4, smoke=True),
    other("mp4 to mpg", MP4),
    other("mp4 to nut", MP4),
    other("mp4 to gif", MP4, smoke=True),
    other("mp4 to y4m", MP4),
    other("mp4 to wmv", MP4),
    other("mp4 to h264 (raw stream)", MP4),
    Case(OTHER, "mp4 to png pattern", Film("in.mp4", H264, seconds=0.4), "out/%03d.png"),
    Case(OTHER, "png pattern to mp4", Film("in/%03d.png", "png", pixels="rgb24", seconds=0.4), "out.mp4"),
    other("mkv to mp4", MKV),
    other("webm to mp4", Film("in.webm", VP9, sounds=(OPUS,))),
    other("avi to mkv", Film("in.avi", MPEG4, sounds=(MP3,))),
    other("ts to mp4", Film("in.ts", H264, sounds=(AAC,)), smoke=True),
    other("flv to mp4", Film("in.flv", H264, sounds=(AAC,))),
    other("mxf to mov", Film("in.mxf", MPEG2 + " -b:v 8M", sounds=("pcm_s16le",))),
    other("ogv to webm", Film("in.ogv", THEORA, sounds=(VORBIS,))),
    other("mpg to mp4", Film("in.mpg", MPEG2, sounds=(MP2,))),
    other("gif to mp4", Film("in.gif", "gif", pixels="rgb8")),
    other("y4m to mkv", Film("in.y4m", "wrapped_avframe", pixels="yuv444p")),
]
