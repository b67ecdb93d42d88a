"""The targets of a Swift package: what they declare in the manifest, and what their sources import."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# What comes with the toolchain and is declared nowhere.
SYSTEM_MODULES = {"Foundation", "FoundationEssentials", "FoundationXML", "Glibc", "Swift", "Synchronization", "Testing"}

IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:typealias|struct|class|enum|protocol|let|var|func)\s+)?(\w+)", re.MULTILINE)
MULTILINE_STRING = re.compile(r'"""\n.*?\n\s*"""', re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
LEVEL = re.compile(
    r"// MARK: (?:Level (?P<number>\d+): )?(?P<title>.*)"
    r'|\.(?:target|executableTarget|testTarget)\(\s*name: "(?P<target>[^"]+)"')


@dataclass
class Target:
    name: str
    kind: str  # regular, executable or test
    folder: Path
    dependencies: list[str]  # names of targets of the package and of products of others
    level: int | None = None  # None for tests and what serves them
    products: list[str] = field(default_factory=list)  # the programs and libraries it is in

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def sources(self, *suffixes: str) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.suffix in suffixes)

    def imports(self) -> dict[str, Path]:
        """Each imported module, with a file that imports it."""
        found: dict[str, Path] = {}
        for path in self.sources(".swift"):
            for module in IMPORT.findall(MULTILINE_STRING.sub('""', path.read_text())):
                found.setdefault(module, path)
        return found

    def includes(self) -> dict[str, Path]:
        """Each included header, with a C file that includes it."""
        found: dict[str, Path] = {}
        for path in self.sources(".c", ".h"):
            for header in INCLUDE.findall(path.read_text()):
                found.setdefault(header, path)
        return found

    def headers(self) -> set[str]:
        """The headers that other targets may include."""
        return {str(path.relative_to(self.folder / "include")) for path in (self.folder / "include").rglob("*.h")}


@dataclass
class Package:
    folder: Path
    name: str
    targets: dict[str, Target]
    products: dict[str, list[str]]  # each product's targets
    titles: dict[int, str]  # what each level is for


def read(folder: Path) -> Package:
    """The package at `folder`, as SwiftPM understands its manifest."""
    command = ["swift", "package", "--package-path", str(folder), "--scratch-path", ".build", "dump-package"]
    dump = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout)
    targets = {}
    for entry in dump["targets"]:
        place = entry.get("path") or f"{'Tests' if entry['type'] == 'test' else 'Sources'}/{entry['name']}"
        dependencies = [next(iter(dependency.values()))[0] for dependency in entry["dependencies"]]
        targets[entry["name"]] = Target(entry["name"], entry["type"], folder / place, dependencies)
    products = {product["name"]: product["targets"] for product in dump["products"]}
    for product, names in products.items():
        for name in names:
            targets[name].products.append(product)

    titles: dict[int, str] = {}
    level = None
    for match in LEVEL.finditer((folder / "Package.swift").read_text()):
        if match["target"]:
            targets[match["target"]].level = level
        else:
            level = int(match["number"]) if match["number"] else None
            if level is not None:
                titles[level] = match["title"]
    return Package(folder, dump["name"], targets, products, titles)
