"""What surrounds the numbers: the machine, the versions, the table."""

import importlib.metadata
import os
import platform
import subprocess

from runtimes import RUNTIMES


def describe_machine(root):
    """The processor, and the commit that was measured."""
    model = platform.processor()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    commit = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def versions(peers):
    """The peers' versions; a package that is not installed is missing."""
    found = {}
    for peer in peers:
        package = RUNTIMES[peer].package
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def print_table(rows):
    """The rows as a table of text, the fastest peer of a point marked."""
    titles = ["network", "size", "threads", "peer", "variant", "peer ms", "ours ms", "ratio", "spread", "difference",
              "peer MB", "ours MB"]
    fastest = {}
    for row in rows:
        key = (row["network"], row["size"], row["threads"])
        fastest[key] = min(row["peerMs"], fastest.get(key, row["peerMs"]))
    lines = [titles]
    for row in rows:
        best = row["peerMs"] == fastest[row["network"], row["size"], row["threads"]]
        lines.append(
            [
                row["network"],
                row["size"],
                str(row["threads"]),
                row["peer"] + ("*" if best else ""),
                row["variant"],
                f"{row['peerMs']:.1f}",
                f"{row['oursMs']:.1f}",
                f"{row['ratio']:.2f}",
                f"{row['ratioLow']:.2f}-{row['ratioHigh']:.2f}",
                f"{row['maxDifference'] / row['range']:.1e}",
                f"{row['peerMemoryMB']:.0f}",
                f"{row['oursMemoryMB']:.0f}",
            ]  # fmt: skip
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print("* the fastest peer of its point; ratio: peer's time / ours; difference: largest, as a share of the range")
