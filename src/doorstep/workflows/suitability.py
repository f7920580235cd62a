"""Whether a prescription fits: what cannot be signed, and what only with a reason, each with what it rests on.

The desk's part of 处方管理办法 (order 53 of 2007) and of 医疗机构处方审核规范 (2018, no. 14): diagnosis, number of
drugs, days of supply by kind, dose, duplication, allergy, contraindication, interaction, the prescriber's right.
A pure function of ``Facts`` and lines; a page shows the same findings that a signature is held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from doorstep.terms import formulary
from doorstep.terms.formulary import ASK, REFUSE, Drug, Words

LEVELS: Final = ("", "none", "assistant", "junior", "intermediate", "associate", "senior")
_RIGHT: Final = {"unrestricted": "junior", "restricted": "intermediate"}
"""Grade of an antimicrobial -> the title from which it may be prescribed (抗菌药物临床应用管理办法)."""
_PREGNANT: Final = ("O", "Z32.1", "Z33", "Z34")


@dataclass(frozen=True, slots=True)
class Dose:
    """One line as it is written: numbers read, codes as in the formulary. ``why`` is the reason of an override."""

    drug: Drug
    dose: Decimal
    route: str
    frequency: str
    days: int
    note: str = ""
    why: str = ""

    @property
    def times(self) -> Decimal:
        return formulary.frequencies()[self.frequency].times

    @property
    def daily(self) -> Decimal:
        return max(self.dose, self.dose * self.times)

    @property
    def pieces(self) -> int:
        """How many tablets, puffs ... are dispensed; a single dose is taken on one day."""
        days = 1 if self.frequency == "st" else self.days
        whole = self.dose / self.drug.per * self.times * days
        return max(1, int(whole.to_integral_value(rounding="ROUND_CEILING")))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the resident, the visit and the prescriber. ``taking``: (ATC, name) of running supplies.

    ``icd`` are codes of the problem list and of this visit; ``limits`` name -> amount, from the dated policies.
    """

    age: int | None
    sex: str
    allergies: tuple[str, ...]
    icd: tuple[str, ...]
    diagnosed: bool
    taking: tuple[tuple[str, str], ...]
    title: str
    emergency: bool
    limits: Mapping[str, int]
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about one line; ``level`` "refuse" or "ask", ``key`` its sentence, ``words`` a named source."""

    level: str
    key: str
    drug: str
    params: Mapping[str, Any]
    words: Words | None = None


def findings(lines: Sequence[Dose], facts: Facts) -> list[Finding]:
    """Everything about a sheet, in the order of its lines."""
    found: list[Finding] = []
    if lines and len(lines) > facts.limits["items"]:
        found.append(_named(REFUSE, "prescription.too-many", lines[-1], most=facts.limits["items"]))
    if lines and not facts.diagnosed:
        found.append(_named(REFUSE, "prescription.needs-diagnosis", lines[0]))
    for at, line in enumerate(lines):
        found += _right(line, facts) + _supply(line, facts) + _amount(line) + _person(line, facts)
        found += _allergies(line, facts) + _contraindications(line, facts) + _together(line, lines[:at], lines, facts)
    return found


def by_name(name: str, facts: Facts) -> list[Finding]:
    """What can be said of a drug that the formulary does not know: its name against the allergies, nothing else."""
    typed = name.lower()
    named = _groups(typed)
    return [
        Finding(REFUSE, "prescription.allergy", "", {"drug": name, "allergy": entry}) for entry in facts.allergies
        if _groups(entry.lower()) & named or (len(entry) > 1 and entry.lower() in typed)
    ]  # fmt: skip


def unsettled(found: Sequence[Finding], lines: Sequence[Dose]) -> list[Finding]:
    """What stands in the way of a signature: every refusal, and what asks for a reason that is not given."""
    why = {line.drug.code: line.why for line in lines}
    return [each for each in found if each.level == REFUSE or not why.get(each.drug)]


def _named(level: str, key: str, line: Dose, words: Words | None = None, **params: Any) -> Finding:
    return Finding(level, key, line.drug.code, {"drug": line.drug.zh, **params}, words)


def _right(line: Dose, facts: Facts) -> list[Finding]:
    grade = line.drug.antimicrobial
    if line.drug.control == "narcotic":
        return [_named(REFUSE, "prescription.narcotic", line)]
    if grade == "special":
        return [_named(REFUSE, "prescription.special-antimicrobial", line)]
    if grade in _RIGHT and LEVELS.index(facts.title) < LEVELS.index(_RIGHT[grade]):
        return [_named(REFUSE, "prescription.no-right", line)]
    return []


def _supply(line: Dose, facts: Facts) -> list[Finding]:
    limits = facts.limits
    if line.drug.control == "psychotropic2" and line.days > limits["psychotropic2"]:
        return [_named(REFUSE, "prescription.controlled-days", line, most=limits["psychotropic2"])]
    if line.days > limits["long"]:
        return [_named(REFUSE, "prescription.too-long", line, most=limits["long"])]
    most = limits["emergency"] if facts.emergency else limits["ordinary"]
    if line.days <= most:
        return []
    if line.days > limits["confirm"] and (line.drug.antimicrobial or line.drug.control or not line.drug.chronic):
        return [_named(REFUSE, "prescription.not-for-long", line, most=limits["confirm"])]
    if line.days > limits["confirm"] and not facts.confirmed:
        return [_named(REFUSE, "prescription.confirm-long", line, most=limits["confirm"])]
    return [_named(ASK, "prescription.over-days", line, most=most)]


def _amount(line: Dose) -> list[Finding]:
    unit = formulary.unit(line.drug.unit).zh
    if line.dose > line.drug.single:
        return [_named(ASK, "prescription.over-single", line, most=f"{line.drug.single} {unit}")]
    if line.daily > line.drug.daily:
        return [_named(ASK, "prescription.over-daily", line, most=f"{line.drug.daily} {unit}")]
    return []


def _person(line: Dose, facts: Facts) -> list[Finding]:
    found = []
    if facts.age is not None and facts.age < line.drug.under:
        found.append(_named(REFUSE, "prescription.too-young", line, years=line.drug.under))
    if line.drug.sex and facts.sex in ("male", "female") and facts.sex != line.drug.sex:
        found.append(_named(REFUSE, "prescription.other-sex", line))
    if line.drug.pregnancy and any(code.startswith(_PREGNANT) for code in facts.icd):
        found.append(_named(line.drug.pregnancy, "prescription.pregnancy", line))
    return found


def _groups(text: str) -> set[str]:
    """The allergy groups that a text in lower case names."""
    return {group for group, texts in formulary.allergy_words().items() if any(each in text for each in texts)}


def _allergies(line: Dose, facts: Facts) -> list[Finding]:
    found = []
    for entry in facts.allergies:
        said = entry.lower()
        groups = _groups(said)
        if groups & set(line.drug.groups) or (len(said) > 1 and said in line.drug.zh.lower()):
            found.append(_named(REFUSE, "prescription.allergy", line, allergy=entry))
        elif groups & set(line.drug.crosses):
            found.append(_named(ASK, "prescription.cross-allergy", line, allergy=entry))
    return found


def _contraindications(line: Dose, facts: Facts) -> list[Finding]:
    return [
        _named(each.level, "prescription.contraindicated", line, each.words, icd=code, why=each.words.zh)
        for each in line.drug.avoid for code in dict.fromkeys(facts.icd) if code.startswith(each.icd)
    ]  # fmt: skip


def _together(line: Dose, before: Sequence[Dose], lines: Sequence[Dose], facts: Facts) -> list[Finding]:
    """With the other lines (an earlier one names the pair), and with what is being taken."""
    found = []
    for other in before:
        if line.drug.code == other.drug.code or (line.drug.atc and line.drug.atc == other.drug.atc):
            found.append(_named(REFUSE, "prescription.twice", line, other=other.drug.zh))
        elif line.drug.atc and line.drug.atc[:5] == other.drug.atc[:5]:
            found.append(_named(ASK, "prescription.same-group", line, other=other.drug.zh))
        found += _interaction(line, other.drug.atc, other.drug.zh) or [
            _named(ASK, "prescription.interacts", line, words, other=other.drug.zh, why=words.zh)
            for atc, words in other.drug.interacts if line.drug.atc.startswith(atc)
        ]  # fmt: skip
    own = {each.drug.atc for each in lines}
    for atc, name in facts.taking:
        if line.drug.atc and atc == line.drug.atc:
            found.append(_named(ASK, "prescription.still-has", line, other=name))
        elif atc not in own:
            found += _interaction(line, atc, name)
    return found


def _interaction(line: Dose, atc: str, name: str) -> list[Finding]:
    return [_named(ASK, "prescription.interacts", line, words, other=name, why=words.zh)
            for known, words in line.drug.interacts if atc.startswith(known)]  # fmt: skip
