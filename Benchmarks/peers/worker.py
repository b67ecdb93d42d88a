#!/usr/bin/env python3
"""One peer in a process of its own, kept alive between measurements; compare.py starts it.

    worker.py RUNTIME VARIANT FOLDER FRAME.rgb --size 1280x720 --threads 2

Reads one JSON object a line from standard input and answers each with one on standard output:

    {"seconds": S}       paints frames for S seconds, but at least three: {"ms": [...]}
    {"output": "PATH"}   writes the result as float32 [H][W][3], not clamped: {}
    {"memory": true}     {"peakMemoryMB": ..., "startMemoryMB": ...}: the process's largest resident set until now, and
                         until the runtime was loaded
"""

import argparse
import json
import os
import sys
import time

import numpy

import network
from runtimes import RUNTIMES


def peak_memory():
    """In units of 2^20 bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runtime", choices=RUNTIMES)
    parser.add_argument("variant")
    parser.add_argument("folder")
    parser.add_argument("frame")
    parser.add_argument("--size", type=network.parse_size, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()

    # What a runtime prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    width, height = arguments.size
    pixels = numpy.fromfile(arguments.frame, "u1").reshape(height, width, 3)
    frame = numpy.ascontiguousarray(pixels.transpose(2, 0, 1), "f4")
    del pixels
    start_memory = peak_memory()
    runtime = RUNTIMES[arguments.runtime](arguments.folder, arguments.threads, arguments.variant)
    runtime.set_frame(frame)
    runtime.run()

    def answer(fields):
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    answer({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        if "seconds" in request:
            times = []
            while len(times) < 3 or sum(times) < request["seconds"] * 1000:
                start = time.perf_counter()
                runtime.run()
                times.append((time.perf_counter() - start) * 1000)
            answer({"ms": times})
        elif "output" in request:
            numpy.ascontiguousarray(runtime.result().transpose(1, 2, 0), "<f4").tofile(request["output"])
            answer({})
        else:
            answer({"peakMemoryMB": peak_memory(), "startMemoryMB": start_memory})


if __name__ == "__main__":
    main()
