#!/usr/bin/env python3
"""Fails unless the changelog, the HTTP reference and the C library speak of the version that the programs print."""

import re
import sys
from pathlib import Path

PLACES = {
    "Sources/Console/Program.swift": r'static let version = "([^"]+)"',
    "CHANGELOG.md": r"^## (\d+\.\d+\.\d+)",
    "Sources/CImpasto/include/impasto.h": r'#define IMPASTO_VERSION "([^"]+)"',
    "Sources/CInterface/impasto.pc": r"^Version: (\S+)",
    "docs/openapi.json": r'"info": \{[^}]*"version": "([^"]+)"',
}


def main() -> None:
    versions = {}
    for path, pattern in PLACES.items():
        match = re.search(pattern, Path(path).read_text(), re.MULTILINE)
        versions[path] = match[1] if match else "no version"
    if len(set(versions.values())) > 1:
        sys.exit("these versions differ: " + ", ".join(f"{path} has {version}" for path, version in versions.items()))


if __name__ == "__main__":
    main()
