"""The official example instances (CC0), out of the package that the build keeps, and rows with names instead of numbers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from build_tools.package import find_package, read_lock
from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions, param_key
from doorstep.kernel.index import IndexRows

LOCK = Path(__file__).parents[3] / "definitions.lock"
LARGEST = 1_000_000
"""Bytes; the few larger files are Bundles of definitions, which are there one by one as well."""
SUFFIXES = ("", ":text", ":of-type", ":identifier", ":gram", ":unit")
LISTS = ("token", "reference", "string", "date", "number", "quantity", "uri", "composite")


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, resource) of every example up to LARGEST."""
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        for member in package:
            name = member.name.rpartition("/")[2]
            file = package.extractfile(member) if name.endswith(".json") and member.size <= LARGEST else None
            content = exact.decode(file.read()) if file else None
            if isinstance(content, dict) and content.get("resourceType") in definitions().number:
                yield name, content


@cache
def clinical() -> dict[str, dict[str, Any]]:
    """The examples of other types than definitions and terminology: some 900."""
    bulk = ("CodeSystem", "ValueSet", "SearchParameter", "StructureDefinition", "ConceptMap", "OperationDefinition")
    return {name: resource for name, resource in examples() if resource["resourceType"] not in bulk}


@cache
def names(type_name: str) -> dict[int, str]:
    """Parameter with suffix, by the number in the rows."""
    return {
        param_key(type_name, code, suffix): code + suffix
        for suffix in SUFFIXES
        for code in definitions().search[type_name]
    }


def named(type_name: str, rows: IndexRows) -> dict[str, set[tuple[Any, ...]]]:
    """Rows by parameter, without their numbers."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for kind in LISTS:
        for key, *values in getattr(rows, kind):
            found.setdefault(names(type_name)[key], set()).add(tuple(values))
    return found
