"""A small film, and what is compared of it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build/release/stylize-video"
STYLE = ROOT / "models/starry.safetensors"


def make_film(path: Path, frames: int) -> None:
    """Moving patterns with sound, a chapter and a title, and a keyframe every two seconds."""
    tags = path.with_suffix(".txt")
    tags.write_text(";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=5\ntitle=One\n")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x36:r=25", "-f", "lavfi", "-i", "sine"]
        + ["-i", str(tags), "-map_metadata", "2", "-frames:v", str(frames), "-t", str(frames / 25), "-c:v", "libx264"]
        + ["-g", "50", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)],
        check=True,
    )


def content(path: Path) -> str:
    """Times and digests of all decoded frames and samples; empty if the file cannot be decoded without an error."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode or done.stderr else done.stdout


def tags(path: Path) -> str:
    """The title and the chapters."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "ffmetadata", "-"], capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("encoder="))
