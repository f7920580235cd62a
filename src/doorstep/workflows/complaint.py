"""A complaint: with whom it lies, answered in five working days, closed by the resident or after calls were tried.

It comes from a bad rating, from a desk, by telephone or by letter, also without a name: its code is what it is followed
by. Nobody handles a complaint about themselves.
"""

from __future__ import annotations

import secrets
from datetime import datetime, time
from typing import Any, Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.keys import kept_by, whole
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import workdays
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import escalation, messages
from doorstep.workflows.coordination import LINK, Case, begin, boxes, day, item, load, move, parties, state_of
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "complaint", "voice.complaint", "Task", ("complainant", "office"),
    (
        State("raised", "voice.complaint-raised", "requested", "", "office", "complaint.answer"),
        State("handling", "voice.complaint-handling", "in-progress", "", "office", "complaint.answer"),
        State("answered", "voice.complaint-answered", "in-progress", "", "office", "complaint.callback"),
        State("closed", "voice.complaint-closed", "completed", ""),
        State("withdrawn", "voice.complaint-withdrawn", "cancelled", ""),
    ),
    (
        Act("raise", "voice.act-raise", "complainant", (), "raised", ("kind", "note")),
        Act("take", "voice.act-take", "office", ("raised",), "handling", (), ("voice.about-you",)),
        Act("answer", "voice.act-reply", "office", ("raised", "handling"), "answered", ("note",), ("voice.about-you",)),
        Act("try", "voice.act-try", "office", ("answered",), "answered", ("note",)),
        Act("close", "voice.act-close", "office", ("answered",), "closed", ("recipient", "note")),
        Act("give-up", "voice.act-give-up", "office", ("answered",), "closed", ("reason",), ("voice.try-first",)),
        Act("again", "voice.act-again", "office", ("answered",), "raised", ("note",)),
        Act("accept", "voice.act-accept", "complainant", ("answered",), "closed"),
        Act("reject", "voice.act-reject", "complainant", ("answered",), "raised", ("note",)),
        Act("withdraw", "voice.act-withdraw", "complainant", ("raised", "handling"), "withdrawn"),
    ),
)  # fmt: skip

OFFICE: Final = frozenset({"registrar", "nurse", "doctor", "public-health"})
TELL_TOP: Final = "complaint.late"
"""The effect: an anonymous complaint is late, and the institution above is told (journeys/voicing.py)."""
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def raise_it(
    tx: Tx, *, kind: str, note: str, channel: str, resident: str = "", encounter: str = "", about: str = "",
) -> tuple[Stored, str]:  # fmt: skip
    """A complaint to the actor's institution; (the Task, the code by which it is followed).

    ``about`` is whom it concerns ("Practitioner/x"), "" when nobody in person; without ``resident`` it is anonymous.
    """
    act = TABLE.act("raise")
    needed(act, {"kind": kind, "note": note})
    if kind not in reasons("complaint.kind"):
        raise Invalid("workflows.unknown-reason", element="kind", reason=kind)
    if channel not in reasons("complaint.channel"):
        raise Invalid("workflows.unknown-reason", element="channel", reason=channel)
    here, code = tx.actor.organization, "".join(secrets.choice(_LETTERS) for _ in range(12))
    given = {"kind": kind, "channel": channel, "code": code, "about": about, "note": note.strip()[:1000]}
    known = reasons("complaint.kind")[kind]
    task = begin(tx, TABLE, act, focus=encounter, resident=resident, asking=resident or here, asked=here,
                 inputs=tuple(item(name, value) for name, value in given.items() if value),
                 encounter=encounter, what=known, until=_working(tx, "complaint.answer"))  # fmt: skip
    tx.unique("complaint-code", code, task.id)
    if resident:
        messages.text(tx, resident=resident, key="sms.complaint-taken", params={"code": code})
    return task, code


def take(tx: Tx, *, task: str) -> Stored:
    """Somebody takes it on; the clock goes on."""
    act = TABLE.act("take")
    case = _case(tx, task, act)
    _not_about_them(tx, case)
    until = int(datetime.fromisoformat(case.task["restriction"]["period"]["end"]).timestamp()) * 1_000_000
    return move(tx, case, act, outputs=(item("handler", tx.actor.person),), until=until)


def answer(tx: Tx, *, task: str, note: str) -> Stored:
    """What was found and is done; the resident is told and will be called."""
    act = TABLE.act("answer")
    case = _case(tx, task, act)
    _not_about_them(tx, case)
    needed(act, {"note": note})
    if case.resident:
        messages.text(tx, resident=case.resident, key="sms.complaint-answered",
                      params={"code": boxes(case.task["input"])["code"], "phone": _phone(tx)})  # fmt: skip
    return move(tx, case, act, outputs=(item("answer", note.strip()),))


def try_again(tx: Tx, *, task: str, note: str) -> Stored:
    """The call reached nobody."""
    act = TABLE.act("try")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, outputs=(item("tried", note.strip()),))


def close(tx: Tx, *, task: str, recipient: str, note: str) -> Stored:
    """The call reached somebody, who is content with the answer."""
    act = TABLE.act("close")
    case = _case(tx, task, act)
    needed(act, {"recipient": recipient, "note": note})
    return move(tx, case, act, note=note.strip(), outputs=(item("recipient", recipient.strip()),))


def give_up(tx: Tx, *, task: str, reason: str) -> Stored:
    """It ends without the resident: nobody was reached as often as the rule asks, or there is nobody to call."""
    act = TABLE.act("give-up")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    known = reasons("complaint.give-up").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    least = policy("complaint.tries", on=day(tx.now), reads=tx).amount
    tried = sum(each["type"]["coding"][0]["code"] == "tried" for each in case.task.get("output", ()))
    if case.resident and tried < least:
        raise RuleBroken("voice.try-first", element="reason", n=least)
    return move(tx, case, act, reason={"coding": [known.coding()]})


def again(tx: Tx, *, task: str, note: str, by_resident: bool = False) -> Stored:
    """The answer does not content: it begins anew, with the same five days."""
    act = TABLE.act("reject" if by_resident else "again")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, outputs=(item("objection", note.strip()),), until=_working(tx, "complaint.answer"))


def accept(tx: Tx, *, task: str) -> Stored:
    """The resident is content."""
    act = TABLE.act("accept")
    return move(tx, _case(tx, task, act), act)


def withdraw(tx: Tx, *, task: str) -> Stored:
    """The resident complains no longer."""
    act = TABLE.act("withdraw")
    return move(tx, _case(tx, task, act), act)


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """No answer in time: the institution above is told, of an anonymous one by its code alone."""
    try:
        task = tx.read("Task", Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if state_of(task) != payload["state"]:
        return
    if task.get("for"):
        escalation.raise_task(tx, ref=ref, payload=payload)
    else:
        tx.emit(TELL_TOP, {}, ref=ref)


def by_code(tx: Tx, code: str) -> str:
    """The Task of a code; NotFound when there is none."""
    found = kept_by(tx, "complaint-code", code.strip().upper())
    if found is None:
        raise NotFound("web.no-such-page")
    return found


# -- inside


def played(task: dict[str, Any], actor: Actor) -> frozenset[str]:
    """Which parties an actor is. An anonymous complaint is asked for by nobody who could be met here."""
    office = parties(TABLE, task)["office"] == actor.organization
    if actor.person == LINK:
        return frozenset({"complainant"} if office else ())
    found = {"office"} if office and actor.role in OFFICE else set()
    if task.get("for", {}).get("reference") == actor.person:
        found.add("complainant")
    return frozenset(found)


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=played(case.task, tx.actor))
    return case


def _not_about_them(tx: Tx, case: Case) -> None:
    if boxes(case.task["input"]).get("about") == tx.actor.person:
        raise Forbidden("voice.about-you")


def _working(tx: Tx, key: str) -> int:
    """The end of the working day that is so many working days ahead (terms/workdays.py: no weekends, no holidays)."""
    when = workdays.after(day(tx.now), policy(key, on=day(tx.now), reads=tx).amount)
    return int(datetime.combine(when, time(23, 59, 59), HOME).timestamp()) * 1_000_000


def _phone(tx: Tx) -> str:
    found = whole(tx).read("Organization", Ref.parse(tx.actor.organization).id)
    return next((str(way["value"]) for way in found.get("telecom", ()) if way.get("system") == "phone"), "12320")
