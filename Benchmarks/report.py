#!/usr/bin/env python3
"""Writes RESULTS.md from what the benchmarks measured; `make bench` and `make bench-full` call it.

    Benchmarks/report.py

Reads from Benchmarks/results: framerate.json, latency.json, streams.json and kernels.json as the programs print them, peers.json
as peers/compare.py writes it, training.json as peers/training_step.py prints it, soak.json, likeness.json, ladder.json and
temporal-stability.json as the scripts of these names do, and framerate.svg, the chart. RESULTS.json beside the report has its sections and the
machines they were measured on: of what is missing in results, the report keeps what is there. Needs nothing but Python.
"""

import argparse
import pathlib
import sys

from programs import ProgramError, read, write

HERE = pathlib.Path(__file__).resolve().parent
FORMAT_VERSION = 1
NETWORKS = {1.0: "johnson", 0.5: "half", 0.25: "quarter"}
# The reports by the sections that they make.
SECTIONS = {
    "Against other runtimes": ("peers",),
    "Training": ("training",),
    "Frame rates": ("framerate",),
    "Live": ("latency", "streams", "soak"),
    "Likeness": ("likeness",),
    "The ladder": ("ladder",),
    "Temporal stability": ("temporal-stability",),
    "Kernels": ("kernels",),
}
SIZES = {"640x360": "360p", "960x540": "540p", "1280x720": "720p", "1920x1080": "1080p"}


# Values


def three(value):
    """Three significant digits without an exponent."""
    if value is None:
        return ""
    text = f"{value:#.3g}"
    return f"{float(text):.0f}" if "e" in text or abs(value) >= 100 else text


def percent(share):
    return f"{100 * share:.0f} %"


def network_name(row):
    if row["network"] == "johnson":
        return NETWORKS.get(row["width"], f"johnson, width {row['width']:g}")
    return row["network"] if row["width"] in (1, None) else f"{row['network']}, width {row['width']:g}"


def size_name(row):
    return SIZES.get(row["size"], row["size"])


def point(row):
    """What rows of different files are joined by."""
    return network_name(row), row["size"], row["threads"]


def table(titles, rows):
    """A Markdown table; columns whose title begins with < are text, the others are numbers."""
    lines = ["| " + " | ".join(title.lstrip("<") for title in titles) + " |"]
    lines.append("|" + "|".join("---" if title.startswith("<") else "---:" for title in titles) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# Sections


def machine_rows(reports, kept):
    """One line for each file, or the one kept of it, by its name."""
    rows = {}
    for name, report in reports.items():
        if report is None:
            if name in kept:
                rows[name] = kept[name]
            continue
        machine = report["machine"]
        rows[name] = [
            name, machine["processor"], str(machine.get("cores", machine.get("processors", ""))),
            " ".join(machine.get("flags", [])), machine.get("kernel", machine.get("system", "")),
            machine.get("compiler") or machine.get("python", ""), machine.get("commit") or "unknown",
            f"{machine['load']:g}" if "load" in machine else "",
        ]  # fmt: skip
    return rows


def machine_section(reports, rows):
    """Where and of what the numbers are."""
    portable = any(report and report["machine"].get("isPortable") for report in reports.values())
    flags = "none (`IMPASTO_PORTABLE=1`)" if portable else (
        "`-Xcc -mavx2 -Xcc -mfma`, kernels also `-Ounchecked`, and `-Xcc -mavx512f` for the loops of products that run where the "
        "processor has it"
    )
    titles = ["<measured", "<processor", "cores", "<has", "<system", "<compiler", "<commit", "load before"]
    return f"""## Machine

Release builds; instruction-set flags: {flags}. A `+` behind the commit means that the checkout had changes. Load is the mean
number of runnable tasks in the minute before: well above 0, others were at work, and the times are worth less.

{table(titles, rows.values())}"""


def peers_section(peers):
    if peers is None:
        return "## Against other runtimes\n\nNot measured; `make bench-full` does it.\n"
    groups = {}
    for row in peers["rows"]:
        groups.setdefault(point(row), []).append(row)

    def cells(row):
        return [
            f"{row['peer']} ({row['variant']})" if row.get("variant") else row["peer"], three(row["peerMs"]), three(row["oursMs"]),
            f"**{row['ratio']:.2f}**", f"{row['ratioLow']:.2f}–{row['ratioHigh']:.2f}",
            f"{row['maxDifference'] / row['range']:.1e}", f"{row['peerMemoryMB']:.0f}", f"{row['oursMemoryMB']:.0f}",
            f"{row['oursMemoryMB'] / row['peerMemoryMB']:.2f}",
        ]  # fmt: skip

    def lines(rows):
        return [[network_name(row), size_name(row), str(row["threads"]), *cells(row)] for row in rows]

    best = [min(rows, key=lambda row: row["peerMs"]) for rows in groups.values()]
    titles = ["<network", "<size", "threads", "<peer", "peer ms", "our ms", "ratio", "spread", "difference", "peer MB", "our MB", "ours / peer's"]
    everyone = [row for rows in groups.values() for row in sorted(rows, key=lambda row: row["peerMs"])]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(peers.get("versions", {}).items()))
    return f"""## Against other runtimes

Same weights, frame and threads, float32; programs take turns, medians. The ratio is the peer's time divided by ours, its spread
that of the rounds. The difference is the largest of any output value, as a share of the range 0…255. Memory is the peak of the
process. {versions}.

The fastest peer of each point:

{table(titles, lines(best))}
All:

{table(titles, lines(everyone))}"""


def framerate_section(framerate, chart):
    if framerate is None:
        return "## Frame rates\n\nNot measured; `make bench` does it.\n"
    single = {point(row)[:2]: row["inference"]["fps"] for row in framerate["points"] if row["threads"] == 1}
    rows = []
    for row in framerate["points"]:
        inference, parallel, whole = row["inference"], row.get("parallel"), row.get("endToEnd")
        alone = single.get(point(row)[:2])
        rows.append(
            [
                network_name(row), size_name(row), str(row["threads"]), three(inference["fps"]), three(inference["p50Ms"]),
                three(inference["p95Ms"]), three(inference["p99Ms"]), three(inference["gmacPerSecond"]),
                percent(inference["peakShare"]),
                f"{inference['fps'] / alone:.2f}" if alone and row["threads"] > 1 else "",
                three(parallel["fps"]) if parallel else "", str(row.get("parallelFrames", "")),
                *([three(whole[key]) for key in ("fps", "p50Ms", "p95Ms", "p99Ms")] if whole else [""] * 4),
                f"{parallel['fps'] / whole['fps']:.2f}" if whole else "", f"{row['peakMemoryMB']:.0f}",
            ]  # fmt: skip
        )
    titles = [
        "<network", "<size", "threads", "fps", "p50 ms", "p95 ms", "p99 ms", "GMAC/s", "of peak", "× 1 thread",
        "parallel fps", "frames at a time", "video fps", "p50 ms", "p95 ms", "p99 ms", "cost", "MB",
    ]  # fmt: skip
    picture = f"![Frames per second by network, size and threads]({chart})\n\n" if chart else ""
    counts = sorted({row["threads"] for row in framerate["points"]})
    peaks = [(count, max(row["peakGFLOPS"] for row in framerate["points"] if row["threads"] == count)) for count in counts]
    return f"""## Frame rates

{picture}The engine alone, one frame after another on all threads, from RGB24 to RGB24; then several frames at a time, each on its share of
the threads, as `stylize-video` paints them; then its whole job, decoding and encoding included, where the milliseconds are from
one finished frame to the next. Multiply-adds are those of direct
convolution, so that their share of the peak ({", ".join(f"{three(peak)} GFLOP/s on {threads}" for threads, peak in peaks)}; 8-wide
fused multiply-adds, measured beside each point) may exceed 100 %: so may products in vectors of 16, where the processor has AVX-512. Cost is the time of the whole job divided by that
of painting alone, as many frames at a time.
Memory is the peak of a process that did this point and nothing else.

{table(titles, rows)}"""


def live_section(latency, streams, soak):
    parts = ["## Live\n"]
    if latency:
        titles = ["<network", "<size", "fps", "in", "out", "dropped", "paint ms", "p50 ms", "p95 ms", "p95 / interval"]
        rows = [
            [
                row["network"], size_name(row), three(row["fps"]), str(row["framesIn"]), str(row["framesOut"]),
                str(row["framesDropped"]), *(three(row[key]) for key in ("paintMs", "p50Ms", "p95Ms", "p95Intervals")),
            ]
            for row in latency["rows"]
        ]  # fmt: skip
        parts.append(f"""The delay from a frame's arrival to the writing of its painted and encoded one, of a source at an even rate that the machine
holds ({latency["threads"]} threads); also as a multiple of the time from frame to frame.

{table(titles, rows)}""")
    if streams:
        titles = ["<network", "<size", "streams", "fps in, each", "total fps", "<fps of each", "min / max", "p95 ms"]
        rows = [
            [
                row["network"], size_name(row), str(row["streams"]), three(row["fpsIn"]), three(row["totalFps"]),
                ", ".join(three(rate) for rate in row["fps"]), f"{row['fairness']:.2f}", three(row["p95Ms"]),
            ]
            for row in streams["rows"]
        ]  # fmt: skip
        parts.append(f"""Several sources painted in one process, which take turns with the {streams["threads"]} threads; the delay is the slowest stream's.

{table(titles, rows)}""")
    if soak:
        parts.append(f"""`stylize-live` for {soak["minutes"]:g} minutes, with {soak["viewers"]} viewers that came and went, {soak["sentAway"]} that never read and
were sent away, and {soak["changes"]} changes of style: {soak["frames"]} frames. Resident memory after the warm-up, median of the first
fifth and of the last: {soak["firstMB"]:.1f} and {soak["lastMB"]:.1f} MB ({100 * soak["growth"]:+.1f} %).
""")
    if len(parts) == 1:
        parts.append("Not measured; `make bench` does it.\n")
    return "\n".join(parts)


def training_section(training):
    if training is None:
        return "## Training\n\nNot measured; `Benchmarks/peers/training_step.py` does it.\n"
    rows = []
    for name in [name for name, value in training.items() if isinstance(value, dict) and "secondsPerStep" in value]:
        row = training[name]
        title = {"ours": f"Impasto, {training['precision']}", "oursFloat32": "Impasto, float32"}.get(name)
        rows.append(
            [
                title or f"PyTorch, {name.replace('-', ', ')}", f"{row['secondsPerStep']:.2f}",
                f"{row['fastest']:.2f}–{row['slowest']:.2f}", f"{row['secondsPerStep'] / training['ours']['secondsPerStep']:.2f}",
                f"{row['peakMemoryMB']:.0f}",
            ]  # fmt: skip
        )
    size = training["image_size"]
    peer = training[training["fastestPeer"]]
    return f"""## Training

One step of `{NETWORKS.get(training["width"], "johnson")}`, {training["batch_size"]} photos of {size}×{size}: forward, objective with VGG-16 to relu4_3, backward, Adam.
{training["steps"]} steps of each variant of PyTorch {peer["torch"]} (CPU) in turn with as many of ours in both precisions, on {training["threads"]} threads; medians. Ours is {training["timesFaster"]:.2f} times as fast as
PyTorch's fastest variant, in float32 {training["timesFasterFloat32"]:.2f} times, and takes {training["memoryShare"]:.2f} of its memory.

{table(["<program", "seconds a step", "spread", "× ours", "peak MB"], rows)}"""


def likeness_section(likeness):
    if likeness is None:
        return "## Likeness\n\nNot measured; `Benchmarks/likeness.py` does it.\n"
    rows = []
    for row in likeness["rows"]:
        for size in row["sizes"]:
            values = [f"{size[name]:.1f}" for name in ("likeness", "fine", "stroke", "form")]
            values += [f"{size[name]:.2f}" for name in ("content", "contrast", "chroma")]
            rows.append([row["style"], row["network"], str(size["lines"]), *values])
        found = [size["likeness"] for size in row["sizes"]]
        if len(found) > 1:
            rows.append([row["style"], row["network"], "spread", f"**{max(found) - min(found):.1f}**", *[""] * 6])
    titles = ["<style", "<network", "lines", "likeness", "fine", "stroke", "form", "content", "contrast", "chroma"]
    return f"""## Likeness

How much painted pictures look like the painting, 0 for as little as the untreated photo and 100 for the painting's own statistics, how much
of the photo's content is left, 1 for all, and contrast and chroma beside the painting's: means of {likeness["photos"]} photos that no training
saw, painted whole with so many lines on their short side. The spread is that of likeness over the sizes.

{table(titles, rows)}"""


def ladder_section(ladder):
    if ladder is None:
        return "## The ladder\n\nNot measured; `Benchmarks/ladder.py` does it.\n"
    half = next((row for row in ladder["rows"] if row["network"] == "half"), None)
    rows = []
    best = None
    for row in sorted(ladder["rows"], key=lambda row: row["ms"]):
        # On the curve: no faster network comes nearer.
        leads = best is None or row["likeness"] > best
        best = row["likeness"] if leads else best
        rows.append(
            [
                f"**{row['network']}**" if leads else row["network"], *(f"{row[name]:.1f}" for name in ("likeness", "fine", "stroke", "form")),
                f"{row['content']:.3f}", three(row["ms"]), f"{three(row['msLow'])}–{three(row['msHigh'])}", f"{row['ms'] / half['ms']:.2f}" if half else "",
                three(row["videoFps"]), f"{three(row['videoFpsLow'])}–{three(row['videoFpsHigh'])}",
            ]  # fmt: skip
        )
    titles = [
        "<network", "likeness", "fine", "stroke", "form", "content", "ms", "spread", "× half", "video fps", "spread",
    ]  # fmt: skip
    return f"""## The ladder

What networks cost and how near they come: each trained from random values for {ladder["iterations"]} steps on `{ladder["painting"]}`, without
the loss for temporal stability; likeness, its bands and the content that is left are means over photos that no training saw, painted whole at the lines of
{ladder["size"]}. The milliseconds are those of the engine for a frame of that size on {ladder["threads"]} threads, video fps those of `stylize-video` on
`{ladder["clip"]}`, decoding and encoding included; the networks take turns, medians. Bold: no faster network comes nearer.

{table(titles, rows)}"""


def stability_section(stability):
    if stability is None:
        return "## Temporal stability\n\nNot measured; `Benchmarks/temporal_stability.py` does it.\n"
    rows = []
    starts = {"base": "a base", "scratch": "random values"}
    for row in stability["rows"]:
        plain, stable = row["without"], row["with"]
        cells = [row["network"], row["painting"], row["quality"], starts[row["start"]], f"{stable['total'] / plain['total']:.2f}"]
        for name in ("warping", "pan", "subpixel", "zoom", "rotation", "still"):
            share = stable[name]["output"] / plain[name]["output"]
            digits = 2 if name == "still" else 1
            cells.append(f"{plain[name]['output']:.{digits}f} → {stable[name]['output']:.{digits}f} (**{share:.2f}**)")
        cells.append(f"{stable['denoised']['output']:.2f} (**{stable['denoised']['output'] / plain['still']['output']:.2f}**)")
        cells.append(f"{plain['warping']['input']:.1f}, {plain['still']['input']:.1f}")
        cells.append(f"{row['machine']['processor']}, {row['machine']['commit'][:7]}")
        rows.append(cells)
    titles = [
        "<network", "<painting", "<quality", "<from", "objective", "<warping error", "<pan", "<pan below a pixel", "<zoom", "<rotation",
        "<noisy still", "<with --denoise", "<the film's own", "<measured on",
    ]  # fmt: skip
    return f"""## Temporal stability

What the loss for temporal stability changes. Each painting was learned twice, from the same base or from random values: with the
trainer's temporal weight and with 0. The objective is measured on photos that no training saw, as a ratio of with to without. The warping
error is measured on sequences rendered from the photos with exactly known motion, and the standard deviation of a pixel in a still with
noise of σ = 2. Both are in levels of 255: without → with (and the ratio). With `--denoise` the stable network paints the same still as
`stylize-video --denoise` does. The film's own values are those of the frames before painting.

{table(titles, rows)}"""


def kernels_section(kernels):
    if kernels is None:
        return "## Kernels\n\nNot measured; `make bench` does it.\n"
    groups = {}
    for row in kernels["convolutions"]:
        groups.setdefault((point(row), row["shape"]), []).append(row)
    rows = []
    for candidates in groups.values():
        ours = next((row for row in candidates if row["isPreferred"]), None)
        if ours is None:
            continue
        rest = min((row for row in candidates if row is not ours), key=lambda row: row["ms"], default=None)
        rows.append(
            [
                network_name(ours), size_name(ours), str(ours["threads"]), ours["shape"], str(len(ours["layers"])),
                ours["algorithm"], three(ours["ms"]), three(ours["gflops"]), percent(ours["peakShare"]),
                percent(ours["rooflineShare"]), f"{ours['speedupOverIm2col']:.2f}" if ours.get("speedupOverIm2col") else "",
                f"{rest['algorithm']}, {three(rest['ms'])} ms" if rest else "",
            ]  # fmt: skip
        )
    titles = [
        "<network", "<size", "threads", "<shape", "layers", "<algorithm", "ms", "GFLOP/s", "of peak", "of roofline",
        "× im2col", "<the best other one",
    ]  # fmt: skip
    limits = "; ".join(
        f"{line['threads']} {'thread' if line['threads'] == 1 else 'threads'}: {three(line['peakGFLOPS'])} GFLOP/s, "
        f"{three(line['bandwidthGBPS'])} GB/s"
        for line in kernels["rooflines"]
    )
    return f"""## Kernels

Convolutions of the networks with the algorithm that the engine takes, medians, all algorithms taking turns. Operations are those
of direct convolution. The roofline is the least of peak and bandwidth, input, output and weight moved once ({limits}; the peak is that of
8-wide multiply-adds, which products in vectors of 16 may exceed). `× im2col`
is the time of OpenBLAS on gathered patches divided by ours.

{table(titles, rows)}"""


def read_kept(path):
    """What RESULTS.json has: the sections and the lines of the machines, by their names."""
    kept = read(path)
    if kept is None:
        return {}, {}
    found = kept.get("formatVersion") if isinstance(kept, dict) else None
    if found != FORMAT_VERSION or not all(isinstance(kept.get(name), dict) for name in ("sections", "machines")):
        raise ProgramError(f"{path}: found format version {found}, expected {FORMAT_VERSION} with sections and machines as report.py writes them")
    return kept["sections"], kept["machines"]


def write_report(results, output):
    """Writes the report at once, so that a failure leaves the old one."""
    reports = {name: read(results / f"{name}.json") for names in SECTIONS.values() for name in names}
    chart = results / "framerate.svg"
    relative = chart.relative_to(output.parent) if chart.exists() else None
    memory = output.with_suffix(".json")
    kept, kept_machines = read_kept(memory)
    try:
        machines = machine_rows(reports, kept_machines)
        sections = {
            "Against other runtimes": peers_section(reports["peers"]),
            "Training": training_section(reports["training"]),
            "Frame rates": framerate_section(reports["framerate"], relative),
            "Live": live_section(reports["latency"], reports["streams"], reports["soak"]),
            "Likeness": likeness_section(reports["likeness"]),
            "The ladder": ladder_section(reports["ladder"]),
            "Temporal stability": stability_section(reports["temporal-stability"]),
            "Kernels": kernels_section(reports["kernels"]),
        }
        for name, files in SECTIONS.items():
            if all(reports[file] is None for file in files):
                sections[name] = kept.get(name, sections[name])
        text = "\n".join(
            [
                "# Results\n\nWritten by `make bench` or `make bench-full` (`Benchmarks/report.py`), not by hand. "
                "[README.md](README.md) says how each number is measured.\n",
                machine_section(reports, machines),
                *sections.values(),
            ]
        )
    except (KeyError, TypeError) as error:
        raise ProgramError(f"{results}: a file there is not what the benchmarks write: {error!r}") from error
    write(memory, {"formatVersion": FORMAT_VERSION, "machines": machines, "sections": sections})
    temporary = output.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "RESULTS.md")
    arguments = parser.parse_args()
    try:
        write_report(arguments.results.resolve(), arguments.output.resolve())
    except (ProgramError, OSError) as error:
        sys.exit(f"report.py: {error}")
    print(arguments.output)


if __name__ == "__main__":
    main()
