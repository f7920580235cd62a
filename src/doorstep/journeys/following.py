"""Care that goes on: enrolling a resident opens the record and sets the first date; one form may do several things.

A follow-up also completes the items of a hospital's plan that were done with it; somebody who leaves the follow-up
leaves the programme, and with it goes the right to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from doorstep.journeys import homecoming
from doorstep.kernel.errors import Forbidden, Invalid
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import chronic as engine
from doorstep.terms.chronic import Verdict
from doorstep.terms.identifiers import age
from doorstep.workflows import caring, chronic, chronic_form, followup, programme
from doorstep.workflows.coordination import boxes, day, load, parts_played

Data = Mapping[str, str]

_LEAVES: Final = {
    "died": "died", "moved": "moved", "not-ill": "mistake", "declined": "declined", "mistake": "mistake",
}  # fmt: skip
"""Why a follow-up ends -> why the programme is left."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a follow-up came to. ``encounter`` is what a referral begins from ("Encounter/x")."""

    task: Stored
    verdict: Verdict
    encounter: str


def enrol(tx: Tx, *, resident: str, code: str) -> Stored:
    """The actor's institution cares for a resident within a programme and follows them up; the follow-up's Task."""
    task = chronic.enrol(tx, resident=resident, programme=code)
    programme.enrol(tx, resident=resident, programme=code)
    return task


def record(tx: Tx, *, task: str, data: Data) -> Followed:
    """One follow-up; ``data["plans"]`` are the plan items (Task ids) that were done with it."""
    moved, verdict, encounter = chronic.record(tx, task=task, data=data)
    _complete(tx, data)
    return Followed(moved, verdict, encounter)


def record_plan(tx: Tx, *, task: str, data: Data) -> Followed:
    """A follow-up that a plan alone asks for: danger is judged, and the item is done."""
    case = load(tx, followup.TABLE, task)
    act = followup.TABLE.act("complete")
    followup.TABLE.check(act, state=case.state, parties=parts_played(followup.TABLE, case.task, tx.actor.organization))
    if tx.actor.role not in chronic.CARERS:
        raise Forbidden("chronic.carers-only")
    sheet = chronic_form.read(tx, data, programme=engine.GENERAL, last=None)
    if not sheet.numbers and not sheet.texts.get("note"):
        raise Invalid("chronic.nothing-found", element="note")
    born = str(tx.read("Patient", Ref.parse(case.resident).id).get("birthDate", ""))
    years = age(date.fromisoformat(born), day(tx.now)) if len(born) == 10 else 0
    found = chronic_form.found(sheet, age=years, pregnant=bool(data.get("pregnant")), before=engine.STEADY)
    verdict = engine.judge(engine.GENERAL, found, chronic_form.limits(tx))
    focus = case.task["focus"]["reference"]
    _, encounter = chronic_form.write(tx, sheet, resident=case.resident, programme=engine.GENERAL, verdict=verdict,
                                      plan=focus if focus.startswith("CarePlan/") else "")  # fmt: skip
    moved = homecoming.complete(tx, task=task, note=_said(sheet))
    return Followed(moved, verdict, encounter)


def close(tx: Tx, *, task: str, reason: str, note: str) -> Stored:
    """The follow-up ends, and the resident leaves the programme."""
    case = load(tx, chronic.TABLE, task)
    ended = chronic.close(tx, task=task, reason=reason, note=note)
    code = boxes(case.task["input"])["programme"]
    episode = tx.holder(programme.TABLE.name, f"{case.resident} {tx.actor.organization} {code}")
    if episode is not None:
        programme.leave(tx, episode=episode, reason=_LEAVES[reason])
    return ended


def _complete(tx: Tx, data: Data) -> None:
    for id_ in data.get("plans", "").split():
        homecoming.complete(tx, task=id_, note=" · ".join(
            part for part in (data.get("systolic", "") and f"{data['systolic']}/{data.get('diastolic', '')}",
                              data.get("glucose", ""), data.get("note", "").strip()) if part) or "-")  # fmt: skip


def _said(sheet: chronic_form.Sheet) -> str:
    return " · ".join(part for part in (sheet.said, sheet.texts.get("note", "")) if part) or "-"


ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("chronic", "record"): (
        lambda tx, task, data: record(tx, task=task, data=data),
        ("way", "on", "same", "pregnant", "danger", "advice", "plans", *chronic_form.NUMBERS, *chronic_form.CODED,
         *chronic_form.TEXTS)),
    ("chronic", "miss"): (lambda tx, task, data: chronic.miss(tx, task=task, note=data.get("note", "")), ("note",)),
    ("chronic", "go"): (lambda tx, task, data: chronic.go(tx, task=task, note=data.get("note", "")), ("note",)),
    ("chronic", "nobody"): (
        lambda tx, task, data: chronic.nobody(tx, task=task, note=data.get("note", "")), ("note",)),
    ("chronic", "refuse"): (
        lambda tx, task, data: chronic.refuse(
            tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("chronic", "close"): (
        lambda tx, task, data: close(tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    **caring.ACTS,
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""
