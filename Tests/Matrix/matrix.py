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
from collections import Counter
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
    results = run_all(cases, options)
    recorded = expectations.read()
    if options.update:
        expectations.update(results, [case.name for case in CASES])
        document.write(CASES, expectations.read())
    differing = report(results, {} if options.update else recorded, options.update)
    if options.json:
        options.json.write_text(json.dumps(
            {name: {**result.expectation(), "warnings": result.warnings} for name, result in results.items()},
            indent=1, ensure_ascii=False) + "\n")
    print(f"{summary(results)}, in {time.monotonic() - began:.0f} s")
    if differing:
        sys.exit(f"matrix.py: {differing} of {len(results)} cases are not as expected")


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


def run_all(cases: list[Case], options: argparse.Namespace) -> dict[str, Result]:
    """The results by the names of the cases."""
    with tempfile.TemporaryDirectory(prefix="impasto-matrix-") as work, ThreadPoolExecutor(options.jobs) as pool:
        found = pool.map(lambda case: judge(case, str(options.programs), work), cases)
        return dict(zip([case.name for case in cases], found))


def report(results: dict[str, Result], recorded: dict, is_update: bool) -> int:
    """Prints a line for each case and what differs; returns how many cases do, or fail where all is recorded anew."""
    groups = {case.name: case.group for case in CASES}
    group, differing = "", 0
    for name, result in results.items():
        if groups[name] != group:
            group = groups[name]
            print(f"\n{group}")
        print(f"  {result.outcome:9}  {name}")
        for aspect, detail in result.converted.items():
            print(f"             {aspect}: {detail}")
        for aspect, detail in result.lost.items():
            print(f"             lost {aspect}: {detail} [{result.reasons.get(aspect, 'no reason known')}]")
        if result.message:
            print(f"             {result.message}")
        lines = [] if is_update else expectations.differences(result, recorded.get(name))
        for line in lines:
            print(f"   DIFFERS   {line}")
        differing += bool(lines) or result.outcome == "failed"
    print()
    return differing


def summary(results: dict[str, Result]) -> str:
    """The counts of the outcomes and of losses without a reason."""
    counts = Counter(result.outcome for result in results.values())
    unexplained = sum(len(result.unexplained) for result in results.values())
    parts = [f"{counts[outcome]} {outcome}" for outcome in ("kept", "converted", "refused", "failed") if counts[outcome]]
    return f"{len(results)} cases: {', '.join(parts)}; {unexplained} losses without a known reason"


if __name__ == "__main__":
    main()
