#!/usr/bin/env python3
"""How long the slow method takes to reach the shipped networks, as in figure 5 of Johnson et al.

    Benchmarks/slow_method.py --paintings paintings --content photos --lines 256 512 1080 --steps 400 --save rows

For each network and size: the steps of L-BFGS on the pixels after which the network's objective and its likeness are reached,
and how many times the network's time has passed by then (`evaluate-style --slow`). Writes the results to --output and prints
a table in Markdown. --save also saves rows of pictures: photo, painting, the slow method after 25, 100 and 400 steps, and the
network's. Hours at the largest sizes; --style and --count take fewer networks and photos. Needs the programs built, framerate
too, and `make setup`.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile

from likeness import MODELS, painting, photo_list
from programs import HELD_OUT, ROOT, ProgramError, machine, run, write

HERE = pathlib.Path(__file__).resolve().parent


def mean_of(photos, name):
    """When the slow method reaches the network, as the mean over photos: in words where not all of them are reached."""
    reached = [photo[name] for photo in photos if photo.get(name)]
    if not reached:
        return "never"
    steps = statistics.fmean(mark["iterations"] for mark in reached)
    times = statistics.fmean(mark["timesLonger"] for mark in reached)
    some = "" if len(reached) == len(photos) else f" ({len(reached)} of {len(photos)} photos)"
    return f"{steps:.0f} steps, {times:.0f}×{some}"


def table(rows):
    """The results in Markdown."""
    lines = [
        "| network | lines | its time | its objective | reached after | its likeness | reached after |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for size in row["sizes"]:
            photos = size["photos"]
            means = {
                name: statistics.fmean(photo["network"][name] for photo in photos)
                for name in ("seconds", "loss", "likeness")
            }
            lines.append(
                f"| `{row['style']}` | {size['lines']} | {means['seconds']:.2f} s | {means['loss']:.4g} "
                f"| {mean_of(photos, 'objective')} | {means['likeness']:.0f} | {mean_of(photos, 'likeness')} |"
            )
    return "\n".join(lines)


def measure(arguments):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        photos = photo_list(HELD_OUT, arguments.count, folder)
        for style in arguments.style:
            print(style, file=sys.stderr)
            save = ["--save", arguments.save / style] if arguments.save else []
            rows.append(run([
                arguments.programs / "evaluate-style", "--slow", arguments.steps, "--style", MODELS / f"{style}.safetensors",
                "--style-image", painting(style, arguments.paintings), "--content", arguments.content, "--photo-list", photos,
                "--lines", *arguments.lines, "--json", *save,
            ]))  # fmt: skip
    write(arguments.output, {"machine": machine(arguments.programs), "photos": arguments.count, "rows": rows})
    print(table(rows))


def main():
    styles = sorted(path.stem for path in MODELS.glob("*.json") if path.with_suffix(".safetensors").exists())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paintings", type=pathlib.Path, required=True, help="the folder of paintings")
    parser.add_argument("--content", type=pathlib.Path, required=True, help="the folder of photos")
    parser.add_argument("--style", nargs="+", default=styles)
    parser.add_argument("--lines", type=int, nargs="+", default=[256, 512, 1080])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--count", type=int, default=2, help="of photos")
    parser.add_argument("--save", type=pathlib.Path, help="the folder for rows of pictures")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "slow-method.json")
    try:
        measure(parser.parse_args())
    except (ProgramError, OSError, ValueError, KeyError) as error:
        sys.exit(f"slow_method.py: {error}")


if __name__ == "__main__":
    main()
