"""Every act of every state table by its names: which boxes it takes, and the command that carries it out.

Pages, the FHIR interface and tests perform an act through this one table; a workflow that is new adds its rows here.
An act's boxes are texts: what a form was filled with, or what the boxes of a Task hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from doorstep.journeys import downtime, handback, homecoming, referring
from doorstep.journeys.contracting import ACTS as CONTRACTS
from doorstep.journeys.following import ACTS as FOLLOWING
from doorstep.journeys.receiving import CONFIRM
from doorstep.journeys.result_feed import ACTS as RESULT_FEED
from doorstep.journeys.witnessing import WITNESS
from doorstep.kernel.errors import Invalid, NotFound
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import escalation, exporting, followup, order, referral, visit
from doorstep.workflows.dictionaries import ACTS as DICTIONARIES
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.frontdesk import ACTS as FRONT_DESK
from doorstep.workflows.laboratory import ACTS as LABORATORY
from doorstep.workflows.numbers import ACTS as NUMBERS
from doorstep.workflows.persons import ACTS as PERSONS
from doorstep.workflows.prescribing import ACTS as PRESCRIBING
from doorstep.workflows.pressing import ACTS as PRESSING
from doorstep.workflows.referral import Reply, Sheet
from doorstep.workflows.referrals import ACTS as REFERRALS
from doorstep.workflows.studies import ACTS as STUDIES
from doorstep.workflows.ward import ACTS as WARD

Data = Mapping[str, str]
PLAN_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Doing:
    """A command for an act that goes on: ``run(tx, id, data)``. A box that ends in "*" stands for all that begin so."""

    run: Callable[[Tx, str, Data], Any]
    boxes: tuple[str, ...] = ()

    def takes(self, box: str) -> bool:
        return any(box == name or (name[-1] == "*" and box.startswith(name[:-1])) for name in self.boxes)


@dataclass(frozen=True, slots=True)
class Given:
    """What a Task says that asks for a workflow to begin; references as "Type/id", codes without their system."""

    encounter: str
    asked: str
    priority: str
    what: str
    boxes: Data


@dataclass(frozen=True, slots=True)
class Beginning:
    """A command for the act that begins: ``run(tx, given)`` answers the coordinating Task."""

    run: Callable[[Tx, Given], Stored]
    boxes: tuple[str, ...] = ()


ACTS: Final[dict[tuple[str, str], Doing]] = {
    ("visit", "finish"): Doing(lambda tx, id_, data: visit.finish(tx, encounter=id_)),
    ("visit", "cancel"): Doing(
        lambda tx, id_, data: visit.cancel(tx, encounter=id_, reason=data.get("reason", "")), ("reason",)),
    ("downtime", "enter"): Doing(
        lambda tx, task, data: downtime.enter(tx, task=task, given=data), downtime.BOXES),
    ("referral", "accept"): Doing(
        lambda tx, task, data: referring.accept(
            tx, task=task, **{box: data.get(box, "") for box in ("place", "bed", "slot", "note")}),
        ("place", "bed", "slot", "note")),
    ("referral", "redirect"): Doing(
        lambda tx, task, data: referring.redirect(
            tx, task=task, **{box: data.get(box, "") for box in ("specialty", "reason", "alternative", "receiver")}),
        ("specialty", "reason", "alternative", "receiver")),
    ("referral", "decline"): Doing(
        lambda tx, task, data: referring.decline(
            tx, task=task, reason=data.get("reason", ""), alternative=data.get("alternative", "")),
        ("reason", "alternative")),
    ("referral", "arrive"): Doing(lambda tx, task, data: referring.arrive(tx, task=task)),
    ("referral", "triage"): Doing(
        lambda tx, task, data: referral.triage(tx, task=task, level=data.get("level", ""), note=data.get("note", "")),
        ("level", "note")),
    ("referral", "bed"): Doing(
        lambda tx, task, data: referral.bedded(tx, task=task, place=data.get("place", "")), ("place",)),
    ("referral", "miss"): Doing(lambda tx, task, data: referral.miss(tx, task=task)),
    ("referral", "return"): Doing(
        lambda tx, task, data: handback.hand_back(tx, task=task, reply=_reply(data), items=_plan(data)),
        ("diagnosis", "results", "treatment", "advice", "items[*")),
    ("referral", "acknowledge"): Doing(lambda tx, task, data: referral.acknowledge(tx, task=task)),
    ("referral", "settle"): Doing(
        lambda tx, task, data: referral.settle(tx, task=task, note=data.get("note", "")), ("note",)),
    ("referral", "withdraw"): Doing(
        lambda tx, task, data: referring.withdraw(tx, task=task, reason=data.get("reason", "")), ("reason",)),
    ("order", "report"): Doing(
        lambda tx, task, data: order.report(
            tx, task=task, results=_results(data), conclusion=data.get("conclusion", "")),
        ("result.*", "conclusion")),
    ("order", "hold"): Doing(
        lambda tx, task, data: order.hold(tx, task=task, results=_results(data), conclusion=data.get("conclusion", "")),
        ("result.*", "conclusion")),
    ("order", "release"): Doing(lambda tx, task, data: order.release(tx, task=task)),
    ("order", "correct"): Doing(
        lambda tx, task, data: order.correct(
            tx, task=task, results=_results(data), note=data.get("note", ""), conclusion=data.get("conclusion", "")),
        ("result.*", "conclusion", "note")),
    ("order", "reject"): Doing(
        lambda tx, task, data: order.reject(tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("order", "resend"): Doing(
        lambda tx, task, data: order.resend(tx, task=task, note=data.get("note", "")), ("note",)),
    ("order", "acknowledge"): Doing(lambda tx, task, data: order.acknowledge(tx, task=task)),
    ("order", "withdraw"): Doing(
        lambda tx, task, data: order.withdraw(tx, task=task, reason=data.get("reason", "")), ("reason",)),
    # the way home: homecoming.ACTS
    ("plan", "miss"): Doing(
        lambda tx, task, data: followup.miss(tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("escalation", "settle"): Doing(
        lambda tx, task, data: escalation.settle(tx, task=task, note=data.get("note", "")), ("note",)),
    ("export", "approve"): Doing(lambda tx, task, data: exporting.approve(tx, task=task)),
    ("export", "refuse"): Doing(
        lambda tx, task, data: exporting.refuse(tx, task=task, note=data.get("note", "")), ("note",)),
    ("export", "withdraw"): Doing(lambda tx, task, data: exporting.withdraw(tx, task=task)),
    **{names: Doing(run, boxes) for names, (run, boxes) in {**WARD, **homecoming.ACTS}.items()},
    **{names: Doing(run, boxes) for names, (run, boxes) in
       {**WITNESS, **PERSONS, **PRESSING, **PRESCRIBING, **FRONT_DESK, **REFERRALS, **STUDIES, **CONFIRM, **FOLLOWING,
        **CONTRACTS, **LABORATORY, **NUMBERS, **RESULT_FEED, **DICTIONARIES}.items()},
}  # fmt: skip
"""(state table, act) -> the command. Acts of the clock and acts that begin are not here."""

BEGINS: Final[dict[str, Beginning]] = {
    "referral": Beginning(
        lambda tx, given: referral.send(
            tx, encounter=given.encounter.removeprefix("Encounter/"), receiver=given.asked, specialty=given.what,
            sheet=_sheet(given.boxes), priority=given.priority, reports=_reports(given.boxes)),
        ("impression", "illness", "history", "treatment", "consent", "reports")),
    "order": Beginning(
        lambda tx, given: order.place(
            tx, encounter=given.encounter.removeprefix("Encounter/"), tests=(given.what,), laboratory=given.asked,
            priority=given.priority, note=given.boxes.get("note", ""))[0],
        ("note",)),
}  # fmt: skip
"""State table -> the command that begins it from one Task. What a journey or the clock begins is not here."""


def perform(tx: Tx, *, workflow: str, act: str, task: str, data: Data) -> Any:
    """Hand what was filled in to the act's command. NotFound for an act that nobody does by hand."""
    doing = ACTS.get((workflow, act))
    if doing is None:
        raise NotFound("web.no-such-act", act=act)
    return doing.run(tx, task, data)


def _results(data: Data) -> dict[str, str]:
    return {name.removeprefix("result."): value for name, value in data.items() if name.startswith("result.")}


def _reply(data: Data) -> Reply:
    return Reply(data.get("diagnosis", ""), data.get("treatment", ""), data.get("advice", ""), data.get("results", ""))


def _sheet(boxes: Data) -> Sheet:
    return Sheet(boxes.get("impression", ""), boxes.get("illness", ""), boxes.get("history", ""),
                 boxes.get("treatment", ""), boxes.get("consent", "") == "agreed",
                 insurance=boxes.get("insurance", ""), filing=boxes.get("filing", ""))  # fmt: skip


def _reports(boxes: Data) -> tuple[str, ...]:
    return tuple(boxes["reports"].split()) if boxes.get("reports") else ()


def _plan(data: Data) -> tuple[PlanItem, ...]:
    items = []
    for place in range(PLAN_ROWS):
        text, by = data.get(f"items[{place}].text", "").strip(), data.get(f"items[{place}].by", "").strip()
        if not text:
            continue
        try:
            items.append(PlanItem(text, date.fromisoformat(by)))
        except ValueError:
            raise Invalid("web.plan-day", element=f"items[{place}].by") from None
    return tuple(items)
