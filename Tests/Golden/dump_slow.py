#!/usr/bin/env python3
"""Writes slow.safetensors beside this script: the loss of Johnson et al. along scipy's L-BFGS-B on the pixels.

    pip install torch safetensors numpy scipy pillow
    python dump_slow.py --vgg vgg16.safetensors

Synthetic pictures as in dump_golden.py, double precision: `values` has the loss at the start and after each of 30 iterations.
"""

import argparse
import pathlib
import sys

import torch

import dump_golden
import style_transfer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks" / "peers"))

import slow_method  # noqa: E402

ITERATIONS = 30


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    arguments = parser.parse_args()
    weights = style_transfer.read_safetensors(arguments.vgg)
    vgg = style_transfer.Vgg16({name: value.double() for name, value in weights.items()})
    photo, painting = (dump_golden.synthetic_image(64, 48, seed) for seed in (2, 3))
    with torch.no_grad():
        targets = style_transfer.style_targets(vgg, painting)
    values, _, _ = slow_method.minimise(vgg, photo, targets, set(range(1, ITERATIONS + 1)))
    dump = dump_golden.Dump()
    dump.array("values", torch.tensor([values[index] for index in range(ITERATIONS + 1)], dtype=torch.float64))
    dump.save("slow.safetensors")


if __name__ == "__main__":
    main()
