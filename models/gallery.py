#!/usr/bin/env python3
"""Writes models/README.md, the gallery with its credits, from the cards beside it; `make gallery` calls it.

    models/gallery.py

Cards are the files NAME.json that train-style writes and evaluate-style --card completes. What a card does not tell stays empty. --check
writes nothing and fails where the gallery is not up to date. Needs nothing but Python.
"""

import argparse
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
FORMAT_VERSION = 1
# The shipped default first.
NETWORKS = ["realtime", "quality", "half", "quarter", "johnson"]
PICTURE_WIDTH = 420
# The size that stands for all where likeness was measured at several.
LIKENESS_LINES = 720

INTRODUCTION = """# Styles

These styles come with Impasto. `--style NAME` paints with one of them, and `stylize-video --list-styles` lists the
installed ones. The name of a style leads to its card, which describes how it was trained. `make gallery` writes this
page and the cards from the files `NAME.json`, which programs read. The links in `base/` name the style that the
trainings of each network start from.

"""

EXPLANATION = """
*Training* is the mean objective of the last steps, with its content and style parts. *Evaluation* is the objective on
the photos that the card names. Both compare only if painting, style size and style weight are the same.

*Likeness* is how much painted frames look like the painting: 0 is as little as the unpainted frame, and 100 is the
painting's own statistics. *Kept* is the share of the frame's content that is left: 1 is all of it. Both compare across
paintings and networks.

*Warping error* is how much the picture of a moving view changes beyond the motion. *Noisy still* is how much a pixel
varies while nothing moves. Both are in levels of 255, with the photos' own values in brackets.

*Minutes* is the duration of the training.
"""


class GalleryError(Exception):
    """A file that is not what it should be: one sentence."""


def read(path):
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise GalleryError(f"{path}: cannot be read: {error}") from error


def read_card(path):
    """The object in a card's file."""
    expected = f"expected a style's card of format version {FORMAT_VERSION} as train-style writes it"
    try:
        card = json.loads(read(path))
    except ValueError as error:
        raise GalleryError(f"{path}: found no JSON ({error}), {expected}") from error
    if not isinstance(card, dict) or "formatVersion" not in card:
        raise GalleryError(f"{path}: found no formatVersion, {expected}")
    if card["formatVersion"] != FORMAT_VERSION:
        raise GalleryError(f"{path}: found format version {card['formatVersion']}, {expected}")
    return card


# Numbers as the cards show them


def whole_from_hundred(value):
    return str(math.floor(value + 0.5)) if value >= 100 else f"{value:.1f}"


def loss(value):
    return whole_from_hundred(value) if value >= 10 else f"{value:.3f}"


def levels(measurement):
    return f"{measurement['output']:.2f} ({measurement['input']:.2f})"


class Style:
    """What a card tells, as the gallery shows it."""

    def __init__(self, path):
        card = read_card(path)
        self.name = path.stem
        self.model = path.with_suffix(".safetensors")
        self.picture = path.with_suffix(".jpg")
        try:
            self.read(card)
        except KeyError as error:
            raise GalleryError(f"{path}: found no {error}, expected it in a style's card") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise GalleryError(f"{path}: found a value of another kind ({error}), expected a style's card") from error

    def read(self, card):
        network, training = card["network"], card["training"]
        self.network = network["name"] if network["width"] == 1 else f"{network['name']}, width × {float(network['width'])}"
        self.file = card["painting"]["file"]
        credits = card.get("credits") or {}
        self.work, self.frame, self.photos = (credits.get(name) for name in ("painting", "picture", "photos"))
        self.painting = f"`{self.file}`"
        if self.work:
            self.painting = f"{self.work['painter']}<br>*{self.work['title']}*, {self.work['year']}"
        size = card["painting"]["size"]
        self.style_size = str(size) if size > 0 else "its own size"
        self.style_weight = str(float(training["objective"]["style"]))
        self.training = [loss(training["losses"][name]) for name in ("total", "content", "style")]
        self.minutes = whole_from_hundred(training["seconds"] / 60)
        threads = training["threads"]
        self.machine = f"{threads} thread{'' if threads == 1 else 's'} of {training['processor']}"
        evaluation = card.get("evaluation")
        self.evaluation = loss(evaluation["losses"]["total"]) if evaluation else ""
        stability = (evaluation or {}).get("temporalStability")
        self.warping, self.still = (levels(stability[name]) if stability else "" for name in ("warping", "still"))
        sizes = card["likeness"]["sizes"] if card.get("likeness") else []
        shown = next((size["mean"] for size in sizes if size["lines"] == LIKENESS_LINES), sizes[0]["mean"] if sizes else None)
        self.likeness, self.kept = (f"{shown['likeness']:.1f}", f"{shown['content']:.3f}") if shown else ("", "")
        self.credits = list(self.sentences())

    def sentences(self):
        """The credits of the works in the style."""
        if self.work:
            yield f"*{self.work['title']}*, {self.work['painter']}, {self.work['year']}: {self.work['licence']}"
        if self.frame:
            yield f"*{self.frame['work']}*, of which the pictures show a frame: © {self.frame['holder']}, {self.frame['licence']}"
        if self.photos:
            licence = self.photos.get("licence")
            terms = licence or "not part of this project, and may not be redistributed with it"
            yield f"Photographs that were learned from ({self.photos['source']}): {terms}"

    @property
    def place(self):
        """Where the style stands in the gallery."""
        return (NETWORKS.index(self.network) if self.network in NETWORKS else len(NETWORKS), self.network, self.name)

    @property
    def link(self):
        return f"[{self.name}]({self.name}.md)"

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


def credits(styles):
    """A list of the works in the styles, each once with the styles that have it; empty where none is told."""
    works = {}
    for style in styles:
        for sentence in style.credits:
            works.setdefault(sentence, []).append(f"`{style.name}`")
    lines = [f"- {work} ({', '.join(names) if len(names) < len(styles) else 'all styles'})\n" for work, names in sorted(works.items())]
    return "\n## Credits\n\n" + "".join(lines) if lines else ""


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
        + "\n## Numbers\n\n" + table(titles, numbers) + EXPLANATION + credits(styles)
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Writes the gallery of a folder of models from its cards.")
    parser.add_argument("--models", type=pathlib.Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the gallery is not up to date")
    arguments = parser.parse_args()
    page = arguments.models / "README.md"
    try:
        styles = sorted((Style(path) for path in arguments.models.glob("*.json")), key=lambda style: style.place)
        text = gallery(styles)
        if not arguments.check:
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or read(page) != text:
            raise GalleryError(f"{page}: found other than what the cards tell; 'make gallery' writes it")
    except (GalleryError, OSError) as error:
        sys.exit(f"gallery: {error}")


if __name__ == "__main__":
    main()
