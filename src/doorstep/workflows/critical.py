"""A critical value: whoever ordered is told at once, wherever they are, and says what they do; silence climbs a ladder.

One Task for each value, so that answering one never answers another. The rungs are states of the table: the one who
ordered and the desk, then the duty doctors, then the head of the institution (and the laboratory telephones), then the
alliance's desk. A value that is amended ends its alarm and, when it is critical still, alarms again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import critical as limits
from doorstep.terms import systems
from doorstep.terms.catalogue import Analyte, Concept, analytes, designation, reasons
from doorstep.terms.critical import Limit
from doorstep.terms.policies import policy
from doorstep.workflows import callback, contact, escalation
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
)  # fmt: skip
from doorstep.workflows.identity import card
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

WAITING: Final = ("notified", "at-duty", "at-head", "at-alliance")
"""The rungs: nobody has answered yet."""

TABLE: Final = Table(
    "critical", "critical.critical", "Observation", ("laboratory", "orderer"),
    (
        State("notified", "critical.notified", "requested", "", "orderer", "critical.answer"),
        State("at-duty", "critical.at-duty", "requested", "", "orderer", "critical.duty"),
        State("at-head", "critical.at-head", "requested", "", "orderer", "critical.head"),
        State("at-alliance", "critical.at-alliance", "requested", "", "orderer", "critical.alliance"),
        State("acknowledged", "critical.acknowledged", "in-progress", "", "orderer", "critical.handle"),
        State("handled", "critical.handled", "completed", ""),
        State("amended", "critical.amended", "cancelled", ""),
    ),
    (
        Act("raise", "critical.raise", "laboratory", (), "notified"),
        Act("acknowledge", "critical.acknowledge", "orderer", WAITING, "acknowledged", ("reason", "readback"),
            ("critical.clinicians-only",)),
        Act("handle", "critical.handle", "orderer", ("acknowledged",), "handled", ("note",),
            ("critical.clinicians-only",)),
        Act("tell", "critical.tell", "laboratory", WAITING, "acknowledged", ("recipient", "readback")),
        Act("duty", "critical.climb-duty", CLOCK, ("notified",), "at-duty"),
        Act("head", "critical.climb-head", CLOCK, ("at-duty",), "at-head"),
        Act("alliance", "critical.climb-alliance", CLOCK, ("at-head",), "at-alliance"),
        Act("amend", "critical.amend", CLOCK, (*WAITING, "acknowledged"), "amended"),
    ),
)  # fmt: skip

CLINICIANS: Final = ("doctor", "nurse", "specialist", "family-team", "public-health")
"""Roles that may answer an alarm: those who treat."""
LEFT: Final = "left"
"""The action that sets somebody to find the resident."""
_CLIMB: Final = {"notified": "duty", "at-duty": "head", "at-head": "alliance"}


def limit_of(reads: Reads, code: str, resident: str, *, now: int) -> Limit | None:
    """The critical limits of an item for a resident now."""
    who = card(reads.read("Patient", Ref.parse(resident).id))
    return limits.limit(code, on=day(now), born=who.born, sex=who.sex, reads=reads)


def beyond(tx: Tx, code: str, value: Decimal, resident: str) -> str:
    """"LL" or "HH" when a value is critical for a resident, else ""."""
    known = limit_of(tx, code, resident, now=tx.now)
    return known.beyond(value) if known else ""


def notify(
    tx: Tx, *, observation: Stored, found: dict[str, Any], order: dict[str, Any], orderer: str, part_of: str,
    laboratory: str = "", what: Concept | None = None,
) -> Stored:  # fmt: skip
    """Alarm whoever ordered about one released value, or one finding of a reader (``what`` was read). The Task."""
    analyte = analyte_of(found)
    resident, person = found["subject"]["reference"], order["requester"]["reference"]
    task = begin(
        tx, TABLE, TABLE.act("raise"), focus=str(observation.ref), resident=resident,
        asking=laboratory or tx.actor.organization, asked=orderer, priority="stat",
        encounter=order.get("encounter", {}).get("reference", ""), part_of=part_of,
        what=analyte.concept if analyte else what,
        inputs=(item("value", said(found)), item_reference("orderer", person)),
        also=(f"{observation.ref}/_history/{observation.version}",),
    )  # fmt: skip
    tx.grant(resident=Ref.parse(resident).id, person=person, level=2, reason="order", source=str(task.ref))
    return task


def acknowledge(tx: Tx, *, task: str, action: str, readback: str, note: str = "") -> Stored:
    """Whoever answers has read the value back and says what they do."""
    act = TABLE.act("acknowledge")
    case = _case(tx, task, act)
    _clinician(tx)
    needed(act, {"reason": action, "readback": readback})
    chosen = reasons("critical.acknowledge").get(action)
    if chosen is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=action)
    callback.lift(tx, about=case.ref)
    if action == LEFT:
        contact.ask(tx, about=case.ref, resident=case.resident, institution=case.organization("orderer"),
                    what=_concept(case), encounter=case.task.get("encounter", {}).get("reference", ""))  # fmt: skip
    return move(tx, case, act, reason={"coding": [chosen.coding()]}, note=note.strip(),
                outputs=(item("readback", "yes"),))  # fmt: skip


def handle(tx: Tx, *, task: str, note: str) -> Stored:
    """What was done about the value."""
    act = TABLE.act("handle")
    case = _case(tx, task, act)
    _clinician(tx)
    needed(act, {"note": note})
    tx.end_grants(case.ref)
    return move(tx, case, act, note=note.strip())


def tell(tx: Tx, *, task: str, recipient: str, readback: str) -> Stored:
    """The laboratory has told somebody by telephone, who read the value back."""
    act = TABLE.act("tell")
    case = _case(tx, task, act)
    needed(act, {"recipient": recipient, "readback": readback})
    callback.lift(tx, about=case.ref)
    return _told(tx, case, recipient)


def reach(tx: Tx, *, task: str, recipient: str, readback: str) -> Stored:
    """A call that was due has reached somebody: the call is over, and the value is told. The call's Task."""
    call = callback.reached(tx, task=task, recipient=recipient, readback=readback)
    case = load(tx, TABLE, Ref.parse(call.task["focus"]["reference"]).id)
    if case.state in WAITING:
        _told(tx, case, recipient)
    return tx.stored("Task", call.id)


def amend(tx: Tx, *, observation: str) -> None:
    """The value that an alarm stood for has been corrected: the alarm is over, another may begin."""
    query = [("focus", observation), ("code", f"{systems.WORKFLOW}|{TABLE.name}"),
             ("status", "requested,in-progress")]  # fmt: skip
    for found in tx.search("Task", query):
        case = load(tx, TABLE, found["id"])
        callback.lift(tx, about=case.ref)
        tx.end_grants(case.ref)
        move(tx, case, TABLE.act("amend"))


def climb(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A deadline has passed: the next rung is alarmed too, or the superior of whoever does not act."""
    try:
        case = load(tx, TABLE, Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if case.state != payload["state"]:
        return
    step = _CLIMB.get(case.state)
    if step is None:
        escalation.raise_task(tx, ref=ref, payload=payload)
        return
    target = TABLE.state(TABLE.act(step).target)
    # Counted from when the rung before should have answered, so that a pause of the server does not stretch the ladder.
    until = moment(deadline_of(case.task)) + policy(target.limit, on=day(tx.now), reads=tx).microseconds
    move(tx, case, TABLE.act(step), until=until)
    if step == "head":
        callback.ask(tx, about=case.ref, resident=case.resident, orderer=case.organization("orderer"),
                     laboratory=case.organization("laboratory"), what=_concept(case),
                     value=boxes(case.task["input"])["value"])  # fmt: skip
    elif step == "alliance":
        escalation.raise_top(tx, ref=ref, payload={"state": target.code})


def orderer_of(task: dict[str, Any]) -> str:
    """Who ordered: "Practitioner/x"."""
    return boxes(task.get("input", [])).get("orderer", "")


def open_of(reads: Reads, observations: list[str]) -> list[dict[str, Any]]:
    """The alarms that stand about some Observations ("Observation/x"): answered or not, nothing has been done yet."""
    if not observations:
        return []
    query = [("focus", ",".join(observations)), ("code", f"{systems.WORKFLOW}|{TABLE.name}"),
             ("status", "requested,in-progress")]  # fmt: skip
    return reads.search("Task", query)


def said(observation: dict[str, Any]) -> str:
    """What an Observation says, in the words that were shown: a number with its unit, or a finding."""
    amount = observation.get("valueQuantity")
    if amount is not None:
        return f"{amount['value']} {amount['unit']}"
    return str(observation["valueCodeableConcept"]["coding"][0]["display"])


def code_of(observation: dict[str, Any]) -> str:
    """The LOINC code of what was measured."""
    codings = observation["code"]["coding"]
    return next((str(each["code"]) for each in codings if each.get("system") == systems.LOINC), "")


def flagged(tx: Tx, observation: dict[str, Any]) -> dict[str, Any]:
    """The Observation, with the critical flag beside its usual one when its value is beyond the limits."""
    flag = beyond(tx, code_of(observation), observation["valueQuantity"]["value"], observation["subject"]["reference"])
    if flag:
        coded = {"coding": [{"system": systems.INTERPRETATION, "code": flag}]}
        observation["interpretation"] = [*observation.get("interpretation", []), coded]
    return observation


def is_flagged(observation: dict[str, Any]) -> bool:
    """Whether a value is critical as it was released."""
    codes = {coding.get("code") for each in observation.get("interpretation", ()) for coding in each.get("coding", ())}
    return bool(codes & set(limits.FLAGS))


def analyte_of(observation: dict[str, Any]) -> Analyte | None:
    return analytes().get(code_of(observation))


def _concept(case: Case) -> Concept | None:
    """What was measured, as the Task's code names it."""
    known = [designation(coding["system"], coding["code"]) for coding in case.task["code"]["coding"]]
    return next((concept for concept in known if concept), None)


def _told(tx: Tx, case: Case, recipient: str) -> Stored:
    return move(tx, case, TABLE.act("tell"),
                outputs=(item("recipient", recipient.strip()), item("readback", "yes")))  # fmt: skip


def _clinician(tx: Tx) -> None:
    if tx.actor.role not in CLINICIANS:
        raise Forbidden("critical.clinicians-only")


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    played = parts_played(TABLE, case.task, tx.actor.organization)
    if tx.actor.person == orderer_of(case.task):
        played |= {"orderer"}  # wherever they work today
    TABLE.check(act, state=case.state, parties=played)
    return case
