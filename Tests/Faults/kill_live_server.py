#!/usr/bin/env python3
"""Kills live servers with SIGKILL at random moments of a training and checks that nothing stays behind.

After each kill, the training ends by itself, and the next server removes its folder. In the end, the folder of models
holds what it held before, and no process of a training is left.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A training that does not notice the end of its server at once is ended after 15 seconds.
PATIENCE = 30


def trainings(folder: Path) -> list[int]:
    """The processes whose command names a training below `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{folder}/.training-".encode() in command:
            found.append(int(entry.name))
    return found


class Server:
    """A server of one film, with its models in a folder."""

    def __init__(self, programs: Path, models: Path, film: Path, log: Path) -> None:
        """Starts the server and waits for its address."""
        self.process = subprocess.Popen(
            [str(programs / "stylize-live"), "--style", "starry", "--size", "64x36", "--port", "0", str(film)],
            stdout=subprocess.PIPE,
            stderr=log.open("ab"),
            env=os.environ | {"IMPASTO_MODELS": str(models)},
            text=True,
        )
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            sys.exit(f"the server does not start: {log.read_text()}")

    def train(self, painting: Path) -> None:
        """Submits a painting."""
        request = urllib.request.Request(
            f"{self.address}api/training?name=painting", painting.read_bytes(), {"Content-Type": "image/png"}
        )
        urllib.request.urlopen(request, timeout=20).close()

    def kill(self) -> None:
        """Ends the server without a warning."""
        self.process.kill()
        self.process.wait()


def main() -> int:
    """Runs the check and prints its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--longest", type=float, default=8, help="the most seconds until a kill")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    found = {"kills": 0, "during a training": 0, "slowest end in seconds": 0.0, "trainings left": 0}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        models, film, painting = work / "models", work / "in.mp4", work / "painting.png"
        models.mkdir()
        shutil.copy(ROOT / "models/starry.safetensors", models)
        os.symlink(ROOT / "models/base", models / "base")
        source = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi"]
        subprocess.run([*source, "-i", "testsrc2=s=64x36:r=10", "-t", "20", str(film)], check=True)
        subprocess.run([*source, "-i", "mandelbrot=s=320x240", "-frames:v", "1", str(painting)], check=True)
        before = sorted(os.listdir(models))
        for _ in range(arguments.kills):
            server = Server(arguments.programs, models, film, work / "log")
            server.train(painting)
            time.sleep(random.uniform(0, arguments.longest))
            found["during a training"] += bool(trainings(models))
            server.kill()
            found["kills"] += 1
            start = time.monotonic()
            while trainings(models) and time.monotonic() - start < PATIENCE:
                time.sleep(0.1)
            found["slowest end in seconds"] = max(
                found["slowest end in seconds"], round(time.monotonic() - start, 1)
            )
            found["trainings left"] += len(trainings(models))
        Server(arguments.programs, models, film, work / "log").kill()
        found["left in the folder"] = sorted(set(os.listdir(models)) - set(before))
        found["missing in the folder"] = sorted(set(before) - set(os.listdir(models)))
    print(json.dumps(found, indent=1))
    return 1 if found["trainings left"] or found["left in the folder"] or found["missing in the folder"] else 0


if __name__ == "__main__":
    sys.exit(main())
