#!/usr/bin/env python3
"""Compares the engine with other runtimes on the same weights, frames and threads.

    Benchmarks/peers/setup                       # once: the peers, in .cache/peers
    .cache/peers/bin/python Benchmarks/peers/compare.py [--quick]
    .cache/peers/bin/python Benchmarks/peers/compare.py --network realtime half --size 640x360 --threads 2 --peer openvino

`framerate` must have been built, see Benchmarks/README.md. Programs take turns (ours, a peer, ours, the next peer,
...), so that a slow spell of the machine affects all of them. The others are stopped meanwhile, so that their
waiting threads take no time. README.md beside this file says what each peer is given. The table goes to standard
output, all numbers to --output.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy

import network
from points import Point, prepare_point
from processes import Ours, PeerError, PeerProcess, ProgramError
from report import describe_machine, print_table, versions
from runtimes import RUNTIMES

ROOT = pathlib.Path(__file__).resolve().parents[2]
NETWORKS = ["realtime", "quality", "half", "johnson", "quarter"]
CLIP = ROOT / ".cache" / "bigbuckbunny.mp4"
# A turn lasts so many seconds, but has at least three frames.
TURN_SECONDS, QUICK_TURN_SECONDS = 1.5, 0.5
TRIAL_SECONDS = 0.5
RANGE = 255
# Levels. float32 makes hundredths of one, a parameter or pixel in the wrong place makes tens.
LARGEST_DIFFERENCE = 1
# Levels. With these, nobody sees a difference between pictures of bfloat16 and of float32.
MEAN_DIFFERENCE, RARE_DIFFERENCE = 0.1, 1
RARE_PERCENTILE = 99.9


def choose_variant(point, graph, peer, expected, quick, precision):
    """The variant of the peer that is fastest here, or None; says why where one does not run or paints something else."""
    best = None
    runtime = RUNTIMES[peer]
    for variant in runtime.variants(graph) if precision == "float32" else runtime.bfloat16_variants(graph):
        if not point.supports(peer, variant) or quick and variant in RUNTIMES[peer].slow_variants:
            continue
        try:
            with PeerProcess(peer, variant, point) as process:
                # The least: other work on the machine only adds.
                milliseconds = min(process.frames(TRIAL_SECONDS))
                differences = numpy.abs(process.result() - expected)
        except PeerError as error:
            note(f"{point}: {peer} ({variant}) does not run: {error}")
            continue
        largest, mean = float(differences.max()), float(differences.mean())
        rare = float(numpy.percentile(differences, RARE_PERCENTILE))
        same = largest <= LARGEST_DIFFERENCE
        if precision != "float32":
            same = mean <= MEAN_DIFFERENCE and rare <= RARE_DIFFERENCE
        if not same:
            note(
                f"{point}: {peer} ({variant}), {milliseconds:.1f} ms, paints something else: it differs by {mean:.3g} levels "
                f"in the mean, {rare:.3g} at {RARE_PERCENTILE} %, {largest:.3g} at most"
            )
            continue
        note(f"{point}: {peer} ({variant}) {milliseconds:.1f} ms")
        if best is None or milliseconds < best[0]:
            best = (milliseconds, variant)
    return best[1] if best else None


def largest_difference(process, expected):
    """Of any number of the peer's result from ours, in levels."""
    return float(numpy.abs(process.result() - expected).max())


def compare(point, variants, rounds, seconds, ours, expected, precision):
    """One row for each peer, of so many rounds with turns of so many seconds; `variants` maps its name to the variant."""
    processes = {peer: PeerProcess(peer, variant, point) for peer, variant in variants.items()}
    our_process = ours.start(point)
    try:
        peer_times = {peer: [] for peer in processes}
        our_times = {peer: [] for peer in processes}
        for index in range(rounds):
            note(f"{point}: round {index + 1} of {rounds}")
            for peer, process in processes.items():
                our_times[peer].append(statistics.median(our_process.frames(seconds)))
                peer_times[peer].append(statistics.median(process.frames(seconds)))
        for peer, process in processes.items():
            ratios = [theirs / our for theirs, our in zip(peer_times[peer], our_times[peer])]
            peer_ms, ours_ms = statistics.median(peer_times[peer]), statistics.median(our_times[peer])
            memory = process.memory()
            difference = largest_difference(process, expected)
            yield {
                "network": point.network, "width": 1, "size": point.size_name, "threads": point.threads,
                "weights": point.weights, "peer": peer, "variant": variants[peer], "precision": precision,
                "peerMs": rounded(peer_ms),
                "oursMs": rounded(ours_ms), "ratio": rounded(peer_ms / ours_ms), "ratioLow": rounded(min(ratios)),
                "ratioHigh": rounded(max(ratios)), "rounds": rounds, "maxDifference": rounded(difference),
                "range": RANGE, "peerMemoryMB": rounded(memory["peakMemoryMB"]),
                "peerStartMemoryMB": rounded(memory["startMemoryMB"]), "oursMemoryMB": rounded(our_process.peak_memory),
            }  # fmt: skip
    finally:
        for process in [our_process, *processes.values()]:
            process.close()


def rounded(value):
    return float(f"{value:.5g}")


def note(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", nargs="+", default=NETWORKS, help="names or descriptions")
    parser.add_argument("--size", nargs="+", type=network.parse_size, default=[(1280, 720), (640, 360)])
    parser.add_argument("--threads", nargs="+", type=int, default=[2, 1])
    parser.add_argument("--peer", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    parser.add_argument("--rounds", type=int, help="turns of each program (default: 7, with --quick 3)")
    parser.add_argument(
        "--precision", choices=["float32", "bfloat16"], default="float32",
        help="of the peers' products; ours are float32 (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few short rounds, variants chosen once for each network")
    parser.add_argument("--clip", type=pathlib.Path, default=CLIP, help="where the frame is from")
    parser.add_argument("--framerate", default=ROOT / ".build" / "release" / "framerate", help="our program")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Benchmarks" / "results" / "peers.json")
    arguments = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    if max(arguments.threads) > len(available):
        parser.error(f"{max(arguments.threads)} threads were asked for, but there are {len(available)} processors")
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    seconds = QUICK_TURN_SECONDS if arguments.quick else TURN_SECONDS

    ours = Ours(arguments.framerate)
    report = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(ROOT),
        "versions": versions(arguments.peer),
        "frame": arguments.clip.name if arguments.clip.exists() else "synthetic",
        "rows": [],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    chosen = {}
    try:
        for name in arguments.network:
            for size in arguments.size:
                with tempfile.TemporaryDirectory(prefix="impasto-peers-") as folder:
                    # The weights of the shipped style from which trainings of this network start, or random ones.
                    base = ROOT / "models" / "base" / f"{name}.safetensors"
                    style = base.resolve().stem if base.exists() else "random"
                    model = base.resolve() if base.exists() else ours.write_model(name, folder)
                    graph = prepare_point(folder, model, size, arguments.clip, arguments.peer)
                    for threads in arguments.threads:
                        point = Point(folder, name, style, size, threads, tuple(available[:threads]))
                        expected = ours.floats(point)
                        if not arguments.quick or name not in chosen:
                            found = {
                                peer: choose_variant(point, graph, peer, expected, arguments.quick, arguments.precision)
                                for peer in arguments.peer
                            }
                            chosen[name] = {peer: variant for peer, variant in found.items() if variant}
                        report["rows"] += compare(
                            point, chosen[name], rounds, seconds, ours, expected, arguments.precision
                        )
                        # After every point: a long run that is broken off leaves what it measured.
                        partial = arguments.output.with_suffix(".partial")
                        partial.write_text(json.dumps(report, indent=1) + "\n")
                        partial.replace(arguments.output)
    except (network.ModelError, ProgramError, PeerError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"compare.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print_table(report["rows"])


if __name__ == "__main__":
    main()
