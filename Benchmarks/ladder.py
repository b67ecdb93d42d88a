#!/usr/bin/env python3
"""Compares networks by what they cost and how near they come: the same short training for each, then the time of a frame.

    Benchmarks/ladder.py --painting starry.png --content photos              # the networks tried, an hour or two
    Benchmarks/ladder.py --painting … --content … --network half realtime dense:blocks=2
    Benchmarks/ladder.py --painting … --content … --only-times               # new times for networks that are trained

Each network is trained from random values with one recipe, without steadiness, and evaluated on photos that the training never saw
(training/held_out_photos.txt). Those of --steady are trained a second time with the trainer's own steadiness, and both times it is
measured how steady they are. Models stay in --folder, so that a run that was stopped goes on where it was. Then all take turns: a
frame of the engine alone, and stylize-video on a film. Writes the numbers to --output; Benchmarks/report.py shows them.
Needs the programs built, framerate too, and nothing but Python.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
HELD_OUT = ROOT / "training" / "held_out_photos.txt"
# The reference of the ladder's ratios first.
NETWORKS = [
    "half",
    "standard",
    "realtime",
    "dense:head=strided,tail=upsample,channels=8-16-32,detail=8,blocks=4,norm=instance",
    "dense:tail=upsample,channels=8-8-32,detail=0,blocks=1,norm=instance",
    "dense:tail=shuffle2,blocks=2,norm=instance",
    "dense:tail=shuffle4,blocks=2,norm=instance",
    "dense:head=strided,tail=upsample,channels=8-16-32,detail=8,blocks=4,norm=batch",
    "phone",
    "johnson",
]
STEADY = ["realtime", "standard"]


class LadderError(Exception):
    """What went wrong: one sentence."""


def run(command):
    """The JSON object that a program prints."""
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise LadderError(f"{pathlib.Path(command[0]).name}: failed with status {result.returncode}")
    return json.loads(result.stdout)


def write(path, value):
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


class Candidate:
    """A network of the ladder, and where its model lies."""

    def __init__(self, network, arguments, is_steady=False):
        self.network = network
        self.arguments = arguments
        # None leaves the weight to the trainer.
        self.temporal_weight = None if is_steady else 0
        name = re.sub(r"[^a-z0-9]+", "-", network) + ("-steady" if is_steady else "")
        self.model = arguments.folder / f"{name}.safetensors"
        self.evaluation = arguments.folder / f"{name}.evaluation.json"
        self.milliseconds = []
        self.videos = []

    def train(self):
        """Trains and evaluates, where that is still to be done."""
        a = self.arguments
        if not self.model.exists():
            run([
                a.programs / "train-style", a.painting, "--content", a.content, "--exclude-list", HELD_OUT, "--network", self.network,
                "--from-scratch", "--image-size", a.image_size, "--style-size", 256, "--style-weight", 5,
                "--iterations", a.iterations, "--output", self.model, "--json",
                *([] if self.temporal_weight is None else ["--temporal-weight", self.temporal_weight]),
            ])  # fmt: skip
        if not self.evaluation.exists():
            write(self.evaluation, run([
                a.programs / "evaluate-style", "--style", self.model, "--style-image", a.painting, "--content", a.content,
                "--photo-list", HELD_OUT, "--style-size", 256, "--style-weight", 5, "--json",
                *(["--temporal"] if self.network in a.steady else []),
            ]))  # fmt: skip

    def time(self):
        """One turn."""
        a = self.arguments
        point = run([
            a.programs / "framerate", "--model", self.model, "--size", a.size, "--threads", a.threads, "--seconds", a.seconds,
            "--inference-only", "--json", "--quiet",
        ])  # fmt: skip
        self.milliseconds.append(point["inference"]["p50Ms"])
        output = a.folder / "film.mp4"
        film = run([a.programs / "stylize-video", "--style", self.model, a.clip, output, "--json", "--quiet"])
        output.unlink()
        self.videos.append(film["fps"])

    def steadiness(self):
        """The objective, and how much the picture changes beyond the motion and the noise, in levels of 255."""
        evaluation = json.loads(self.evaluation.read_text(encoding="utf-8"))
        return {"total": evaluation["mean"]["total"], **evaluation["temporal"]}

    def row(self):
        mean = json.loads(self.evaluation.read_text(encoding="utf-8"))["mean"]
        return {
            "network": self.network, **{name: mean[name] for name in ("total", "content", "style")},
            "ms": statistics.median(self.milliseconds), "msLow": min(self.milliseconds), "msHigh": max(self.milliseconds),
            "videoFps": statistics.median(self.videos), "videoFpsLow": min(self.videos), "videoFpsHigh": max(self.videos),
        }  # fmt: skip


def measure(arguments):
    arguments.folder.mkdir(parents=True, exist_ok=True)
    candidates = [Candidate(network, arguments) for network in arguments.network]
    if arguments.only_times:
        candidates = [candidate for candidate in candidates if candidate.model.exists() and candidate.evaluation.exists()]
        if not candidates:
            raise LadderError(f"{arguments.folder}: holds no trained network, expected those of a run without --only-times")
    pairs = [
        (candidate, Candidate(candidate.network, arguments, is_steady=True))
        for candidate in candidates
        if candidate.network in arguments.steady
    ]
    if arguments.only_times:
        pairs = [pair for pair in pairs if pair[1].evaluation.exists()]
    for candidate in candidates + [steady for _, steady in pairs]:
        print(candidate.network, "" if candidate.temporal_weight == 0 else "(steady)", file=sys.stderr)
        candidate.train()
    for number in range(arguments.rounds):
        print(f"times, round {number + 1} of {arguments.rounds}", file=sys.stderr)
        for candidate in candidates:
            candidate.time()
    # Of several points the program also tells the machine.
    points = run([
        arguments.programs / "framerate", "--network", "quarter", "--size", "64x48", "80x48", "--threads", arguments.threads,
        "--frames", 2, "--inference-only", "--json", "--quiet",
    ])  # fmt: skip
    write(arguments.output, {
        "machine": points["machine"], "iterations": arguments.iterations, "imageSize": arguments.image_size, "size": arguments.size,
        "threads": arguments.threads, "clip": arguments.clip.name, "painting": arguments.painting.name,
        "rows": [candidate.row() for candidate in candidates],
        "steadiness": [
            {"network": plain.network, "without": plain.steadiness(), "with": steady.steadiness()} for plain, steady in pairs
        ],
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--painting", type=pathlib.Path, required=True)
    parser.add_argument("--content", type=pathlib.Path, required=True, help="the folder of photos")
    parser.add_argument("--network", nargs="+", default=NETWORKS)
    parser.add_argument("--steady", nargs="*", default=STEADY, metavar="NETWORK", help="measure steadiness of these")
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--size", default="1280x720", help="of the frames that are timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2, help="of each network in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clip", type=pathlib.Path, default=ROOT / ".cache" / "bigbuckbunny.mp4")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE / "results" / "ladder", help="for the models")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "ladder.json")
    parser.add_argument("--only-times", action="store_true", help="train nothing")
    try:
        measure(parser.parse_args())
    except (LadderError, OSError, ValueError, KeyError) as error:
        sys.exit(f"ladder.py: {error}")


if __name__ == "__main__":
    main()
