"""A prescription line: the doctor signs, the pharmacist checks and dispenses or sends it back, the day's end ends it.

MedicationRequest + coordinating Task for each drug; lines of one sheet share a number (groupIdentifier). What asks for
a reason leaves a DetectedIssue with the reason as its mitigation. Valid on the day, at most three days when the doctor
says so (处方管理办法 art. 18).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Forbidden, Invalid, Issue, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import formulary, systems
from doorstep.terms.catalogue import Concept, reasons
from doorstep.terms.policies import policy
from doorstep.workflows import suitability
from doorstep.workflows.coordination import Case, begin, day, item, load, moment, move, parts_played, request_status
from doorstep.workflows.directory_people import certificate_of
from doorstep.workflows.measure import read_number
from doorstep.workflows.suitability import Dose, Facts, Finding
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "prescription", "prescription.prescription", "MedicationRequest", ("prescriber", "pharmacy"),
    (
        State("written", "prescription.written", "requested", "active", "pharmacy", "prescription.valid"),
        State("returned", "prescription.returned", "on-hold", "on-hold", "prescriber", "prescription.valid"),
        State("dispensed", "prescription.dispensed", "completed", "completed"),
        State("withdrawn", "prescription.withdrawn", "cancelled", "cancelled"),
        State("lapsed", "prescription.lapsed", "failed", "stopped"),
    ),
    (
        Act("sign", "prescription.sign", "prescriber", (), "written", ("drugs",),
            ("prescription.unsuitable", "workflows.visit-over")),
        Act("dispense", "prescription.dispense", "pharmacy", ("written",), "dispensed", (),
            ("prescription.pharmacist-only",)),
        Act("return", "prescription.return", "pharmacy", ("written",), "returned", ("reason",),
            ("prescription.pharmacist-only",)),
        Act("confirm", "prescription.confirm", "prescriber", ("returned",), "written", ("note",),
            ("prescription.doctor-only",)),
        Act("withdraw", "prescription.withdraw", "prescriber", ("written", "returned"), "withdrawn", ("reason",),
            ("prescription.doctor-only",)),
        Act("lapse", "prescription.lapse", CLOCK, ("written", "returned"), "lapsed"),
    ),
)  # fmt: skip

NUMBER: Final = "urn:oid:2.16.156.10011.1.20"
"""Number of a prescription."""
PRESCRIBERS: Final = ("doctor", "specialist")
_LIMITS: Final = {
    "items": "prescription.items",
    "ordinary": "prescription.days",
    "emergency": "prescription.days.emergency",
    "psychotropic2": "prescription.days.psychotropic2",
    "confirm": "prescription.long-confirm",
    "long": "prescription.long",
}


@dataclass(frozen=True, slots=True)
class Written:
    """One line as it was typed; "" takes what is usual for the drug."""

    drug: str
    dose: str = ""
    route: str = ""
    frequency: str = ""
    days: str = ""
    note: str = ""
    why: str = ""


def read(lines: Sequence[Written]) -> list[Dose]:
    """The lines with their numbers and codes; Invalid names drug and box of what cannot be read."""
    return [_read(line) for line in lines]


def facts(
    reads: Reads, *, visit: dict[str, Any], diagnoses: Sequence[str], diagnosed: bool, now: int, confirmed: bool = False
) -> Facts:
    """What is known when a sheet is written. ``diagnoses``: codes of this visit; ``diagnosed``: it has one at all."""
    resident = visit["subject"]["reference"]
    patient = reads.read("Patient", Ref.parse(resident).id)
    about = ("patient", resident)
    known = reads.search("Condition", [about, ("clinical-status", "active")])
    icd = [str(coding.get("code", "")) for each in known for coding in each.get("code", {}).get("coding", ())
           if coding.get("system") == systems.ICD10]  # fmt: skip
    allergies = reads.search("AllergyIntolerance", [about])
    on = day(now)
    limits = {name: policy(key, on=on, reads=reads).amount for name, key in _LIMITS.items()}
    doctor = exact.decode(reads.stored("Practitioner", Ref.parse(reads.actor.person).id).body)
    born = str(patient.get("birthDate", ""))
    return Facts(
        _age(born, on.isoformat()), str(patient.get("gender", "")),
        tuple(_text(each.get("code", {})) for each in allergies if _text(each.get("code", {}))),
        tuple(dict.fromkeys((*diagnoses, *icd))), diagnosed, _taking(reads, resident, now),
        certificate_of(doctor).level, visit.get("class", {}).get("code") == "EMER", limits, confirmed,
    )  # fmt: skip


def sign(
    tx: Tx,
    *,
    visit: dict[str, Any],
    lines: Sequence[Dose],
    known: Facts,
    reasons_for: Sequence[dict[str, Any]] = (),
    valid: int = 1,
) -> list[Stored]:
    """Write the lines of one sheet; the Tasks. Nothing is written when one of them does not fit."""
    act = TABLE.act("sign")
    needed(act, {"drugs": tuple(lines)})
    if tx.actor.role not in PRESCRIBERS:
        raise Forbidden("prescription.doctor-only")
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=visit["id"])
    if not 1 <= valid <= policy(TABLE.state("written").limit, on=day(tx.now), reads=tx).amount:
        raise Invalid("prescription.valid-days", element="valid")
    found = suitability.findings(lines, known)
    _require_settled(found, lines)
    number = tx.fresh_id(visit)
    until = _end(tx.now, valid)
    return [_place(tx, act, visit, line, [each for each in found if each.drug == line.drug.code], number, until,
                   reasons_for) for line in lines]  # fmt: skip


def override(
    tx: Tx, found: Sequence[Finding], reason: Concept, *, resident: str, request: str
) -> dict[str, Any]:  # fmt: skip
    """What was found about a line and why it is ordered all the same: a DetectedIssue with the reason as mitigation."""
    return {
        "resourceType": "DetectedIssue", "status": "final", "severity": "moderate",
        "code": {"coding": [{"system": f"{systems.BASE}/cs/prescription-finding", "code": each.key} for each in found]},
        "patient": {"reference": resident}, "identifiedDateTime": instant(tx.now),
        "author": {"reference": tx.actor.person}, "implicated": [{"reference": request}],
        "mitigation": [{"action": {"coding": [reason.coding()]}, "date": instant(tx.now),
                        "author": {"reference": tx.actor.person}}],
    }  # fmt: skip


def dispense(tx: Tx, *, task: str) -> Stored:
    """The pharmacist has checked and handed out the drug."""
    act = TABLE.act("dispense")
    case = _case(tx, task, act, ("pharmacist",), "prescription.pharmacist-only")
    return move(tx, case, act, also=(request_status(tx, case, act),))


def give_back(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The pharmacist does not dispense it as it is: why. The doctor confirms with a second signature or withdraws."""
    act = TABLE.act("return")
    case = _case(tx, task, act, ("pharmacist",), "prescription.pharmacist-only")
    coded = _reason("prescription.return", act, reason)
    return move(tx, case, act, reason=coded, note=note, also=(request_status(tx, case, act),))


def confirm(tx: Tx, *, task: str, note: str) -> Stored:
    """The doctor signs a second time and says why it stays as it is."""
    act = TABLE.act("confirm")
    case = _case(tx, task, act, PRESCRIBERS, "prescription.doctor-only")
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip(), until=_end(tx.now, 1), also=(request_status(tx, case, act),))


def withdraw(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The doctor takes the line back; it was not dispensed yet."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act, PRESCRIBERS, "prescription.doctor-only")
    coded = _reason("prescription.withdraw", act, reason)
    return move(tx, case, act, reason=coded, note=note, also=(request_status(tx, case, act),))


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Its day is over and nobody has fetched it: it holds no longer (art. 18)."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    act = TABLE.act("lapse")
    if case.state == payload.get("state") and case.state in act.source:
        move(tx, case, act, also=(request_status(tx, case, act),))


def _read(line: Written) -> Dose:
    drug = formulary.drugs().get(line.drug)
    if drug is None:
        raise Invalid("prescription.unknown-drug", element="drugs", drug=line.drug)
    route, frequency = line.route or drug.route, line.frequency or drug.frequency
    if route not in formulary.routes():
        raise Invalid("prescription.unknown-route", element=f"route.{drug.code}", given=route)
    if frequency not in formulary.frequencies():
        raise Invalid("prescription.unknown-frequency", element=f"frequency.{drug.code}", given=frequency)
    dose = read_number(line.dose, element=f"dose.{drug.code}") if line.dose.strip() else drug.dose
    days = read_number(line.days, element=f"days.{drug.code}") if line.days.strip() else Decimal(drug.days)
    if dose <= 0:
        raise Invalid("prescription.no-amount", element=f"dose.{drug.code}")
    if days != int(days) or not 1 <= days <= 366:
        raise Invalid("prescription.whole-days", element=f"days.{drug.code}")
    if line.why and line.why not in reasons("prescription.override"):
        raise Invalid("workflows.unknown-reason", element=f"why.{drug.code}", reason=line.why)
    return Dose(drug, dose, route, frequency, int(days), line.note.strip(), line.why)


def _require_settled(found: list[Finding], lines: Sequence[Dose]) -> None:
    left = suitability.unsettled(found, lines)
    if left:
        issues = tuple(Issue("error", "business-rule", each.key, dict(each.params), f"drug.{each.drug}")
                       for each in left)  # fmt: skip
        raise RuleBroken("prescription.unsuitable", issues=issues, element=f"drug.{left[0].drug}")


def _place(
    tx: Tx, act: Act, visit: dict[str, Any], line: Dose, found: list[Finding], number: str, until: int,
    reasons_for: Sequence[dict[str, Any]],
) -> Stored:  # fmt: skip
    resident, encounter = visit["subject"]["reference"], f"Encounter/{visit['id']}"
    drug = line.drug
    request: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "groupIdentifier": {"system": NUMBER, "value": number},
        "medicationCodeableConcept": {"coding": drug.coding(), "text": drug.zh},
        "subject": {"reference": resident},
        "encounter": {"reference": encounter},
        "authoredOn": instant(tx.now),
        "requester": {"reference": tx.actor.person},
        "dosageInstruction": [_dosage(line)],
        "dispenseRequest": {
            "validityPeriod": {"start": instant(tx.now), "end": instant(until)},
            "quantity": {"value": line.pieces, "unit": drug.piece.zh},
            "expectedSupplyDuration": {"value": line.days, "unit": "d", "system": systems.UCUM, "code": "d"},
        },
    }
    if reasons_for:
        request["reasonReference"] = list(reasons_for)
    stored = tx.create(request)
    also = [f"{stored.ref}/_history/{stored.version}"]
    inputs = []
    if found and line.why:
        reason = reasons("prescription.override")[line.why]
        issue = tx.create(override(tx, found, reason, resident=resident, request=str(stored.ref)))
        also.append(f"{issue.ref}/_history/{issue.version}")
        inputs.append(item("override", line.why))
    return begin(
        tx, TABLE, act, focus=str(stored.ref), resident=resident, asking=tx.actor.organization,
        asked=tx.actor.organization, encounter=encounter, text=f"{drug.zh} {_dosage(line)['text']}", until=until,
        inputs=tuple(inputs), also=tuple(also),
    )  # fmt: skip


def _dosage(line: Dose) -> dict[str, Any]:
    unit, times = formulary.unit(line.drug.unit), formulary.frequencies()[line.frequency]
    route = formulary.routes()[line.route]
    said = f"{line.dose.normalize():f} {unit.zh} {route.zh} {times.concept.zh} × {line.days} d"
    dosage: dict[str, Any] = {
        "text": f"{said} {line.note}".strip(),
        "timing": {"code": {"coding": [times.concept.coding()]}},
        "route": {"coding": [route.coding()]},
        "doseAndRate": [{"doseQuantity": {"value": line.dose, "unit": unit.zh}}],
    }
    if line.frequency == "prn":
        dosage["asNeededBoolean"] = True
    return dosage


def _taking(reads: Reads, resident: str, now: int) -> tuple[tuple[str, str], ...]:
    """(ATC, name) of what was prescribed and is not used up yet."""
    found = []
    for each in reads.search("MedicationRequest", [("patient", resident), ("status", "active,completed")]):
        days = each.get("dispenseRequest", {}).get("expectedSupplyDuration", {}).get("value")
        if days is None or "authoredOn" not in each:
            continue
        if moment(each["authoredOn"]) + int(days) * 86_400_000_000 <= now:
            continue
        concept = each.get("medicationCodeableConcept", {})
        atc = next((str(one["code"]) for one in concept.get("coding", ()) if one.get("system") == systems.ATC), "")
        if atc:
            found.append((atc, _text(concept)))
    return tuple(dict.fromkeys(found))


def _text(concept: dict[str, Any]) -> str:
    return str(concept.get("text") or concept.get("coding", [{}])[0].get("display", ""))


def _age(born: str, today: str) -> int | None:
    if len(born) < 4:
        return None
    return int(today[:4]) - int(born[:4]) - int(today[5:] < born[5:])


def _end(now: int, days: int) -> int:
    """The end of the last day on which it holds."""
    last = day(now) + timedelta(days=days - 1)
    return int(datetime.combine(last, time(23, 59, 59), HOME).timestamp()) * 1_000_000


def _case(tx: Tx, task: str, act: Act, roles: tuple[str, ...], refusal: str) -> Case:
    case = load(tx, TABLE, task)
    played = parts_played(TABLE, case.task, tx.actor.organization)
    if act.who in played and tx.actor.role not in roles:
        raise Forbidden(refusal)
    TABLE.check(act, state=case.state, parties=played)
    return case


def _reason(kind: str, act: Act, reason: str) -> dict[str, Any]:
    needed(act, {"reason": reason})
    known = reasons(kind).get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return {"coding": [known.coding()]}
