#!/usr/bin/env python3
"""Fails where a target imports a module that it does not declare in Package.swift, declares one that it does not
import, or depends on a target of its own level or of one below: the manifest is the architecture, and this keeps it
true. The C library must not bring Foundation or FFmpeg.
"""

import sys
from pathlib import Path

import manifest


LIBRARY = "CInterface"
# Foundation would make it four times as large, and FFmpeg would have to be installed beside it.
NOT_IN_LIBRARY = {"Foundation", "CFFmpeg"}


def closure(package: manifest.Package, name: str) -> set[str]:
    """The target `name` and all targets that it depends on."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name in package.targets and name not in found:
            found.add(name)
            waiting += package.targets[name].dependencies
    return found


def faults(package: manifest.Package, modules_of: dict[str, set[str]]) -> list[str]:
    """What is wrong in `package`. `modules_of` has the modules of each product of other packages of this repository."""
    found = []
    own = {target.module for target in package.targets.values()}
    for target in package.targets.values():
        imports = target.imports()
        includes = target.includes()
        text = "".join(path.read_text() for path in target.sources(".swift"))
        declared: set[str] = set()
        for name in target.dependencies:
            dependency = package.targets.get(name)
            # A product of a package elsewhere has one module, of its own name.
            modules = {dependency.module} if dependency else modules_of.get(name, {name})
            declared |= modules
            is_used = bool(modules & imports.keys())
            if dependency:
                is_used = is_used or bool(dependency.headers() & includes.keys())
                # A test that runs a program names it.
                if dependency.kind == "executable":
                    is_used = is_used or any(f'"{product}"' in text for product in [name, *dependency.products])
                if target.level is not None and (dependency.level is None or dependency.level >= target.level):
                    found.append(f"{target.name} (level {target.level}) depends on {name}, which is not above it")
            if not is_used:
                found.append(f"{target.name} declares {name} and does not import it")
        for module, path in imports.items():
            if module not in declared | manifest.SYSTEM_MODULES | {target.module}:
                kind = "target" if module in own else "product"
                found.append(f"{path} imports {module}; {target.name} does not declare that {kind}")
        for name, other in package.targets.items():
            if other is not target and name not in target.dependencies:
                for header in other.headers() & includes.keys():
                    found.append(f"{includes[header]} includes {header}; {target.name} does not declare {name}")
    if LIBRARY in package.targets:
        for name in sorted(closure(package, LIBRARY)):
            for module in sorted(NOT_IN_LIBRARY & package.targets[name].imports().keys()):
                found.append(f"{name} imports {module}, which the C library must not bring")
    return found


def main() -> None:
    root = manifest.read(Path("."))
    benchmarks = manifest.read(Path("Benchmarks"))
    modules_of = {
        product: {root.targets[name].module for name in targets} for product, targets in root.products.items()}
    found = faults(root, {}) + faults(benchmarks, modules_of)
    for fault in found:
        print(f"Package.swift: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
