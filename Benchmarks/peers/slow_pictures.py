#!/usr/bin/env python3
"""What optimize-image paints beside two peers: the plain method of Gatys et al., and `neural-style` of PyPI.

    .cache/peers/bin/python Benchmarks/peers/slow_pictures.py --vgg vgg16.safetensors --paintings paintings --content photos

Six pairs of a photo that no training saw and a shipped style's painting, at 512 lines, for all three from the same file and
with the same VGG-16. The peers change the photo for --iterations steps of L-BFGS at one size; ours takes its defaults, or
--iterations-ours steps on each canvas. neural-style takes its defaults but for the layers: the extractor ends at relu4_3, so
its style ends at relu4_1. `evaluate-style --likeness` measures what each has painted. Writes the results to --output, prints
a table in Markdown, and saves a row of pictures for each pair: photo, painting, Gatys, neural-style, ours.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import torch
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(ROOT / "Tests" / "Golden"))

import style_transfer  # noqa: E402
from likeness import painting  # noqa: E402
from programs import HELD_OUT, ProgramError, machine, run, write  # noqa: E402

STYLES = ("starry", "wave", "scream", "composition_vii", "thatched_cottages", "wheat_field")
METHODS = ("gatys", "neural-style", "ours")
FIGURES = ("likeness", "content", "fine", "stroke", "form", "contrast", "chroma")
# torchvision's places of VGG-16's convolutions up to relu4_3.
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)


def save_weights(vgg, path):
    """The extractor's weights as neural-style reads them, by their places in torchvision's VGG-16."""
    weights = style_transfer.read_safetensors(vgg)
    names = [name.removesuffix(".weight") for name in sorted(weights) if name.endswith(".weight")]
    parts = {f"features.{place}.{kind}": weights[f"{name}.{kind}"] for place, name in zip(PLACES, names, strict=True) for kind in ("weight", "bias")}
    torch.save(parts, path)


def timed(command):
    start = time.perf_counter()
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise ProgramError(f"{pathlib.Path(command[1]).name}: failed: {result.stderr.strip()[-300:]}")
    return time.perf_counter() - start


def paint(method, photo, art, output, arguments):
    """Paints one picture and returns the seconds."""
    size = max(Image.open(photo).size)
    iterations = arguments.iterations
    if method == "gatys":
        command = [
            sys.executable, HERE / "gatys.py", "--vgg", arguments.vgg, "--size", arguments.lines, "--iterations", iterations,
            "--threads", arguments.threads, photo, art, output,
        ]  # fmt: skip
    elif method == "neural-style":
        command = [
            sys.executable, "-m", "neural_style.neural_style", "-model_file", arguments.folder / "vgg16.pth", "-disable_check", "-gpu", "c",
            "-content_image", photo, "-style_image", art, "-image_size", size, "-num_iterations", iterations, "-init", "image",
            "-style_layers", "relu1_1,relu2_1,relu3_1,relu4_1", "-save_iter", 0, "-print_iter", 0, "-output_image", output,
        ]  # fmt: skip
    else:
        own = ["--iterations", arguments.iterations_ours] if arguments.iterations_ours else []
        command = [
            arguments.programs / "optimize-image", photo, art, output, "--size", arguments.lines, "--threads", arguments.threads, "--quiet", *own,
        ]  # fmt: skip
    return timed(command)


def row(pictures, path):
    """Saves pictures side by side at the height of the first."""
    height = pictures[0].height
    scaled = [picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.LANCZOS) for picture in pictures]
    sheet = Image.new("RGB", (sum(picture.width + 8 for picture in scaled) - 8, height), "white")
    left = 0
    for picture in scaled:
        sheet.paste(picture, (left, 0))
        left += picture.width + 8
    sheet.save(path, quality=90)


def measure(arguments):
    listed = [line for line in HELD_OUT.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    styles = arguments.style
    arguments.folder.mkdir(parents=True, exist_ok=True)
    save_weights(arguments.vgg, arguments.folder / "vgg16.pth")
    pairs = []
    for index, style in enumerate(styles):
        name = listed[index * len(listed) // len(styles)]
        art = painting(style, arguments.paintings)
        photo = arguments.folder / f"{style}.png"
        with Image.open(arguments.content / name) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        scale = arguments.lines / min(upright.size)
        upright.resize([round(side * scale) for side in upright.size], Image.Resampling.LANCZOS).save(photo)
        found = {}
        for method in METHODS:
            output = arguments.folder / f"{style}-{method}.png"
            seconds = paint(method, photo, art, output, arguments)
            report = run([
                arguments.programs / "evaluate-style", "--likeness", "--style", style, "--style-image", art, "--content", photo,
                "--painted", output, "--json", "--quiet",
            ])  # fmt: skip
            figures = report["sizes"][0]["mean"]
            found[method] = {"seconds": seconds, **{key: figures[key] for key in FIGURES}}
            print(style, name, method, json.dumps(found[method]), file=sys.stderr, flush=True)
        row([Image.open(photo), Image.open(art).convert("RGB")] + [Image.open(arguments.folder / f"{style}-{method}.png") for method in METHODS], arguments.folder / f"row-{style}.jpg")
        pairs.append({"style": style, "photo": name, "methods": found})
        write(arguments.output, {"machine": machine(arguments.programs), "iterations": arguments.iterations, "lines": arguments.lines, "pairs": pairs})
    return pairs


def table(pairs):
    """Likeness and content of each method, and the means, in Markdown."""
    lines = ["| painting | " + " | ".join(f"{method}: likeness, content" for method in METHODS) + " |", "|---" * (1 + len(METHODS)) + "|"]

    def cells(methods):
        return " | ".join(f"{methods[method]['likeness']:.0f}, {methods[method]['content']:.3f}" for method in METHODS)

    lines += [f"| `{pair['style']}` | {cells(pair['methods'])} |" for pair in pairs]
    means = {method: {key: sum(pair["methods"][method][key] for pair in pairs) / len(pairs) for key in (*FIGURES, "seconds")} for method in METHODS}
    lines += [f"| mean | {cells(means)} |", "| seconds | " + " | ".join(f"{means[method]['seconds']:.0f}" for method in METHODS) + " |"]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--paintings", required=True, type=pathlib.Path, help="the folder of the paintings")
    parser.add_argument("--content", required=True, type=pathlib.Path, help="the folder of the photos")
    parser.add_argument("--style", nargs="+", default=STYLES, help="the styles whose paintings to take")
    parser.add_argument("--lines", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=300, help="steps of the peers")
    parser.add_argument("--iterations-ours", type=int, help="steps of optimize-image on each canvas (default: its own)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".build" / "release")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "Benchmarks" / "results" / "slow-pictures")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Benchmarks" / "results" / "slow-pictures.json")
    arguments = parser.parse_args()
    try:
        print(table(measure(arguments)))
    except ProgramError as error:
        sys.exit(f"slow_pictures.py: {error}")


if __name__ == "__main__":
    main()
