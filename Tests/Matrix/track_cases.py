"""Cases of sound, subtitles, chapters, covers, attachments, tags and timecode."""

from cases import Case
from encoders import AAC, AC3, EAC3, H264, MP2, MP3, MPEG2, OPUS, VORBIS, VP9
from sources import Film

SOUND = "Sound"
REST = "Subtitles, chapters, tags and attachments"
LANGUAGES = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -disposition:a:0 0 -disposition:a:1 default"
TAGS = "-metadata title=Film -metadata artist=Painter -metadata date=2001"


def sound(name: str, source: str, encoder: str, output: str, *options: str, smoke: bool = False,
          codec: str = H264) -> Case:
    """A film with one track of sound."""
    return Case(SOUND, name, Film(source, codec, sounds=(encoder,)), output, options, smoke=smoke)


def text(name: str, source: str, encoder: str, output: str, *options: str, smoke: bool = False,
         codec: str = H264) -> Case:
    """A film with one track of subtitles."""
    film = Film(source, codec, subtitles=(encoder,), options="-metadata:s:s:0 language=eng")
    return Case(REST, name, film, output, options, smoke=smoke)


def rest(name: str, source: str, output: str, *options: str, smoke: bool = False, codec: str = H264,
         **film: object) -> Case:
    """A film with something else."""
    return Case(REST, name, Film(source, codec, **film), output, options, smoke=smoke)


CASES = [
    sound("PCM, MOV to MP4", "in.mov", "pcm_s16le", "out.mp4", smoke=True),
    sound("FLAC, MKV to MP4", "in.mkv", "flac", "out.mp4", smoke=True),
    sound("FLAC, MKV to MP4, --strict-copy", "in.mkv", "flac", "out.mp4", "--strict-copy"),
    sound("Opus, MKV to MOV", "in.mkv", OPUS, "out.mov"),
    sound("Opus, WebM to OGV", "in.webm", OPUS, "out.ogv", codec=VP9),
    sound("Vorbis, MKV to MP4", "in.mkv", VORBIS, "out.mp4"),
    sound("FLAC, MKV to OGV", "in.mkv", "flac", "out.ogv", smoke=True),
    sound("MP3, MKV to MP4", "in.mkv", MP3, "out.mp4"),
    sound("MP3, MKV to WebM", "in.mkv", MP3, "out.webm"),
    sound("AC-3, MKV to MP4", "in.mkv", AC3, "out.mp4"),
    sound("AC-3, TS to WebM", "in.ts", AC3, "out.webm"),
    sound("E-AC-3, MKV to TS", "in.mkv", EAC3, "out.ts"),
    sound("MP2, TS to MPG", "in.ts", MP2, "out.mpg"),
    sound("A-law, AVI to MKV", "in.avi", "pcm_alaw", "out.mkv", smoke=True),
    sound("24-bit PCM in MXF", "in.mxf", "pcm_s24le", "out.mxf", codec=MPEG2 + " -b:v 8M"),
    sound("24-bit PCM, MOV to MKV", "in.mov", "pcm_s24le", "out.mkv"),
    sound("ALAC in MOV", "in.mov", "alac", "out.mov"),
    sound("FLAC, MKV to TS", "in.mkv", "flac", "out.ts"),
    sound("AAC encoded as Opus, --audio-codec", "in.mkv", AAC, "out.mkv", "--audio-codec", "libopus"),
    Case(SOUND, "5.1 channels in MP4", Film("in.mp4", H264, sounds=("aac -b 256k -ac 6",)), "out.mp4", smoke=True),
    Case(SOUND, "two languages in MP4", Film("in.mp4", H264, sounds=(AAC, AAC), options=LANGUAGES), "out.mp4",
         smoke=True),
    Case(SOUND, "two languages, MKV to MP4", Film("in.mkv", H264, sounds=(AAC, AC3), options=LANGUAGES), "out.mp4"),
    Case(SOUND, "two languages, MKV to TS", Film("in.mkv", H264, sounds=(AAC, AC3), options=LANGUAGES), "out.ts"),

    text("MOV text in MP4", "in.mp4", "mov_text", "out.mp4", smoke=True),
    text("MOV text, MP4 to MKV", "in.mp4", "mov_text", "out.mkv", smoke=True),
    text("MOV text, MP4 to WebM", "in.mp4", "mov_text", "out.webm"),
    text("SubRip in MKV", "in.mkv", "srt", "out.mkv"),
    text("SubRip, MKV to MP4", "in.mkv", "srt", "out.mp4", smoke=True),
    text("SubRip, MKV to WebM", "in.mkv", "srt", "out.webm"),
    text("SubRip, MKV to AVI", "in.mkv", "srt", "out.avi"),
    text("WebVTT in WebM", "in.webm", "webvtt", "out.webm", codec=VP9),
    text("WebVTT, WebM to MP4", "in.webm", "webvtt", "out.mp4", codec=VP9),
    text("ASS in MKV", "in.mkv", "ass", "out.mkv", smoke=True),
    text("ASS, MKV to MP4", "in.mkv", "ass", "out.mp4"),
    text("ASS, MKV to MP4, --strict-copy", "in.mkv", "ass", "out.mp4", "--strict-copy", smoke=True),
    rest("chapters in MP4", "in.mp4", "out.mp4", chapters=True, smoke=True),
    rest("chapters, MKV to MP4", "in.mkv", "out.mp4", chapters=True),
    rest("chapters, MKV to WebM", "in.mkv", "out.webm", chapters=True),
    rest("chapters, MKV to TS", "in.mkv", "out.ts", chapters=True),
    rest("attachment in MKV", "in.mkv", "out.mkv", attachment=True, smoke=True),
    rest("attachment, MKV to MP4", "in.mkv", "out.mp4", attachment=True),
    rest("cover in MP4", "in.mp4", "out.mp4", cover=True, smoke=True),
    rest("cover, MP4 to MKV", "in.mp4", "out.mkv", cover=True),
    rest("cover, MP4 to WebM", "in.mp4", "out.webm", cover=True),
    rest("tags in MP4", "in.mp4", "out.mp4", options=TAGS, smoke=True),
    rest("tags, MKV to AVI", "in.mkv", "out.avi", options=TAGS),
    rest("QuickTime keys in MOV", "in.mov", "out.mov", options="-metadata title=Film -movflags use_metadata_tags"),
    rest("timecode in MOV", "in.mov", "out.mov", options="-timecode 01:00:00:00", smoke=True),
    rest("timecode, MOV to MXF", "in.mov", "out.mxf", options="-timecode 01:00:00:00"),
]
