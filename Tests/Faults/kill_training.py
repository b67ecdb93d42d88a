#!/usr/bin/env python3
"""Kills trainings with SIGKILL at random moments and checks that nothing is lost and nothing stays behind.

Each training is resumed after a kill. A model file exists only when its training is complete, and is then the same, byte
for byte, as one from a training that nobody interrupted. In the end, the folder holds no hidden file.
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
SETTINGS = ["--network", "half", "--width", "0.25", "--batch-size", "1", "--image-size", "32", "--style-size", "64"]
SETTINGS += ["--style-weight", "1", "--from-scratch", "--checkpoint-interval", "1", "--threads", "1", "--quiet"]


def make_pictures(folder: Path) -> None:
    """A painting, and a folder of photos."""
    (folder / "photos").mkdir()
    for number in range(9):
        target = folder / "photos" / f"{number}.png" if number else folder / "painting.png"
        source = f"testsrc2=s=96x80:r=1,hue=h={40 * number}"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", str(target)], check=True
        )


class Trainings:
    """Trainings of one painting into one folder."""

    def __init__(self, program: Path, pictures: Path, folder: Path, iterations: int) -> None:
        """Trains into `folder`, which is created."""
        folder.mkdir()
        self.folder = folder
        self.model = folder / "style.safetensors"
        self.command = [str(program), str(pictures / "painting.png"), "--content", str(pictures / "photos")]
        self.command += ["--output", str(self.model), "--iterations", str(iterations), *SETTINGS]

    def start(self) -> subprocess.Popen:
        """Starts a training, which goes on from a checkpoint if there is one."""
        has_checkpoint = any(self.folder.glob("style.training/*.safetensors"))
        return subprocess.Popen(
            [*self.command, *(["--resume"] if has_checkpoint else [])], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )

    def finish(self) -> float:
        """Trains to the end and returns the seconds that it took."""
        start = time.monotonic()
        process = self.start()
        _, errors = process.communicate()
        if process.returncode:
            sys.exit(f"the training fails: {errors.decode()}")
        return time.monotonic() - start

    def hidden(self) -> list[str]:
        """The hidden files that are left."""
        return [name for _, _, names in os.walk(self.folder) for name in names if name.startswith(".")]


def main() -> int:
    """Runs the check and prints its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/train-style")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--iterations", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        pictures = Path(name)
        make_pictures(pictures)
        reference = Trainings(arguments.program, pictures, pictures / "reference", arguments.iterations)
        seconds = reference.finish()
        whole = reference.model.read_bytes()
        trainings = Trainings(arguments.program, pictures, pictures / "killed", arguments.iterations)
        found = {"kills": 0, "complete trainings": 0, "other models": 0, "failures": 0}
        while found["kills"] < arguments.kills:
            process = trainings.start()
            try:
                _, errors = process.communicate(timeout=random.uniform(0, seconds / 2))
                if process.returncode:
                    print(errors.decode(), file=sys.stderr)
                    found["failures"] += 1
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                found["kills"] += 1
            if trainings.model.exists():
                found["complete trainings"] += 1
                found["other models"] += trainings.model.read_bytes() != whole
                for path in trainings.folder.glob("style.*"):
                    if path.is_file():
                        path.unlink()
                for path in trainings.folder.glob("style.training/*"):
                    path.unlink()
        trainings.finish()
        found["same as uninterrupted"] = trainings.model.read_bytes() == whole
        found["hidden files left"] = trainings.hidden()
        found["seconds uninterrupted"] = round(seconds, 2)
    print(json.dumps(found, indent=1))
    is_good = found["same as uninterrupted"] and not found["hidden files left"]
    return 0 if is_good and not found["other models"] + found["failures"] else 1


if __name__ == "__main__":
    sys.exit(main())
