#!/usr/bin/env python3
"""The slow method by other means: scipy's L-BFGS-B on the pixels, with the loss of Johnson et al. in PyTorch.

    .cache/peers/bin/python Benchmarks/peers/slow_method.py --vgg vgg16.safetensors --style-image painting.png photo.png ...

Pictures are taken as they are: give squares as PNG, and the painting as the other program sees it. Prints one JSON object:
for each photo the value at the start and after the iterations of --marks, the number of evaluations by then, and the median
seconds of an evaluation. `optimize-image --objective johnson --start-size N --size N --json` prints the same of ours.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import sys
import time

import numpy
import torch
from PIL import Image
from scipy.optimize import fmin_l_bfgs_b

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Golden"))

import style_transfer  # noqa: E402


class Finished(Exception):
    """Ends a minimisation after its last mark."""


def read(path):
    """The picture at `path` as [1, 3, H, W], RGB 0...255."""
    return torch.from_numpy(numpy.array(Image.open(path).convert("RGB"))).float().permute(2, 0, 1)[None]


def minimise(vgg, photo, targets, marks):
    """Follows L-BFGS-B from the photo: the values at the marks, evaluations by then, and seconds of each evaluation."""
    with torch.no_grad():
        content = vgg(photo)[style_transfer.CONTENT_LAYER]
    seconds, values, evaluations, latest = [], {}, {}, {}

    def evaluate(x):
        start = time.perf_counter()
        picture = torch.from_numpy(x).to(photo.dtype).reshape(photo.shape).requires_grad_()
        features = vgg(picture)
        total = style_transfer.CONTENT_WEIGHT * torch.nn.functional.mse_loss(
            features[style_transfer.CONTENT_LAYER], content
        )
        for layer, target in targets.items():
            total = total + style_transfer.STYLE_WEIGHT * torch.nn.functional.mse_loss(
                style_transfer.gram(features[layer]), target
            )
        total = total + style_transfer.TV_WEIGHT * style_transfer.total_variation(picture).mean()
        total.backward()
        seconds.append(time.perf_counter() - start)
        latest[x.tobytes()[:4096]] = total.item()
        values.setdefault(0, total.item())
        return total.item(), picture.grad.numpy().astype(numpy.float64).ravel()

    def note(x):
        note.iteration += 1
        if note.iteration in marks:
            values[note.iteration] = latest[x.tobytes()[:4096]]
            evaluations[note.iteration] = len(seconds)
        latest.clear()
        if note.iteration == max(marks):
            raise Finished

    note.iteration = 0
    with contextlib.suppress(Finished):
        fmin_l_bfgs_b(
            evaluate, photo.numpy().ravel().astype(numpy.float64), maxiter=max(marks), maxfun=10 * max(marks),
            factr=0, pgtol=0, callback=note,
        )
    return values, evaluations, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--style-image", required=True)
    parser.add_argument("--marks", type=int, nargs="+", default=[10, 25, 50, 100, 200])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    vgg = style_transfer.Vgg16(style_transfer.read_safetensors(arguments.vgg))
    with torch.no_grad():
        targets = style_transfer.style_targets(vgg, read(arguments.style_image))
    photos, seconds = [], []
    for path in arguments.photos:
        values, evaluations, times = minimise(vgg, read(path), targets, set(arguments.marks))
        photos.append({"file": pathlib.Path(path).name, "values": values, "evaluations": evaluations})
        seconds += times
        print(path, values, file=sys.stderr, flush=True)
    marks = [0, *sorted(arguments.marks)]
    found = [mark for mark in marks if all(mark in photo["values"] for photo in photos)]
    mean = {mark: statistics.fmean(photo["values"][mark] for photo in photos) for mark in found}
    result = {"mean": mean, "secondsPerEvaluation": statistics.median(seconds), "threads": arguments.threads}
    print(json.dumps(result | {"torch": torch.__version__, "photos": photos}, indent=2))


if __name__ == "__main__":
    main()
