"""Places: site, building, ward, room, bed, as Locations below one another (R4 Location, physical type).

Whether a bed can be used stands in ``operationalStatus`` (HL7 table 0116); whether the place exists in ``status``.
"""

from __future__ import annotations

from typing import Final

from doorstep.kernel.errors import Conflict, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import specialties
from doorstep.workflows.directory import (
    Resource,
    attest,
    coded,
    from_table,
    get,
    own_only,
    reason_of,
    ref_of,
    save,
    typed,
)

WITHIN: Final = {
    "si": ("",), "bu": ("", "si"), "wa": ("", "si", "bu"), "ro": ("", "si", "bu", "wa"), "bd": ("wa", "ro"),
}  # fmt: skip
"""Kind of place -> what it may stand in; "" is the institution itself."""


def place(tx: Tx, *, institution: str, kind: str, name: str, within: str = "") -> Stored:
    """A new place of an institution. A new bed is free."""
    own_only(tx, institution)
    typed(name=name, kind=kind)
    where = get(tx, institution, "institution")
    if not where.get("active", True):
        raise RuleBroken("directory.closed", element="institution", name=where.get("name", ""))
    what = from_table("place-kind", kind, "kind")
    made: Resource = {
        "resourceType": "Location", "status": "active", "mode": "instance", "name": name.strip(),
        "physicalType": {"coding": [what.coding()]}, "managingOrganization": {"reference": institution},
    }  # fmt: skip
    above = _above(tx, within, institution) if within else None
    if (kind_of(above) if above else "") not in WITHIN[kind]:
        raise RuleBroken("directory.place-within", element="within")
    if above:
        made["partOf"] = {"reference": within}
        tx.expect(tx.stored("Location", above["id"]))
    _same_name(tx, institution, within, name, "")
    if kind == "bd":
        made["operationalStatus"] = from_table("bed-status", "U", "status").coding()
    stored = tx.create(made)
    tx.claim("place", f"{institution} {within} {name.strip()}", holder=str(stored.ref))
    attest(tx, "place", stored)
    return stored


def rename_place(tx: Tx, *, location: str, name: str, version: str = "") -> Stored:
    found = _own(tx, location)
    typed(name=name)
    institution, within = found["managingOrganization"]["reference"], _within(found)
    _same_name(tx, institution, within, name, found["id"])
    tx.release("place", f"{institution} {within} {found['name']}", holder=location)
    tx.claim("place", f"{institution} {within} {name.strip()}", holder=location)
    stored = save(tx, {**found, "name": name.strip()}, version=version)
    attest(tx, "rename", stored)
    return stored


def set_bed(tx: Tx, *, location: str, status: str, version: str = "") -> Stored:
    """Whether a bed can be used."""
    found = _own(tx, location)
    if kind_of(found) != "bd":
        raise RuleBroken("directory.not-a-bed")
    chosen = from_table("bed-status", status, "status")
    stored = save(tx, {**found, "operationalStatus": chosen.coding()}, version=version)
    attest(tx, "status", stored)
    return stored


def set_specialty(tx: Tx, *, location: str, specialty: str, version: str = "") -> Stored:
    """What a ward is for: referrals of that specialty find its beds. "" for none."""
    found = _own(tx, location)
    if kind_of(found) != "wa":
        raise RuleBroken("beds.not-a-ward", element="specialty")
    known = specialties().get(specialty)
    if specialty and known is None:
        raise Invalid("workflows.unknown-specialty", element="specialty", specialty=specialty)
    kept = [each for each in found.get("type", ()) if coded({"type": [each]}, systems.SPECIALTY) == ""]
    found.pop("type", None)
    if known is not None:
        kept.append({"coding": [known.coding()]})
    stored = save(tx, {**found, **({"type": kept} if kept else {})}, version=version)
    attest(tx, "edit", stored)
    return stored


def close_place(tx: Tx, *, location: str, reason: str, version: str = "") -> Stored:
    """The end of a place. An occupied bed, and a place with something in it, cannot end."""
    found = _own(tx, location)
    why = reason_of(reason)
    if tx.search("Location", [("partof", location), ("status", "active")]):
        raise RuleBroken("directory.place-not-empty")
    if found.get("operationalStatus", {}).get("code") == "O":
        raise RuleBroken("directory.bed-occupied")
    institution = found["managingOrganization"]["reference"]
    tx.release("place", f"{institution} {_within(found)} {found['name']}", holder=location)
    stored = save(tx, {**found, "status": "inactive"}, version=version)
    attest(tx, "close", stored, reason=why)
    return stored


def reopen_place(tx: Tx, *, location: str, version: str = "") -> Stored:
    """Take back the end of a place."""
    found = get(tx, location)
    institution, within = found["managingOrganization"]["reference"], _within(found)
    own_only(tx, institution)
    if found.get("status") == "active":
        raise Conflict("directory.not-closed")
    if within:
        _above(tx, within, institution)
    _same_name(tx, institution, within, found["name"], found["id"])
    tx.claim("place", f"{institution} {within} {found['name']}", holder=location)
    stored = save(tx, {**found, "status": "active"}, version=version)
    attest(tx, "reopen", stored)
    return stored


def places_of(reads: Reads, institution: str) -> list[tuple[int, Resource]]:
    """(depth, place) of everything that an institution has, each below what it stands in, by name."""
    found = reads.search("Location", [("organization", institution)])
    known = {ref_of(each) for each in found}
    below: dict[str, list[Resource]] = {}
    for each in sorted(found, key=lambda place: (str(place.get("name", "")), str(place["id"]))):
        above = _within(each)
        below.setdefault(above if above in known else "", []).append(each)
    listed: list[tuple[int, Resource]] = []

    def walk(above: str, depth: int) -> None:
        for each in below.get(above, ()):
            listed.append((depth, each))
            walk(ref_of(each), depth + 1)

    walk("", 0)
    return listed


def kind_of(location: Resource) -> str:
    return coded(location, systems.PLACE_KIND, "physicalType")


def _within(location: Resource) -> str:
    return str(location.get("partOf", {}).get("reference", ""))


def _own(tx: Tx, location: str) -> Resource:
    found = get(tx, location)
    if found["resourceType"] != "Location":
        raise Invalid("directory.not-there", reference=location)
    own_only(tx, str(found.get("managingOrganization", {}).get("reference", "")))
    if found.get("status") != "active":
        raise RuleBroken("directory.place-closed", name=found.get("name", ""))
    return found


def _above(tx: Tx, within: str, institution: str) -> Resource:
    above = get(tx, within, "within")
    if above.get("managingOrganization", {}).get("reference") != institution:
        raise RuleBroken("directory.other-institution", element="within")
    if above.get("status") != "active":
        raise RuleBroken("directory.place-closed", element="within", name=above.get("name", ""))
    return above


def _same_name(tx: Tx, institution: str, within: str, name: str, own: str) -> None:
    query = [("organization", institution), ("status", "active"), ("name:exact", name.strip())]
    for each in tx.search("Location", query):
        if each["id"] != own and _within(each) == within:
            raise Conflict("directory.same-name", element="name", name=name.strip())
