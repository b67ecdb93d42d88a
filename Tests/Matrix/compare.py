"""What of a source its repainted output keeps."""

from dataclasses import dataclass

import pictures
from cases import Case
from facts import Facts, Track
from tools import pixel_formats

# Seconds by which a time may move: containers count in 1/90000 s at best and in 1/1000 s at worst.
TIME_STEP = 0.002
# Seconds by which sound may begin and end elsewhere: an encoder's frame at each end.
SOUND_STEP = 0.1
# Seconds by which a subtitle or a chapter may move: ASS counts in 1/100 s.
CUE_STEP = 0.02


@dataclass
class Changes:
    """What an output does not have as its source does, by aspect."""

    converted: dict[str, str]
    lost: dict[str, str]

    def differs(self, aspect: str, before: object, after: object) -> None:
        """Records a loss where the two are not the same."""
        if before != after:
            self.lost[aspect] = f"{before or 'none'} → {after or 'none'}"


def compare(case: Case, source: Facts, output: Facts) -> Changes:
    """All aspects but the pictures themselves."""
    changes = Changes({}, {})
    _compare_format(changes, source, output)
    if case.source.alpha and not output.has_alpha:
        changes.lost["alpha"] = "composited over the background"
    for aspect, value in source.colours.items():
        # RGB has a range and no matrix; where it becomes YCbCr, or the other way round, both follow from that.
        if aspect in ("range", "matrix") and _is_rgb(source) != _is_rgb(output):
            continue
        # Where every pixel has its chroma, there is no question of where it lies.
        if aspect == "chroma location" and pixel_formats()[output.pixel_format].chroma != "4:2:0":
            continue
        unmarked = ""
        if aspect == "range":
            # What a range without a tag means.
            unmarked = "pc" if _is_rgb(output) else "tv"
        changes.differs(aspect, value, output.colours.get(aspect, unmarked))
    for aspect, value in source.light.items():
        changes.differs(aspect, value, output.light.get(aspect, ""))
    _compare_times(changes, source, output)
    _compare_tracks(changes, "sound", source.sounds, output.sounds)
    _compare_tracks(changes, "subtitles", source.subtitles, output.subtitles)
    _compare_rest(changes, source, output)
    return changes


def compare_pictures(case: Case, source: Facts, output: Facts, folder: str) -> Changes:
    """The pictures themselves: exactly where the encoder is lossless, else against the floor of the case."""
    changes = Changes({}, {})
    # Frames are compared by their number, which says nothing where some are repeated or left out.
    if case.floor is None or len(source.times) != len(output.times):
        return changes
    names = (source.pixel_format, output.pixel_format)
    # What was composited has other colours than what lies below the alpha.
    if case.source.alpha and not output.has_alpha:
        return changes
    # RGB is taken back, for it has more values than what it was made of.
    is_taken_back = _is_rgb(output) and not _is_rgb(source)
    is_exact = output.codec in pictures.LOSSLESS and names[0] == names[1] and not case.reference
    if is_exact and output.codec == "exr" and pictures.are_same(case.source.name, case.output, folder, names[0]):
        return changes
    decoders = tuple(_decoder(facts) for facts in (source, output))
    reached = pictures.psnr(
        case.source.name, case.output, folder,
        pixels=names[0] if is_taken_back else names[1], reference=case.reference, decoders=(decoders[0], decoders[1]))
    if is_exact and (reached != float("inf") or output.codec == "exr"):
        changes.lost["picture"] = f"{reached:.0f} dB where every value could be kept"
    elif reached < case.floor:
        changes.lost["picture"] = f"{reached:.0f} dB"
    return changes


def _decoder(facts: Facts) -> list[str]:
    """The options of ffmpeg for a film whose usual decoder leaves something out."""
    if facts.codec == "exr":
        # Light is compared as a display shows it.
        return ["-apply_trc", "iec61966_2_1"]
    return ["-c:v", "libvpx-vp9"] if facts.codec == "vp9" and facts.has_alpha else []


def _is_rgb(facts: Facts) -> bool:
    return pixel_formats()[facts.pixel_format].chroma == "RGB"


def _compare_format(changes: Changes, source: Facts, output: Facts) -> None:
    before, after = (pixel_formats()[facts.pixel_format] for facts in (source, output))
    depths = f"{before.bits} → {after.bits} bits"
    if after.bits < before.bits:
        changes.lost["depth"] = depths
    elif after.bits > before.bits:
        changes.converted["depth"] = depths
    if before.chroma != after.chroma:
        order = ["grey", "4:1:0", "4:1:1", "4:2:0", "4:4:0", "4:2:2", "4:4:4", "RGB"]
        fewer = order.index(after.chroma) < order.index(before.chroma)
        has_all = {before.chroma, after.chroma} == {"4:4:4", "RGB"}
        (changes.lost if fewer and not has_all else changes.converted)["chroma"] = f"{before.chroma} → {after.chroma}"
    changes.differs("size", "x".join(map(str, source.size)), "x".join(map(str, output.size)))
    changes.differs("pixel shape", source.shape, output.shape)
    if source.fields != output.fields:
        changes.converted["fields"] = f"{source.fields or 'progressive'} → {output.fields or 'progressive'}"


def _compare_times(changes: Changes, source: Facts, output: Facts) -> None:
    before, after = len(source.times), len(output.times)
    if before != after:
        changes.lost["frames"] = f"{before} → {after}"
    else:
        moved = max(abs(one - other) for one, other in zip(source.times, output.times))
        if moved > TIME_STEP:
            changes.lost["times"] = f"moved by up to {moved:.3f} s"
    if abs(source.duration - output.duration) > 2 * TIME_STEP:
        changes.lost["duration"] = f"{source.duration:.2f} → {output.duration:.2f} s"


def _compare_tracks(changes: Changes, kind: str, before: list[Track], after: list[Track]) -> None:
    if len(after) < len(before):
        changes.lost[kind] = f"{len(before)} → {len(after)} tracks"
    for number, (one, other) in enumerate(zip(before, after), 1):
        name = kind if len(before) == 1 else f"{kind} {number}"
        if one.codec != other.codec:
            changes.converted[name] = f"{one.codec} → {other.codec}"
        elif one.hash != other.hash:
            changes.converted[name] = f"{one.codec}, encoded again"
        if one.detail != other.detail:
            changes.converted[f"{name} format"] = f"{one.detail} → {other.detail}"
        for label, value in one.labels.items():
            # Players take the only track of a kind, with or without the flag.
            if label == "default flag" and len(before) == 1:
                continue
            changes.differs(f"{name}: {label}", value, other.labels.get(label, ""))
        if max(abs(one.start - other.start), abs(one.end - other.end)) > SOUND_STEP:
            spans = [f"{track.start:.2f} to {track.end:.2f} s" for track in (one, other)]
            changes.lost[f"{name}: times"] = " → ".join(spans)
        _compare_cues(changes, name, one, other)


def _compare_cues(changes: Changes, name: str, before: Track, after: Track) -> None:
    texts = [[text for _, text in track.cues] for track in (before, after)]
    if texts[0] != texts[1]:
        changed = sum(text not in texts[1] for text in texts[0])
        changes.lost[f"{name}: text"] = f"{changed} of {len(texts[0])} lines changed or missing"
    elif any(abs(one - other) > CUE_STEP for (one, _), (other, _) in zip(before.cues, after.cues)):
        changes.lost[f"{name}: times"] = "moved"


def _compare_rest(changes: Changes, source: Facts, output: Facts) -> None:
    chapters = [[title for _, title in facts.chapters] for facts in (source, output)]
    changes.differs("chapters", ", ".join(chapters[0]), ", ".join(chapters[1]))
    if chapters[0] == chapters[1] and any(
        abs(one - other) > CUE_STEP for (one, _), (other, _) in zip(source.chapters, output.chapters)
    ):
        changes.lost["chapters"] = "moved"
    for tag, value in source.tags.items():
        changes.differs(f"tag {tag}", value, output.tags.get(tag, ""))
    changes.differs("attachment", ", ".join(source.attachments), ", ".join(output.attachments))
    if len(source.covers) > len(output.covers):
        changes.lost["cover"] = "left out"
    elif source.covers != output.covers:
        changes.converted["cover"] = "in another file format"
    if source.timecode:
        changes.differs("timecode", source.timecode, output.timecode)
    for name, value in source.embedded.items():
        if name == "orientation":
            continue
        if name not in output.embedded:
            changes.lost[name] = "left out"
        elif output.embedded[name] != value:
            changes.lost[name] = "changed"
    if output.embedded.get("orientation", "1") != "1":
        changes.lost["orientation"] = f"upright pixels marked as turned ({output.embedded['orientation']})"
