"""The family team's list as it stands on a morning: due, overdue, not controlled, not found; contracts and ratings.

Follow-ups of earlier days are entered as from paper, with the day on which they took place.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from doorstep.demo.people import Resident, actor, data, resident, rng_of
from doorstep.journeys import following, voicing
from doorstep.kernel import exact
from doorstep.kernel.store import Store
from doorstep.workflows import chronic, complaint, contract, satisfaction
from doorstep.workflows.coordination import day

TEAM, DESK, TOWN = "chenxiaomei", "wangfang", "shiqiao"
_LEAST: Final = 36


def prepare(store: Store, *, today: date, seed: int) -> None:
    """Enrol the residents of one township who have what is followed up, each at another point of the course."""
    known = data("follow")
    people = _people(store, known, today, seed)
    for place, (who, ill) in enumerate(people):
        _case(store, who, known["programmes"][ill], known["cases"][place % len(known["cases"])], known)
    for who, _ in people[: known["contracts"]]:
        store.run(actor(TEAM), contract.sign, resident=f"Patient/{who.id}", consent=True)
    for (who, _), answer in zip(people, known["answers"], strict=False):
        _rated(store, who, answer)
    if people:
        store.run(actor(DESK), complaint.raise_it, **known["complaint"])


def _people(store: Store, known: dict[str, Any], today: date, seed: int) -> list[tuple[Resident, str]]:
    """(resident, illness) of those who live in the township and are in this record, one line a person."""
    found: list[tuple[Resident, str]] = []
    with store.snapshot(actor(TEAM), audited=False) as reads:
        for index in (*known["also"], *range(known["first"], known["last"])):
            if len(found) == known["most"]:
                break
            who = resident(rng_of(seed, index), index, today)
            ill = next((each for each in who.ills if each in known["programmes"]), "")
            grown = (today - who.born).days > _LEAST * 365
            if who.town == TOWN and ill and grown and reads.exists("Patient", who.id):
                found.append((who, ill))
    return found


def _case(store: Store, who: Resident, code: str, case: dict[str, Any], known: dict[str, Any]) -> None:
    team, now = actor(TEAM), day(store.clock.now())
    task = store.run(team, following.enrol, resident=f"Patient/{who.id}", code=code).id
    for how, days in case["records"]:
        form = {"way": "clinic", "same": "1", "on": (now - timedelta(days=days)).isoformat(), **known[how][code]}
        store.run(team, following.record, task=task, data=form)
    for _ in range(case.get("unreached", 0)):
        store.run(team, chronic.unreached, task=task)
    if "nobody" in case:
        store.run(team, chronic.nobody, task=task, note=case["nobody"])


def _rated(store: Store, who: Resident, answer: dict[str, str]) -> None:
    """The last closed visit at the township was rated on paper."""
    desk = actor(DESK)
    query = [("patient", f"Patient/{who.id}"), ("service-provider", f"Organization/{TOWN}"), ("status", "finished"),
             ("_sort", "-date"), ("_count", "5")]  # fmt: skip
    with store.snapshot(desk, audited=False) as reads:
        found = [exact.decode(each.body) for each in reads.page("Encounter", query, strict=True).matches]
    closed = next((each["id"] for each in found if satisfaction.asks(each)), "")
    if closed:
        task = store.run(desk, satisfaction.invite, encounter=closed)
        store.run(desk, voicing.answer, task=task.id, entered=True, score=answer["score"], reason=answer["reason"],
                  by=answer.get("by", satisfaction.SELF))  # fmt: skip
