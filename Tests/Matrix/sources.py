"""Small films and pictures, made with ffmpeg."""

import os
from dataclasses import dataclass
from pathlib import Path

import metadata
from tools import ffmpeg

WIDTH, HEIGHT = 320, 180
# Blurred in 16 bits, the picture has values between those of 8 bits.
PICTURE = "format=yuv444p16le,gblur=sigma=2"
# Opaque on the right, transparent on the left.
ALPHA = f"color=s={WIDTH}x{HEIGHT}:r=%s:d=%s,format=gray,geq=lum='255*X/W'"
SUBTITLES = """1
00:00:00,100 --> 00:00:00,400
A first line

2
00:00:00,500 --> 00:00:00,900
and <i>another</i>, äöü
"""
CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=500
title=Opening
[CHAPTER]
TIMEBASE=1/1000
START=500
END=1000
title=Ending
"""


def graph(*filters: str, alpha: tuple[str, float] | None) -> str:
    """The filters that make the pictures, `filters` last; `alpha` is the rate and length of a film with alpha."""
    chain = f"[0:v]{PICTURE}"
    if alpha:
        chain = f"{ALPHA % alpha}[alpha];{chain},format=yuva444p[p];[p][alpha]alphamerge"
    return ",".join([chain, *(one for one in filters if one)]) + "[film]"


@dataclass(frozen=True)
class Film:
    """A film of moving shapes, a tone of its own in each track of sound."""

    name: str
    codec: str
    """The encoder and its options."""
    pixels: str = "yuv420p"
    sounds: tuple[str, ...] = ()
    """An encoder with its options for each track."""
    subtitles: tuple[str, ...] = ()
    """An encoder for each track."""
    alpha: bool = False
    filters: str = ""
    """More filters, after the picture is made and before it gets its pixel format."""
    tags: str = ""
    """Arguments of the filter `setparams`: colours and fields."""
    options: str = ""
    """More options of ffmpeg for the output."""
    chapters: bool = False
    attachment: bool = False
    cover: bool = False
    rate: str = "25"
    seconds: float = 1
    rotation: int = 0

    def make(self, folder: str) -> None:
        """Makes the film as `name` in `folder`."""
        if os.path.dirname(self.name):
            Path(folder, self.name).parent.mkdir()
        arguments, maps = self._inputs(folder)
        arguments += ["-filter_complex", self._graph(), *maps]
        arguments += ["-c:v:0", *self.codec.split()]
        for number, sound in enumerate(self.sounds):
            encoder, *rest = sound.split()
            arguments += [f"-c:a:{number}", encoder]
            for key, value in zip(rest[::2], rest[1::2]):
                arguments += [f"{key}:a:{number}", value]
        for number, encoder in enumerate(self.subtitles):
            arguments += [f"-c:s:{number}", encoder]
        if self.cover:
            arguments += ["-c:v:1", "png", "-disposition:v:1", "attached_pic"]
        if self.attachment:
            Path(folder, "note.txt").write_text("A note for the film.\n")
            arguments += ["-attach", "note.txt", "-metadata:s:t", "mimetype=text/plain"]
        arguments += [*self.options.split(), "-fps_mode", "passthrough"]
        made = f"upright-{self.name}" if self.rotation else self.name
        ffmpeg([*arguments, made], folder)
        if self.rotation:
            turn = ["-metadata:s:v:0", f"rotate={self.rotation}"]
            ffmpeg(["-i", made, "-map", "0", "-c", "copy", *turn, self.name], folder)

    def _inputs(self, folder: str) -> tuple[list[str], list[str]]:
        """The options for the inputs and the mapping of their streams."""
        arguments = ["-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r={self.rate}:d={self.seconds}"]
        maps = ["-map", "[film]"]
        count = 1

        def add(options: list[str], stream: str) -> None:
            nonlocal count
            arguments.extend(options)
            maps.extend(["-map", f"{count}:{stream}"])
            count += 1

        if self.cover:
            add(["-f", "lavfi", "-i", "color=orange:s=64x64:r=1:d=1"], "v")
        for number in range(len(self.sounds)):
            tone = f"sine=frequency={440 + 220 * number}:sample_rate=48000:duration={self.seconds}"
            add(["-f", "lavfi", "-i", tone], "a")
        if self.subtitles:
            Path(folder, "text.srt").write_text(SUBTITLES)
        for _ in self.subtitles:
            add(["-i", "text.srt"], "s")
        if self.chapters:
            Path(folder, "chapters.txt").write_text(CHAPTERS)
            arguments += ["-f", "ffmetadata", "-i", "chapters.txt"]
            maps += ["-map_chapters", str(count)]
        return arguments, maps

    def _graph(self) -> str:
        """The filters that make the pictures."""
        tags = f"setparams={self.tags}" if self.tags else ""
        alpha = (self.rate, self.seconds) if self.alpha else None
        return graph(self.filters, f"format={self.pixels}", tags, alpha=alpha)


@dataclass(frozen=True)
class Picture:
    """A picture, with a colour profile and EXIF data where they are asked for."""

    name: str
    pixels: str = "rgb24"
    codec: str = ""
    """The encoder and its options; empty for the usual one of the format."""
    alpha: bool = False
    profile: bool = False
    orientation: int = 0
    """Of the EXIF data, 1 to 8; 0 for a picture without."""

    def make(self, folder: str) -> None:
        """Makes the picture as `name` in `folder`."""
        encoder = ["-c:v", *self.codec.split()] if self.codec else []
        filters = graph(f"format={self.pixels}", alpha=("1", 1) if self.alpha else None)
        ffmpeg(["-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r=1:d=1", "-filter_complex", filters,
                "-map", "[film]", *encoder, "-frames:v", "1", self.name], folder)
        if self.profile or self.orientation:
            metadata.insert(
                os.path.join(folder, self.name),
                exif_data=metadata.exif(self.orientation) if self.orientation else b"",
                icc_profile=metadata.profile() if self.profile else b"",
            )
