"""The tables of docs/formats.md, made from results between two markers."""

from pathlib import Path
from typing import Any

from cases import Case

FILE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
BEGIN = "<!-- begin: made by `make matrix` -->"
END = "<!-- end: made by `make matrix` -->"


def write(cases: list[Case], expected: dict[str, dict[str, Any]]) -> None:
    """Replaces the tables in the document; raises ValueError where it has no markers."""
    text = FILE.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{FILE}: the lines {BEGIN} and {END} are missing; the tables belong between them")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    FILE.write_text(f"{head}{BEGIN}\n\n{tables(cases, expected)}\n{END}{tail}")


def tables(cases: list[Case], expected: dict[str, dict[str, Any]]) -> str:
    """A table for each group of cases, for which something is recorded."""
    lines: list[str] = []
    for group in dict.fromkeys(case.group for case in cases):
        rows = [(case, expected[case.name]) for case in cases if case.group == group and case.name in expected]
        if not rows:
            continue
        lines += [f"## {group}", "", "| case | input → output | result | what changes |", "|---|---|---|---|"]
        lines += [_row(case, entry) for case, entry in rows]
        lines.append("")
    return "\n".join(lines)


def _row(case: Case, entry: dict[str, Any]) -> str:
    options = f" `{' '.join(case.options)}`" if case.options else ""
    video = entry.get("video", f"{case.source.name} → {case.output}")
    changes = [f"{aspect}: {detail}" for aspect, detail in entry.get("converted", {}).items()]
    for aspect, detail in entry.get("lost", {}).items():
        why = entry.get("reasons", {}).get(aspect, "")
        changes.append(f"**{aspect}**: {detail}" + (f" ({why.rstrip('.')})" if why else ""))
    if message := entry.get("message"):
        changes.append(message)
    cells = [case.name, video + options, entry["outcome"], "; ".join(changes)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
