#!/usr/bin/env python3
"""Kills workers that paint parts of a film with SIGKILL at random moments, and compares the joined film.

Several workers paint random parts at the same time, so that some parts are painted twice at once. Joins in between must
fail with one sentence. In the end, each part is painted once more, and the joined film has the same frames, times and
sound as one that was painted at once.
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

sys.path.append(str(Path(__file__).resolve().parents[1] / "Cluster"))

from film import PROGRAM, STYLE, content, make_film, tags  # noqa: E402

PARTS = 7


def main() -> int:
    """Runs the check and prints its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--style", type=Path, default=STYLE)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--frames", type=int, default=1500)
    parser.add_argument("--longest", type=float, default=6, help="the longest life of a worker in seconds")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    found = {"kills": 0, "workers that ended by themselves": 0, "refused joins": 0, "films joined too early": 0}
    errors = []
    with tempfile.TemporaryDirectory() as name:
        folder, parts = Path(name), Path(name) / "parts"
        film, whole, joined = folder / "in.mkv", folder / "whole.mkv", folder / "joined.mkv"
        make_film(film, arguments.frames)
        command = [str(arguments.program), "--style", str(arguments.style), "--threads", "1", "--codec", "ffv1", "--quiet"]
        subprocess.run([*command, str(film), str(whole)], check=True)

        def start(part: int) -> subprocess.Popen:
            return subprocess.Popen(
                [*command, "--part", f"{part}/{PARTS}", str(film), str(parts)], stderr=subprocess.PIPE, text=True
            )

        def join() -> subprocess.CompletedProcess:
            return subprocess.run(
                [str(arguments.program), "--join", str(parts), str(joined), "--quiet"],
                capture_output=True,
                text=True,
                check=False,
            )

        running: list[tuple[float, subprocess.Popen]] = []
        while found["kills"] < arguments.kills:
            while len(running) < arguments.workers:
                end = time.monotonic() + random.uniform(0, arguments.longest)
                running.append((end, start(random.randint(1, PARTS))))
            running.sort(key=lambda worker: worker[0])
            end, process = running.pop(0)
            time.sleep(max(0, end - time.monotonic()))
            process.kill()
            _, text = process.communicate()
            found["kills" if process.returncode == -9 else "workers that ended by themselves"] += 1
            if process.returncode > 0:
                errors.append(text)
            if found["kills"] % 10 == 5:
                early = join()
                found["refused joins"] += early.returncode == 1 and early.stderr.count("\n") == 1
                found["films joined too early"] += joined.exists() and content(joined) != content(whole)
                joined.unlink(missing_ok=True)
            # So that the film is not complete before the last kill.
            segments = sorted(parts.glob("*.segment"))
            if len(segments) > arguments.frames / 120 / 2:
                random.choice(segments).unlink()
        for _, process in running:
            process.kill()
            process.communicate()
        found["segments before the last workers"] = len(list(parts.glob("*.segment")))
        workers = [start(part) for part in range(1, PARTS + 1)]
        for process in workers:
            _, text = process.communicate()
            if process.returncode:
                errors.append(text)
        last = join()
        found["joined"] = last.returncode == 0
        expected = content(whole)
        found["frames"] = expected.count("\n0,")
        found["same film"] = expected != "" and joined.exists() and content(joined) == expected
        found["same tags and chapters"] = joined.exists() and tags(joined) == tags(whole)
        found["hidden files left"] = sum(name.endswith(".part") for name in os.listdir(parts))
    found["errors"] = errors + ([last.stderr] if last.returncode else [])
    print(json.dumps(found, indent=1))
    good = found["same film"] and found["same tags and chapters"] and not found["errors"]
    return 0 if good and not found["films joined too early"] and not found["hidden files left"] else 1


if __name__ == "__main__":
    sys.exit(main())
