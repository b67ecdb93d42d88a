#!/usr/bin/env python3
"""Measures what one hour of film costs at 720p, 1080p and 4K, painted at once and in parts.

    Benchmarks/film_hours.py --clip film.mp4                       # 'starry', 10 seconds of each size
    Benchmarks/film_hours.py --clip film.mp4 --style wave --seconds 30 --parts 48 --json

A clip is scaled to each size and repeated for as long as is needed. It is painted at once, and as a part of a film that
consists of it many times, which adds what a part costs beside its frames: the start, the cuts and the frames from the
keyframe to the part. The table has machine hours for an hour of 25 frames a second. Run it on an idle machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / ".build/release/stylize-video"
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
FRAMES_PER_HOUR = 25 * 3600


def make_film(clip: Path, path: Path, size: tuple[int, int], seconds: float) -> None:
    """The clip at a size, repeated to a length, at 25 frames a second."""
    width, height = size
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(clip), "-t", str(seconds), "-an", "-r", "25"]
        + ["-vf", f"scale={width}:{height}", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)],
        check=True,
    )


def timed(command: list[str]) -> tuple[float, dict]:
    """Runs a command and returns the seconds and its report."""
    start = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.monotonic() - start, json.loads(done.stdout or "{}")


def measure(arguments: argparse.Namespace, size: str) -> dict:
    """The numbers of one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_film(arguments.clip, folder / "short.mp4", SIZES[size], arguments.seconds)
        paint = [str(arguments.program), "--style", arguments.style, "--quiet", "--json"]
        seconds, report = timed([*paint, str(folder / "short.mp4"), str(folder / "short.out.mp4")])
        # The last of ten parts, which begins far from the first frame.
        make_film(arguments.clip, folder / "long.mp4", SIZES[size], 10 * arguments.seconds)
        part_seconds, part = timed([*paint, "--part", "10/10", str(folder / "long.mp4"), str(folder / "parts")])
    frame, part_frame = seconds / report["frames"], part_seconds / max(1, part["frames"])
    return {
        "size": size,
        "frames": report["frames"],
        "seconds": seconds,
        "fps": 1 / frame,
        "hours": frame * FRAMES_PER_HOUR / 3600,
        "part frames": part["frames"],
        "part seconds": part_seconds,
        "seconds beside the frames of a part": part_seconds - part["frames"] * frame,
        "hours in parts": part_frame * FRAMES_PER_HOUR / 3600,
        "hours of each part": frame * FRAMES_PER_HOUR / 3600 / arguments.parts,
        "peak MB": report["peakMemoryMB"],
    }


def main() -> int:
    """Prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--style", default="starry")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--parts", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"film_hours.py: the machine is busy (load {load:.1f}), so the numbers will be worse", file=sys.stderr)
    rows = [measure(arguments, size) for size in arguments.sizes]
    if arguments.json:
        print(json.dumps({"style": arguments.style, "processors": os.cpu_count(), "load": load, "rows": rows}))
        return 0
    print(f"| size | frames a second | hours for one hour of film | each of {arguments.parts} machines | memory |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['size']} | {row['fps']:.1f} | {row['hours']:.1f} | {60 * row['hours of each part']:.0f} min "
            f"+ {row['seconds beside the frames of a part']:.0f} s | {row['peak MB']:.0f} MB |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
