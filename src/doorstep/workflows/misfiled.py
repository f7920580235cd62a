"""An entry was written about the wrong resident: it is moved, and everybody who read it is told.

Ids carry the resident's part of the record, so nothing changes hands in place: the old entry is marked as entered in
error and stays readable with its versions, a copy with the same content stands in the right record, one Provenance
names both. What a workflow still works on is not moved but withdrawn, or corrected by whoever made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorstep.kernel import exact, roles
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.workflows import correction, messages
from doorstep.workflows.coordination import attest, moment
from doorstep.workflows.table import Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "misfiled", "misfiled.misfiled", "", ("house",),
    (State("moved", "misfiled.moved", "", "entered-in-error"),),
    (
        Act("move", "misfiled.move", "house", (), "moved", ("entries", "reason", "note"),
            ("misfiled.other-house", "misfiled.same-resident", "misfiled.worked-on", "misfiled.not-movable")),
    ),
)  # fmt: skip
"""Its one act, for the testimony it leaves."""

MOVABLE: Final = (
    "Observation", "DiagnosticReport", "Composition", "Condition", "MedicationRequest", "MedicationStatement",
    "DocumentReference", "Procedure", "AllergyIntolerance", "Media",
)  # fmt: skip
MOST: Final = 50
_VERIFIED: Final = {
    "Condition": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
    "AllergyIntolerance": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
}  # fmt: skip


def move(tx: Tx, *, entries: Sequence[str], resident: str, reason: str, note: str) -> list[Stored]:
    """Move entries ("Type/id", all about one resident) into another resident's record; the new ones, in order.

    A report takes its results along. The mover's institution must keep every one of them.
    """
    act = TABLE.act("move")
    needed(act, {"entries": tuple(entries), "reason": reason, "note": note})
    why = reasons("misfiled").get(reason)
    if why is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    old = _gather(tx, entries)
    wrong = _one_resident(old.values())
    right = f"Patient/{tx.read('Patient', Ref.parse(resident).id)['id']}"
    if right == wrong:
        raise RuleBroken("misfiled.same-resident", element="resident")
    new = {reference: tx.fresh_id(_about(found, right)) for reference, found in old.items()}
    names = {reference: f"{found['resourceType']}/{new[reference]}" for reference, found in old.items()}
    made, targets = [], [wrong, right]
    for reference, found in old.items():
        stored = tx.create(_about(_carried(found, names), right), id=new[reference])
        gone, _ = tx.update(_void(found))
        made.append(stored)
        targets += [f"{each.ref}/_history/{each.version}" for each in (gone, stored)]
        if reference in entries:
            values = tuple(each["reference"] for each in found.get("result", ()) if each.get("reference") in old)
            correction.tell(tx, report=gone, values=values, resident=wrong, since=_since(found), what=why,
                            note=note.strip(), part_of="")  # fmt: skip
    attest(tx, TABLE, act, tuple(targets), reason={"coding": [why.coding()], "text": note.strip()})
    messages.tell(tx, resident=wrong, key="misfiled.told-gone", institution=tx.actor.organization)
    messages.tell(tx, resident=right, key="misfiled.told-come", institution=tx.actor.organization)
    return made


def movable(reads: Reads, *, resident: str) -> list[Resource]:
    """What the reader's institution wrote about a resident and could move, the newest first."""
    found: list[tuple[int, Resource]] = []
    for type_name in MOVABLE:
        if not roles.may_write(reads.actor.role, type_name):
            continue
        query = [("patient", resident), ("_sort", "-_lastUpdated"), ("_count", str(MOST))]
        for entry in reads.page(type_name, query, strict=True).matches:
            stored = reads.stored(type_name, entry.id)
            resource = exact.decode(stored.body)
            if stored.custodian == reads.actor.organization and not is_void(resource):
                found.append((stored.updated, resource))
    found.sort(key=lambda each: -each[0])
    inside = {each["reference"] for _, resource in found for each in resource.get("result", ()) if "reference" in each}
    return [each for _, each in found if f"{each['resourceType']}/{each['id']}" not in inside][:MOST]


def is_void(resource: Resource) -> bool:
    """Whether an entry is marked as entered in error."""
    if resource["resourceType"] in _VERIFIED:
        codings = (resource.get("verificationStatus") or {}).get("coding") or ()
        return any(coding.get("code") == "entered-in-error" for coding in codings)
    return resource.get("status") == "entered-in-error"


# -- inside


def _gather(tx: Tx, entries: Sequence[str]) -> dict[str, Resource]:
    """Reference -> resource, results of reports among them; each may be moved."""
    found: dict[str, Resource] = {}
    waiting = list(dict.fromkeys(entries))
    if len(waiting) > MOST:
        raise Invalid("misfiled.too-many", element="entries", most=MOST)
    while waiting:
        reference = waiting.pop(0)
        type_name, _, id_ = reference.partition("/")
        if type_name not in MOVABLE or not id_:
            raise Invalid("misfiled.not-movable", element="entries", type=type_name[:60])
        resource = tx.read(type_name, id_)
        if is_void(resource):
            raise RuleBroken("misfiled.void-already", element="entries")
        if tx.stored(type_name, id_).custodian != tx.actor.organization:
            raise Forbidden("misfiled.other-house", element="entries")
        if not roles.may_write(tx.actor.role, type_name):
            raise Forbidden("client.role-does-not-write", element=type_name, role=tx.actor.role, type=type_name)
        _require_at_rest(tx, reference)
        found[reference] = resource
        results = [str(each.get("reference", "")) for each in resource.get("result", ())]
        waiting += [each for each in results if each.startswith("Observation/") and each not in found]
    return found


def _require_at_rest(tx: Tx, reference: str) -> None:
    query = [("focus", reference), ("status", "draft,requested,received,accepted,ready,in-progress,on-hold"),
             ("_count", "1")]  # fmt: skip
    if tx.page("Task", query, strict=True).matches:
        raise RuleBroken("misfiled.worked-on", element="entries", reference=reference)


def _one_resident(resources: Any) -> str:
    named = {str((each.get("subject") or each.get("patient") or {}).get("reference", "")) for each in resources}
    if len(named) != 1 or not next(iter(named)).startswith("Patient/"):
        raise Invalid("misfiled.several-residents", element="entries")
    return next(iter(named))


def _about(resource: Resource, resident: str) -> Resource:
    """The same entry about another resident."""
    kept = {name: value for name, value in resource.items() if name not in ("id", "meta")}
    kept["patient" if kept["resourceType"] == "AllergyIntolerance" else "subject"] = {"reference": resident}
    labels = (resource.get("meta") or {}).get("security")
    return {**kept, "meta": {"security": labels}} if labels else kept


def _carried(value: Any, names: Mapping[str, str]) -> Any:
    """References to what moves along lead to where it goes; those to other entries of the wrong resident go.

    None is what nothing is left of.
    """
    if isinstance(value, list):
        return [kept for each in value if (kept := _carried(each, names)) is not None] or None
    if not isinstance(value, dict):
        return value
    reference = value.get("reference")
    if isinstance(reference, str) and reference not in names and reference.partition("/")[0] not in DIRECTORY:
        return None
    kept = {name: _carried(each, names) for name, each in value.items()}
    if isinstance(reference, str):
        kept["reference"] = names.get(reference, reference)
    return {name: each for name, each in kept.items() if each is not None} or None


def _void(resource: Resource) -> Resource:
    system = _VERIFIED.get(resource["resourceType"])
    if system is None:
        return {**resource, "status": "entered-in-error"}
    kept = {name: value for name, value in resource.items() if name != "clinicalStatus"}
    return {**kept, "verificationStatus": {"coding": [{"system": system, "code": "entered-in-error"}]}}


def _since(resource: Resource) -> int:
    """The moment from which on the entry may have been read."""
    dates = [str(resource[name]) for name in ("issued", "date", "authoredOn", "recordedDate", "dateAsserted")
             if "T" in str(resource.get(name, ""))]  # fmt: skip
    return moment(dates[0]) if dates else 0
