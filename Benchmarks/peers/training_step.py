#!/usr/bin/env python3
"""Times one training step, ours and PyTorch's (CPU): the same network, objective, optimizer and threads.

    .cache/peers/bin/python Benchmarks/peers/training_step.py --vgg vgg16.safetensors

A step: forward, objective on the batch (the content target included, the style targets computed once before), backward,
Adam. The program training-step in both precisions and PyTorch in its variants take turns, each in a process of its own
that waits between its steps. Prints one JSON object: seconds a step and peak resident memory in megabytes for each, and
how many times faster ours is than PyTorch's fastest variant. Pictures are random numbers: their values do not matter to
the time.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

from report import describe_machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ("contiguous", "channels_last")
# Of each format: float32, bfloat16 by autocast, and both compiled, for which PyTorch calls a C++ compiler.
VARIANTS = tuple(f"{name}{suffix}" for suffix in ("", "-bfloat16") for name in FORMATS)
COMPILED = tuple(f"{name}-compiled" for name in VARIANTS)


def torch_steps(arguments):
    """Takes a step for each line on standard input and prints its seconds; at the end, the peak memory."""
    import torch

    sys.path.insert(0, str(ROOT / "Tests" / "Golden"))
    import style_transfer

    name, *options = arguments.variant.split("-")
    memory_format = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[name]
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

    def total(photos):
        with torch.autocast("cpu", torch.bfloat16, enabled="bfloat16" in options):
            return style_transfer.objective(vgg, network(photos), photos, targets)["total"]

    if "compiled" in options:
        total = torch.compile(total)
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = total(photos)
        loss.backward()
        optimizer.step()
        loss.item()
        print(time.perf_counter() - start, flush=True)
    print(json.dumps({"peakMemoryMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "torch": torch.__version__}))


class Turns:
    """A process that takes one step a turn."""

    def __init__(self, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.seconds = []

    def step(self, counts):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        if counts:
            self.seconds.append(seconds)

    def finish(self):
        self.process.stdin.close()
        report = json.loads(self.process.stdout.read().strip().splitlines()[-1])
        if self.process.wait() != 0:
            raise SystemExit("training_step.py: a program failed")
        return {
            "secondsPerStep": statistics.median(self.seconds),
            "fastest": min(self.seconds),
            "slowest": max(self.seconds),
            "peakMemoryMB": report["peakMemoryMB"],
        } | {name: report[name] for name in ("torch", "precision") if name in report}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "training-step"))
    parser.add_argument("--width", type=float, default=1)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS + COMPILED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        torch_steps(arguments)
        return
    common = ["--vgg", arguments.vgg]
    for name in ("width", "batch_size", "image_size", "threads"):
        common += ["--" + name.replace("_", "-"), str(getattr(arguments, name))]
    variants = VARIANTS + (COMPILED if shutil.which("c++") else ())
    program = [arguments.program, *common, "--network", "johnson", "--waits", "--json", "--warmup", "0"]
    steps = (arguments.warmup + arguments.steps) * len(variants)
    ours = {
        name: Turns([*program, "--precision", option, "--steps", str(steps)], arguments.threads)
        for name, option in (("ours", "auto"), ("oursFloat32", "float32"))
    }
    peers = {}
    # One peer at a time, each beside both of ours: together they would not fit in memory.
    for name in variants:
        peer = Turns([sys.executable, __file__, *common, "--variant", name], arguments.threads)
        for turn in range(arguments.warmup + arguments.steps):
            for process in (*ours.values(), peer):
                process.step(turn >= arguments.warmup)
        peers[name] = peer.finish()
    result = {"machine": describe_machine(ROOT)}
    result |= {name: getattr(arguments, name) for name in ("width", "batch_size", "image_size", "threads", "steps")}
    result |= {name: process.finish() for name, process in ours.items()} | peers
    fastest = min(variants, key=lambda name: result[name]["secondsPerStep"])
    result |= {"fastestPeer": fastest, "precision": result["ours"]["precision"]}
    for name, factor in (("ours", "timesFaster"), ("oursFloat32", "timesFasterFloat32")):
        result[factor] = result[fastest]["secondsPerStep"] / result[name]["secondsPerStep"]
    result["memoryShare"] = result["ours"]["peakMemoryMB"] / result[fastest]["peakMemoryMB"]
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
