#!/usr/bin/env python3
"""Writes models/README.md, the gallery, from the cards beside it, and the credits below the cards; `make gallery` calls it.

    models/gallery.py

Cards are what train-style and evaluate-style --card write. What a card does not tell stays empty. paintings.txt knows the
painters, credits.txt the words below a card. --check writes nothing and fails where the gallery is not up to date. Needs nothing but
Python.
"""

import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The shipped default first.
NETWORKS = ["realtime", "quality", "half", "quarter", "johnson"]
PICTURE_WIDTH = 420

INTRODUCTION = """# Styles

The styles that come with Impasto. `--style NAME` paints with one of them, `stylize-video --list-styles` tells which a machine has,
and a name leads to the card, which tells how the style was trained. This page is written by `make gallery` out of the cards. `base/`
says which style the trainings of a network start from.

"""

EXPLANATION = """
*Training* is the mean objective of the last steps with its content and style, *evaluation* that of the photos which the card
names; both compare only where painting, style size and weight are the same. *Likeness* tells how much painted frames look like the
painting, 0 for as little as the untreated frame and 100 for the painting's own statistics, and *kept* how much of the frame's content
is left, 1 for all of it; they compare across paintings and networks. *Warping error* and *noisy still* are in levels of
255, the photos' own in brackets: how much the picture of a moving view changes beyond the motion, and how much a pixel varies
while nothing moves. *Minutes* are those of the training.
"""


class GalleryError(Exception):
    """A file that is not what it should be: one sentence."""


def read(path):
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise GalleryError(f"{path}: cannot be read: {error}") from error


def read_card(path):
    """The rows of a card's table by their names."""
    lines = read(path).splitlines()
    if "|---|---|" not in lines:
        raise GalleryError(f"{path}: found no table, expected a card as train-style writes it")
    rows = {}
    for line in lines[lines.index("|---|---|") + 1 :]:
        if not line.startswith("| "):
            break
        name, _, text = line.strip("| ").partition(" | ")
        rows[name] = text.strip()
    return rows


def read_paintings(path):
    """Painter, title and year by the name of the file."""
    if not path.exists():
        return {}
    paintings = {}
    for number, line in enumerate(read(path).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            fields = [field.strip() for field in line.split("|")]
            if len(fields) != 4:
                raise GalleryError(f"{path}: line {number} has {len(fields)} fields, expected file, painter, title and year")
            paintings[fields[0]] = fields[1:]
    return paintings


def found(pattern, text):
    """What the pattern's groups match, empty strings where it does not."""
    match = re.search(pattern, text)
    return match.groups() if match else ("",) * re.compile(pattern).groups


class Style:
    """What a card tells, as the gallery shows it."""

    def __init__(self, card, paintings):
        self.card = card
        self.name = card.stem
        self.model = card.with_suffix(".safetensors")
        self.picture = card.with_suffix(".jpg")
        rows = read_card(card)
        network, width, _ = found(r"^(.*), width × ([\d.]+), (\d+) parameters", rows.get("network", ""))
        self.network = network if width in ("", "1.0") else f"{network}, width × {width}"
        (self.file,) = found(r"^`([^`]+)`", rows.get("painting", ""))
        self.work = paintings.get(self.file)
        (self.style_size,) = found(r"painting at (\d+|its own size)", rows.get("training", ""))
        (self.style_weight,) = found(r"style ([\d.e+-]+)", rows.get("loss weights", ""))
        self.training = found(r"total ([\d.]+): content ([\d.]+), style ([\d.]+)", rows.get("training loss", ""))
        (self.evaluation,) = found(r"^total ([\d.]+)", rows.get("evaluation", ""))
        (self.likeness,) = found(r"^(-?[\d.]+): fine ", rows.get("likeness", ""))
        (self.kept,) = found(r"; content (-?[\d.]+)", rows.get("likeness", ""))
        self.warping = self.levels(rows.get("warping error", ""))
        self.still = self.levels(rows.get("noisy still", ""))
        self.minutes, self.machine = found(r"^([\d.]+) minutes on (.*)$", rows.get("time", ""))

    @staticmethod
    def levels(text):
        output, own = found(r"([\d.]+) of 255 \(the photos' own ([\d.]+)\)", text)
        return f"{output} ({own})" if output else ""

    @property
    def place(self):
        """Where the style stands in the gallery."""
        return (NETWORKS.index(self.network) if self.network in NETWORKS else len(NETWORKS), self.network, self.name)

    @property
    def link(self):
        return f"[{self.name}]({self.name}.md)"

    @property
    def painting(self):
        if not self.work:
            return f"`{self.file}`" if self.file else ""
        painter, title, year = self.work
        return f"{painter}<br>*{title}*, {year}"

    @property
    def image(self):
        if not self.picture.exists():
            return ""
        name = self.picture.name
        return f'<a href="{name}"><img src="{name}" width="{PICTURE_WIDTH}" alt="A frame as it is and in the style {self.name}"></a>'

    @property
    def size(self):
        return f"{(self.model.stat().st_size + 500) // 1000} kB" if self.model.exists() else ""


def table(titles, rows):
    """A Markdown table; columns whose title begins with < are text, the others are numbers."""
    lines = ["| " + " | ".join(title.lstrip("<") for title in titles) + " |"]
    lines.append("|" + "|".join("---" if title.startswith("<") else "---:" for title in titles) + "|")
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def with_credits(style, credits):
    """The text of a style's card with the credits of the works in it, where credits.txt names the style: as a paragraph of its own, in
    place of an earlier one that begins alike, or at the end."""
    text = read(style.card)
    names, template = credits
    if style.name not in names:
        return text
    if not style.work:
        raise GalleryError(f"{style.card}: paintings.txt does not know the painting `{style.file}`, expected for the credits")
    words = template
    for name, value in zip(("painter", "title", "year", "picture"), (*style.work, style.picture.name)):
        words = words.replace("{" + name + "}", value)
    start = template[: template.index("{")]
    paragraphs = text.rstrip("\n").split("\n\n")
    places = [index for index, paragraph in enumerate(paragraphs) if paragraph.startswith(start)]
    if places:
        paragraphs[places[0]] = words
    else:
        paragraphs.append(words)
    return "\n\n".join(paragraphs) + "\n"


def read_credits(path):
    """The names of the styles that credits.txt is about, and the paragraph below their cards with {painter}, {title}, {year} and
    {picture} in place of those; none where there is no file."""
    if not path.exists():
        return [], ""
    first, _, template = read(path).partition("\n\n")
    names = first.removeprefix("styles:").split()
    if not first.startswith("styles:") or not names or template.find("{") <= 0:
        raise GalleryError(f"{path}: expected 'styles:' with names, an empty line, and a paragraph with {{painter}} behind its first words")
    return names, template.strip("\n")


def read_styles(folder):
    """The styles of the cards in a folder, in the gallery's order."""
    paintings = read_paintings(folder / "paintings.txt")
    cards = [path for path in folder.glob("*.md") if path.name != "README.md"]
    return sorted((Style(card, paintings) for card in cards), key=lambda style: style.place)


def gallery(styles):
    """The text of the gallery."""
    pictures = [[style.image, f"**{style.link}**", style.network, style.painting] for style in styles]
    numbers = [
        [
            style.link, style.network, style.size, style.style_size, style.style_weight, *style.training, style.evaluation,
            style.likeness, style.kept, style.warping, style.still, style.minutes, style.machine,
        ]  # fmt: skip
        for style in styles
    ]
    titles = [
        "<style", "<network", "file", "style size", "style weight", "training", "content", "style", "evaluation", "likeness", "kept",
        "warping error", "noisy still", "minutes", "<on",
    ]  # fmt: skip
    return (
        INTRODUCTION + table(["<picture", "<style", "<network", "<painting"], pictures)
        + "\n## Numbers\n\n" + table(titles, numbers) + EXPLANATION
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Writes the gallery of a folder of models from its cards.")
    parser.add_argument("--models", type=pathlib.Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the gallery is not up to date")
    arguments = parser.parse_args()
    try:
        styles = read_styles(arguments.models)
        credits = read_credits(arguments.models / "credits.txt")
        texts = {style.card: with_credits(style, credits) for style in styles}
        texts[arguments.models / "README.md"] = gallery(styles)
        for path, text in texts.items():
            if not arguments.check:
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or read(path) != text:
                raise GalleryError(f"{path}: not what the cards and paintings.txt tell; 'make gallery' writes it anew")
    except (GalleryError, OSError) as error:
        sys.exit(f"gallery: {error}")


if __name__ == "__main__":
    main()
