#!/usr/bin/env python3
"""Draws docs/architecture.svg out of Package.swift: a row for each target, grouped by level, with a dot in the column of
each target and product that it imports. All dots lie left of the diagonal as long as targets import only from the
levels above.

With --check it writes nothing and fails where the picture is out of date.
"""

import sys
from html import escape
from pathlib import Path

import manifest

PICTURE = Path("docs/architecture.svg")
CELL = 24  # pixels
MARGIN = 16
LABELS = 148  # the height of the columns' names
TITLES = 132  # the width of the rows' names
BAND = 22  # the height of a level's title
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .level { font-weight: 600 }
  .other { fill: #656d76; font-style: italic }
  .band { fill: #eef2f7 }
  .grid { stroke: #d0d7de; stroke-width: 0.5 }
  .own { fill: #afb8c1 }
  .dot { fill: #0a58ca }
  .external { fill: #8250df }
"""


def draw(package: manifest.Package) -> str:
    rows = [target for target in package.targets.values() if target.level is not None]
    rows.sort(key=lambda target: target.level)
    products = sorted({name for row in rows for name in row.dependencies if name not in package.targets})
    # Programs are imported by nothing that has a level.
    imported = {name for row in rows for name in row.dependencies}
    columns = products + [row.name for row in rows if row.name in imported]
    left = MARGIN + TITLES
    width = left + len(columns) * CELL + LABELS // 2 + MARGIN

    shapes = []
    y = MARGIN + LABELS
    for index, name in enumerate(columns):
        x = left + (index + 0.5) * CELL
        kind = ' class="other"' if name in products else ""
        shapes.append(f'<text{kind} transform="translate({x + 4:g} {y - 6}) rotate(-60)">{escape(name)}</text>')
    level = None
    for row in rows:
        if row.level != level:
            level = row.level
            shapes.append(f'<rect class="band" x="{MARGIN}" y="{y}" width="{width - 2 * MARGIN}" height="{BAND}"/>')
            title = f"Level {level}: {package.titles[level]}"
            shapes.append(f'<text class="level" x="{MARGIN + 6}" y="{y + 16}">{escape(title)}</text>')
            y += BAND
        middle = y + CELL / 2
        shapes.append(f'<text x="{MARGIN + 6}" y="{middle + 5:g}">{escape(row.name)}</text>')
        shapes.append(f'<path class="grid" d="M{left} {middle:g}H{left + len(columns) * CELL}"/>')
        for index, name in enumerate(columns):
            x = left + (index + 0.5) * CELL
            if name == row.name:
                shapes.append(f'<rect class="own" x="{x - 4:g}" y="{middle - 4:g}" width="8" height="8"/>')
            elif name in row.dependencies:
                kind = "external" if name in products else "dot"
                shapes.append(
                    f'<circle class="{kind}" cx="{x:g}" cy="{middle:g}" r="6">'
                    f"<title>{escape(row.name)} imports {escape(name)}</title></circle>")
        y += CELL
    height = y + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        "<title>The targets of Impasto and what each imports</title>",
        "<!-- Drawn by .ci/draw_architecture.py out of Package.swift. -->",
        f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        *shapes,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    picture = draw(manifest.read(Path(".")))
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != picture:
            sys.exit(f"{PICTURE} does not show Package.swift as it is; run .ci/draw_architecture.py")
    else:
        PICTURE.write_text(picture)


if __name__ == "__main__":
    main()
