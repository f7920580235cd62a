"""What the standard says, ready to use: types, search parameters, compartments, value sets.

The tables are compiled from the official R4 package when Doorstep is built (see ``build_tools``); nothing here is typed
by hand. The core (types, search parameters, compartments) is decoded at the first call of ``definitions()``; value
sets, code systems and StructureDefinitions are read one by one when somebody asks.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

FORMAT = 1
"""Shape of the compiled tables; raised when a class below changes."""

CORE = f"core.{FORMAT}.msgpack"
HERE = Path(__file__).parent / "_definitions"

Record = TypeVar("Record")


class Element(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One JSON member that instances of a type may have (R4 2.1.0, 2.6.2); a choice has one Element for each type."""

    name: str
    """JSON member: "status", "valueQuantity", "component"."""
    path: str
    """Path in the definition: "Observation.status", "Observation.value[x]"."""
    type: str
    """Key into ``Definitions.types``: "Quantity", "code", "Observation.component", "Resource", "xhtml"."""
    min: int
    """Least number of values; for a choice, of all its members together."""
    many: bool
    """Whether the JSON value is an array."""
    max: int | None
    """Most values; None when there is no limit."""
    choice: str | None
    """Stem of a choice: "value" for valueQuantity, else None."""
    required: str | None
    """Value set (without version) of a required binding, on types that carry codes."""
    binding: tuple[str, str] | None
    """(strength, value set) of a binding of any strength."""
    targets: tuple[str, ...]
    """Types that a Reference or canonical may point to; () is any."""
    summary: bool
    modifier: bool


class Invariant(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rule of the standard (R4 2.1.0.10), evaluated on the type itself or on one of its elements."""

    key: str
    severity: str
    """Either "error" or "warning"."""
    expression: str
    path: str
    """Empty for the type itself, else the definition path of a direct element: "Dosage.doseAndRate.dose[x]"."""
    human: str
    """The rule in words, as the standard puts it."""


class Type(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A resource type, a data type, or a backbone: an element with children of its own, named by its path."""

    name: str
    kind: str
    """One of "resource", "complex-type", "backbone", "primitive-type"."""
    base: str | None
    """Name of the parent type; None for Resource and Element."""
    elements: dict[str, Element]
    """By JSON member, in the order of the definition, inherited ones included; a primitive has id and extension."""
    choices: dict[str, tuple[str, ...]]
    """Members by stem: "value" -> ("valueQuantity", "valueCodeableConcept", ...)."""
    invariants: tuple[Invariant, ...]
    """Inherited ones included. Those of a backbone sit on the backbone's own Type."""
    regex: str | None
    """Of the JSON text of a primitive; the whole of it must match."""
    abstract: bool


class SearchParameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A search parameter as it applies to one concrete resource type (R4 3.1.1)."""

    code: str
    base: str
    """The concrete type, also for parameters that the standard defines on Resource or DomainResource."""
    kind: str
    """One of "token", "reference", "string", "date", "number", "quantity", "uri", "composite", "special"."""
    expression: str
    """FHIRPath, only the branches of this type; "" where the standard gives none (_text, _content)."""
    targets: tuple[str, ...]
    """Types that a reference may lead to; () is any."""
    components: tuple[tuple[str, str, str], ...]
    """Of a composite: (kind, code, expression relative to a result of ``expression``)."""
    multiple_or: bool
    multiple_and: bool
    comparators: tuple[str, ...]
    """Declared ones; R4 declares few, and () stands for all that the kind has."""
    url: str
    key: int
    """``param_key(base, code)``."""


class ValueSet(msgspec.Struct, frozen=True):
    """A value set expanded from what the package carries (R4 4.9)."""

    url: str
    title: str
    complete: bool
    """False when the value set draws on a system outside the package (UCUM, media types ...): then any code may be."""
    missing: tuple[str, ...]
    """Systems and value sets that could not be expanded."""
    codes: frozenset[str]
    contains: Mapping[tuple[str, str], str]
    """(system, code) -> display; codes that may not be selected (abstract) are left out."""


class CodeSystem(msgspec.Struct, frozen=True):
    """A code system with its hierarchy (R4 4.8)."""

    url: str
    title: str
    complete: bool
    """False when the package has only a part of the system."""
    content: Mapping[str, tuple[str, tuple[str, ...]]]
    """code -> (display, codes of the direct parents)."""
    abstract: frozenset[str]
    """Codes that group others and may not be used as values."""


class Core(msgspec.Struct, frozen=True, array_like=True):
    """Contents of the core table; ``search`` lists the parameters of each concrete type."""

    types: dict[str, Type]
    search: dict[str, tuple[SearchParameter, ...]]
    compartments: dict[str, dict[str, tuple[str, ...]]]


class ExpandedRecord(msgspec.Struct, frozen=True, array_like=True):
    """A value set on the shelf."""

    url: str
    title: str
    missing: tuple[str, ...]
    contains: tuple[tuple[str, str, str], ...]


class SystemRecord(msgspec.Struct, frozen=True, array_like=True):
    """A code system on the shelf; concepts are (code, display, parents, abstract)."""

    url: str
    title: str
    complete: bool
    concepts: tuple[tuple[str, str, tuple[str, ...], bool], ...]


def param_key(base: str, code: str, suffix: str = "") -> int:
    """The stable 31-bit number of a search parameter in index rows; ``suffix`` names its secondary rows (":text").

    The build checks that no two of R4 share a number.
    """
    return zlib.crc32(f"{base}.{code}{suffix}".encode()) & 0x7FFFFFFF


SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "token": (":text", ":of-type"),
    "reference": (":text", ":identifier"),
    "string": (":gram",),
    "quantity": (":unit",),
}
"""Secondary index rows by kind of parameter."""


class Shelf(Generic[Record]):
    """A file of compressed records, found by url: 8 bytes length of the index, the index, the records."""

    def __init__(self, path: Path, record: type[Record]) -> None:
        self._path = path
        self._decoder = msgspec.msgpack.Decoder(record)
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "big")
            self._index: dict[str, tuple[int, int]] = msgspec.msgpack.decode(
                file.read(size), type=dict[str, tuple[int, int]]
            )
        self._start = 8 + size

    def urls(self) -> tuple[str, ...]:
        return tuple(self._index)

    def get(self, url: str) -> Record | None:
        place = self._index.get(url)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(self._start + place[0])
            return self._decoder.decode(zlib.decompress(file.read(place[1])))


class Definitions:
    """The compiled standard. Read-only; one instance serves the process."""

    def __init__(self, directory: Path) -> None:
        core = _core(directory / CORE)
        self.types: Mapping[str, Type] = core.types
        self.resources: tuple[str, ...] = tuple(sorted(core.search))
        self.number: Mapping[str, int] = {name: place for place, name in enumerate(self.resources, 1)}
        self.search: Mapping[str, Mapping[str, SearchParameter]] = {
            name: {parameter.code: parameter for parameter in parameters} for name, parameters in core.search.items()
        }
        self.compartments: Mapping[str, Mapping[str, tuple[str, ...]]] = core.compartments
        self._directory = directory
        self._value_sets: dict[str, ValueSet | None] = {}
        self._code_systems: dict[str, CodeSystem | None] = {}
        self._structures: dict[str, dict[str, Any] | None] = {}
        self._shelves: dict[str, Shelf[Any]] = {}

    def value_set(self, url: str) -> ValueSet | None:
        """The value set of a canonical url (a |version is ignored); None when the package has none."""
        url = url.partition("|")[0]
        if url not in self._value_sets:
            record = self._shelf("value_sets", ExpandedRecord).get(url)
            self._value_sets[url] = _value_set(record) if record else None
        return self._value_sets[url]

    def code_system(self, url: str) -> CodeSystem | None:
        """The code system of a url (a |version is ignored); None when the package has none."""
        url = url.partition("|")[0]
        if url not in self._code_systems:
            record = self._shelf("code_systems", SystemRecord).get(url)
            self._code_systems[url] = _code_system(record) if record else None
        return self._code_systems[url]

    def structure(self, url: str) -> dict[str, Any] | None:
        """The StructureDefinition of a base type, profile or extension of the package, without narrative and mappings.

        The dict is shared: do not change it.
        """
        url = url.partition("|")[0]
        if url not in self._structures:
            self._structures[url] = self._shelf("structures", dict[str, Any]).get(url)
        return self._structures[url]

    def value_sets(self) -> tuple[str, ...]:
        """Urls of all value sets."""
        return self._shelf("value_sets", ExpandedRecord).urls()

    def code_systems(self) -> tuple[str, ...]:
        """Urls of all code systems."""
        return self._shelf("code_systems", SystemRecord).urls()

    def structures(self) -> tuple[str, ...]:
        """Urls of all StructureDefinitions."""
        return self._shelf("structures", dict[str, Any]).urls()

    def _shelf(self, name: str, record: type[Record]) -> Shelf[Record]:
        if name not in self._shelves:
            self._shelves[name] = Shelf(self._directory / f"{name}.shelf", record)
        return self._shelves[name]


@cache
def definitions() -> Definitions:
    """The definitions of this installation, loaded once a process."""
    return Definitions(HERE)


def _core(path: Path) -> Core:
    if not path.exists():
        raise RuntimeError(f"no compiled FHIR definitions at {path}: install Doorstep (again) with pip")
    return msgspec.msgpack.decode(path.read_bytes(), type=Core)


def _value_set(record: ExpandedRecord) -> ValueSet:
    contains = {(system, code): display for system, code, display in record.contains}
    codes = frozenset(code for _, code in contains)
    return ValueSet(record.url, record.title, not record.missing, record.missing, codes, contains)


def _code_system(record: SystemRecord) -> CodeSystem:
    content = {code: (display, parents) for code, display, parents, _ in record.concepts}
    abstract = frozenset(code for code, _, _, hidden in record.concepts if hidden)
    return CodeSystem(record.url, record.title, record.complete, content, abstract)
