"""A family doctor's contract with what belongs to it: the signed paper, and another team for who has moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import chronic, contract, handover, messages, paper, programme
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.identity import name_of
from doorstep.workflows.table import needed

Data = Mapping[str, str]

MOVED: Final = "moved"
ELSEWHERE: Final = "elsewhere"
"""Where somebody went who is not handed over: beyond the alliance, or nobody knows."""
ON_PAPER: Final = "paper"
"""How somebody signs who does it on paper."""
_HEALTH_LINE: Final = "12320"
"""The health hotline, where an institution has given no number of its own."""


def sign(tx: Tx, *, resident: str, consent: bool, way: str = "", photo: bytes = b"") -> Stored:
    """The resident signs; on paper the photo of it is kept. Who came by a handover has arrived with it."""
    _photographed(way, photo)
    stored = contract.sign(tx, resident=resident, consent=consent)
    if photo:
        paper.keep(tx, resident=resident, about=str(stored.ref), data=photo)
    handover.signed(tx, resident=resident, contract=str(stored.ref))
    return stored


def renew(tx: Tx, *, episode: str, consent: bool, way: str = "", photo: bytes = b"") -> Stored:
    """The resident signs for another term."""
    _photographed(way, photo)
    stored = contract.renew(tx, episode=episode, consent=consent)
    if photo:
        resident = tx.read("EpisodeOfCare", episode)["patient"]["reference"]
        paper.keep(tx, resident=resident, about=str(stored.ref), data=photo)
    return stored


def end(tx: Tx, *, episode: str, reason: str, to: str = "", agreed: bool = False, note: str = "") -> Stored:
    """The contract ends. Who has moved is handed over to the team of an institution ("Organization/x"), if it is known.

    What is followed up goes on here until that team has accepted.
    """
    ended = contract.end(tx, episode=episode, reason=reason)
    if reason != MOVED:
        if to:
            raise RuleBroken("handover.other-than-moved", element="to")
        return ended
    unasked = to in ("", ELSEWHERE)
    needed(handover.TABLE.act("request"), {"to": to, "agreed": agreed or unasked or None})
    if to != ELSEWHERE:
        found = tx.read("EpisodeOfCare", episode)
        cases = _cases(tx, found["patient"]["reference"])
        handover.request(tx, contract=found, to=_institution(to), agreed=agreed, note=note,
                         cases=[f"Task/{each['id']}" for each in cases], papers=_papers(tx, cases))  # fmt: skip
    return ended


def accept(tx: Tx, *, task: str) -> Stored:
    """The team goes on with the resident, and with every follow-up that still runs, from where it stands.

    The resident is told who that is and from when: once, for it is accepted once.
    """
    case = handover.accept(tx, task=task)
    for each in handover.cases_of(case.task):
        _take_over(tx, each, case.organization("sender"))
    _tell(tx, case.resident, case.organization("receiver"))
    return tx.stored("Task", task)


def again(tx: Tx, *, task: str, to: str) -> Stored:
    """Ask another team, or the same once more, with what is known today."""
    case = handover.repeatable(tx, task=task)
    cases = [tx.read("Task", each.removeprefix("Task/")) for each in handover.cases_of(case.task)]
    return handover.again(tx, case=case, to=_institution(to), papers=_papers(tx, cases))


def _tell(tx: Tx, resident: str, institution: str) -> None:
    """Whoever accepted is named; a number to call and the page to refuse on are how the resident objects."""
    telecom = tx.read("Organization", Ref.parse(institution).id).get("telecom", ())
    phone = next((str(way["value"]) for way in telecom if way.get("system") == "phone"), _HEALTH_LINE)
    messages.tell(tx, resident=resident, key="handover.told-accepted", institution=institution, places={
        "doctor": name_of(tx.read("Practitioner", Ref.parse(tx.actor.person).id)), "day": day(tx.now).isoformat(),
        "phone": phone,
    })  # fmt: skip


def _take_over(tx: Tx, ref: str, before: str) -> None:
    found = chronic.hand_over(tx, task=ref.removeprefix("Task/"))
    if found is None:
        return
    resident, code = found
    episode = tx.holder(programme.TABLE.name, f"{resident} {before} {code}")
    if episode is not None:
        programme.hand_over(tx, episode=episode)
    programme.enrol(tx, resident=resident, programme=code)


def _cases(tx: Tx, resident: str) -> list[dict[str, Any]]:
    """The follow-ups of this institution that run for a resident."""
    return [each for each in chronic.of_resident(tx, resident=resident)
            if each["owner"]["reference"] == tx.actor.organization]  # fmt: skip


def _papers(tx: Tx, cases: list[dict[str, Any]]) -> list[str]:
    """What belongs to follow-ups: their plan, the last answers, the time in the programme."""
    found = []
    for each in cases:
        given = boxes(each["input"])
        key = f"{each['for']['reference']} {tx.actor.organization} {given['programme']}"
        episode = tx.holder(programme.TABLE.name, key)
        found += [each["focus"]["reference"], given.get("last", ""), f"EpisodeOfCare/{episode}" if episode else ""]
    return [each for each in found if each]


def _institution(to: str) -> str:
    """An institution as a list of choices names it, or as a reference."""
    return f"Organization/{to}" if to and "/" not in to else to


def _photographed(way: str, photo: bytes) -> None:
    if photo:
        paper.kind_of(photo)
    elif way == ON_PAPER:
        raise Invalid("handover.paper-needed", element="paper")


ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("contract", "renew"): (
        lambda tx, id_, data: contract.renew(tx, episode=id_, consent=bool(data.get("consent"))), ("consent",)),
    ("contract", "end"): (
        lambda tx, id_, data: end(
            tx, episode=id_, reason=data.get("reason", ""), to=data.get("to", ""), agreed=bool(data.get("agreed")),
            note=data.get("note", "")),
        ("reason", "to", "agreed", "note")),
    ("handover", "accept"): (lambda tx, task, data: accept(tx, task=task), ()),
    ("handover", "decline"): (
        lambda tx, task, data: handover.decline(
            tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("handover", "again"): (lambda tx, task, data: again(tx, task=task, to=data.get("to", "")), ("to",)),
    ("handover", "settle"): (
        lambda tx, task, data: handover.settle(tx, task=task, note=data.get("note", "")), ("note",)),
    ("handover", "take"): (lambda tx, task, data: handover.take(tx, task=task, note=data.get("note", "")), ("note",)),
    ("handover", "withdraw"): (
        lambda tx, task, data: handover.withdraw(tx, task=task, reason=data.get("reason", "")), ("reason",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""
