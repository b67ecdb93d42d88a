#!/usr/bin/env python3
"""Fails where a comment line is longer than .swift-format allows for code, which swift-format itself does not look at.

With --fix it refills the paragraphs that such lines are in, list items with their indentation. Tables and code in
comments stay as they are: an overlong one is reported and left to its author.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

LIMIT = json.loads(Path(".swift-format").read_text())["lineLength"]
MARKS = {".swift": r"///?", ".c": r"///?", ".h": r"///?", ".js": r"//", ".py": r"#", ".sh": r"#"}
# What generators write.
GENERATED = ".pb.swift"
LIST_ITEM = re.compile(r" *(?:[-*] |\d+[.)] )")
MARKER = re.compile(r"[-+*|#=]+|\d+[.)]")
# What a line break would damage: code in backquotes and links.
WORD = re.compile(r"(?:[^\s`]*(?:``[^`]+``|`[^`]+`)[^\s`]*)+|\S+")


def mark_of(path: Path) -> str | None:
    """The pattern of what begins a comment in the file at `path`; None where it has no comments."""
    if path.name.endswith(GENERATED):
        return None
    if path.suffix:
        return MARKS.get(path.suffix)
    if path.name == "Makefile":
        return "#"
    with path.open("rb") as file:
        return "#" if file.read(2) == b"#!" else None


def begins_paragraph(text: str) -> bool:
    """Whether the comment's line `text` cannot go on the line before it."""
    return not text or bool(LIST_ITEM.match(text)) or text.startswith(("|", "#", "    ", "```", "MARK:"))


def is_fixed(text: str) -> bool:
    """Whether the line breaks of `text` mean something: tables, headings, code, marks."""
    return text.startswith(("|", "#", "    ", "```", "MARK:"))


def refill(prefix: str, texts: list[str]) -> list[str]:
    """The lines of a paragraph filled up to the limit."""
    item = LIST_ITEM.match(texts[0])
    hanging = " " * len(item[0]) if item else ""
    text = " ".join(text.strip() for text in [texts[0][len(hanging):], *texts[1:]])
    words: list[str] = []
    for word in WORD.findall(text):
        # A line must not begin with what Markdown takes for a list or a table.
        if words and MARKER.fullmatch(word):
            words[-1] += " " + word
        elif len(prefix) + len(hanging) + len(word) > LIMIT:
            words += word.split(" ")
        else:
            words.append(word)
    lines = [(item[0] if item else "") + words[0]]
    for word in words[1:]:
        indent = hanging if len(lines) > 1 else ""
        if len(prefix) + len(indent) + len(lines[-1]) + 1 + len(word) > LIMIT:
            lines.append(word)
        else:
            lines[-1] += " " + word
    return [prefix + (hanging if index else "") + line for index, line in enumerate(lines)]


def refilled(lines: list[str], mark: str) -> list[str]:
    """`lines` with every paragraph refilled that has a line over the limit."""
    comment = re.compile(rf"(\s*(?:{mark}) ?)(.*)$")
    result: list[str] = []
    index = 0
    is_code = False
    while index < len(lines):
        match = comment.match(lines[index])
        if not match or lines[index].startswith("#!"):
            result.append(lines[index])
            index += 1
            is_code = False
            continue
        prefix, text = match.groups()
        end = index + 1
        if text.startswith("```"):
            is_code = not is_code
        if not is_code and text and not is_fixed(text):
            while end < len(lines):
                following = comment.match(lines[end])
                if not following or following[1] != prefix:
                    break
                is_of_item = LIST_ITEM.match(text) and re.match(r" +(?![-*] |\d+[.)] )", following[2])
                if begins_paragraph(following[2]) and not is_of_item:
                    break
                end += 1
            paragraph = lines[index:end]
            if any(len(line) > LIMIT for line in paragraph):
                texts = [comment.match(line)[2] for line in paragraph]
                paragraph = refill(prefix, texts)
            result += paragraph
        else:
            result.append(lines[index])
        index = end
    return result


def overlong(lines: list[str], mark: str) -> list[int]:
    """The numbers of the comment lines over the limit."""
    comment = re.compile(rf"\s*(?:{mark})")
    return [number for number, line in enumerate(lines, 1) if len(line) > LIMIT and comment.match(line)]


def main() -> None:
    listed = subprocess.run(["git", "ls-files"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    is_wrong = False
    for path in (Path(name) for name in listed):
        mark = mark_of(path) if path.is_file() and not path.is_symlink() else None
        if mark is None:
            continue
        lines = path.read_text().split("\n")
        if "--fix" in sys.argv[1:] and overlong(lines, mark):
            lines = refilled(lines, mark)
            path.write_text("\n".join(lines))
        for number in overlong(lines, mark):
            is_wrong = True
            length = len(lines[number - 1])
            print(f"{path}:{number}: a comment of {length} characters; the limit is {LIMIT}", file=sys.stderr)
    sys.exit(1 if is_wrong else 0)


if __name__ == "__main__":
    main()
