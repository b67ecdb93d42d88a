#!/usr/bin/env python3
"""Repaints small films and pictures of many kinds with `--strength 0` and compares what comes out with what went in.

    Tests/Matrix/matrix.py                     # all cases; exit status 1 if one differs from expected.json
    Tests/Matrix/matrix.py --smoke             # a representative part, in less than three minutes on two slow cores
    Tests/Matrix/matrix.py --update            # all cases, recorded in expected.json and docs/formats.md
    Tests/Matrix/matrix.py --only 'alpha|HDR'  # those whose group or name matches
    Tests/Matrix/matrix.py --list              # the names

The programs are those of .build/release; --programs names another folder. Needs ffmpeg and ffprobe.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import codec_cases
import container_cases
import document
import expectations
import picture_cases
import signal_cases
import track_cases
from cases import Case
from judge import Result, judge
from report import Report

ROOT = Path(__file__).resolve().parents[2]
CASES: list[Case] = [
    *container_cases.CASES, *codec_cases.CASES, *signal_cases.CASES, *track_cases.CASES, *picture_cases.CASES]


def main() -> None:
    options = read_options()
    cases = [case for case in CASES if (case.smoke or not options.smoke) and options.only.search(
        f"{case.group}: {case.name}")]
    if options.list:
        print("\n".join(f"{case.group}: {case.name}" for case in cases))
        return
    if not cases:
        sys.exit("matrix.py: no case has such a name; --list shows all")
    for program in sorted({case.program for case in cases}):
        if not os.access(options.programs / program, os.X_OK):
            sys.exit(f"matrix.py: {options.programs} has no program {program}; `make build` makes it")
    began = time.monotonic()
    report = Report(None if options.update else expectations.read())
    results: dict[str, Result] = {}
    for case, result in run_all(cases, options):
        report.add(case, result)
        results[case.name] = result
    if options.update:
        expectations.update(results, [case.name for case in CASES])
        document.write(CASES, expectations.read())
    if options.json:
        written = {name: {**result.expectation(), "warnings": result.warnings} for name, result in results.items()}
        options.json.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{report.summary()}, in {time.monotonic() - began:.0f} s")
    if report.differing:
        sys.exit(f"matrix.py: {report.differing} of {len(results)} cases failed or are not as expected")


def read_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="\n".join(__doc__.splitlines()[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=ROOT / ".build" / "release", metavar="FOLDER",
                        help="the folder of stylize-video and stylize-image (default: .build/release)")
    parser.add_argument("--smoke", action="store_true", help="only a representative part")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only cases whose group or name matches")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--update", action="store_true",
                        help="record the results in expected.json and docs/formats.md instead of comparing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="cases at a time (default: one per processor)")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    return options


def run_all(cases: list[Case], options: argparse.Namespace) -> Iterator[tuple[Case, Result]]:
    """The cases with their results, in the order of the cases."""
    with tempfile.TemporaryDirectory(prefix="impasto-matrix-") as work, ThreadPoolExecutor(options.jobs) as pool:
        yield from zip(cases, pool.map(lambda case: judge(case, str(options.programs), work), cases))


if __name__ == "__main__":
    main()
