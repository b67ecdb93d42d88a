#!/usr/bin/env python3
"""Kills renders with SIGKILL at random moments and checks that nothing is lost and nothing stays behind.

Half of the renders are resumed, and half start from the beginning. After each kill, the output is the old file, a whole
film or absent, and at most one hidden file is left. In the end, the film of the resumed renders has the same frames,
times and sound as one that nobody interrupted, and the folder holds nothing else.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLD = b"an older film"


def make_film(path: Path, frames: int) -> None:
    """A film of moving patterns with sound."""
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x36:r=25", "-f", "lavfi", "-i", "sine"]
        + ["-frames:v", str(frames), "-t", str(frames / 25), "-c:v", "libx264", "-preset", "ultrafast"]
        + ["-pix_fmt", "yuv420p", "-c:a", "aac", str(path)],
        check=True,
    )


def content(path: Path) -> str:
    """Times and digests of all decoded frames and samples; empty if the file cannot be decoded without an error."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0", "-f", "framemd5", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode or done.stderr else done.stdout


class Renders:
    """Renders of one film into one folder."""

    def __init__(self, program: Path, style: Path, film: Path, folder: Path) -> None:
        """Renders `film` into `folder`, which is created."""
        folder.mkdir()
        self.folder = folder
        self.output = folder / "out.mp4"
        self.command = [str(program), "--style", str(style), "--quiet", str(film), str(self.output)]

    def start(self, *options: str) -> subprocess.Popen:
        """Starts a render."""
        return subprocess.Popen([*self.command, *options], stderr=subprocess.PIPE)

    def finish(self, *options: str) -> float:
        """Renders to the end and returns the seconds that it took."""
        start = time.monotonic()
        process = self.start(*options)
        _, errors = process.communicate()
        if process.returncode:
            sys.exit(f"the render fails: {errors.decode()}")
        return time.monotonic() - start

    def parts(self) -> list[str]:
        """The hidden files that are left."""
        return [name for name in os.listdir(self.folder) if name.endswith(".part")]


def kill_all(renders: Renders, kills: int, longest: float, options: list[str], whole: str) -> dict:
    """Kills `kills` renders, each at a random moment, and returns what was found."""
    found = {"kills": 0, "whole films": 0, "broken films": 0, "lost files": 0, "hidden files too many": 0, "kept": []}
    resume = renders.folder / "out.mp4.resume"
    while found["kills"] < kills:
        old = found["kills"] % 2 == 0
        if old:
            renders.output.write_bytes(OLD)
        else:
            renders.output.unlink(missing_ok=True)
        process = renders.start(*options)
        time.sleep(random.uniform(0, longest))
        process.kill()
        process.wait()
        found["kills"] += process.returncode == -9
        # One that was just created is not removed before the next render.
        found["hidden files too many"] += len(renders.parts()) > 1
        if resume.exists():
            found["kept"].append(len(list(resume.glob("*.segment"))))
        if renders.output.exists() and renders.output.read_bytes() != OLD:
            is_whole = content(renders.output) == whole
            found["whole films" if is_whole else "broken films"] += 1
        elif old and not renders.output.exists():
            found["lost files"] += 1
    return found


def main() -> int:
    """Runs the check and prints its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/stylize-video")
    parser.add_argument("--style", type=Path, default=ROOT / "models/starry.safetensors")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    faults = 0
    report = {}
    with tempfile.TemporaryDirectory() as name:
        film = Path(name) / "in.mp4"
        make_film(film, arguments.frames)
        for mode, options in (("from the beginning", []), ("resumed", ["--resume"])):
            reference = Renders(arguments.program, arguments.style, film, Path(name) / f"reference {mode}")
            seconds = reference.finish(*options)
            whole = content(reference.output)
            renders = Renders(arguments.program, arguments.style, film, Path(name) / mode)
            # A resumed film is complete after a few kills. Then the next one begins.
            found = kill_all(renders, arguments.kills // 2, seconds if not options else seconds / 2, options, whole)
            kept = found.pop("kept")
            found["most segments kept"] = max(kept, default=0)
            renders.finish(*options)
            found["same as uninterrupted"] = whole != "" and content(renders.output) == whole
            found["left in the folder"] = sorted(os.listdir(renders.folder))
            found["frames"] = whole.count("\n0,")
            found["seconds uninterrupted"] = round(seconds, 2)
            faults += found["broken films"] + found["lost files"] + found["hidden files too many"]
            faults += not found["same as uninterrupted"] or found["left in the folder"] != ["out.mp4"]
            report[mode] = found
    print(json.dumps(report, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
