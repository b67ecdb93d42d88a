"""What the benchmarks written in Python share: running the project's programs, and writing what they found."""

import hashlib
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Photos that no training of a benchmark sees.
HELD_OUT = ROOT / "training" / "held_out_photos.txt"


class ProgramError(Exception):
    """What went wrong: one sentence."""


def run(command):
    """The JSON object that a program prints."""
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise ProgramError(f"{pathlib.Path(command[0]).name}: failed with status {result.returncode}")
    return json.loads(result.stdout)


def read(path):
    """The value in a JSON file, or None where there is no file."""
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProgramError(f"{path}: is not JSON: {error}") from error


def checksum(path):
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(path, value):
    """Writes JSON, whole or not at all."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def machine(programs):
    """What the programs tell about this machine."""
    # Of several points the program also tells the machine.
    points = run([
        programs / "framerate", "--network", "quarter", "--size", "64x48", "80x48", "--threads", 2, "--frames", 2, "--inference-only",
        "--json", "--quiet",
    ])  # fmt: skip
    return points["machine"]
