"""What a visit's form shows of what was typed: lines with their earlier result, drugs with what is found about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doorstep.journeys import ordering
from doorstep.kernel.clock import instant
from doorstep.kernel.drafts import Draft
from doorstep.kernel.errors import Refusal
from doorstep.kernel.read import Reads
from doorstep.terms import diagnoses, formulary, recognition, systems
from doorstep.terms.catalogue import Test, orderables
from doorstep.terms.formulary import Drug
from doorstep.web.clinic.typed import FREE, Typed, diagnosed, written
from doorstep.web.lists import Names
from doorstep.web.refusals import words
from doorstep.workflows import drafts, prescription, suitability
from doorstep.workflows.coordination import day
from doorstep.workflows.recognition import Match
from doorstep.workflows.suitability import Dose, Facts


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of the orders. ``state`` is "", "pending", "used" or "again"; ``fen`` what it costs here today;
    ``unchecked``: the index of earlier results does not answer."""

    item: Test
    priority: str
    centre: str
    state: str
    match: Match | None
    by: str
    why: str
    explained: bool
    critical: bool
    fen: int | None
    unchecked: bool

    @property
    def yuan(self) -> str:
        return "" if self.fen is None else f"{self.fen // 100}.{self.fen % 100:02}"


@dataclass(frozen=True, slots=True)
class DrugLine:
    """One line of the prescription with what was found about it: (level, sentence)."""

    drug: Drug
    unit: str
    dose: str
    route: str
    frequency: str
    days: str
    advice: str
    why: str
    pieces: str
    findings: tuple[tuple[str, str], ...]
    asks: bool


@dataclass(frozen=True, slots=True)
class DiagnosisLine:
    """One diagnosis of the form."""

    value: str
    code: str
    text: str
    main: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class OtherDraft:
    """What a colleague writes at the same visit."""

    person: str
    name: str
    saved: str
    texts: tuple[str, ...]


def order_lines(
    reads: Reads, typed: Typed, matches: Mapping[str, Match], names: Names, *, member: str, now: int
) -> list[OrderLine]:
    """The lines of the form in their order."""
    found = []
    for code in typed.all("line"):
        item = orderables().get(code)
        if item is None:
            continue
        match = matches.get(code)
        centre = typed.one(f"centre.{code}") or ordering.route(reads, member=member, code=code)
        why, used = typed.one(f"why.{code}"), typed.one(f"use.{code}")
        state = "used" if used else "again" if why else "pending" if match is not None and match.holds else ""
        found.append(OrderLine(
            item, typed.one(f"priority.{code}", "routine"), names.of(centre) if centre else "", state,
            match if match is not None and match.report else None,
            names.of(match.laboratory) if match is not None and match.laboratory else "", why,
            typed.one(f"explained.{code}") == "yes", typed.one(f"critical.{code}") == "yes",
            recognition.price(reads, member, code, day(now)), match is not None and match.unchecked,
        ))  # fmt: skip
    return found


def total(lines: list[OrderLine], *, used: bool) -> str:
    """What the lines cost (or, used, save) at this institution today, in yuan."""
    fen = sum(line.fen or 0 for line in lines if (line.state == "used") == used)
    return f"{fen // 100}.{fen % 100:02}"


def drug_lines(reads: Reads, typed: Typed, visit: dict[str, Any], *, now: int, language: str) -> list[DrugLine]:
    """The prescription with its findings, by the rules that a signature is held against."""
    if not typed.all("drug"):
        return []
    known = known_facts(reads, typed, visit, now)
    doses, wrong = _doses(typed, language)
    found = suitability.findings([each for each in doses.values() if each], known)
    lines = []
    for code in typed.all("drug"):
        drug, dose = formulary.drugs().get(code), doses.get(code)
        if drug is None:
            continue
        own = [each for each in found if each.drug == code]
        said = [(each.level, words(each.key, language, **_spoken(each.params, each.words, drug, language)))
                for each in own]  # fmt: skip
        lines.append(DrugLine(
            drug, formulary.unit(drug.unit).display(language), typed.one(f"dose.{code}"), typed.one(f"route.{code}"),
            typed.one(f"frequency.{code}"), typed.one(f"days.{code}"), typed.one(f"advice.{code}"),
            typed.one(f"override.{code}"), f"{dose.pieces} {drug.piece.display(language)}" if dose else "",
            (*wrong.get(code, []), *said), any(each.level == formulary.ASK for each in own),
        ))  # fmt: skip
    return lines


def known_facts(reads: Reads, typed: Typed, visit: dict[str, Any], now: int) -> Facts:
    """What is known while the form is written: its diagnoses and those that were signed before."""
    codes = [each.code for each in diagnosed(typed) if each.code]
    earlier = [each["condition"]["reference"] for each in visit.get("diagnosis", ())]
    for reference in earlier:
        concept = reads.read("Condition", reference.partition("/")[2]).get("code", {})
        codes += [str(each["code"]) for each in concept.get("coding", ()) if each.get("system") == systems.ICD10]
    return prescription.facts(reads, visit=visit, diagnoses=codes, diagnosed=bool(typed.all("dx") or earlier), now=now,
                              confirmed=typed.one("confirmed") == "yes")  # fmt: skip


def diagnosis_lines(typed: Typed, language: str) -> list[DiagnosisLine]:
    """The diagnoses of the form, the main one marked."""
    found = []
    for each in diagnosed(typed):
        known = diagnoses.diagnoses().get(each.code)
        text = known.display(language) if known else each.text
        found.append(DiagnosisLine(each.code or FREE + each.text, each.code, text, each.main, each.confirmed))
    return found


def others(reads: Reads, encounter: str, names: Names) -> list[OtherDraft]:
    """What colleagues write at the same visit."""
    return [_other(each, names) for each in drafts.others(reads, encounter)]


def _other(draft: Draft, names: Names) -> OtherDraft:
    typed = Typed(drafts.typed(draft))
    texts = tuple(typed.one(box) for box in ("complaint", "history", "exam", "assessment", "plan") if typed.one(box))
    return OtherDraft(draft.person, names.of(draft.person), instant(draft.saved), texts)


def _doses(typed: Typed, language: str) -> tuple[dict[str, Dose | None], dict[str, list[tuple[str, str]]]]:
    """Every line that can be read; what cannot says why."""
    doses: dict[str, Dose | None] = {}
    wrong: dict[str, list[tuple[str, str]]] = {}
    for line in written(typed):
        try:
            doses[line.drug] = prescription.read([line])[0]
        except Refusal as refusal:
            doses[line.drug] = None
            wrong[line.drug] = [("refuse", words(refusal.key, language, **refusal.params))]
    return doses, wrong


def _spoken(params: Mapping[str, Any], said: Any, drug: Drug, language: str) -> dict[str, Any]:
    spoken = {**params, "drug": drug.display(language)}
    return {**spoken, "why": said.display(language)} if said is not None else spoken
