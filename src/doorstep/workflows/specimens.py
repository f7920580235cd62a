"""The Specimen of an order: made when it is collected or comes in, marked when it comes in or cannot be used."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import systems, tubes
from doorstep.workflows import labels, result
from doorstep.workflows.coordination import Case, boxes, item, item_reference

SPECIMEN: Final = "specimen"
TAKEN: Final = "taken"
PRINTED: Final = "printed"
_KINDS: Final = {
    "serum": ("119364003", "Serum specimen"), "blood": ("119297000", "Blood specimen"),
    "plasma": ("119361006", "Plasma specimen"), "urine": ("122575003", "Urine specimen"),
}  # fmt: skip
_UNUSABLE: Final = "unsatisfactory"


def request_of(tx: Tx, case: Case) -> dict[str, Any]:
    """The ServiceRequest of an order."""
    return tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)


def of(tx: Tx, case: Case) -> dict[str, Any] | None:
    """The Specimen as it stands; None as long as nobody has collected or received one."""
    known = boxes(case.task.get("output", [])).get(SPECIMEN, "")
    return tx.read("Specimen", Ref.parse(known).id) if known else None


def write(tx: Tx, case: Case, request: dict[str, Any], number: str, *, collected: int = 0) -> str:
    """A Specimen under a number, its reference put into the case; "Specimen/x/_history/1"."""
    test = result.test_of(request)
    made: dict[str, Any] = {
        "resourceType": "Specimen", "status": "available",
        "identifier": [{"system": labels.NUMBER, "value": number}],
        "accessionIdentifier": {"system": labels.NUMBER, "value": number},
        "subject": request["subject"], "request": [{"reference": f"ServiceRequest/{request['id']}"}],
    }  # fmt: skip
    kind = _KINDS.get(test.specimen if test else "")
    if kind:
        made["type"] = {"coding": [{"system": systems.SNOMED, "code": kind[0], "display": kind[1]}]}
    if collected:
        made["collection"] = {"collector": {"reference": tx.actor.person}, "collectedDateTime": instant(collected)}
    else:
        made["receivedTime"] = instant(tx.now)
    tube = tubes.tubes().get(number[:1])
    if tube:
        made["container"] = [{"type": {"coding": [tube.coding()]}}]
    stored = tx.create(made)
    replace_box(case, "output", item_reference(SPECIMEN, str(stored.ref)))
    if collected:
        replace_box(case, "input", item(TAKEN, instant(collected)))
    return f"{stored.ref}/_history/{stored.version}"


def receive(tx: Tx, case: Case) -> str:
    """It has come in; what nobody scanned where it was taken is written down now."""
    found = of(tx, case)
    if found is None or found["status"] == _UNUSABLE:
        request = request_of(tx, case)
        return write(tx, case, request, labels.number_of(request) or "-")
    stored, _ = tx.update({**found, "receivedTime": instant(tx.now)})
    return f"{stored.ref}/_history/{stored.version}"


def spoil(tx: Tx, case: Case, reason: dict[str, Any]) -> None:
    """It cannot be used: said on it, its number spent, and another issued for the tube that is to come."""
    found = of(tx, case)
    if found is not None and found["status"] != _UNUSABLE:
        text = reason["coding"][0].get("display", reason["coding"][0]["code"])
        tx.update({**found, "status": _UNUSABLE, "condition": [{"text": text}]})
    request = request_of(tx, case)
    number = labels.issue(tx, labels.letter_of(result.test_of(request)))
    tx.claim(labels.KIND, number, holder=case.id)
    tx.update(labels.renumber(request, number))
    for name in (PRINTED, TAKEN, SPECIMEN):
        drop_box(case, name)


def replace_box(case: Case, member: str, entry: dict[str, Any]) -> None:
    """Put a box into Task.input or Task.output instead of the one of its name."""
    name = entry["type"]["coding"][0]["code"]
    kept = [each for each in case.task.get(member, []) if each["type"]["coding"][0]["code"] != name]
    case.task[member] = [*kept, entry]


def drop_box(case: Case, name: str) -> None:
    """Take a box out of Task.input and Task.output."""
    for member in ("input", "output"):
        kept = [each for each in case.task.get(member, []) if each["type"]["coding"][0]["code"] != name]
        if kept:
            case.task[member] = kept
        else:
            case.task.pop(member, None)
