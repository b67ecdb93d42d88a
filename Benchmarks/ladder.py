#!/usr/bin/env python3
"""Compares networks by what they cost and how near they come to their painting: the same short training for each, then the time of a frame.

    Benchmarks/ladder.py --painting starry.png --content photos              # the networks tried, an hour or two
    Benchmarks/ladder.py --painting … --content … --network half realtime dense:blocks=2,canvas=256
    Benchmarks/ladder.py --painting … --content … --only-times               # new times for networks that are trained

Each network is trained from random values with one recipe, without the loss for temporal stability, and paints photos that the training
never saw (training/held_out_photos.txt), whole and at a film's size: their likeness to the painting and the content that is left are its result.
Models stay in --folder, so that a run that was stopped goes on where it was. Then all take turns: a
frame of the engine alone at the same size, and stylize-video on a film. Writes the numbers to --output; Benchmarks/report.py shows them.
Needs the programs built, framerate too, and nothing but Python.
"""

import argparse
import pathlib
import re
import statistics
import sys

from programs import HELD_OUT, ROOT, ProgramError, machine, read, run, write

HERE = pathlib.Path(__file__).resolve().parent
# The reference of the ladder's ratios first.
NETWORKS = [
    "half",
    "quality",
    "realtime",
    "dense:head=full,tail=upsample,channels=16-32-64,detail=16,blocks=5,kernel=9,norm=instance,canvas=256",
    "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance,canvas=320",
    "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=3,norm=instance,canvas=256",
    "dense:head=unshuffle2,tail=upsample,channels=8-16-32,detail=0,blocks=5,norm=instance,canvas=256",
    "dense:head=unshuffle4,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance,canvas=256",
    "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance,canvas=256,revision=0",
    "dense:head=unshuffle2,tail=upsample,channels=16-24-48,detail=0,blocks=5,norm=instance",
    "johnson",
]


class Candidate:
    """A network of the ladder, and where its model lies."""

    def __init__(self, network, arguments):
        self.network = network
        self.arguments = arguments
        name = re.sub(r"[^a-z0-9]+", "-", network)
        self.model = arguments.folder / f"{name}.safetensors"
        self.evaluation = arguments.folder / f"{name}.likeness-{min(arguments.extents)}.json"
        self.milliseconds = []
        self.videos = []

    def train(self):
        """Trains and evaluates, where that is still to be done."""
        a = self.arguments
        if not self.model.exists():
            run([
                a.programs / "train-style", a.painting, "--content", a.content, "--exclude-list", HELD_OUT, "--network", self.network,
                "--from-scratch", "--iterations", a.iterations, "--temporal-weight", 0, "--output", self.model, "--json",
            ])  # fmt: skip
        if not self.evaluation.exists():
            write(self.evaluation, run([
                a.programs / "evaluate-style", "--style", self.model, "--style-image", a.painting, "--content", a.content,
                "--photo-list", HELD_OUT, "--likeness", "--lines", min(a.extents), "--json",
            ]))  # fmt: skip

    def time(self):
        """One turn."""
        a = self.arguments
        point = run([
            a.programs / "framerate", "--model", self.model, "--size", "x".join(map(str, a.extents)), "--threads", a.threads, "--seconds", a.seconds,
            "--inference-only", "--json", "--quiet",
        ])  # fmt: skip
        self.milliseconds.append(point["inference"]["p50Ms"])
        output = a.folder / "film.mp4"
        film = run([a.programs / "stylize-video", "--style", self.model, a.clip, output, "--json", "--quiet"])
        output.unlink()
        self.videos.append(film["fps"])

    def row(self):
        mean = read(self.evaluation)["sizes"][0]["mean"]
        return {
            "network": self.network, **{name: mean[name] for name in ("likeness", "fine", "stroke", "form", "content")},
            "ms": statistics.median(self.milliseconds), "msLow": min(self.milliseconds), "msHigh": max(self.milliseconds),
            "videoFps": statistics.median(self.videos), "videoFpsLow": min(self.videos), "videoFpsHigh": max(self.videos),
        }  # fmt: skip


def measure(arguments):
    arguments.folder.mkdir(parents=True, exist_ok=True)
    candidates = [Candidate(network, arguments) for network in arguments.network]
    if arguments.only_times:
        candidates = [candidate for candidate in candidates if candidate.model.exists() and candidate.evaluation.exists()]
        if not candidates:
            raise ProgramError(f"{arguments.folder}: holds no trained network, expected those of a run without --only-times")
    for candidate in candidates:
        print(candidate.network, file=sys.stderr)
        candidate.train()
    for number in range(arguments.rounds):
        print(f"times, round {number + 1} of {arguments.rounds}", file=sys.stderr)
        for candidate in candidates:
            candidate.time()
    write(arguments.output, {
        "machine": machine(arguments.programs), "iterations": arguments.iterations, "size": "x".join(map(str, arguments.extents)),
        "threads": arguments.threads, "clip": arguments.clip.name, "painting": arguments.painting.name,
        "rows": [candidate.row() for candidate in candidates],
    })  # fmt: skip


def extents(text):
    """Width and height of a size such as 1280x720."""
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected WxH such as 1280x720")
    return int(match[1]), int(match[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--painting", type=pathlib.Path, required=True)
    parser.add_argument("--content", type=pathlib.Path, required=True, help="the folder of photos")
    parser.add_argument("--network", nargs="+", default=NETWORKS)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--size", dest="extents", type=extents, default=(1280, 720), help="of the frames that are painted and timed")
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
    except (ProgramError, OSError, ValueError, KeyError) as error:
        sys.exit(f"ladder.py: {error}")


if __name__ == "__main__":
    main()
