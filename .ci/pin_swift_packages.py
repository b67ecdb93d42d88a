#!/usr/bin/env python3
"""Writes .ci/swift-packages.json, the versions of all Swift packages that `make` fetches, out of Package.resolved.

To update them: `swift package update`, build and test, then this.
"""

import json
from pathlib import Path


def main() -> None:
    resolved = json.loads(Path("Package.resolved").read_text())
    pins = [{**pin, "state": {"version": pin["state"]["version"]}} for pin in resolved["pins"]]
    text = json.dumps({"pins": pins, "version": resolved["version"]}, indent=2)
    Path(".ci/swift-packages.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
