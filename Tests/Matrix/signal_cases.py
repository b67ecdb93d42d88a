"""Cases of colour tags, HDR, fields, frame rates and rotation."""

from cases import Case
from encoders import H264, HEVC, MPEG2, PRORES, VP9
from sources import Film

COLOUR = "Colours and HDR"
TIME = "Fields, frame rates and rotation"
LIGHT = (
    "hdr10=1:max-cll=1000,400:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
)
PQ = "range=tv:color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
HLG = "range=tv:color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
BT709 = "range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
BT601 = "range=tv:color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m"
FULL = "range=pc:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
BT2020 = "range=tv:color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc"
# Two frames in three stay, so that frames last 1/25 s and 2/25 s in turn.
VARIABLE = "select='mod(n,3)'"
BWDIF = "bwdif=mode=send_frame"
FIELDS_264 = H264 + " -flags +ilme+ildct"
FIELDS_MPEG2 = MPEG2 + " -flags +ilme+ildct"


def colour(name: str, tags: str, output: str = "out.mkv", codec: str = H264, *options: str, smoke: bool = False,
           pixels: str = "yuv420p", floor: float | None = 32) -> Case:
    """A film with colour tags in the container of the output."""
    film = Film("in" + output[output.rindex("."):], codec, pixels=pixels, tags=tags)
    return Case(COLOUR, name, film, output, options, smoke=smoke, floor=floor)


def hdr(name: str, tags: str, output: str, *options: str, smoke: bool = False, floor: float | None = 32) -> Case:
    """A film of 10 bits in HEVC with the data of a display."""
    codec = HEVC.replace("log-level", f"{LIGHT}:log-level")
    return colour(name, tags, output, codec, *options, smoke=smoke, pixels="yuv420p10le", floor=floor)


def fields(name: str, source: str, codec: str, scan: str, output: str, *options: str, smoke: bool = False,
           pixels: str = "yuv420p") -> Case:
    """An interlaced film of 25 frames a second."""
    mode = "tff" if scan == "top" else "bff"
    first = "1" if scan == "top" else "0"
    film = Film(source, f"{codec} -top {first}", rate="50", pixels=pixels, filters=f"interlace=scan={mode}",
                tags=f"field_mode={mode}")
    return Case(TIME, name, film, output, options, smoke=smoke, reference="" if options else BWDIF)


def timed(name: str, source: str, output: str, codec: str = H264, *options: str, smoke: bool = False,
          **film: object) -> Case:
    """A film whose times, shape or rotation matter."""
    return Case(TIME, name, Film(source, codec, **film), output, options, smoke=smoke)


CASES = [
    colour("BT.709", BT709, smoke=True),
    colour("BT.709 in MP4", BT709, "out.mp4"),
    colour("BT.709 in WebM", BT709, "out.webm", VP9),
    colour("BT.709 in TS", BT709, "out.ts"),
    colour("BT.601", BT601),
    colour("BT.2020", BT2020),
    colour("full range", FULL, smoke=True),
    colour("full range in MP4", FULL, "out.mp4"),
    colour("chroma at the top left", BT709, "out.mkv", H264 + " -chroma_sample_location topleft"),
    colour("no tags", ""),
    hdr("PQ in MKV", PQ, "out.mkv", smoke=True),
    hdr("PQ in MP4", PQ, "out.mp4"),
    hdr("PQ, libx265", PQ, "out.mp4", "--codec", "libx265"),
    hdr("HLG in MP4", HLG, "out.mp4", smoke=True),
    hdr("HLG in MKV", HLG, "out.mkv"),
    hdr("PQ to BT.709, --sdr", PQ, "out.mp4", "--sdr", floor=None),
    colour("HLG, ProRes", HLG, "out.mov", PRORES, "--codec", "prores_ks", pixels="yuv422p10le"),

    fields("H.264, top field first", "in.mp4", FIELDS_264, "top", "out.mp4", smoke=True),
    fields("MPEG-2, bottom field first", "in.ts", FIELDS_MPEG2, "bottom", "out.mp4"),
    fields("H.264, --keep-fields", "in.mkv", FIELDS_264, "top", "out.mkv", "--keep-fields", smoke=True),
    fields("MPEG-2 in TS, --keep-fields", "in.ts", FIELDS_MPEG2, "top", "out.ts", "--codec", "mpeg2video",
           "--keep-fields"),
    fields("FFV1 of 10 bits, --keep-fields", "in.mkv", "ffv1 -flags +ildct", "top", "out.mkv", "--codec", "ffv1",
           "--keep-fields", pixels="yuv422p10le"),
    timed("variable rate, MP4", "in.mp4", "out.mp4", filters=VARIABLE, smoke=True),
    timed("variable rate, MKV", "in.mkv", "out.mkv", filters=VARIABLE),
    timed("variable rate, MP4 to TS", "in.mp4", "out.ts", filters=VARIABLE),
    timed("variable rate, MP4 to WebM", "in.mp4", "out.webm", filters=VARIABLE),
    timed("variable rate, MP4 to AVI", "in.mp4", "out.avi", filters=VARIABLE),
    timed("variable rate, MP4 to OGV", "in.mp4", "out.ogv", filters=VARIABLE),
    timed("variable rate, MP4 to GIF", "in.mp4", "out.gif", filters=VARIABLE),
    timed("30000/1001 frames a second", "in.mp4", "out.mp4", rate="30000/1001"),
    timed("one frame a second", "in.mp4", "out.mp4", rate="1", seconds=3),
    timed("one frame", "in.mp4", "out.mp4", rate="1", seconds=1, smoke=True),
    timed("a film that begins at 5 s, MKV", "in.mkv", "out.mkv", filters="setpts=PTS+5/TB"),
    timed("rotated by 90°", "in.mp4", "out.mp4", rotation=90, smoke=True),
    timed("rotated by 180°, MP4 to MKV", "in.mp4", "out.mkv", rotation=180),
    timed("rotated by 270°, MP4 to WebM", "in.mp4", "out.webm", rotation=270),
    timed("pixels of 16:11", "in.mp4", "out.mp4", filters="setsar=16/11", smoke=True),
    timed("pixels of 16:11, MP4 to WebM", "in.mp4", "out.webm", filters="setsar=16/11"),
    timed("pixels of 16:11, MP4 to AVI", "in.mp4", "out.avi", filters="setsar=16/11"),
    timed("odd size", "in.mkv", "out.mkv", "ffv1", "--codec", "ffv1", filters="crop=161:91:0:0:exact=1"),
    timed("odd size to MP4", "in.mkv", "out.mp4", "ffv1", pixels="yuv444p", filters="crop=161:91:0:0:exact=1"),
]
