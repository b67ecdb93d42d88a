"""The recorded expectation of each case, in expected.json."""

import json
from pathlib import Path
from typing import Any

from judge import Result

FILE = Path(__file__).with_name("expected.json")


def read() -> dict[str, dict[str, Any]]:
    """The expectations by the names of the cases; empty where none are recorded."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def update(results: dict[str, Result], names: list[str]) -> None:
    """Records what `results` say, in the order of `names`, and drops cases whose names are gone.

    A failure is no expectation: such a case keeps what is recorded, so that it goes on to differ.
    """
    recorded = read()
    recorded |= {name: result.expectation() for name, result in results.items() if result.outcome != "failed"}
    kept = {name: recorded[name] for name in names if name in recorded}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def differences(result: Result, expected: dict[str, Any] | None) -> list[str]:
    """What of a result is not as expected, one line each."""
    if expected is None:
        return ["nothing is recorded for this case"]
    found = result.expectation()
    lines = []
    for key in [*found, *(key for key in expected if key not in found)]:
        before, after = expected.get(key), found.get(key)
        if before != after:
            lines.append(f"{key}: expected {_text(before)}, found {_text(after)}")
    return lines


def _text(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
