"""A drug for a patient of the ward, held against the rules that a prescription at the desk is held against.

What is ordered is text. Where it names a drug of the formulary, dose, allergies, contraindications, what the patient
takes and the doctor's own right are looked at: what cannot be is refused, what is unusual takes a coded reason. How
long it is given the ward decides from day to day, so that the days of supply are no matter here.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Invalid, Issue, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import formulary
from doorstep.terms.catalogue import reasons
from doorstep.terms.formulary import Drug
from doorstep.workflows import prescription, suitability, ward_drug
from doorstep.workflows.suitability import Dose, Finding

_OFTEN: Final = {ward_drug.ONCE: "st"}
"""The ward's word for how often -> the formulary's, where they differ."""
_AMOUNT: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,4})?)\s*([^\s\d(\uff08]+)")
_LATIN, _CHINESE = 6, 3
"""Characters of a name that must be said before it is taken for a drug's."""


def order(
    tx: Tx, *, encounter: str, drug: str, dose: str, frequency: str = "qd", note: str = "", why: str = ""
) -> Stored:
    """Order it, or refuse it by its findings; ``why`` is the coded reason for what is unusual."""
    visit = tx.read("Encounter", encounter)
    if why and why not in reasons("prescription.override"):
        raise Invalid("workflows.unknown-reason", element="why", reason=why)
    line = read(drug, dose, frequency, why)
    found = [] if line is None else findings(tx, visit, line, tx.now)
    left = [] if line is None else suitability.unsettled(found, [line])
    if left:
        issues = tuple(Issue("error", "business-rule", each.key, dict(each.params), f"finding.{at}" if at else "dose")
                       for at, each in enumerate(left))  # fmt: skip
        raise RuleBroken("prescription.unsuitable", issues=issues, element="dose")
    said = reasons("prescription.override")[why].zh if why and found else ""
    return ward_drug.order(tx, encounter=encounter, drug=drug, dose=dose, frequency=frequency,
                           note="; ".join(each for each in (said, note.strip()) if each))  # fmt: skip


def read(drug: str, dose: str, frequency: str, why: str = "") -> Dose | None:
    """The line as the formulary understands it; None for a drug or an amount that it does not know."""
    known, amount = meant(drug), _AMOUNT.match(dose)
    often = _OFTEN.get(frequency, frequency)
    if known is None or often not in formulary.frequencies():
        return None
    given = _in_unit(known, Decimal(amount[1]), amount[2].lower()) if amount else None
    return Dose(known, given or known.dose, known.route, often, 1, "", why)


def meant(text: str) -> Drug | None:
    """The drug of the formulary whose name, without its strength, is in what was typed, or the other way round."""
    typed = _name(text)
    enough = len(typed) >= (_LATIN if typed.isascii() else _CHINESE)
    named = [(name, each) for each in formulary.drugs().values()
             for name in (_name(each.zh), _name(each.en))]  # fmt: skip
    found = [(len(name), each.code) for name, each in named
             if name and (name in typed or (enough and typed in name))]  # fmt: skip
    return formulary.drugs()[max(found)[1]] if found else None


def _name(text: str) -> str:
    return "".join(re.split(r"\d", text)[0].split()).lower()


def findings(reads: Reads, visit: dict[str, Any], line: Dose, now: int) -> list[Finding]:
    """What is found about one line within a stay."""
    codes = [code for code in _diagnoses(reads, visit) if code]
    facts = prescription.facts(reads, visit=visit, diagnoses=codes, diagnosed=True, now=now, confirmed=True)
    return suitability.findings([line], facts)


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
