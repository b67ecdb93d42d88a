"""What ffprobe tells about a film or picture."""

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Any

import metadata
from tools import ToolError, ffmpeg, ffprobe, pixel_formats

# Tags that describe what was made; others, such as `encoder` and `major_brand`, describe how.
TAGS = ("title", "artist", "comment", "date", "genre")
STREAM_TAGS = ("language", "title")
FLAGS = ("default", "forced", "hearing_impaired", "comment")
COLOURS = {
    "range": "color_range",
    "matrix": "color_space",
    "transfer": "color_transfer",
    "primaries": "color_primaries",
    "chroma location": "chroma_location",
}
UNKNOWN = ("unknown", "unspecified", "reserved", "und")


@dataclass
class Track:
    """A stream of sound or text."""

    codec: str
    labels: dict[str, str]
    """Language, title and flags."""
    detail: str = ""
    """Rate and channels of sound."""
    hash: str = ""
    """Of the packets' bytes."""
    start: float = 0
    end: float = 0
    cues: list[tuple[float, str]] = field(default_factory=list)
    """Start and text of each subtitle."""


@dataclass
class Facts:
    """What is compared of a film or picture."""

    codec: str
    pixel_format: str
    size: tuple[int, int]
    """As it is shown, turned by its matrix or its EXIF data."""
    shape: str
    """The pixels' aspect ratio."""
    fields: str
    colours: dict[str, str]
    light: dict[str, str]
    """Side data of mastering display and content light."""
    times: list[float]
    duration: float
    start: float
    """Of the first frame, in the container's time."""
    sounds: list[Track]
    subtitles: list[Track]
    chapters: list[tuple[float, str]]
    tags: dict[str, str]
    attachments: dict[str, str]
    covers: list[str]
    timecode: str
    embedded: dict[str, str]
    """ICC profile and EXIF data of a picture, by name."""

    @property
    def has_alpha(self) -> bool:
        """Whether the pictures have an alpha channel."""
        return pixel_formats()[self.pixel_format].has_alpha


def decoder(stream: dict[str, Any]) -> list[str]:
    """The options of ffmpeg for an input whose alpha its own decoder leaves out."""
    return ["-c:v", "libvpx-vp9"] if _has_alpha_layer(stream) else []


def video_stream(probed: dict[str, Any]) -> dict[str, Any]:
    """The first stream of pictures that is no cover; raises ToolError where there is none."""
    for stream in probed["streams"]:
        if stream["codec_type"] == "video" and not stream["disposition"]["attached_pic"]:
            return stream
    raise ToolError("no film in the file")


def read(name: str, folder: str) -> Facts:
    """What the film or picture `name` in `folder` has."""
    probed = ffprobe(
        ["-show_streams", "-show_format", "-show_chapters", "-show_packets", "-show_data_hash", "md5", name], folder)
    video = video_stream(probed)
    index = str(video["index"])
    frames = ffprobe(["-select_streams", index, "-show_frames", name], folder)["frames"]
    if not frames:
        raise ToolError("no frame in the file")
    first = frames[0]
    times = _times(frames)
    spans = _spans(probed)
    return Facts(
        codec=video["codec_name"],
        pixel_format=_alpha_format(video, first["pix_fmt"]),
        size=_upright_size(video, first),
        shape=first.get("sample_aspect_ratio", "1:1").replace("N/A", "1:1").replace("0:1", "1:1"),
        fields="" if not first["interlaced_frame"] else ("top first" if first["top_field_first"] else "bottom first"),
        colours=_colours(video, first),
        light=_light(video, first),
        times=[time - times[0] for time in times],
        duration=_duration(times, frames, video),
        start=times[0],
        sounds=[_sound(stream, spans, times[0]) for stream in _of(probed, "audio")],
        subtitles=[_text(stream, number, name, folder) for number, stream in enumerate(_of(probed, "subtitle"))],
        chapters=[(float(one["start_time"]), one.get("tags", {}).get("title", "")) for one in probed["chapters"]],
        tags=_tags(probed),
        attachments={_lower(stream).get("filename", ""): stream.get("extradata_hash", "")
                     for stream in _of(probed, "attachment")},
        covers=[_packets_hash(probed, stream["index"]) for stream in _of(probed, "video")
                if stream["disposition"]["attached_pic"]],
        timecode=_timecode(probed),
        embedded=metadata.read(os.path.join(folder, name)) if "%" not in name else {},
    )


def hash_sounds(facts: Facts, name: str, folder: str) -> None:
    """Adds the hashes of the sounds' bytes, which do not depend on how a container cuts or wraps them."""
    for number, sound in enumerate(facts.sounds):
        unwrap = ["-bsf:a", "aac_adtstoasc"] if sound.codec == "aac" else []
        copy = ["-c", "copy", *unwrap]
        if sound.codec.startswith("pcm_"):
            copy = ["-c", "pcm_s32le"]
        sound.hash = ffmpeg(["-i", name, "-map", f"0:a:{number}", *copy, "-f", "hash", "-hash", "md5", "-"], folder)


def _of(probed: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [stream for stream in probed["streams"] if stream.get("codec_type") == kind]


def _lower(entry: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): value for key, value in entry.get("tags", {}).items()}


def _has_alpha_layer(stream: dict[str, Any]) -> bool:
    return stream["codec_name"] in ("vp8", "vp9") and _lower(stream).get("alpha_mode") == "1"


def _alpha_format(stream: dict[str, Any], name: str) -> str:
    return name.replace("yuv", "yuva", 1) if _has_alpha_layer(stream) and "yuva" not in name else name


def _upright_size(stream: dict[str, Any], frame: dict[str, Any]) -> tuple[int, int]:
    for entry in [*stream.get("side_data_list", []), *frame.get("side_data_list", [])]:
        if abs(entry.get("rotation", 0)) == 90:
            return frame["height"], frame["width"]
    return frame["width"], frame["height"]


def _colours(stream: dict[str, Any], frame: dict[str, Any]) -> dict[str, str]:
    found = {}
    for title, key in COLOURS.items():
        value = frame.get(key) or stream.get(key) or ""
        if value and value not in UNKNOWN:
            found[title] = value
    return found


def _light(stream: dict[str, Any], frame: dict[str, Any]) -> dict[str, str]:
    found = {}
    for entry in [*stream.get("side_data_list", []), *frame.get("side_data_list", [])]:
        kind = entry.get("side_data_type", "")
        values = {key: value for key, value in entry.items() if key != "side_data_type"}
        if kind == "Mastering display metadata":
            # Containers store these fractions with other denominators.
            parts = [_fraction(value) for _, value in sorted(values.items())]
            found["mastering display"] = " ".join(f"{part:.4f}" for part in parts)
        elif kind == "Content light level metadata":
            found["content light"] = f"{values['max_content']}, {values['max_average']}"
    return found


def _fraction(text: object) -> float:
    over, _, under = str(text).partition("/")
    return float(over) / float(under or 1)


def _spans(probed: dict[str, Any]) -> dict[int, tuple[float, float]]:
    spans: dict[int, tuple[float, float]] = {}
    for packet in probed.get("packets", []):
        begin = packet.get("pts_time") or packet.get("dts_time")
        if begin is None:
            continue
        end = float(begin) + float(packet.get("duration_time", 0))
        old = spans.get(packet["stream_index"], (float(begin), end))
        spans[packet["stream_index"]] = (min(old[0], float(begin)), max(old[1], end))
    return spans


def _tags(probed: dict[str, Any]) -> dict[str, str]:
    # Ogg has the tags of a film in its first stream.
    entries = [probed["format"]]
    if entries[0]["format_name"] == "ogg":
        entries += probed["streams"][:1]
    return {key: value for entry in entries for key, value in _lower(entry).items() if key in TAGS}


def _times(frames: list[dict[str, Any]]) -> list[float]:
    """The times of frames; those that the container leaves out follow the one before."""
    times: list[float] = []
    for frame in frames:
        time = frame.get("best_effort_timestamp_time") or frame.get("pts_time")
        if time is None:
            time = times[-1] + float(frame.get("pkt_duration_time") or 0) if times else 0
        times.append(float(time))
    return times


def _duration(times: list[float], frames: list[dict[str, Any]], stream: dict[str, Any]) -> float:
    last = frames[-1].get("pkt_duration_time") or frames[-1].get("duration_time")
    if not last and "duration" in stream:
        # MP4 tells the length of the track, and that of the last frame only where no frame is stored out of order.
        return float(stream["duration"])
    return times[-1] - times[0] + float(last or 0)


def _labels(stream: dict[str, Any]) -> dict[str, str]:
    tags = _lower(stream)
    labels = {key: tags[key] for key in STREAM_TAGS if tags.get(key, "und") not in UNKNOWN}
    labels |= {f"{flag} flag": "set" for flag in FLAGS if stream["disposition"].get(flag)}
    return labels


def _sound(stream: dict[str, Any], spans: dict[int, tuple[float, float]], start: float) -> Track:
    begin, end = spans.get(stream["index"], (start, start))
    return Track(
        codec=stream["codec_name"],
        labels=_labels(stream),
        detail=f"{stream['sample_rate']} Hz, {stream['channels']} channels",
        start=begin - start,
        end=end - start,
    )


def _text(stream: dict[str, Any], number: int, name: str, folder: str) -> Track:
    printed = ffmpeg(["-i", name, "-map", f"0:s:{number}", "-f", "srt", "-"], folder)
    cues = []
    for block in printed.replace("\r", "").strip().split("\n\n"):
        match = re.search(r"(\d+):(\d+):(\d+),(\d+) --> .*\n((?:.|\n)*)", block)
        if match:
            hours, minutes, seconds, thousandths = (int(group) for group in match.groups()[:4])
            text = re.sub(r"<[^>]*>|\{[^}]*\}", "", match[5]).strip()
            cues.append((hours * 3600 + minutes * 60 + seconds + thousandths / 1000, text))
    return Track(codec=stream["codec_name"], labels=_labels(stream), cues=cues)


def _packets_hash(probed: dict[str, Any], index: int) -> str:
    hashes = [packet["data_hash"] for packet in probed["packets"] if packet["stream_index"] == index]
    return hashlib.md5("".join(hashes).encode()).hexdigest()


def _timecode(probed: dict[str, Any]) -> str:
    for entry in [probed["format"], *probed["streams"]]:
        if timecode := _lower(entry).get("timecode"):
            return timecode
    return ""
