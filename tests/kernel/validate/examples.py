"""The official example instances (CC0), out of the package that the build keeps."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from build_tools.package import find_package, read_lock
from doorstep.kernel import exact

LOCK = Path(__file__).parents[3] / "definitions.lock"


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Every resource of the package by file name."""
    found = {}
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        for member in package:
            name = member.name.rpartition("/")[2]
            file = package.extractfile(member) if name.endswith(".json") else None
            content = exact.decode(file.read()) if file else None
            if isinstance(content, dict) and "resourceType" in content:
                found[name] = content
    return dict(sorted(found.items()))


@cache
def sample() -> dict[str, dict[str, Any]]:
    """The smallest examples of each type, two of each, and those of everyday clinical types."""
    by_type: dict[str, list[tuple[int, str]]] = {}
    for name, resource in examples().items():
        by_type.setdefault(resource["resourceType"], []).append((len(exact.encode(resource)), name))
    names = [name for sized in by_type.values() for _, name in [*sorted(sized)[:2], sorted(sized)[len(sized) // 2]]]
    return {name: examples()[name] for name in sorted(set(names))}
