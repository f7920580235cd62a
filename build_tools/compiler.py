"""The official package (a .tgz) -> the tables that ``doorstep.kernel.definitions`` loads."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from build_tools.compartments import compile_compartments
from build_tools.searches import compile_search
from build_tools.structures import compile_types
from build_tools.terminology import Terminology
from doorstep.kernel.definitions import CORE, Core

Json = dict[str, Any]

BUNDLES = (
    "resources",
    "types",
    "profiles-others",
    "extensions",
    "searchParams",
    "valuesets",
    "v2-valuesets",
    "v3-valuesets",
    "valueset-expansions",
)
"""The Bundles of the specification itself. The package's loose files hold examples among them and are not read."""

PROSE = ("text", "mapping")
"""Members of a StructureDefinition that nothing here reads, and that are two thirds of its size."""
ELEMENT_PROSE = ("mapping", "comment", "requirements", "alias", "example")


def compile_package(tarball: Path, target: Path, *, stamp: str = "") -> None:
    """Write the tables of the package into the directory ``target``, all or nothing, with their ``stamp``."""
    bundles = read_bundles(tarball)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="_compiling") as work:
        made = Path(work) / "tables"
        made.mkdir()
        _compile(bundles, made)
        (made / "stamp").write_text(stamp)
        if target.exists():
            shutil.rmtree(target)
        os.replace(made, target)


def read_bundles(tarball: Path) -> dict[str, list[Json]]:
    """The resources of each Bundle in BUNDLES."""
    found: dict[str, list[Json]] = {}
    wanted = {f"package/Bundle-{name}.json": name for name in BUNDLES}
    with tarfile.open(tarball) as archive:
        for member in archive:
            name = wanted.get(member.name)
            if name is None:
                continue
            file = archive.extractfile(member)
            if file is not None:
                found[name] = [it["resource"] for it in msgspec.json.decode(file.read())["entry"]]
            if len(found) == len(wanted):
                break
    absent = sorted(set(BUNDLES) - set(found))
    if absent:
        raise ValueError(f"the package lacks {', '.join(absent)}")
    return found


def _compile(bundles: Mapping[str, list[Json]], target: Path) -> None:
    spec = [*bundles["types"], *bundles["resources"]]
    structures = [it for it in spec if it["resourceType"] == "StructureDefinition"]
    compartments = [it for it in spec if it["resourceType"] == "CompartmentDefinition"]
    types = compile_types(structures)
    core = Core(
        types=types,
        search=compile_search(bundles["searchParams"], types),
        compartments=compile_compartments(compartments),
    )
    (target / CORE).write_bytes(msgspec.msgpack.encode(core))
    terms = Terminology(
        [*bundles["valuesets"], *bundles["v2-valuesets"], *bundles["v3-valuesets"]], bundles["valueset-expansions"]
    )
    write_shelf(target / "value_sets.shelf", ((it.url, it) for it in terms.value_set_records()))
    write_shelf(target / "code_systems.shelf", ((it.url, it) for it in terms.system_records()))
    profiles = [
        it
        for it in [*structures, *bundles["profiles-others"], *bundles["extensions"]]
        if it["resourceType"] == "StructureDefinition"
    ]
    write_shelf(target / "structures.shelf", ((it["url"], slim(it)) for it in profiles))


def slim(structure: Json) -> Json:
    """A StructureDefinition without narrative, mappings and commentary."""
    kept = {name: value for name, value in structure.items() if name not in PROSE}
    for view in ("snapshot", "differential"):
        if view in kept:
            kept[view] = {
                "element": [
                    {name: value for name, value in element.items() if name not in ELEMENT_PROSE}
                    for element in kept[view]["element"]
                ]
            }
    return kept


def write_shelf(path: Path, records: Iterable[tuple[str, Any]]) -> None:
    """Write the file that ``definitions.Shelf`` reads; the first of two records of one url stays."""
    index: dict[str, tuple[int, int]] = {}
    parts: list[bytes] = []
    at = 0
    for url, record in records:
        if url in index:
            continue
        part = zlib.compress(msgspec.msgpack.encode(record), 6)
        index[url] = (at, len(part))
        parts.append(part)
        at += len(part)
    head = msgspec.msgpack.encode(index)
    path.write_bytes(b"".join([len(head).to_bytes(8, "big"), head, *parts]))
