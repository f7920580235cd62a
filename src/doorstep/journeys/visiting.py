"""F8 at a visit: everything that was written, chosen, recognised, ordered and prescribed becomes the record at once.

One transaction: all of it or nothing. The form says whose visit it showed and in which version; what was shown of
another resident, or before somebody else signed, is refused and stays a draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.journeys import ordering
from doorstep.journeys.ordering import Line
from doorstep.kernel import exact
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows import diagnosis, note, prescription, recognition, visit
from doorstep.workflows.coordination import attest
from doorstep.workflows.diagnosis import Diagnosed
from doorstep.workflows.prescription import PRESCRIBERS, Written
from doorstep.workflows.visit import Findings

_ACT: Final = visit.TABLE.act("sign")


@dataclass(frozen=True, slots=True)
class Used:
    """An earlier result that is taken instead of a new test."""

    item: str
    report: str
    seen_critical: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a visit's form holds when it is signed; empty parts are left out of the record."""

    boxes: Mapping[str, str] = field(default_factory=dict)
    findings: Findings = Findings()
    diagnoses: tuple[Diagnosed, ...] = ()
    used: tuple[Used, ...] = ()
    lines: tuple[Line, ...] = ()
    drugs: tuple[Written, ...] = ()
    quotes: tuple[str, ...] = ()
    confirmed: bool = False
    """The resident has confirmed a long prescription."""
    valid: int = 1
    """On how many days the prescription holds."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature made: Tasks of orders and prescription lines, decisions, the note."""

    orders: tuple[Stored, ...]
    prescriptions: tuple[Stored, ...]
    decisions: tuple[Stored, ...]
    note: Stored | None


def sign(tx: Tx, *, encounter: str, resident: str, version: int, sheet: Sheet) -> Signed:
    """Sign a visit's form: note, vital signs, diagnoses, recognition, orders, prescription. The draft ends with it."""
    found = _guarded(tx, encounter, resident, version)
    again = bool(note.signed(tx, encounter))
    entries = _observed(tx, encounter, sheet.findings)
    conditions = diagnosis.write(tx, visit=found, entries=sheet.diagnoses)
    decisions = [recognition.recognise(tx, encounter=encounter, test=each.item, report=each.report,
                                       seen_critical=each.seen_critical) for each in sheet.used]  # fmt: skip
    orders = ordering.sign(tx, encounter=encounter, lines=sheet.lines)
    prescriptions = _prescribed(tx, found, sheet, conditions)
    entries += [str(each.ref) for each in conditions]
    entries += [str(exact.decode(each.body)["focus"]["reference"]) for each in (*orders, *prescriptions)]
    entries += [each.report for each in sheet.used]
    written = _noted(tx, found, sheet, entries, again=again)
    if not (entries or written):
        raise Invalid("visit.nothing-to-sign", element="complaint")
    stored, _ = tx.update(found, if_match=version)
    tx.drop_draft(encounter)
    attest(tx, visit.TABLE, _ACT, (f"Encounter/{encounter}/_history/{stored.version}", resident))
    return Signed(tuple(orders), tuple(prescriptions), tuple(decisions), written)


def _guarded(tx: Tx, encounter: str, resident: str, version: int) -> dict[str, Any]:
    stored = tx.stored("Encounter", encounter)
    found: dict[str, Any] = exact.decode(stored.body)
    ours = found.get("serviceProvider", {}).get("reference") == tx.actor.organization
    visit.TABLE.check(_ACT, state=found["status"], parties=frozenset({"clinic"} if ours else ()))
    if tx.actor.role not in PRESCRIBERS:
        raise Forbidden("visit.doctor-only")
    if found["subject"]["reference"] != resident:
        raise RuleBroken("visit.other-resident", element="resident")
    if stored.version != version:
        raise Conflict("visit.changed-meanwhile", element="version")
    return found


def _observed(tx: Tx, encounter: str, findings: Findings) -> list[str]:
    if findings == Findings():
        return []
    return [str(each.ref) for each in visit.note_findings(tx, encounter=encounter, findings=findings)]


def _prescribed(tx: Tx, found: dict[str, Any], sheet: Sheet, conditions: list[Stored]) -> list[Stored]:
    lines = prescription.read(sheet.drugs)
    if not lines:
        return []
    earlier = [each["condition"] for each in found.get("diagnosis", ())]
    codes = [each.code for each in sheet.diagnoses if each.code]
    codes += [code for each in earlier for code in _codes(tx, each["reference"])]
    known = prescription.facts(tx, visit=found, diagnoses=codes, diagnosed=bool(conditions or earlier), now=tx.now,
                               confirmed=sheet.confirmed)  # fmt: skip
    return prescription.sign(tx, visit=found, lines=lines, known=known, reasons_for=earlier[:1], valid=sheet.valid)


def _codes(tx: Tx, condition: str) -> list[str]:
    concept = tx.read("Condition", condition.partition("/")[2]).get("code", {})
    return [str(each["code"]) for each in concept.get("coding", ()) if each.get("system") == systems.ICD10]


def _noted(tx: Tx, found: dict[str, Any], sheet: Sheet, entries: list[str], *, again: bool) -> Stored | None:
    """The note when there is none yet; what is written after a signature is added to it, never over it."""
    texts = {name: text for name, text in sheet.boxes.items() if text.strip()}
    if not again:
        return note.write(tx, visit=found, boxes=texts, entries=entries, quotes=sheet.quotes)
    if texts:
        return note.append(tx, encounter=str(found["id"]), text="\n".join(texts.values()))
    return None
