"""What foreign codes mean: ConceptMaps from an institution's own codes, or from a sender's, to ours, with dated rows.

One for a sender of laboratory messages; an institution's dictionary of a kind is spread over several, so that a change
writes little. A code may stand there without a meaning: it came in, or was listed, and waits to be mapped; how often it
came in stands beside it. What is read of a day is what the code meant that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.terms.catalogue import analytes, orderables, specialties
from doorstep.terms.diagnoses import diagnoses
from doorstep.terms.finding import Named, equal
from doorstep.terms.formulary import DRUG, drugs

SENDER: Final = f"{systems.BASE}/sid/hl7-sender"
OWN: Final = f"{systems.BASE}/sid/own-codes"
IGNORED: Final = "-"
"""Stands for a code whose values are not kept."""
VALUES, ITEMS, DRUGS, DIAGNOSES, DEPARTMENTS = "values", "items", "drugs", "diagnoses", "departments"
_PAGE: Final = 300
"""More than the maps over which the largest dictionary is spread."""
_EXT: Final = f"{systems.BASE}/ext/"
_MET, _LAST, _WANTED, _VALID, _BY, _OWNER = "times-met", "last-met", "proposed", "valid", "mapped-by", "owner"


@dataclass(frozen=True, slots=True)
class Kind:
    """One dictionary: our system, who keeps it, over how many resources an institution's is spread.

    ``clinical``: another meaning of a code that has one already is said by one person and agreed to by another.
    """

    code: str
    label: str
    system: str
    keepers: frozenset[str]
    spread: int
    clinical: bool = True


KINDS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in (
    Kind(VALUES, "codes.values", systems.LOINC, frozenset({"technician"}), 16),
    Kind(ITEMS, "codes.items", systems.TEST, frozenset({"technician", "institution-admin"}), 16),
    Kind(DRUGS, "codes.drugs", DRUG, frozenset({"pharmacist", "institution-admin"}), 64),
    Kind(DIAGNOSES, "codes.diagnoses", systems.ICD10, frozenset({"doctor", "institution-admin"}), 256),
    Kind(DEPARTMENTS, "codes.departments", systems.SPECIALTY, frozenset({"registrar", "institution-admin"}), 1, False),
)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means from a day until the day before another; ``ours`` is "" for what is not kept."""

    ours: str
    since: date | None = None
    until: date | None = None
    by: str = ""

    def holds(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class Entry:
    """A foreign code: its own name, its rows (oldest first), how often it came in unmapped, what is proposed.

    ``due`` is the instant by which a second person should have said something about what is proposed.
    """

    code: str
    text: str = ""
    rows: tuple[Row, ...] = ()
    times: int = 0
    last: str = ""
    wanted: Row | None = None
    due: str = ""

    def on(self, day: date) -> Row | None:
        """What it means on a day; None when nothing is said."""
        return next((row for row in reversed(self.rows) if row.holds(day)), None)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose codes of which kind: ``holder`` is an institution, or a sender of messages ("LIS|LAB")."""

    kind: str
    holder: str

    @property
    def is_sender(self) -> bool:
        return not self.holder.startswith("Organization/")

    @property
    def system(self) -> str:
        return SENDER if self.is_sender else OWN

    @property
    def value(self) -> str:
        """The value of the maps' identifier."""
        return self.holder if self.is_sender else f"{self.holder.partition('/')[2]}.{self.kind}"

    def id_for(self, code: str) -> str:
        """The id of the map in which a code stands."""
        if self.is_sender:
            return id_of(self.holder)
        part = int(sha256(code.encode()).hexdigest()[:8], 16) % KINDS[self.kind].spread
        return f"codes-{sha256(self.value.encode()).hexdigest()[:24]}-{part}"


@cache
def targets(kind: str) -> Mapping[str, Named]:
    """Our concepts of a kind, by code."""
    known: dict[str, Mapping[str, Named]] = {
        VALUES: {code: each.concept for code, each in analytes().items()},
        ITEMS: {code: each.concept for code, each in orderables().items()},
        DRUGS: drugs(), DIAGNOSES: diagnoses(), DEPARTMENTS: specialties(),
    }  # fmt: skip
    return known[kind]


def suggest(kind: str, code: str, text: str, *, most: int = 3) -> list[Named]:
    """Ours of the same code, name or initials, in this order."""
    known = list(targets(kind).values())
    found = [each for typed in (code, text) if typed.strip() for each in equal(known, typed)]
    return list({each.code: each for each in found}.values())[:most]


def of(reads: Reads, sender: str, *, on: date) -> dict[str, str]:
    """What a sender's codes mean on a day: LOINC code, or "" for one whose values are not kept."""
    found = ((code, entry.on(on)) for code, entry in entries(reads, Source(VALUES, sender)).items())
    return {code: row.ours for code, row in found if row is not None}


def meaning(reads: Reads, kind: str, holder: str, code: str, *, on: date) -> str | None:
    """What an institution's own code means on a day; "" for what is not used here, None when nobody has said."""
    source = Source(kind, holder)
    found = _entries(_map(reads, source.id_for(code.strip()))).get(code.strip())
    row = found.on(on) if found else None
    return row.ours if row else None


def entries(reads: Reads, source: Source) -> dict[str, Entry]:
    """Everything that stands in a dictionary, by code."""
    if source.is_sender:
        return _entries(_map(reads, id_of(source.holder)))
    query = [("identifier", f"{source.system}|{source.value}"), ("_count", str(_PAGE))]
    found: dict[str, Entry] = {}
    for each in reads.page("ConceptMap", query, strict=True).matches:
        found |= _parsed(each.body)
    return dict(sorted(found.items()))


def owner_of(resource: dict[str, Any]) -> str:
    """The institution whose dictionary it is; "" when it says nothing."""
    found = [each for each in resource.get("extension", ()) if each["url"] == _EXT + _OWNER]
    return str(found[0]["valueReference"]["reference"]) if found else ""


def id_of(sender: str) -> str:
    """The id of a sender's map."""
    return f"hl7-{sha256(sender.encode()).hexdigest()[:24]}"


def resource(source: Source, id_: str, owner: str, found: Mapping[str, Entry]) -> dict[str, Any]:
    """The map that says this."""
    kind = KINDS[source.kind]
    made: dict[str, Any] = {
        "resourceType": "ConceptMap", "id": id_, "status": "active", "url": f"{systems.BASE}/map/{id_}",
        "extension": [{"url": _EXT + _OWNER, "valueReference": {"reference": owner}}],
        "name": "LaboratoryCodes" if source.is_sender else "OwnCodes", "title": source.value,
        "identifier": {"system": source.system, "value": source.value},
    }  # fmt: skip
    if found:
        listed = [_element(source.kind, entry) for _, entry in sorted(found.items())]
        made["group"] = [{"source": source.system, "target": kind.system, "element": listed}]
    return made


def current(reads: Reads, source: Source, code: str) -> tuple[str, dict[str, Any], dict[str, Entry]]:
    """(id, map as it stands or {}, its entries) of the map in which a code stands."""
    id_ = source.id_for(code)
    stands = _map(reads, id_)
    return id_, stands, _entries(stands)


def since(entry: Entry, row: Row) -> Entry:
    """The entry with another meaning from a day on; what held on that very day stays in its history."""
    return replace(entry, rows=(*ended(entry, row.since or date.min).rows, row), wanted=None)


def ended(entry: Entry, day: date) -> Entry:
    """The entry without a meaning from a day on."""
    kept = (replace(each, until=min(each.until or day, day)) for each in entry.rows)
    return replace(entry, rows=tuple(kept), wanted=None)


# -- reading and writing an element


def _map(reads: Reads, id_: str) -> dict[str, Any]:
    try:
        return reads.read("ConceptMap", id_)
    except (NotFound, Gone):
        return {}


@lru_cache(maxsize=2000)
def _parsed(body: bytes) -> Mapping[str, Entry]:
    """What a version of a map says: most of a dictionary has not changed since somebody last looked."""
    return MappingProxyType(_entries(exact.decode(body)))


def _entries(found: Mapping[str, Any]) -> dict[str, Entry]:
    elements = [element for group in found.get("group", ()) for element in group.get("element", ())]
    return {str(each["code"]): _entry(each) for each in elements}


def _entry(element: dict[str, Any]) -> Entry:
    said = {each["url"].removeprefix(_EXT): each for each in element.get("extension", ())}
    wanted = said.get(_WANTED)
    return Entry(
        str(element["code"]), str(element.get("display", "")), tuple(map(_row, element.get("target", ()))),
        int(said[_MET]["valueUnsignedInt"]) if _MET in said else 0,
        str(said[_LAST]["valueDate"]) if _LAST in said else "", _proposal(wanted["extension"]) if wanted else None,
        next((each["valueInstant"] for each in wanted["extension"] if each["url"] == "due"), "") if wanted else "",
    )  # fmt: skip


def _row(target: dict[str, Any]) -> Row:
    said = {each["url"].removeprefix(_EXT): each for each in target.get("extension", ())}
    period = said[_VALID]["valuePeriod"] if _VALID in said else {}
    start, end = period.get("start"), period.get("end")
    return Row(
        str(target.get("code", "")) if target.get("equivalence") == "equal" else "",
        date.fromisoformat(start) if start else None, date.fromisoformat(end) if end else None,
        str(said[_BY]["valueReference"]["reference"]) if _BY in said else "",
    )  # fmt: skip


def _proposal(parts: Sequence[dict[str, Any]]) -> Row:
    said = {each["url"]: each for each in parts}
    return Row(said["code"]["valueString"].removeprefix(IGNORED), date.fromisoformat(said["since"]["valueDate"]), None,
               said["by"]["valueReference"]["reference"])  # fmt: skip


def _element(kind: str, entry: Entry) -> dict[str, Any]:
    said: list[dict[str, Any]] = []
    if entry.times:
        said.append({"url": _EXT + _MET, "valueUnsignedInt": entry.times})
    if entry.last:
        said.append({"url": _EXT + _LAST, "valueDate": entry.last})
    if entry.wanted is not None:
        said.append({"url": _EXT + _WANTED, "extension": [
            {"url": "code", "valueString": entry.wanted.ours or IGNORED},
            {"url": "since", "valueDate": (entry.wanted.since or date.min).isoformat()},
            {"url": "by", "valueReference": {"reference": entry.wanted.by}},
            *([{"url": "due", "valueInstant": entry.due}] if entry.due else []),
        ]})  # fmt: skip
    made: dict[str, Any] = {"extension": said} if said else {}
    made["code"] = entry.code
    if entry.text:
        made["display"] = entry.text
    if entry.rows:
        made["target"] = [_target(kind, row) for row in entry.rows]
    return made


def _target(kind: str, row: Row) -> dict[str, Any]:
    said: list[dict[str, Any]] = []
    period = {name: day.isoformat() for name, day in (("start", row.since), ("end", row.until)) if day is not None}
    if period:
        said.append({"url": _EXT + _VALID, "valuePeriod": period})
    if row.by:
        said.append({"url": _EXT + _BY, "valueReference": {"reference": row.by}})
    made: dict[str, Any] = {"extension": said} if said else {}
    if not row.ours:
        return {**made, "equivalence": "unmatched", "comment": "not kept"}
    known = targets(kind).get(row.ours)
    shown = {"display": known.zh} if known is not None else {}
    return {**made, "code": row.ours, **shown, "equivalence": "equal"}
