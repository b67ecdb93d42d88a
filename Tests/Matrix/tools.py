"""Runs programs: ffmpeg and ffprobe as peers, and the programs under test."""

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Any

# Seconds after which a program counts as hanging. A case takes less than two on an idle core.
TIMEOUT = 120


class ToolError(Exception):
    """ffmpeg or ffprobe failed."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, negative for a signal, None after the timeout, and its standard error."""

    status: int | None
    messages: str


def run(command: list[str], folder: str) -> Ended:
    """Runs the program under test in `folder`."""
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Ended(None, "")
    return Ended(done.returncode, done.stderr.decode(errors="replace"))


def peer(command: list[str], folder: str) -> str:
    """What ffmpeg or ffprobe prints on standard output.

    Raises ToolError with the last line of the messages if the program fails.
    """
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise ToolError(f"{' '.join(command)}: {lines[-1]}")
    return done.stdout.decode(errors="replace")


def ffmpeg(arguments: list[str], folder: str) -> str:
    """What ffmpeg prints on standard output."""
    return peer(["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments], folder)


def ffprobe(arguments: list[str], folder: str) -> dict[str, Any]:
    """The JSON that ffprobe prints."""
    return json.loads(peer(["ffprobe", "-v", "error", "-of", "json", *arguments], folder))


@dataclass(frozen=True)
class PixelFormat:
    """What the libraries tell about a pixel format."""

    bits: int
    chroma: str
    has_alpha: bool


def _chroma(entry: dict[str, Any]) -> str:
    flags = entry["flags"]
    if entry["nb_components"] < 3 and not flags["palette"]:
        return "grey"
    if flags["rgb"] or flags["palette"]:
        return "RGB"
    names = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0", (2, 0): "4:1:1", (2, 2): "4:1:0", (0, 1): "4:4:0"}
    return names[entry["log2_chroma_w"], entry["log2_chroma_h"]]


@cache
def pixel_formats() -> dict[str, PixelFormat]:
    """All pixel formats with components, by FFmpeg's name."""
    listed = ffprobe(["-show_pixel_formats"], ".")["pixel_formats"]
    return {
        entry["name"]: PixelFormat(
            bits=max(component["bit_depth"] for component in entry["components"]),
            chroma=_chroma(entry),
            has_alpha=bool(entry["flags"]["alpha"]),
        )
        for entry in listed
        if entry.get("components") and not entry["flags"]["hwaccel"]
    }
