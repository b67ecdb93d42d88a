#!/usr/bin/env python3
"""Keeps the results of benchmarks by commit and machine, and shows how they change.

    Benchmarks/history.py                      # a table of what is kept: the latest measurements and their change
    Benchmarks/history.py --append             # adds what is in results; `make bench` and `make bench-full` do so
    Benchmarks/history.py --check              # fails where the newest measurement is worse than those before it

history.jsonl has one line for each benchmark that was run: a JSON object with its date, commit, machine and values. Only
measurements on the same processor with as many cores are compared. A change counts from 10 % on (--threshold): hosts are
shared, and the same job takes up to a fifth more or less time in another hour.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import sys

from programs import ProgramError, read
from report import network_name, size_name, table, three

HERE = pathlib.Path(__file__).resolve().parent
# Units of which less is better; of frames a second more is.
LESS_IS_BETTER = ("ms", "s", "MB")


# What each benchmark measured, by the name of the case and its unit


def framerate_values(report):
    for row in report["points"]:
        case = f"{network_name(row)} {size_name(row)}, {row['threads']} threads"
        yield f"{case}, engine fps", row["inference"]["fps"]
        for key, title in [("parallel", "parallel"), ("endToEnd", "video")]:
            if row.get(key):
                yield f"{case}, {title} fps", row[key]["fps"]
        yield f"{case}, memory MB", row["peakMemoryMB"]


def latency_values(report):
    for row in report["rows"]:
        case = f"{row['network']} {size_name(row)}, {report['threads']} threads"
        yield f"{case}, paint ms", row["paintMs"]


def streams_values(report):
    for row in report["rows"]:
        case = f"{row['network']} {size_name(row)}, {row['streams']} streams, {report['threads']} threads"
        yield f"{case}, total fps", row["totalFps"]
        yield f"{case}, delay ms", row["p95Ms"]


def kernels_values(report):
    for row in report["convolutions"]:
        if row["isPreferred"]:
            yield f"{network_name(row)} {size_name(row)}, {row['threads']} threads, {row['shape']}, ms", row["ms"]


def training_values(report):
    size = report["image_size"]
    case = f"width {report['width']:g}, {report['batch_size']} photos of {size}, {report['threads']} threads"
    yield f"{case}, step s", report["ours"]["secondsPerStep"]
    yield f"{case}, memory MB", report["ours"]["peakMemoryMB"]


BENCHMARKS = {
    "framerate": framerate_values,
    "latency": latency_values,
    "streams": streams_values,
    "kernels": kernels_values,
    "training": training_values,
}


def measurement(name, path):
    """The line for the results of benchmark `name`, or None where there are none."""
    report = read(path)
    if report is None:
        return None
    machine = report["machine"]
    time = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return {
        "date": time.strftime("%Y-%m-%dT%H:%MZ"),
        "benchmark": name,
        "commit": machine.get("commit") or "unknown",
        "processor": machine["processor"],
        "cores": machine.get("cores", machine.get("processors")),
        "load": machine.get("load"),
        "values": dict(BENCHMARKS[name](report)),
    }


# The file


def kept(path):
    """The measurements in the file at `path`, the oldest first."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    try:
        return sorted((json.loads(line) for line in lines), key=lambda line: line["date"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProgramError(f"{path}: a line is not a measurement: {error!r}") from error


def append(path, results):
    """Adds what is in the folder `results` to the file at `path`; returns how many lines are new."""
    known = [(line["benchmark"], line["commit"], line["processor"], line["values"]) for line in kept(path)]
    try:
        found = [measurement(name, results / f"{name}.json") for name in BENCHMARKS]
    except (KeyError, TypeError) as error:
        raise ProgramError(f"{results}: a file there is not what the benchmarks write: {error!r}") from error
    new = [
        line
        for line in found
        if line and (line["benchmark"], line["commit"], line["processor"], line["values"]) not in known
    ]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in new)
    return len(new)


# The table


def series(lines):
    """The values of each benchmark, machine and case, the oldest first, with their commits."""
    found = {}
    for line in lines:
        machine = f"{line['processor']}, {line['cores']} cores"
        for case, value in line["values"].items():
            found.setdefault((line["benchmark"], machine), {}).setdefault(case, []).append((line["commit"], value))
    return found


def change(case, values):
    """How much better (above 0) or worse the newest value is than the median of those before; None without any."""
    if len(values) < 2:
        return None
    before, now = statistics.median(values[:-1]), values[-1]
    if before <= 0 or now <= 0:
        return None
    return before / now - 1 if case.endswith(tuple(f" {unit}" for unit in LESS_IS_BETTER)) else now / before - 1


def text(lines, count, threshold):
    """Tables of the latest `count` measurements, and the cases that are worse by more than `threshold`."""
    parts, worse = [], []
    for (benchmark, machine), cases in series(lines).items():
        rows = []
        for case, pairs in cases.items():
            difference = change(case, [value for _, value in pairs])
            mark = ""
            if difference is not None:
                mark = f"{100 * difference:+.0f} %"
                if difference < -threshold:
                    mark = f"**{mark}**"
                    worse.append(f"{benchmark}, {machine}: {case}: {100 * difference:+.0f} %")
            latest = ", ".join(f"{three(value)} ({commit[:7]})" for commit, value in pairs[-count:])
            rows.append([case, latest, mark])
        parts.append(f"## {benchmark}, {machine}\n\n" + table(["<case", "<the newest last", "better"], rows))
    return "\n".join(parts), worse


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="the folder with the results")
    parser.add_argument("--append", action="store_true", help="add the results to history.jsonl in their folder")
    parser.add_argument("--check", action="store_true", help="fail where the newest measurement is worse")
    parser.add_argument("--last", type=int, default=3, help="measurements that are shown (default: 3)")
    parser.add_argument("--threshold", type=float, default=0.1, help="a change that counts (default: 0.1)")
    arguments = parser.parse_args()
    path = arguments.results / "history.jsonl"
    try:
        if arguments.append:
            print(f"{path}: {append(path, arguments.results)} new measurements")
            return
        tables, worse = text(kept(path), arguments.last, arguments.threshold)
    except (ProgramError, OSError) as error:
        sys.exit(f"history.py: {error}")
    if not arguments.check:
        print(tables, end="")
    elif worse:
        sys.exit("\n".join(worse))


if __name__ == "__main__":
    main()
