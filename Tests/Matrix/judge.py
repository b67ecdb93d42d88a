"""Runs a case and judges what becomes of its source."""

import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import compare
import facts
from cases import Case
from reasons import reason
from tools import Ended, ToolError, run

# Exit statuses with which a program refuses a source or an option in a sentence.
REFUSALS = (1, 2, 64)

# What a program has to say when it is lost.
SAID = ("sound", "subtitles", "alpha")


@dataclass
class Result:
    """What became of a source."""

    outcome: str
    """kept, converted, refused or failed: a signal, another exit status, litter, or a file that cannot be read."""
    video: str = ""
    """Codec and pixel format of source and output."""
    converted: dict[str, str] = field(default_factory=dict)
    """What is there in another form, by aspect."""
    lost: dict[str, str] = field(default_factory=dict)
    """What is missing or damaged, by aspect."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why it is lost, by the same aspects; an aspect without a reason has none."""
    message: str = ""
    """The sentence of a refusal, or how a program failed."""
    warnings: list[str] = field(default_factory=list)
    """What the program said; no part of the expectation, for warnings may speak of times."""

    def expectation(self) -> dict[str, Any]:
        """What is recorded and compared: all that is not empty, but the warnings."""
        return {key: value for key, value in asdict(self).items() if value and key != "warnings"}

    @property
    def unexplained(self) -> list[str]:
        """The losses without a reason."""
        return [aspect for aspect in self.lost if aspect not in self.reasons]


def judge(case: Case, programs: str, work: str) -> Result:
    """Makes the source in a folder of its own below `work`, repaints it, and compares; the folder goes afterwards."""
    folder = os.path.join(work, "".join(letter if letter.isalnum() else "-" for letter in case.name))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        return _judge(case, programs, folder)
    except ToolError as error:
        return Result("failed", message=str(error))
    finally:
        shutil.rmtree(folder)


def _judge(case: Case, programs: str, folder: str) -> Result:
    case.source.make(folder)
    source = facts.read(case.source.name, folder)
    if os.path.dirname(case.output):
        Path(folder, case.output).parent.mkdir()
    before = _files(folder)
    command = [os.path.join(programs, case.program), "--strength", "0", "--quiet", *case.options]
    ended = run([*command, case.source.name, case.output], folder)
    warnings = [line for line in ended.messages.strip().splitlines() if line.strip()]
    if ended.status != 0:
        return _refusal(ended, warnings, _files(folder) - before)
    if _files(folder) == before:
        return Result("failed", message="exit status 0, but no file is written")
    output = facts.read(case.output, folder)
    for sounds, name in ((source, case.source.name), (output, case.output)):
        facts.hash_sounds(sounds, name, folder)
    changes = compare.compare(case, source, output)
    seen = compare.compare_pictures(case, source, output, folder)
    lost = changes.lost | seen.lost
    if not warnings and any(aspect in lost for aspect in SAID):
        lost["warning"] = "the program does not say that something is lost"
    reasons = {aspect: why for aspect in lost if (why := reason(aspect, case, source, output))}
    return Result(
        outcome="converted" if lost or changes.converted else "kept",
        video=f"{source.codec} {source.pixel_format} → {output.codec} {output.pixel_format}",
        converted=changes.converted, lost=lost, reasons=reasons, warnings=warnings)


def _refusal(ended: Ended, messages: list[str], left: set[str]) -> Result:
    sentence = " ".join(line.strip() for line in messages).removeprefix("Error: ")
    if ended.status is None:
        return Result("failed", message="did not end in time")
    if ended.status not in REFUSALS or not sentence:
        return Result("failed", message=f"exit status {ended.status}: {sentence or 'no message'}")
    if left:
        return Result("failed", message=f"refused, but left {', '.join(sorted(left))}")
    return Result("refused", message=sentence)


def _files(folder: str) -> set[str]:
    return {os.path.relpath(os.path.join(base, name), folder) for base, _, names in os.walk(folder) for name in names}
