"""What a key does to a visit's form before it is signed: a line more or less, a template, a set, a decision.

Each is a pure change of what was typed; the words that come back say what was not understood, or what to choose from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorstep.terms import diagnoses, formulary, visit_forms
from doorstep.terms.catalogue import orderables, reasons
from doorstep.terms.finding import exactly, find
from doorstep.terms.visit_forms import BOXES
from doorstep.web.clinic.typed import FREE, Typed
from doorstep.workflows.recognition import Match

_OF_LINE: Final = ("priority", "centre", "use", "critical", "why", "explained")
_OF_DRUG: Final = ("dose", "route", "frequency", "days", "advice", "override")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that fit what was typed: ``do`` is what its button asks for."""

    do: str
    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the focus goes next, and what to say: a message key about a part, or choices for it."""

    part: str
    key: str = ""
    choices: tuple[Choice, ...] = ()


def edit(typed: Typed, do: str, quick: Mapping[str, str], matches: Mapping[str, Match], language: str) -> Answer:
    """Carry out one change. ``do`` is "line", "drop-line:RFT", ...; ``quick`` holds what stands in the quick boxes."""
    name, _, value = do.partition(":")
    act = _ACTS.get(name)
    return act(typed, value or quick.get(name, "").strip(), matches, language) if act else Answer("complaint")


def add_line(typed: Typed, asked: str, matches: Mapping[str, Match], language: str) -> Answer:
    """A digit is an order set, two digits the reason why the first undecided line is done again, else an item."""
    chosen = visit_forms.order_sets().get(asked)
    if chosen is not None:
        return _add_set(typed, asked, matches, language)
    undecided = pending(typed, matches)
    if asked in reasons("recognition.refuse") and undecided:
        typed.put(f"why.{undecided[0]}", asked)
        typed.put(f"explained.{undecided[0]}", "yes")
        return Answer("line")
    items = [each.concept for each in orderables().values()]
    known = exactly(items, asked) or exactly(list(visit_forms.order_sets().values()), asked)
    if known is None:
        offered = tuple(Choice(f"line:{each.code}", each.display(language), each.code) for each in find(items, asked))
        return Answer("line", "" if offered else "visit.not-in-menu", offered)
    if known.code not in orderables():
        digit = next(digit for digit, each in visit_forms.order_sets().items() if each.code == known.code)
        return _add_set(typed, digit, matches, language)
    return Answer("line", "" if typed.add("line", known.code) else "visit.there-already")


def pending(typed: Typed, matches: Mapping[str, Match]) -> list[str]:
    """The lines about whose earlier result nothing was decided yet."""
    return [code for code in typed.all("line")
            if code in matches and matches[code].holds
            and not typed.one(f"use.{code}") and not typed.one(f"why.{code}")]  # fmt: skip


def _add_set(typed: Typed, digit: str, matches: Mapping[str, Match], language: str) -> Answer:
    chosen = visit_forms.order_sets().get(digit)
    if chosen is None:
        return Answer("line", "visit.not-in-menu")
    for code, priority in chosen.lines:
        if typed.add("line", code):
            typed.put(f"priority.{code}", priority)
    if chosen.template and not any(typed.one(box) for box in BOXES if box != "complaint"):
        _template(typed, chosen.template, matches, language)
    return Answer("line")


def _template(typed: Typed, asked: str, matches: Mapping[str, Match], language: str) -> Answer:
    """Fills the parts that are empty; the complaint that the desk wrote stays."""
    known = visit_forms.templates().get(asked) or visit_forms.template(asked)
    if known is None:
        offered = tuple(Choice(f"template:{each.code}", each.display(language), each.code)
                        for each in visit_forms.find_templates(asked))  # fmt: skip
        return Answer("template", "" if offered else "visit.no-template", offered)
    for box in BOXES:
        if not typed.one(box).strip():
            typed.put(box, known.text(box, language))
    for code in known.diagnoses:
        typed.add("dx", code)
    return Answer("line")


def _diagnosis(typed: Typed, asked: str, matches: Mapping[str, Match], language: str) -> Answer:
    known = diagnoses.meant(asked)
    if known is None:
        offered = [Choice(f"dx:{each.code}", each.display(language), each.code) for each in diagnoses.search(asked)]
        if asked and len(asked) <= 100:
            offered.append(Choice(f"dx-text:{asked}", asked, ""))
        return Answer("dx", "" if offered else "visit.no-diagnosis", tuple(offered))
    return Answer("dx", "" if typed.add("dx", known.code) else "visit.there-already")


def _drug(typed: Typed, asked: str, matches: Mapping[str, Match], language: str) -> Answer:
    known = formulary.drugs().get(asked) or formulary.meant(asked)
    if known is None:
        offered = tuple(Choice(f"drug:{each.code}", each.display(language), each.code)
                        for each in formulary.search(asked))  # fmt: skip
        return Answer("drug", "" if offered else "visit.no-drug", offered)
    if not typed.add("drug", known.code):
        return Answer("drug", "visit.there-already")
    typed.put(f"dose.{known.code}", f"{known.dose.normalize():f}")
    typed.put(f"days.{known.code}", str(known.days))
    typed.put(f"frequency.{known.code}", known.frequency)
    typed.put(f"route.{known.code}", known.route)
    if known.chronic and known.days > 7:
        typed.put(f"override.{known.code}", "chronic")
    return Answer("drug")


def _use(typed: Typed, code: str, matches: Mapping[str, Match], language: str) -> Answer:
    match = matches.get(code)
    if match is None or not match.report or match.problems:
        return Answer("line", "recognition.no-match")
    typed.put(f"use.{code}", match.report)
    typed.forget(code, ("why", "explained"))
    return Answer("line")


def _order_after_all(typed: Typed, code: str, matches: Mapping[str, Match], language: str) -> Answer:
    typed.forget(code, ("use", "critical"))
    return Answer("line")


def _drop(part: str, of: tuple[str, ...]) -> Callable[[Typed, str, Mapping[str, Match], str], Answer]:
    def drop(typed: Typed, value: str, matches: Mapping[str, Match], language: str) -> Answer:
        typed.drop(part, value)
        typed.forget(value, of)
        if part == "dx":
            typed.drop("dx_sure", value)
        return Answer(part)

    return drop


def _free(typed: Typed, value: str, matches: Mapping[str, Match], language: str) -> Answer:
    return Answer("dx", "" if typed.add("dx", FREE + value[:100]) else "visit.there-already")


def _hint(typed: Typed, value: str, matches: Mapping[str, Match], language: str) -> Answer:
    """Add what a public-health hint names: codes joined by commas."""
    for code in value.split(","):
        if code in orderables():
            typed.add("line", code)
    return Answer("line")


_ACTS: Final[dict[str, Callable[[Typed, str, Mapping[str, Match], str], Answer]]] = {
    "line": add_line, "set": _add_set, "template": _template, "dx": _diagnosis, "dx-text": _free, "drug": _drug,
    "use": _use, "order": _order_after_all, "hint": _hint, "drop-line": _drop("line", _OF_LINE),
    "drop-dx": _drop("dx", ()), "drop-drug": _drop("drug", _OF_DRUG),
    "check": lambda typed, value, matches, language: Answer(""),
}  # fmt: skip


def quote(typed: Typed, reference: str, text: str, language: str) -> Answer:
    """Put a piece of the record into the history, with where it comes from, and remember what was quoted."""
    before = typed.one("history").rstrip()
    typed.put("history", f"{before}\n{text}".strip())
    typed.add("quote", reference)
    return Answer("history")


def take_over(typed: Typed, other: Mapping[str, Any], writer: str) -> Answer:
    """Put below one's own text what a colleague has typed at the same visit, with their name."""
    theirs = Typed(other)
    for box in BOXES:
        said, mine = theirs.one(box).strip(), typed.one(box).strip()
        if said and said not in mine:
            typed.put(box, f"{mine}\n[{writer}] {said}".strip())
    for name in ("dx", "line", "drug"):
        for value in theirs.all(name):
            if typed.add(name, value):
                for part in _OF_DRUG if name == "drug" else _OF_LINE:
                    if theirs.one(f"{part}.{value}"):
                        typed.put(f"{part}.{value}", theirs.one(f"{part}.{value}"))
    return Answer("history")
