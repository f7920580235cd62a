"""Institutions and departments: a tree by ``partOf`` that is dated, so that it can be asked of any day.

``partOf`` and ``name`` say what holds now; the extension ``stood`` keeps what held before, each with its period. An
institution that ends keeps its id, its codes and its history; merged, it also says into whom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import identifiers, systems
from doorstep.terms.catalogue import specialties
from doorstep.terms.districts import districts, successor
from doorstep.terms.identifiers import IdentifierError
from doorstep.workflows import directory_posts
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import (
    LEVEL,
    MERGED_INTO,
    OWNERSHIP,
    STOOD,
    VALID,
    Resource,
    alliance_only,
    attest,
    before,
    coded,
    cycle,
    extension,
    from_table,
    get,
    holds,
    identifier,
    institution_of,
    no_work,
    own_only,
    own_or_alliance,
    period_of,
    put_extension,
    read_day,
    reason_of,
    ref_of,
    save,
    typed,
)

_DEEPEST: Final = 12
_CODES: Final = {
    "credit": (systems.CREDIT_CODE, identifiers.credit_code), "licence": (systems.LICENCE, identifiers.licence_number),
    "code": (systems.INSTITUTION_CODE, identifiers.institution_code),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Details:
    """What is written about an institution besides its name and place in the tree. Codes of ``terms.catalogue.table``.

    ``confirmed``: the certificate really bears a credit code that breaks the standard.
    """

    kind: str = ""
    credit: str = ""
    licence: str = ""
    code: str = ""
    institution_class: str = ""
    level: str = ""
    ownership: str = ""
    district: str = ""
    address: str = ""
    phone: str = ""
    confirmed: bool = False


@dataclass(slots=True)
class Node:
    """One institution as it stood on a day, with what stood below it."""

    id: str
    name: str
    kind: str
    superior: str
    resource: Resource
    below: list[Node] = field(default_factory=list)


# -- commands


def open_institution(
    tx: Tx, *, name: str, alias: str = "", superior: str = "", on: str = "", details: Details
) -> Stored:
    """A new institution below another one, or at the top. Its credit code names it once in the whole system."""
    alliance_only(tx)
    typed(name=name, kind=details.kind)
    if details.kind == "department":
        raise Invalid("directory.unknown-code", element="kind", code=details.kind)
    since = read_day(tx, on, "on")
    made: Resource = {"resourceType": "Organization", "active": True, "name": name.strip()}
    if alias.strip():
        made["alias"] = [alias.strip()]
    put_extension(made, VALID, {"valuePeriod": {"start": since.isoformat()}})
    if superior:
        made["partOf"] = {"reference": _superior(tx, superior, since)}
    id_ = tx.fresh_id(made)
    _describe(tx, made, details, f"Organization/{id_}")
    stored = tx.create(made, id=id_)
    attest(tx, "open", stored)
    return stored


def open_department(tx: Tx, *, institution: str, name: str, alias: str = "", specialty: str = "") -> Stored:
    """A department of an institution, or of one of its departments."""
    above = _running(tx, institution, "superior")
    own_only(tx, ref_of(institution_of(tx, above)))
    typed(name=name)
    _same_name(tx, institution, name, "")
    made: Resource = {
        "resourceType": "Organization", "active": True, "name": name.strip(), "partOf": {"reference": institution},
        "type": [{"coding": [from_table("organization-kind", "department", "kind").coding()]}],
    }  # fmt: skip
    if specialty:
        made["type"].append({"coding": [_specialty(specialty)]})
    if alias.strip():
        made["alias"] = [alias.strip()]
    put_extension(made, VALID, {"valuePeriod": {"start": day(tx.now).isoformat()}})
    stored = tx.create(made)
    attest(tx, "open", stored)
    return stored


def describe(tx: Tx, *, organization: str, details: Details, version: str = "") -> Stored:
    """Correct the codes, class, level, address and telephone of an institution."""
    found = _running(tx, organization, "")
    own_or_alliance(tx, organization)
    if not details.kind:
        raise Invalid("workflows.empty-box", element="kind", act="describe", box="kind")
    _describe(tx, found, details, organization)
    stored = save(tx, found, version=version)
    attest(tx, "describe", stored)
    return stored


def rename(
    tx: Tx, *, organization: str, name: str, alias: str = "", on: str = "", version: str = ""
) -> Stored:  # fmt: skip
    """Another name from a day on; the old one stays true of the days before."""
    found = _running(tx, organization, "")
    _own_kind(tx, found)
    typed(name=name)
    if coded(found, systems.ORGANIZATION_KIND) == "department":
        _same_name(tx, found["partOf"]["reference"], name, found["id"])
    _stood_until(found, read_day(tx, on, "on"))
    found["name"] = name.strip()
    found["alias"] = [alias.strip()] if alias.strip() else []
    if not found["alias"]:
        del found["alias"]
    stored = save(tx, found, version=version)
    attest(tx, "rename", stored)
    return stored


def move(tx: Tx, *, organization: str, superior: str, on: str = "", version: str = "") -> Stored:
    """Another superior from a day on. Nothing may come to stand below itself."""
    found = _running(tx, organization, "")
    _own_kind(tx, found)
    since = read_day(tx, on, "on")
    typed(superior=superior)
    above = _superior(tx, superior, since, below=organization)
    department = coded(found, systems.ORGANIZATION_KIND) == "department"
    if department and ref_of(institution_of(tx, get(tx, above))) != ref_of(institution_of(tx, found)):
        raise RuleBroken("directory.other-institution", element="superior")
    _stood_until(found, since)
    found["partOf"] = {"reference": above}
    stored = save(tx, found, version=version)
    attest(tx, "move", stored)
    return stored


def merge(tx: Tx, *, organization: str, into: str, on: str = "", version: str = "") -> Stored:
    """One institution becomes part of another: its departments, places and posts go with it, its services end."""
    alliance_only(tx)
    found = _running(tx, organization, "")
    typed(into=into)
    since = read_day(tx, on, "on")
    target = _superior(tx, into, since, below=organization, element="into")
    if target == organization:
        raise cycle(organization)
    _too_early(found, since)
    no_work(tx, organization)
    moved = []
    for below in _children(tx, organization):
        _stood_until(below, since)
        below["partOf"] = {"reference": target}
        moved.append(save(tx, below))
    for place in tx.search("Location", [("organization", organization)]):
        place["managingOrganization"] = {"reference": target}
        moved.append(save(tx, place))
    moved += directory_posts.carry_over(tx, organization=organization, into=target, on=since)
    moved += _end_services(tx, organization, since)
    put_extension(found, MERGED_INTO, {"valueReference": {"reference": target}})
    stored = _finish(tx, found, since, version)
    attest(tx, "merge", stored, *moved, reason=reason_of("merged"))
    return stored


def close(tx: Tx, *, organization: str, reason: str, on: str = "", version: str = "") -> Stored:
    """The end of an institution or department. What stands below an institution must have gone first."""
    found = _running(tx, organization, "")
    _own_kind(tx, found)
    why = reason_of(reason)
    since = read_day(tx, on, "on")
    _too_early(found, since)
    below = _children(tx, organization)
    others = [each for each in below if coded(each, systems.ORGANIZATION_KIND) != "department"]
    if others:
        raise RuleBroken("directory.has-members", element="organization", count=len(others))
    if coded(found, systems.ORGANIZATION_KIND) == "department" and directory_posts.of_department(tx, organization):
        raise RuleBroken("directory.has-posts", element="organization")
    no_work(tx, organization, *(ref_of(each) for each in _all_below(tx, below)))
    ended = [_finish(tx, each, since, "") for each in _all_below(tx, below)]
    ended += directory_posts.end_all(tx, organization=organization, on=since, reason=why)
    ended += _end_services(tx, organization, since)
    stored = _finish(tx, found, since, version)
    attest(tx, "close", stored, *ended, reason=why)
    return stored


def reopen(tx: Tx, *, organization: str, version: str = "") -> Stored:
    """Take back an end that was a mistake. Posts and services that ended with it are begun again one by one."""
    found = get(tx, organization)
    _own_kind(tx, found)
    if found.get("active", True):
        raise Conflict("directory.not-closed", organization=organization)
    if "partOf" in found:
        _running(tx, found["partOf"]["reference"], "superior")
    put_extension(found, MERGED_INTO)
    put_extension(found, VALID, {"valuePeriod": {"start": period_of(found).get("start", day(tx.now).isoformat())}})
    found["active"] = True
    stored = save(tx, found, version=version)
    attest(tx, "reopen", stored)
    return stored


# -- questions


def standing_on(organization: Resource, on: date) -> tuple[str, str] | None:
    """(name, superior) on a day; None when the institution did not exist then."""
    if not holds(period_of(organization), on):
        return None
    for entry in extension(organization, STOOD):
        parts = {each["url"]: each for each in entry["extension"]}
        if holds(parts["period"]["valuePeriod"], on):
            above = parts.get("part-of", {}).get("valueReference", {}).get("reference", "")
            return str(parts["name"]["valueString"]), str(above)
    return str(organization.get("name", "")), str(organization.get("partOf", {}).get("reference", ""))


def tree_on(reads: Reads, on: date, *, departments: bool = False) -> list[Node]:
    """The whole tree as it stood on a day: the tops, each with what stood below it, by name."""
    nodes: dict[str, Node] = {}
    for found in reads.search("Organization", []):
        kind = coded(found, systems.ORGANIZATION_KIND)
        stood = standing_on(found, on)
        if stood is not None and (departments or kind != "department"):
            nodes[ref_of(found)] = Node(found["id"], stood[0], kind, stood[1], found)
    tops: list[Node] = []
    for node in sorted(nodes.values(), key=lambda each: (each.name, each.id)):
        above = nodes.get(node.superior)
        (above.below if above is not None else tops).append(node)
    return tops


def details_of(organization: Resource) -> Details:
    """What is written about an institution, as a form shows it."""
    address = organization.get("address", [{}])[0]
    codes = (each.get("valueCode", "") for each in address.get("extension", ()) if each.get("url") == systems.DISTRICT)
    held = {
        name: [each["valueCoding"]["code"] for each in extension(organization, name)] for name in (LEVEL, OWNERSHIP)
    }
    return Details(
        kind=coded(organization, systems.ORGANIZATION_KIND), credit=identifier(organization, systems.CREDIT_CODE),
        licence=identifier(organization, systems.LICENCE), code=identifier(organization, systems.INSTITUTION_CODE),
        institution_class=coded(organization, systems.INSTITUTION_CLASS), level="".join(held[LEVEL][:1]),
        ownership="".join(held[OWNERSHIP][:1]), district=next(codes, ""), address=str(address.get("text", "")),
        phone=str(organization.get("telecom", [{}])[0].get("value", "")),
    )  # fmt: skip


def became(reads: Reads, organization: str) -> str:
    """The institution that carries on what a merged one did; itself when it was not merged."""
    for _ in range(_DEEPEST):
        merged = extension(get(reads, organization), MERGED_INTO)
        if not merged:
            break
        organization = str(merged[0]["valueReference"]["reference"])
    return organization


# -- inside


def _describe(tx: Tx, made: Resource, details: Details, reference: str) -> None:
    kinds = [from_table("organization-kind", details.kind, "kind").coding()]
    if details.institution_class:
        kinds.append(from_table("institution-class", details.institution_class, "institution_class").coding())
    made["type"] = [{"coding": [coding]} for coding in kinds]
    for box in _CODES:
        _code(tx, made, box, str(getattr(details, box)), reference, details.confirmed)
    for name, box in ((LEVEL, "level"), (OWNERSHIP, "ownership")):
        chosen = getattr(details, box)
        put_extension(made, name, *([{"valueCoding": from_table(name, chosen, box).coding()}] if chosen else []))
    _where(tx, made, details)


def _where(tx: Tx, made: Resource, details: Details) -> None:
    made.pop("address", None)
    made.pop("telecom", None)
    if details.district and details.district not in districts():
        raise Invalid("directory.unknown-code", element="district", code=details.district)
    today = day(tx.now)
    now = successor(details.district, today) if details.district else None
    if details.district and now != districts()[details.district]:
        became = now.code if now else ""
        raise Invalid("directory.district-ended", element="district", code=details.district, now=became)
    address: Resource = {"use": "work", "text": details.address.strip()} if details.address.strip() else {}
    if details.district:
        known = districts()[details.district]
        address |= {"district": known.zh, "extension": [{"url": systems.DISTRICT, "valueCode": known.code}]}
    if address:
        made["address"] = [address]
    if details.phone.strip():
        made["telecom"] = [{"system": "phone", "value": details.phone.strip(), "use": "work"}]


def _code(tx: Tx, made: Resource, box: str, typed_in: str, reference: str, confirmed: bool) -> None:
    """One identifier: judged, unique among institutions, and given up when it is replaced."""
    system, reading = _CODES[box]
    earlier = identifier(made, system)
    kept = [each for each in made.get("identifier", ()) if each.get("system") != system]
    value = "".join(typed_in.upper().split())
    if value:
        try:
            value = reading(value)
        except IdentifierError as wrong:
            if not (box == "credit" and confirmed and 1 <= len(value) <= 40):
                raise Invalid(wrong.key, element=box) from None
        kept.append({"system": system, "value": value})
    if value != earlier:
        if earlier:
            tx.release(f"directory.{box}", earlier, holder=reference)
        if value:
            _only(tx, system, value, box, reference)
            tx.claim(f"directory.{box}", value, holder=reference)
    if kept:
        made["identifier"] = kept
    else:
        made.pop("identifier", None)


def _only(tx: Tx, system: str, value: str, box: str, reference: str) -> None:
    taken = [each for each in tx.search("Organization", [("identifier", f"{system}|{value}")])
             if ref_of(each) != reference]  # fmt: skip
    if taken:
        raise Conflict("directory.code-taken", element=box, code=value, name=taken[0].get("name", ""))


def _running(tx: Tx, reference: str, element: str) -> Resource:
    found = get(tx, reference, element)
    if found["resourceType"] != "Organization":
        raise Invalid("directory.not-there", element=element, reference=reference)
    if not found.get("active", True):
        raise RuleBroken("directory.closed", element=element, name=found.get("name", ""))
    return found


def _own_kind(tx: Tx, found: Resource) -> None:
    """A department belongs to its institution's administrator, an institution to the alliance."""
    if coded(found, systems.ORGANIZATION_KIND) == "department":
        own_only(tx, ref_of(institution_of(tx, found)))
    else:
        alliance_only(tx)


def _superior(tx: Tx, reference: str, since: date, *, below: str = "", element: str = "superior") -> str:
    """What may stand above ``below``: running since before that day, and not itself below it."""
    above = _running(tx, reference, element)
    if str(period_of(above).get("start", "")) > since.isoformat():
        raise Invalid("directory.superior-younger", element=element, day=str(period_of(above)["start"]))
    walked = above
    for _ in range(_DEEPEST):
        tx.expect(tx.stored("Organization", walked["id"]))
        if ref_of(walked) == below:
            raise cycle(reference)
        if "partOf" not in walked:
            return reference
        walked = get(tx, walked["partOf"]["reference"])
    raise RuleBroken("directory.too-deep", element=element, most=_DEEPEST)


def _children(tx: Tx, reference: str) -> list[Resource]:
    return [each for each in tx.search("Organization", [("partof", reference)]) if each.get("active", True)]


def _all_below(tx: Tx, departments: list[Resource]) -> list[Resource]:
    return [each for found in departments for each in (*_all_below(tx, _children(tx, ref_of(found))), found)]


def _same_name(tx: Tx, above: str, name: str, own: str) -> None:
    for each in _children(tx, above):
        if each["id"] != own and each.get("name") == name.strip():
            raise Conflict("directory.same-name", element="name", name=name.strip())


def _specialty(code: str) -> dict[str, str]:
    known = specialties().get(code)
    if known is None:
        raise Invalid("directory.unknown-code", element="specialty", code=code)
    return known.coding()


def _last(found: Resource) -> str:
    """Since when the institution has stood as it stands."""
    ends = [each["valuePeriod"]["end"] for entry in extension(found, STOOD) for each in entry["extension"]
            if each["url"] == "period"]  # fmt: skip
    after = date.fromisoformat(max(ends)).toordinal() + 1 if ends else 0
    return date.fromordinal(after).isoformat() if after else str(period_of(found).get("start", ""))[:10]


def _too_early(found: Resource, since: date) -> None:
    if since.isoformat() < _last(found):
        raise Invalid("directory.day-too-early", element="on", day=since.isoformat(), last=_last(found))


def _stood_until(found: Resource, since: date) -> None:
    """Keep what holds now as what held until the day before; nothing to keep when it began only that day."""
    last = _last(found)
    if last == since.isoformat():
        return
    _too_early(found, since)
    period = {"end": before(since)} | ({"start": last} if last else {})
    parts: list[dict[str, Any]] = [{"url": "name", "valueString": found["name"]}]
    if "partOf" in found:
        parts.append({"url": "part-of", "valueReference": {"reference": found["partOf"]["reference"]}})
    parts.append({"url": "period", "valuePeriod": period})
    kept = [{"extension": each["extension"]} for each in extension(found, STOOD)]
    put_extension(found, STOOD, *kept, {"extension": parts})


def _finish(tx: Tx, found: Resource, since: date, version: str) -> Stored:
    period = {key: value for key, value in period_of(found).items() if key == "start"}
    put_extension(found, VALID, {"valuePeriod": {**period, "end": max(before(since), str(period.get("start", "")))}})
    found["active"] = False
    return save(tx, found, version=version)


def _end_services(tx: Tx, organization: str, since: date) -> list[Stored]:
    ended = []
    for parameter in ("primary-organization", "participating-organization"):
        for each in tx.search("OrganizationAffiliation", [(parameter, organization), ("active", "true")]):
            each["active"] = False
            started = str(each.get("period", {}).get("start", ""))
            each["period"] = {**each.get("period", {}), "end": max(before(since), started)}
            ended.append(save(tx, each))
    for each in tx.search("HealthcareService", [("organization", organization), ("active", "true")]):
        ended.append(save(tx, {**each, "active": False}))
    return ended
