"""What somebody took at home when they came in: each line is kept, changed or stopped, and says why.

MedicationStatement, one a line, derived from the prescription that it is about; what is kept or changed becomes an
order of the ward (the journey does that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, Issue
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import stay
from doorstep.workflows.coordination import attest, day
from doorstep.workflows.table import Act

Resource = dict[str, Any]

KEEP, CHANGE, STOP = "keep", "change", "stop"
_ACT: Final = Act("reconcile", "ward.reconcile", "ward", ("in",), "in")
_STATUS: Final = {KEEP: "active", CHANGE: "active", STOP: "stopped"}
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one drug from home. ``request`` "MedicationRequest/x"; ``dose`` is the new one of a change.

    ``reason`` is the coded one for what is unusual about going on with it.
    """

    request: str
    choice: str
    why: str = ""
    dose: str = ""
    frequency: str = "qd"
    reason: str = ""


def of_home(reads: Reads, resident: str, *, now: int) -> list[Resource]:
    """What was prescribed outside a ward in the last months, newest first, one line a drug."""
    since = day(now) - timedelta(days=policy("home-drugs.back", on=day(now), reads=reads).amount)
    query = [("patient", resident), ("authoredon", f"ge{since.isoformat()}"), ("_sort", "-authoredon"),
             ("_count", str(_MOST))]  # fmt: skip
    found: dict[str, Resource] = {}
    for row in reads.page("MedicationRequest", query, strict=True).matches:
        entry = exact.decode(row.body)
        inpatient = any(coding.get("code") == "inpatient" for each in entry.get("category", ())
                        for coding in each.get("coding", ()))  # fmt: skip
        if not inpatient and entry["status"] in ("active", "completed"):
            found.setdefault(entry.get("medicationCodeableConcept", {}).get("text", ""), entry)
    return list(found.values())


def decide(tx: Tx, *, encounter: str, choices: Sequence[Choice]) -> list[tuple[Choice, Resource]]:
    """Write each decision down; the choices with the prescriptions they are about. Every empty box is named."""
    found = stay.running(tx, encounter)
    stay.only(tx, stay.DOCTORS)
    _complete(choices)
    written, decided = [], []
    for each in choices:
        request = tx.read("MedicationRequest", Ref.parse(each.request).id)
        stored = tx.create(_statement(tx, encounter, found, each, request))
        written.append(f"{stored.ref}/_history/{stored.version}")
        decided.append((each, request))
    attest(tx, stay.TABLE, _ACT, (*written, found["subject"]["reference"]))
    return decided


def decided(reads: Reads, encounter: str) -> list[Resource]:
    """What was decided in a stay, by the prescription that it is about."""
    return reads.search("MedicationStatement", [("context", f"Encounter/{encounter}")])


def choice_of(statement: Resource) -> Resource:
    """keep, change or stop, as a CodeableConcept with the reason in its text."""
    return dict(statement.get("statusReason", [{}])[0])


def _statement(tx: Tx, encounter: str, found: Resource, each: Choice, request: Resource) -> Resource:
    coding = reasons("home-drugs.choice")[each.choice].coding()
    dose = each.dose.strip() or request.get("dosageInstruction", [{}])[0].get("text", "")
    return {
        "resourceType": "MedicationStatement", "status": _STATUS[each.choice],
        "statusReason": [{"coding": [coding], **({"text": each.why.strip()} if each.why.strip() else {})}],
        "medicationCodeableConcept": request["medicationCodeableConcept"], "subject": found["subject"],
        "context": {"reference": f"Encounter/{encounter}"}, "dateAsserted": instant(tx.now),
        "informationSource": {"reference": tx.actor.person}, "derivedFrom": [{"reference": each.request}],
        **({"dosage": [{"text": dose}]} if dose else {}),
    }  # fmt: skip


def _complete(choices: Sequence[Choice]) -> None:
    wrong = []
    for place, each in enumerate(choices):
        if each.choice not in _STATUS:
            wrong.append(Issue("error", "required", "ward.choose-each", {}, f"choice[{place}]"))
        elif each.choice != KEEP and not each.why.strip():
            wrong.append(Issue("error", "required", "ward.why-needed", {}, f"why[{place}]"))
        elif each.choice == CHANGE and not each.dose.strip():
            wrong.append(Issue("error", "required", "ward.dose-needed", {}, f"dose[{place}]"))
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
