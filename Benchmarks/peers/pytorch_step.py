#!/usr/bin/env python3
"""Times one training step in PyTorch (CPU, eager): the same network, objective and optimizer as train-style.

    pip install torch safetensors
    python pytorch_step.py --vgg vgg16.safetensors --width 0.5 --threads 2

A step: forward, objective on the batch (the content target included, the style targets computed once before), backward,
Adam. Prints one JSON object: median seconds a step for each memory format, and the process's peak resident memory in
megabytes. Pictures are random numbers: their values do not matter to the time.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden"))
import style_transfer  # noqa: E402

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def time_steps(arguments, memory_format):
    """Runs in a process of its own, so that one format's peak memory is not another's."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    network = style_transfer.TransformerNet([round(arguments.width * c) for c in (32, 64, 128)])
    vgg = style_transfer.Vgg16(style_transfer.read_safetensors(arguments.vgg))
    network, vgg = network.to(memory_format=memory_format), vgg.to(memory_format=memory_format)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    size = arguments.image_size
    photos = (torch.rand(arguments.batch_size, 3, size, size) * 255).contiguous(memory_format=memory_format)
    with torch.no_grad():
        targets = style_transfer.style_targets(vgg, torch.rand(1, 3, size, size) * 255)
    seconds = []
    for _ in range(arguments.warmup + arguments.steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        parts = style_transfer.objective(vgg, network(photos), photos, targets)
        parts["total"].backward()
        optimizer.step()
        parts["total"].item()
        seconds.append(time.perf_counter() - start)
    return {
        "secondsPerStep": statistics.median(seconds[arguments.warmup :]),
        "fastest": min(seconds[arguments.warmup :]),
        "peakMemoryMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--format", choices=FORMATS, help="time only this memory format")
    arguments = parser.parse_args()
    if arguments.format:
        print(json.dumps(time_steps(arguments, FORMATS[arguments.format])))
        return
    result = {
        "torch": torch.__version__,
        "width": arguments.width,
        "batchSize": arguments.batch_size,
        "imageSize": arguments.image_size,
        "threads": arguments.threads,
    }
    for name in FORMATS:
        process = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--format", name], stdout=subprocess.PIPE, check=True
        )
        result[name] = json.loads(process.stdout)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
