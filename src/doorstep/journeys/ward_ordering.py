"""A drug for a patient of the ward, held against the rules that a prescription at the desk is held against.

What is ordered is text. Where it names a drug of the formulary, dose, allergies, contraindications, what the patient
takes and the doctor's own right are looked at: what cannot be is refused, what is unusual takes a coded reason. A drug
that the formulary does not know, and a dose that cannot be read, are unusual: nothing is given unchecked unless
somebody has said why, and the finding stands beside the order. How long it is given the ward decides from day to day,
so that the days of supply are no matter here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, Final

from doorstep.kernel.errors import Invalid, Issue, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import formulary
from doorstep.terms.catalogue import Concept, reasons
from doorstep.terms.formulary import ASK, REFUSE, Drug
from doorstep.workflows import prescription, stay, suitability, ward_drug
from doorstep.workflows.suitability import Dose, Facts, Finding

OVERRIDE: Final = "prescription.override"
"""Reasons for what is unusual about a known drug, as at the desk."""
UNKNOWN: Final = "ward-drug.unknown"
"""Reasons for a drug that the formulary does not know."""
NEW: Final = "new"
"""The row of a drug that is ordered alone."""
_NOT_KNOWN: Final = "ward.drug-unknown"
_OFTEN: Final = {ward_drug.ONCE: "st"}
"""The ward's word for how often -> the formulary's, where they differ."""
_AMOUNT: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,4})?)\s*([^\s\d(\uff08]+)")
_LATIN, _CHINESE = 6, 3
"""Characters of a name that must be said before it is taken for a drug's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One drug as it is ordered; ``row`` names it in a refusal, ``prior`` is the prescription from home."""

    drug: str
    dose: str
    frequency: str = "qd"
    note: str = ""
    why: str = ""
    prior: str = ""
    row: str = NEW


def order(
    tx: Tx, *, encounter: str, drug: str, dose: str, frequency: str = "qd", note: str = "", why: str = ""
) -> Stored:
    """Order it, or refuse it by its findings; ``why`` is the coded reason for what is unusual."""
    return order_all(tx, encounter=encounter, wanted=[Wanted(drug, dose, frequency, note, why)])[0]


def order_all(tx: Tx, *, encounter: str, wanted: Sequence[Wanted]) -> list[Stored]:
    """Order all of them or none; what stands in the way is named by row."""
    stay.only(tx, stay.DOCTORS)
    visit = stay.running(tx, encounter)
    found = findings(tx, visit, wanted, tx.now)
    issues = [issue for each, about in zip(wanted, found, strict=True) for issue in _open(each, about)]
    if issues:
        raise RuleBroken("prescription.unsuitable", issues=tuple(issues), element="drug")
    return [_order(tx, visit, each, about) for each, about in zip(wanted, found, strict=True)]


def findings(reads: Reads, visit: dict[str, Any], wanted: Sequence[Wanted], now: int) -> list[list[Finding]]:
    """What is found about each, within a stay. Together they are held against each other, as the lines of a sheet."""
    codes = [code for code in _diagnoses(reads, visit) if code]
    facts = prescription.facts(reads, visit=visit, diagnoses=codes, diagnosed=True, now=now, confirmed=True)
    lines = [read(each.drug, each.dose, each.frequency, each.why) for each in wanted]
    given = _given(reads, visit, lines)
    # What was taken at home is decided on when it is ordered here; then only what the ward gives stands beside.
    home = () if any(each.prior for each in wanted) else facts.taking
    facts = replace(facts, taking=home, limits={**facts.limits, "items": len(given) + len(wanted)})
    known = suitability.findings([*given, *(each for each in lines if each is not None)], facts)
    return [_about(each, line, known, facts) for each, line in zip(wanted, lines, strict=True)]


def read(drug: str, dose: str, frequency: str, why: str = "") -> Dose | None:
    """The line as the formulary understands it; None for a drug that it does not know."""
    known = meant(drug)
    if known is None:
        return None
    return Dose(known, amount(known, dose) or known.dose, known.route, _often(frequency), 1, "", why)


def amount(drug: Drug, dose: str) -> Decimal | None:
    """A dose in the drug's own unit; None when it is not said in a unit that can be compared."""
    found = _AMOUNT.match(dose)
    return _in_unit(drug, Decimal(found[1]), found[2].lower()) if found else None


def meant(text: str) -> Drug | None:
    """The drug of the formulary whose name, without its strength, is in what was typed, or the other way round."""
    typed = _name(text)
    enough = len(typed) >= (_LATIN if typed.isascii() else _CHINESE)
    named = [(name, each) for each in formulary.drugs().values()
             for name in (_name(each.zh), _name(each.en))]  # fmt: skip
    found = [(len(name), each.code) for name, each in named
             if name and (name in typed or (enough and typed in name))]  # fmt: skip
    return formulary.drugs()[max(found)[1]] if found else None


def reason_of(code: str) -> Concept | None:
    """The reason for which something unusual was ordered."""
    return reasons(UNKNOWN).get(code) or reasons(OVERRIDE).get(code)


# -- inside


def _about(each: Wanted, line: Dose | None, known: Sequence[Finding], facts: Facts) -> list[Finding]:
    drug = each.drug.strip()
    if not drug or not each.dose.strip():
        return []  # the boxes that are empty are named first
    if line is None:
        return [Finding(ASK, _NOT_KNOWN, "", {"drug": drug}), *suitability.by_name(drug, facts)]
    found = [one for one in known if one.drug == line.drug.code]
    if amount(line.drug, each.dose) is None:
        unit = formulary.unit(line.drug.unit).zh
        found.append(Finding(ASK, "ward.dose-unread", line.drug.code, {"drug": line.drug.zh, "unit": unit}))
    return found


def _given(reads: Reads, visit: dict[str, Any], lines: Sequence[Dose | None]) -> list[Dose]:
    """What the ward gives already; the same drug in another dose is the ward's own way of ordering."""
    own = {line.drug.code for line in lines if line is not None}
    given = [meant(str(task.get("description", ""))) for task in ward_drug.running(reads, visit["id"])]
    found = {drug.code: drug for drug in given if drug is not None and drug.code not in own}
    return [Dose(drug, drug.dose, drug.route, drug.frequency, 1) for drug in found.values()]


def _kind(found: Sequence[Finding]) -> str:
    return UNKNOWN if any(each.key == _NOT_KNOWN for each in found) else OVERRIDE


def _open(each: Wanted, found: Sequence[Finding]) -> list[Issue]:
    """What stands in the way of one order: refusals, and what asks for a reason that is not given."""
    kind = _kind(found)
    fits = each.why in reasons(kind)
    left = [one for one in found if one.level == REFUSE or not fits]
    issues = [
        Issue("error", "business-rule", one.key, dict(one.params), f"{_box(one, kind)}.{each.row}.{at}")
        for at, one in enumerate(left)
    ]
    if each.why and not fits and (found or reason_of(each.why) is None):
        issues.append(Issue("error", "value", "workflows.unknown-reason", {"reason": each.why}, f"why.{each.row}"))
    return issues


def _box(found: Finding, kind: str) -> str:
    """Where a page shows it: beside nothing that can be filled in, or with the reasons of its kind."""
    return "refused" if found.level == REFUSE else "unknown" if kind == UNKNOWN else "finding"


def _order(tx: Tx, visit: dict[str, Any], each: Wanted, found: list[Finding]) -> Stored:
    why = reasons(_kind(found))[each.why] if found else None
    resident = visit["subject"]["reference"]
    said = (why.zh if why else "", each.note.strip())
    return ward_drug.order(
        tx, encounter=visit["id"], drug=each.drug, dose=each.dose, frequency=each.frequency, prior=each.prior,
        note="; ".join(one for one in said if one), why=why,
        issue=partial(_issue, tx, found, why, resident) if why else None,
    )  # fmt: skip


def _issue(tx: Tx, found: list[Finding], why: Concept, resident: str, request: str) -> dict[str, Any]:
    return prescription.override(tx, found, why, resident=resident, request=request)


def _often(frequency: str) -> str:
    often = _OFTEN.get(frequency, frequency)
    if often not in formulary.frequencies():
        raise Invalid("ward.unknown-frequency", element="frequency", frequency=frequency)
    return often


def _name(text: str) -> str:
    return "".join(re.split(r"\d", text)[0].split()).lower()


def _diagnoses(reads: Reads, visit: dict[str, Any]) -> list[str]:
    named = [each["condition"]["reference"].partition("/")[2] for each in visit.get("diagnosis", ())]
    found = [reads.read("Condition", id_) for id_ in named if id_ and reads.exists("Condition", id_)]
    return [str(coding.get("code", "")) for each in found for coding in each.get("code", {}).get("coding", ())]


def _in_unit(drug: Drug, amount: Decimal, unit: str) -> Decimal | None:
    """An amount in the drug's own unit; pieces are counted up. None for another unit."""
    own = formulary.unit(drug.unit)
    if unit in (drug.unit.lower(), own.zh.lower(), own.en.lower()):
        return amount
    return amount * drug.per if unit in (drug.piece.zh.lower(), drug.piece.en.lower()) else None
