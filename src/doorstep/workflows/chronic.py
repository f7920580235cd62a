"""The follow-up of a chronic illness: one case a resident and programme, with its next date for as long as it runs.

CarePlan + coordinating Task. The Task's priority is the risk (stat: to be referred, urgent: not controlled), so the
list of a family team is in order of risk; its deadline is the day by whose end the next follow-up is due. Somebody
who is not reached several times is visited; somebody who is not found is looked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import chronic, systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.identifiers import age
from doorstep.terms.policies import policy
from doorstep.terms.privacy import PROGRAMME, programmes
from doorstep.workflows import carers, chronic_form, escalation
from doorstep.workflows.chronic_form import Sheet
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    deadline_of,
    item,
    item_reference,
    load,
    moment,
    move,
    parts_played,
    request_status,
    state_of,
)  # fmt: skip
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

Data = Mapping[str, str]

TABLE: Final = Table(
    "chronic", "chronic.chronic", "CarePlan", ("clinic", "team"),
    (
        State("due", "chronic.state-due", "requested", "active", "team", "chronic.first"),
        State("visit", "chronic.state-visit", "requested", "active", "team", "chronic.visit"),
        State("lost", "chronic.state-lost", "on-hold", "active", "team", "chronic.lost"),
        State("over", "chronic.state-over", "completed", "completed"),
    ),
    (
        Act("enrol", "chronic.act-enrol", "team", (), "due", ("programme",),
            ("chronic.unknown-programme", "chronic.too-young", "chronic.cared-for")),
        Act("record", "chronic.act-record", "team", ("due", "visit", "lost"), "due", ("way",),
            ("chronic.absurd", "chronic.absurd-pair", "chronic.measure", "chronic.doctors-change")),
        Act("miss", "chronic.act-miss", "team", ("due",), "due", (), ("chronic.visit-now",)),
        Act("go", "chronic.act-go", "team", ("due",), "visit"),
        Act("nobody", "chronic.act-nobody", "team", ("visit",), "lost", ("note",)),
        Act("again", "chronic.act-again", CLOCK, ("lost",), "visit"),
        Act("refuse", "chronic.act-refuse", "team", ("due", "visit"), "due", ("reason",)),
        Act("close", "chronic.act-close", "team", ("due", "visit", "lost"), "over", ("reason", "note")),
    ),
    desk="family-team",
)  # fmt: skip

CARERS: Final = carers.CARERS
_DEADLINE: Final = f"{TABLE.name}.deadline"


def enrol(tx: Tx, *, resident: str, programme: str) -> Stored:
    """The actor's institution follows a resident up; in the alliance one institution does for each programme."""
    act = TABLE.act("enrol")
    _carer(tx)
    needed(act, {"programme": programme})
    if programme not in chronic.PROGRAMMES:
        raise Invalid("chronic.unknown-programme", element="programme", programme=programme)
    _old_enough(tx, resident)
    if tx.holder(TABLE.name, _key(resident, programme)) is not None:
        raise Conflict("chronic.cared-for", element="programme")
    first = policy("chronic.first", on=day(tx.now), reads=tx).amount
    return _begin(tx, resident=resident, given={"programme": programme}, until=_end_in(tx, first))


def record(tx: Tx, *, task: str, data: Data) -> tuple[Stored, chronic.Verdict, str]:
    """One follow-up; (the Task, the verdict, the reference of the follow-up's Encounter). The next date sets itself.

    ``data["on"]`` is the day on which it took place, when it is written down later (from paper): the next date counts
    from that day.
    """
    act = TABLE.act("record")
    case = _case(tx, task, act)
    needed(act, {"way": data.get("way")})
    given = boxes(case.task["input"])
    programme = given["programme"]
    sheet = chronic_form.read(tx, data, programme=programme, last=chronic_form.load(tx, given.get("last", "")))
    on = chronic_form.day_of(tx, data)
    born = date.fromisoformat(tx.read("Patient", Ref.parse(case.resident).id)["birthDate"])
    state = chronic_form.found(sheet, age=age(born, on), pregnant=bool(data.get("pregnant")),
                               before=given.get("control", chronic.STEADY))  # fmt: skip
    verdict = chronic.judge(programme, state, chronic_form.limits(tx))
    answers, encounter = chronic_form.write(tx, sheet, resident=case.resident, programme=programme, verdict=verdict,
                                            plan=case.task["focus"]["reference"], on=on)  # fmt: skip
    case.task["priority"] = chronic.PRIORITIES[verdict.action]
    case.task["input"] = list(_inputs(programme=programme, control=verdict.control, action=verdict.action,
                                      value=sheet.said, last=answers))  # fmt: skip
    moved = move(tx, case, act, until=_end_in(tx, verdict.days, on), also=(answers, encounter),
                 occurred=chronic_form.moment_of(tx, on))  # fmt: skip
    return moved, verdict, encounter


def miss(tx: Tx, *, task: str, note: str = "") -> Stored:
    """Nobody was reached; it is tried again in some days. The last try that the rule allows leads to a visit."""
    act = TABLE.act("miss")
    case = _case(tx, task, act)
    if _tries(case) + 1 >= policy("chronic.tries", on=day(tx.now), reads=tx).amount:
        raise RuleBroken("chronic.visit-now")
    return _tried(tx, case, act, note, _end_in(tx, policy("chronic.again", on=day(tx.now), reads=tx).amount))


def go(tx: Tx, *, task: str, note: str = "") -> Stored:
    """Somebody goes there."""
    act = TABLE.act("go")
    case = _case(tx, task, act)
    return _tried(tx, case, act, note, _end_in(tx, policy("chronic.visit", on=day(tx.now), reads=tx).amount))


def unreached(tx: Tx, *, task: str, note: str = "") -> Stored:
    """One try more without an answer: tried again, or visited when it was the last that the rule allows."""
    case = _case(tx, task, TABLE.act("miss"))
    last = _tries(case) + 1 >= policy("chronic.tries", on=day(tx.now), reads=tx).amount
    return go(tx, task=task, note=note) if last else miss(tx, task=task, note=note)


def nobody(tx: Tx, *, task: str, note: str) -> Stored:
    """Nobody was found at home; ``note`` says what neighbours or the village doctor know."""
    act = TABLE.act("nobody")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())


def refuse(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The resident does not want this follow-up, and why; they are asked again at the next regular date."""
    act = TABLE.act("refuse")
    case = _case(tx, task, act)
    coded = _coded(act, reason)
    _put(case, tries="")
    return move(tx, case, act, reason=coded, note=note.strip(),
                until=_end_in(tx, policy("chronic.refused", on=day(tx.now), reads=tx).amount))  # fmt: skip


def close(tx: Tx, *, task: str, reason: str, note: str) -> Stored:
    """The follow-up ends; ``note`` says from whom that is known."""
    act = TABLE.act("close")
    case = _case(tx, task, act)
    needed(act, {"reason": reason, "note": note})
    coded = _coded(act, reason)
    done = request_status(tx, case, act)
    programme = boxes(case.task["input"])["programme"]
    tx.release(TABLE.name, _key(case.resident, programme), holder=tx.actor.organization)
    return move(tx, case, act, reason=coded, note=note.strip(), also=(done,))


def hand_over(tx: Tx, *, task: str) -> tuple[str, str] | None:
    """The actor's institution goes on with a case of another that asked it to: with its risk, its date and its answers.

    (resident, programme); None when the case is over by now. That it was asked is the caller's to know.
    """
    _carer(tx)
    case, act = load(tx, TABLE, task), TABLE.act("close")
    if not TABLE.state(case.state).open:
        return None
    before, given, resident = case.organization("team"), boxes(case.task["input"]), case.resident
    until, priority = moment(deadline_of(case.task)), str(case.task["priority"])
    done = request_status(tx, case, act)
    tx.release(TABLE.name, _key(resident, given["programme"]), holder=before)
    move(tx, case, act, reason=_coded(act, "moved"), also=(done,))
    given.pop("tries", None)
    soon = _end_in(tx, policy("chronic.again", on=day(tx.now), reads=tx).amount)
    _begin(tx, resident=resident, given=given, until=max(until, soon), priority=priority)
    return resident, given["programme"]


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A date has passed: the lost are looked for again; the rest is late on the list, and after a grace reported."""
    try:
        case = load(tx, TABLE, Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if case.state != payload["state"]:
        return
    if case.state == "lost":
        move(tx, case, TABLE.act("again"))
    elif not payload.get("grace"):
        at = tx.now + policy("chronic.grace", on=day(tx.now), reads=tx).microseconds
        tx.due(at, _DEADLINE, ref=ref, payload={**payload, "grace": True})
    else:
        escalation.raise_task(tx, ref=ref, payload=payload)


def programme_of(task: dict[str, Any]) -> str:
    """The code of a case's programme."""
    codings = (coding for coding in task["code"]["coding"] if coding.get("system") == PROGRAMME)
    return next((str(coding["code"]) for coding in codings), "")


def of_resident(reads: Reads, *, resident: str) -> list[dict[str, Any]]:
    """The running cases of a resident."""
    found = reads.search("Task", [("patient", resident), ("code", f"{systems.WORKFLOW}|{TABLE.name}")])
    return [task for task in found if TABLE.state(state_of(task)).open]


def last_sheet(reads: Reads, task: dict[str, Any]) -> Sheet | None:
    """The last follow-up of a case."""
    return chronic_form.load(reads, boxes(task.get("input", [])).get("last", ""))


# -- inside


def _begin(tx: Tx, *, resident: str, given: dict[str, str], until: int, priority: str = "routine") -> Stored:
    """The plan of the actor's institution, its claim and its Task."""
    act, here = TABLE.act("enrol"), tx.actor.organization
    known = programmes()[given["programme"]].concept
    tx.claim(TABLE.name, _key(resident, given["programme"]), holder=here)
    care: dict[str, Any] = {
        "resourceType": "CarePlan", "status": "active", "intent": "plan", "title": known.zh,
        "category": [{"coding": [known.coding()]}], "subject": {"reference": resident},
        "period": {"start": instant(tx.now)}, "created": instant(tx.now), "author": {"reference": here},
    }  # fmt: skip
    plan = tx.create(care)
    return begin(tx, TABLE, act, focus=str(plan.ref), resident=resident, asking=here, asked=here, what=known,
                 inputs=_inputs(**given), until=until, priority=priority,
                 also=(f"{plan.ref}/_history/{plan.version}",))  # fmt: skip


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    _carer(tx)
    return case


def _carer(tx: Tx) -> None:
    if tx.actor.role not in CARERS:
        raise Forbidden("chronic.carers-only")


def _old_enough(tx: Tx, resident: str) -> None:
    born = str(tx.read("Patient", Ref.parse(resident).id).get("birthDate", ""))
    youngest = policy("chronic.youngest", on=day(tx.now), reads=tx).amount
    if len(born) != 10 or age(date.fromisoformat(born), day(tx.now)) < youngest:
        raise Invalid("chronic.too-young", element="programme", age=youngest)


def _key(resident: str, programme: str) -> str:
    return f"{resident} {programme}"


def _inputs(**given: str) -> tuple[dict[str, Any], ...]:
    return tuple(item_reference(name, value) if name == "last" else item(name, value)
                 for name, value in given.items() if value)  # fmt: skip


def _put(case: Case, **more: str) -> None:
    case.task["input"] = list(_inputs(**{**boxes(case.task["input"]), **more}))


def _tries(case: Case) -> int:
    return int(boxes(case.task["input"]).get("tries", "0"))


def _tried(tx: Tx, case: Case, act: Act, note: str, until: int) -> Stored:
    _put(case, tries=str(_tries(case) + 1))
    return move(tx, case, act, note=note.strip(), until=until)


def _coded(act: Act, reason: str) -> dict[str, Any]:
    needed(act, {"reason": reason, "note": "-"})
    known = reasons(f"{TABLE.name}.{act.code}").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return {"coding": [known.coding()]}


def _end_in(tx: Tx, days: int, since: date | None = None) -> int:
    """The last second of the day that is so many days after today, or after ``since``."""
    last = datetime.combine((since or day(tx.now)) + timedelta(days=days), time(23, 59, 59), HOME)
    return int(last.timestamp()) * 1_000_000
