#!/usr/bin/env python3
"""Measures how much the shipped styles' pictures look like their paintings, and how little that depends on the film's size.

    Benchmarks/likeness.py --paintings paintings --content photos
    Benchmarks/likeness.py --paintings paintings --content photos --style starry starry-quality --lines 720

Photos that no training saw are painted whole at each size (`evaluate-style --likeness`). The paintings are found in their folder by the
names that the styles' cards tell. Writes the means to --output; Benchmarks/report.py shows them. Needs the programs built, framerate too,
and nothing but Python.
"""

import argparse
import pathlib
import sys
import tempfile

from programs import HELD_OUT, ROOT, ProgramError, machine, read, run, write

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ROOT / "models"


def painting(style, folder):
    """The painting of a style, by its card."""
    card = MODELS / f"{style}.json"
    try:
        return folder / read(card)["painting"]["file"]
    except (KeyError, TypeError) as error:
        raise ProgramError(f"{card}: found no painting, expected a card as train-style writes it") from error


def photo_list(path, count, folder):
    """A list of `count` photos spread over the one at `path`."""
    photos = path.read_text(encoding="utf-8").split("\n")
    photos = [photo for photo in photos if photo and not photo.startswith("#")]
    chosen = [photos[index * len(photos) // count] for index in range(min(count, len(photos)))]
    result = pathlib.Path(folder) / "photos.txt"
    result.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return result


def measure(arguments):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        photos = photo_list(HELD_OUT, arguments.count, folder)
        for style in arguments.style:
            print(style, file=sys.stderr)
            report = run([
                arguments.programs / "evaluate-style", "--likeness", "--style", MODELS / f"{style}.safetensors", "--style-image",
                painting(style, arguments.paintings), "--content", arguments.content, "--photo-list", photos, "--lines", *arguments.lines,
                "--json", "--quiet",
            ])  # fmt: skip
            sizes = [{"lines": size["lines"], **size["mean"]} for size in report["sizes"]]
            rows.append({"style": style, "network": report["network"], "sizes": sizes})
    write(arguments.output, {"machine": machine(arguments.programs), "photos": arguments.count, "rows": rows})


def main():
    styles = sorted(path.stem for path in MODELS.glob("*.json") if path.with_suffix(".safetensors").exists())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paintings", type=pathlib.Path, required=True, help="the folder of paintings")
    parser.add_argument("--content", type=pathlib.Path, required=True, help="the folder of photos")
    parser.add_argument("--style", nargs="+", default=styles)
    parser.add_argument("--lines", type=int, nargs="+", default=[360, 720, 1080, 2160])
    parser.add_argument("--count", type=int, default=10, help="of photos")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "likeness.json")
    try:
        measure(parser.parse_args())
    except (ProgramError, OSError, ValueError, KeyError) as error:
        sys.exit(f"likeness.py: {error}")


if __name__ == "__main__":
    main()
