"""A referral from a member to the lead hospital, and back: it cannot be closed without a reply.

ServiceRequest + coordinating Task. The receiving side alone accepts, declines and returns; the sending side alone
withdraws; every open state has a next actor and a deadline. What the boxes hold is the national referral form
(outgoing sheet: first impression, present illness and reason, history, treatment; returning sheet: diagnosis, results,
treatment, advice), kept in Task.input and Task.output. A bed that was promised is kept until a moment (``beds``); whom
nobody keeps a bed for any more, and who did not come, goes back to somebody by the clock.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.keys import whole
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation, beds, escalation
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
)  # fmt: skip
from doorstep.workflows.referral_sheet import PRIORITIES, Reply, Sheet, department_of, may_go, packet, request_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

__all__ = ["PRIORITIES", "TABLE", "Reply", "Sheet"]

_FILED: Final = {"returned": "file", "declined": "drop", "absent": "drop"}

TABLE: Final = Table(
    "referral", "workflows.referral", "ServiceRequest", ("sender", "receiver"),
    (
        State("sent", "workflows.referral-sent", "requested", "active", "receiver", "referral.answer.{priority}"),
        State("accepted", "workflows.referral-accepted", "accepted", "active", "receiver",
              "referral.arrival.{priority}"),
        State("lapsed", "referral.state-lapsed", "accepted", "active", "receiver", "referral.answer.{priority}"),
        State("arrived", "workflows.referral-arrived", "in-progress", "active", "receiver", "referral.care"),
        State("returned", "workflows.referral-returned", "in-progress", "completed", "sender", "referral.acknowledge"),
        State("declined", "workflows.referral-declined", "on-hold", "active", "sender", "referral.settle"),
        State("absent", "workflows.referral-absent", "on-hold", "active", "sender", "referral.settle"),
        State("closed", "workflows.referral-closed", "completed", "completed"),
        State("settled", "workflows.referral-settled", "rejected", "revoked"),
        State("withdrawn", "workflows.referral-withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("send", "workflows.referral-send", "sender", (), "sent", ("impression", "illness", "consent"),
            ("workflows.not-affiliated", "workflows.visit-over", "workflows.unknown-specialty")),
        Act("take-down", "outside.act-take-down", "receiver", (), "sent",
            ("resident", "impression", "illness", "doctor"), ("outside.has-the-system", "workflows.unknown-specialty")),
        Act("accept", "workflows.referral-accept", "receiver", ("sent", "lapsed"), "accepted", ("place",),
            ("beds.taken", "beds.out-of-use", "referral.other-bed")),
        Act("redirect", "referral.act-redirect", "receiver", ("sent", "lapsed"), "sent",
            ("reason", "specialty", "alternative"), ("workflows.not-affiliated", "referral.same-place")),
        Act("decline", "workflows.referral-decline", "receiver", ("sent", "lapsed"), "declined",
            ("reason", "alternative")),
        Act("arrive", "workflows.referral-arrive", "receiver", ("accepted", "lapsed"), "arrived"),
        Act("triage", "referral.act-triage", "receiver", ("arrived",), "arrived", ("level",)),
        Act("bed", "referral.act-bed", "receiver", ("arrived",), "arrived"),
        Act("miss", "workflows.referral-miss", "receiver", ("accepted", "lapsed"), "absent"),
        Act("no-show", "referral.act-no-show", CLOCK, ("accepted",), "absent"),
        Act("lapse", "referral.act-lapse", CLOCK, ("accepted",), "lapsed"),
        Act("return", "workflows.referral-return", "receiver", ("arrived",), "returned",
            ("diagnosis", "treatment", "advice", "plan")),
        Act("acknowledge", "workflows.referral-acknowledge", "sender", ("returned",), "closed"),
        Act("file", "outside.act-file", CLOCK, ("returned",), "closed"),
        Act("drop", "outside.act-drop", CLOCK, ("declined", "absent"), "settled"),
        Act("settle", "workflows.referral-settle", "sender", ("declined", "absent"), "settled", ("note",)),
        Act("withdraw", "workflows.referral-withdraw", "sender", ("sent", "accepted", "lapsed"), "withdrawn",
            ("reason",)),
    ),
)  # fmt: skip



def send(
    tx: Tx, *, encounter: str, receiver: str, specialty: str, sheet: Sheet, priority: str = "routine",
    reports: tuple[str, ...] = (), until: int = 0,
) -> Stored:
    """Refer the resident of a visit; the receiving hospital may read what is sent with it until it has answered."""
    act = TABLE.act("send")
    urgent = sheet.later and priority == "stat"
    needed(act, {"impression": sheet.impression, "illness": sheet.illness, "consent": sheet.consent or urgent or None})
    department = department_of(specialty)
    if priority not in PRIORITIES:
        raise Invalid("workflows.unknown-priority", element="priority", priority=priority)
    if sheet.insurance and sheet.insurance not in reasons("referral.insurance"):
        raise Invalid("workflows.unknown-reason", element="insurance", reason=sheet.insurance)
    may_go(tx, tx.actor.organization, receiver, specialty)
    visit = tx.read("Encounter", encounter)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    resident = visit["subject"]["reference"]
    request = tx.create(request_of(
        tx, resident=resident, encounter=f"Encounter/{encounter}", requester=tx.actor.person, receiver=receiver,
        department=department, priority=priority, impression=sheet.impression, reports=reports,
    ))  # fmt: skip
    task = begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=tx.actor.organization, asked=receiver,
        priority=priority, encounter=f"Encounter/{encounter}", what=department, until=until,
        inputs=tuple(item(box, text.strip()) for box, text in sheet.boxes().items() if text.strip()),
        also=(f"{request.ref}/_history/{request.version}",),
    )
    tx.grant(
        resident=Ref.parse(resident).id, org=receiver, level=2, reason="referral", source=str(task.ref), scope=PACKET,
        items=(*tx.written(), *packet(tx, f"Encounter/{encounter}", reports)),
    )
    return task


def acceptable(tx: Tx, *, task: str) -> Case:
    """The referral, if the actor may accept it now."""
    return _case(tx, task, TABLE.act("accept"))


def accept(
    tx: Tx, *, task: str, place: str, bed: str = "", appointment: str = "", until: int = 0, note: str = "",
) -> Stored:
    """The hospital takes the patient; ``place`` says where to come (bed, clinic, time).

    ``bed`` is kept from now on, for as long as the policy says; ``until`` is when the patient counts as not come. From
    now on both sides read the record until the referral is over; an institution beyond the alliance never does.
    """
    act = TABLE.act("accept")
    case = _case(tx, task, act)
    outputs = [item("place", place.strip())]
    if bed:
        place = " ".join(part for part in (_keep(tx, case, bed), place.strip()) if part)
        kept_until = tx.now + policy(f"referral.bed.{case.task['priority']}", on=day(tx.now), reads=tx).microseconds
        beds.hold(tx, bed=bed, source=case.ref, until=kept_until)
        outputs = [item("place", place), item_reference("bed", bed), item("kept-until", instant(kept_until))]
    needed(act, {"place": place})
    if appointment:
        outputs.append(item_reference("appointment", appointment))
    for party in TABLE.parties:
        if not affiliation.is_outside(tx, case.organization(party)):
            tx.grant(
                resident=Ref.parse(case.resident).id, org=case.organization(party), level=2, reason="referral",
                source=_source(case),
            )
    _forget(case, "bed", "kept-until", "appointment")
    return move(tx, case, act, outputs=tuple(outputs), until=until, note=note.strip())


def redirect(
    tx: Tx, *, task: str, specialty: str, reason: str, alternative: str, receiver: str = "",
) -> Stored:  # fmt: skip
    """Send it on to another department, or to another institution of the alliance, which decides anew.

    Who sent it on to another house reads it no longer; the sender sees where it went and may withdraw.
    """
    act = TABLE.act("redirect")
    case = _case(tx, task, act)
    coded = _reason("referral.redirect", act, {"reason": reason, "specialty": specialty, "alternative": alternative})
    department, here = department_of(specialty), case.organization("receiver")
    there = receiver or here
    focus = Ref.parse(case.task["focus"]["reference"])
    request = tx.read(focus.type, focus.id)
    if there == here and any(coding == department.coding() for coding in request["performerType"]["coding"]):
        raise RuleBroken("referral.same-place", element="specialty")
    may_go(tx, case.organization("sender"), there, specialty)
    beds.release(tx, source=case.ref)
    also = tx.update({**request, "performer": [{"reference": there}],
                      "performerType": {"coding": [department.coding()]}})[0]  # fmt: skip
    case.task["code"]["coding"][1:] = [department.coding()]
    case.task |= {"description": department.zh, "restriction": {"recipient": [{"reference": there}]}}
    if there != here:
        _hand_on(tx, case, there, request)
    return move(tx, case, act, reason=coded, outputs=(item("alternative", alternative.strip()),),
                also=(f"{focus}/_history/{also.version}",))  # fmt: skip


def decline(tx: Tx, *, task: str, reason: str, alternative: str) -> Stored:
    """The hospital cannot take the patient and says what to do instead; its right to read ends."""
    act = TABLE.act("decline")
    case = _case(tx, task, act)
    coded = _reason("referral.decline", act, {"reason": reason, "alternative": alternative})
    _end(tx, case)
    return move(tx, case, act, reason=coded, outputs=(item("alternative", alternative.strip()),))


def arrive(tx: Tx, *, task: str, occurred: int | None = None, by: Actor | None = None) -> Stored:
    """The patient is here; no second queue. What is kept for them is kept until they lie in it."""
    act = TABLE.act("arrive")
    case = _case(tx, task, act, by)
    kept_until = tx.now + policy("referral.bed.arrived", on=day(tx.now), reads=tx).microseconds
    for bed in beds.kept(tx, source=case.ref):
        beds.hold(tx, bed=bed.reference, source=case.ref, until=kept_until)
    return move(tx, case, act, occurred=occurred, by=by)


def triage(
    tx: Tx, *, task: str, level: str, note: str = "", occurred: int | None = None, by: Actor | None = None,
) -> Stored:  # fmt: skip
    """How pressing it is, seen at the door."""
    act = TABLE.act("triage")
    case = _case(tx, task, act, by)
    coded = _reason("referral.triage", act, {"reason": level, "level": level})
    return move(tx, case, act, reason=coded, note=note.strip(), occurred=occurred, until=_deadline(case),
                outputs=(item("level", level),), by=by)  # fmt: skip


def bedded(
    tx: Tx, *, task: str, place: str = "", occurred: int | None = None, by: Actor | None = None
) -> Stored:
    """The patient lies in a bed (or on the table): the last stamp of the way here."""
    act = TABLE.act("bed")
    case = _case(tx, task, act, by)
    outputs = (item("place", place.strip()),) if place.strip() else ()
    return move(tx, case, act, occurred=occurred, until=_deadline(case), outputs=outputs, by=by)


def miss(tx: Tx, *, task: str) -> Stored:
    """The patient did not come; the sender looks after them."""
    act = TABLE.act("miss")
    case = _case(tx, task, act)
    beds.release(tx, source=case.ref)
    return move(tx, case, act)


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A deadline has passed: who was expected did not come and goes back to the sender; other silence is reported.

    An institution without accounts is waited for by the one that has some: its own turn ends by the clock.
    """
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state != payload["state"]:
        return
    if case.state == "accepted":
        beds.release(tx, source=case.ref)
        move(tx, case, TABLE.act("no-show"))
    elif case.state in _FILED and affiliation.is_outside(tx, case.organization("sender")):
        move(tx, case, TABLE.act(_FILED[case.state]))
    else:
        late = case.task["owner"]["reference"]
        at = case.organization("sender") if affiliation.is_outside(tx, late) else ""
        escalation.raise_task(tx, ref=ref, payload=payload, to=at)


def bed_lapsed(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The time for which a bed was kept is over: it is free, and both sides see that there is none any more."""
    source = str(payload["source"])
    if not beds.lapsed(tx, ref=ref, payload=payload) or not source.startswith("Task/"):
        return
    case = load(tx, TABLE, Ref.parse(source).id)
    if case.state == "accepted":
        move(tx, case, TABLE.act("lapse"))


def returnable(tx: Tx, *, task: str, reply: Reply, planned: bool) -> Case:
    """The referral, if the actor may return it now with this reply; refuses otherwise, naming every empty box."""
    act = TABLE.act("return")
    case = _case(tx, task, act)
    needed(act, {**reply.boxes(), "plan": planned or None})
    return case


def give_back(tx: Tx, *, task: str, reply: Reply, plan: str) -> Stored:
    """Return the patient with a reply and a plan (a CarePlan reference): the only way to close."""
    act = TABLE.act("return")
    case = _case(tx, task, act)
    needed(act, {**reply.boxes(), "plan": plan})
    outputs = tuple(item(box, text.strip()) for box, text in reply.boxes().items() if text.strip())
    done = request_status(tx, case, act)
    return move(tx, case, act, outputs=(*outputs, item_reference("plan", plan)), also=(done, plan))


def acknowledge(tx: Tx, *, task: str) -> Stored:
    """The township has the patient and the plan; both sides keep reading the record for some days."""
    act = TABLE.act("acknowledge")
    case = _case(tx, task, act)
    _end(tx, case, at=tx.now + policy("referral.access", on=day(tx.now), reads=tx).microseconds)
    return move(tx, case, act)


def settle(tx: Tx, *, task: str, note: str) -> Stored:
    """The sender has arranged otherwise after a refusal or a missed arrival, and says how."""
    act = TABLE.act("settle")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    _end(tx, case)
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note.strip(), also=(done,))


def withdraw(tx: Tx, *, task: str, reason: str) -> Stored:
    """The sender takes the referral back before the patient has arrived."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act)
    coded = _reason("referral.withdraw", act, {"reason": reason})
    _end(tx, case)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=coded, also=(done,))


def _hand_on(tx: Tx, case: Case, there: str, request: dict[str, Any]) -> None:
    """The packet opens to the next house, as it was sent; the house before reads it no longer."""
    record = whole(tx)
    reports = tuple(each["reference"] for each in request.get("supportingInfo", ()))
    encounter = case.task.get("encounter", {}).get("reference", "")
    kept = packet(record, encounter, reports) if encounter else list(reports)
    tx.end_grants(_source(case))
    source = f"{case.ref}/_history/{case.version}"
    case.task.setdefault("input", []).append(item("right", source))
    tx.grant(
        resident=Ref.parse(case.resident).id, org=there, level=2, reason="referral", source=source, scope=PACKET,
        items=(case.ref, case.task["focus"]["reference"], *kept),
    )


def _source(case: Case) -> str:
    """Behind which act the rights of the two houses stand: the sending, or the last handing on."""
    return boxes(case.task.get("input", [])).get("right", case.ref)


def _end(tx: Tx, case: Case, at: int | None = None) -> None:
    """Nobody reads because of this referral any more, and nothing is kept for it."""
    tx.end_grants(_source(case), at=at)
    beds.release(tx, source=case.ref)


def _keep(tx: Tx, case: Case, bed: str) -> str:
    """Where the bed is, in words; what else was kept for this referral is given back."""
    wanted = beds.bed_of(tx, bed)
    if wanted.institution != case.organization("receiver"):
        raise RuleBroken("referral.other-bed", element="bed")
    for other in beds.kept(tx, source=case.ref):
        if other.reference != bed:
            tx.release(beds.HELD, Ref.parse(other.reference).id, holder=case.ref)
    return wanted.place


def _forget(case: Case, *names: str) -> None:
    """What an earlier answer said and this one does not."""
    kept = [each for each in case.task.get("output", ()) if each["type"]["coding"][0]["code"] not in names]
    if "output" in case.task:
        case.task["output"] = kept
        if not kept:
            del case.task["output"]


def _deadline(case: Case) -> int:
    """A stamp moves no deadline."""
    return moment(deadline_of(case.task))


def _case(tx: Tx, task: str, act: Act, by: Actor | None = None) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, (by or tx.actor).organization))
    return case


def _reason(kind: str, act: Act, given: dict[str, Any]) -> dict[str, Any]:
    needed(act, given)
    known = reasons(kind).get(given["reason"])
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=given["reason"])
    return {"coding": [known.coding()]}
