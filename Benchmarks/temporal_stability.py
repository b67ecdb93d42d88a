#!/usr/bin/env python3
"""Measures what the loss for temporal stability changes: trains each network with it and without it, on one painting after another.

    Benchmarks/temporal_stability.py --painting starry.png wave.png --content photos
    Benchmarks/temporal_stability.py --painting starry.png --content photos --network quality --quality draft
    Benchmarks/temporal_stability.py --painting starry.png --content photos --start base scratch

Both trainings start from the network's base, from the --base given for the painting, or, with --start scratch, from random values. They
use the trainer's default settings for the quality, except that the temporal weight is 0 in one of them. The script evaluates both models
on photos that no training saw (training/held_out_photos.txt). It reports the objective, the warping error on sequences rendered from the
photos with exactly known motion, and the deviation of a pixel in a noisy still. For the stable model it also measures that deviation with
--denoise. Models stay in --folder, with a record of what they were made from, so that an interrupted run continues where it stopped. The
script adds the numbers to those of other trainings in --output; Benchmarks/report.py shows them. It needs the built programs, including
framerate, and only Python.
"""

import argparse
import itertools
import pathlib
import re
import sys

from programs import HELD_OUT, ROOT, ProgramError, checksum, machine, read, run, write

HERE = pathlib.Path(__file__).resolve().parent


class Training:
    """One network on one painting, with or without the loss for temporal stability."""

    def __init__(self, painting, base, network, start, is_stable, arguments):
        self.painting = painting
        base = None if start == "scratch" else base or ROOT / "models" / "base" / f"{network}.safetensors"
        self.start = ["--from-scratch"] if base is None else ["--base", base]
        self.network = network
        # None leaves the weight to the trainer.
        self.temporal_weight = None if is_stable else 0
        self.arguments = arguments
        self.made_from = {
            "painting": checksum(painting), "base": None if base is None else checksum(base), "quality": arguments.quality,
        }  # fmt: skip
        description = re.sub(r"[^A-Za-z0-9=-]+", "_", network)
        self.name = f"{painting.stem}-{description}" + ("-scratch" if start == "scratch" else "") + ("" if is_stable else "-unstable")
        self.model = arguments.folder / f"{self.name}.safetensors"
        self.origin = arguments.folder / f"{self.name}.made-from.json"

    def check(self):
        """Refuses a model of that name that was made from something else."""
        earlier = read(self.origin)
        if earlier is not None and earlier != self.made_from:
            raise ProgramError(f"{self.origin}: found a model made from {earlier}, expected {self.made_from}: another --folder, or none of it")

    def result(self):
        """The objective and the temporal numbers, trained and evaluated where that is still to be done."""
        a = self.arguments
        write(self.origin, self.made_from)
        if not self.model.exists():
            run([
                a.programs / "train-style", self.painting, "--content", a.content, "--exclude-list", HELD_OUT, "--network", self.network,
                "--quality", a.quality, "--threads", a.threads, "--output", self.model, "--json",
                *([] if self.temporal_weight is None else ["--temporal-weight", self.temporal_weight]),
                *self.start,
            ])  # fmt: skip
        evaluation = self.evaluation("evaluation")
        result = {"total": evaluation["mean"]["total"], **evaluation["temporal"]}
        if self.temporal_weight is None:
            result["denoised"] = self.evaluation("denoised", "--denoise")["temporal"]["still"]
        return result

    def evaluation(self, name, *options):
        """What evaluate-style says, asked for once."""
        a = self.arguments
        path = a.folder / f"{self.name}.{name}.json"
        if not path.exists():
            write(path, run([
                a.programs / "evaluate-style", "--style", self.model, "--style-image", self.painting, "--content", a.content,
                "--photo-list", HELD_OUT, "--threads", a.threads, "--temporal", "--json", *options,
            ]))  # fmt: skip
        return read(path)


def measure(arguments):
    bases = arguments.base or [None] * len(arguments.painting)
    if len(bases) != len(arguments.painting):
        raise ValueError(f"--base names {len(bases)} files, expected one for each of {len(arguments.painting)} paintings")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    # Everything that can be found wrong is, before hours of training.
    rows = earlier_rows(arguments.output)
    trainings = {}
    for network, start in itertools.product(arguments.network, arguments.start):
        for painting, base in zip(arguments.painting, bases):
            key = (network, start, painting.name, arguments.quality)
            trainings[key] = [Training(painting, base, network, start, is_stable, arguments) for is_stable in (False, True)]
            for training in trainings[key]:
                training.check()
    where = machine(arguments.programs)
    for key, pair in trainings.items():
        network, start, painting, quality = key
        print(f"{network} from {start}, {painting}", file=sys.stderr)
        without, stable = (training.result() for training in pair)
        rows[key] = {
            "network": network, "start": start, "painting": painting, "quality": quality, "without": without, "with": stable,
            "machine": where,
        }  # fmt: skip
        write(arguments.output, {"machine": where, "rows": [rows[key] for key in sorted(rows)]})


def earlier_rows(path):
    """What earlier runs found, by what they trained."""
    earlier = read(path)
    if earlier is None:
        return {}
    try:
        names = ("network", "start", "painting", "quality")
        return {tuple(row[name] for name in names): row for row in earlier["rows"]}
    except (KeyError, TypeError) as error:
        raise ProgramError(f"{path}: found rows without {error}, expected those of this script: another --output, or none") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--painting", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--content", type=pathlib.Path, required=True, help="the folder of photos")
    parser.add_argument("--network", nargs="+", default=["realtime"])
    parser.add_argument("--base", type=pathlib.Path, nargs="+", help="a model to start from for each painting")
    parser.add_argument("--start", nargs="+", default=["base"], choices=["base", "scratch"], help="from the base, from random values, or each")
    parser.add_argument("--quality", default="good", choices=["draft", "good", "best"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE / "results" / "temporal-stability", help="for the models")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "temporal-stability.json")
    try:
        measure(parser.parse_args())
    except (ProgramError, OSError, ValueError, KeyError) as error:
        sys.exit(f"temporal_stability.py: {error}")


if __name__ == "__main__":
    main()
