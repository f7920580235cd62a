"""Waiting at a clinic: a ticket is a Task about the appointment that somebody came with, or about one made at the desk.

The rule that orders the line is ``line``; every jump has a coded reason that stands in the record. Being called opens
the visit, so that whoever was called is whom the doctor's page is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from doorstep.kernel import exact, keys
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.identifiers import age
from doorstep.terms.policies import policy
from doorstep.workflows import bookable, booking, checkin, line, visit
from doorstep.workflows.coordination import Case, begin, day, item, load, move, parts_played, state_of
from doorstep.workflows.identity import card
from doorstep.workflows.line import Ticket, ticket
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "queue", "queue.queue", "Appointment", ("desk", "room"),
    (
        State("waiting", "queue.state-waiting", "requested", "arrived", "room", "queue.waiting"),
        State("called", "queue.state-called", "in-progress", "arrived", "room", "queue.called"),
        State("out", "queue.state-out", "on-hold", "arrived", "desk", "queue.out"),
        State("away", "queue.state-away", "on-hold", "arrived", "desk", "queue.away"),
        State("seen", "queue.state-seen", "completed", "fulfilled"),
        State("gone", "queue.state-gone", "cancelled", "cancelled"),
    ),
    (
        Act("take", "queue.act-take", "desk", (), "waiting", ("presence",), ("queue.waits-already",)),
        Act("call", "queue.act-call", "room", ("waiting", "away"), "called"),
        Act("repeat", "queue.act-repeat", "room", ("called",), "called"),
        Act("pass", "queue.act-pass", "room", ("called",), "waiting"),
        Act("aside", "queue.act-aside", "room", ("called",), "away"),
        Act("send", "queue.act-send", "room", ("called",), "out"),
        Act("finish", "queue.act-finish", "room", ("called",), "seen"),
        Act("back", "queue.act-back", "desk", ("out", "away"), "waiting"),
        Act("prefer", "queue.act-prefer", "desk", ("waiting",), "waiting", ("reason",)),
        Act("transfer", "queue.act-transfer", "room", ("waiting", "called"), "waiting", ("room",)),
        Act("leave", "queue.act-leave", "desk", ("waiting", "out", "away"), "gone", ("reason",)),
        Act("lapse", "queue.act-lapse", CLOCK, ("waiting", "called", "out", "away"), "gone"),
    ),
    desk="nurse",
)  # fmt: skip

TICKET: Final = "ticket"
"""The kind of the claims that give every number of a day once."""
OPEN: Final = "requested,in-progress,on-hold"
_WRITTEN: Final = ("Observation", "Condition", "ServiceRequest")
_WAITS: Final = "waits"
_DAY: Final = 86_400_000_000
_TRIES: Final = 60


def numbered(store: Store, actor: Actor, command: Callable[..., Stored], **given: Any) -> Stored:
    """Run a command that takes a number; when somebody took that one, the next."""
    for _ in range(_TRIES):
        try:
            return store.run(actor, command, **given)
        except Conflict as lost:
            if lost.key == "claims.taken" and lost.params.get("kind") == _WAITS:
                raise Conflict("queue.waits-already", element="code") from None
            if lost.key != "claims.taken" or lost.params.get("kind") != TICKET:
                raise
    raise Conflict("tx.lost-race", what=TICKET)


def check_in(tx: Tx, *, appointment: str, presence: str) -> Stored:
    """Who has booked is here: the appointment is arrived at, and a number is given."""
    checkin.arrive(tx, appointment=appointment)
    found = tx.read("Appointment", appointment)
    return _take(tx, found, booking.part_of(found, "HealthcareService"), presence, found["start"])


def walk_in(tx: Tx, *, clinic: str, resident: str, presence: str) -> Stored:
    """Who has not booked gets a number too, in the order of arrival."""
    service = tx.read("HealthcareService", Ref.parse(clinic).id)
    if service["providedBy"]["reference"] != tx.actor.organization:
        raise RuleBroken("booking.other-clinic", element="clinic")
    tx.read("Patient", Ref.parse(resident).id)
    length = policy("queue.minutes", on=day(tx.now), reads=tx).microseconds
    made: Resource = {
        "resourceType": "Appointment", "status": "arrived", "start": instant(tx.now), "end": instant(tx.now + length),
        "extension": [{"url": booking.CHANNEL, "valueCode": bookable.WALKIN}], "created": instant(tx.now),
        "participant": [{"actor": {"reference": resident}, "status": "accepted"},
                        {"actor": {"reference": clinic, "display": service["name"]}, "status": "accepted"}],
    }  # fmt: skip
    stored = tx.create(made)
    return _take(tx, {**made, "id": stored.id}, clinic, presence, "")


def call_next(tx: Tx, *, clinic: str, room: str = "") -> Stored:
    """The first who waits is called, and their visit is open. NotFound when nobody waits."""
    waiting = line.in_order(tickets(tx, institution=tx.actor.organization, clinic=clinic), room)
    if not waiting:
        raise NotFound("queue.nobody-waits")
    return call(tx, task=waiting[0].id, room=room)


def call(tx: Tx, *, task: str, room: str = "") -> Stored:
    """Call one ticket to a room."""
    case, act = _case(tx, task, "call")
    _set(case, called=str(tx.now), flag="", **({"room": room} if room else {}))
    if tx.actor.role == "doctor":
        case.task["encounter"] = {"reference": f"Encounter/{_visit(tx, ticket(case.task))}"}
    return move(tx, case, act)


def repeat(tx: Tx, *, task: str) -> Stored:
    """Call again."""
    case, act = _case(tx, task, "repeat")
    _set(case, called=str(tx.now))
    return move(tx, case, act)


def pass_over(tx: Tx, *, task: str) -> Stored:
    """Nobody came: down some places, and after so many times to those who are away."""
    case, act = _case(tx, task, "pass")
    own = ticket(case.task)
    _close_visit(tx, case)
    if own.passes >= policy("queue.pass.most", on=day(tx.now), reads=tx).amount:
        _set(case, passes=str(own.passes + 1))
        return move(tx, case, TABLE.act("aside"))
    others = _others(tx, own)
    places = policy("queue.pass.down", on=day(tx.now), reads=tx).amount
    _set(case, key=str(line.down(others, own.key, places)), passes=str(own.passes + 1))
    return move(tx, case, act)


def aside(tx: Tx, *, task: str) -> Stored:
    """To those who are away, whatever the rule would still allow."""
    case, act = _case(tx, task, "aside")
    _close_visit(tx, case)
    return move(tx, case, act)


def send(tx: Tx, *, task: str) -> Stored:
    """Out for a test; the visit stays open and the ticket comes back with results."""
    case, act = _case(tx, task, "send")
    return move(tx, case, act)


def back(tx: Tx, *, task: str) -> Stored:
    """Back with results, or back at all: behind the next."""
    case, act = _case(tx, task, "back")
    own = ticket(case.task)
    places = policy("queue.back.after", on=day(tx.now), reads=tx).amount
    flag = "results" if own.state == "out" else ""
    _set(case, key=str(line.behind_next(_others(tx, own), tx.now, places)), flag=flag, passes="0")
    return move(tx, case, act)


def prefer(tx: Tx, *, task: str, reason: str) -> Stored:
    """Ahead of all, for a coded reason that is written down and shown."""
    case, act = _case(tx, task, "prefer")
    coded = _reason(act, reason)
    own = ticket(case.task)
    _set(case, key=str(own.key - (0 if own.flag == "preferred" else line.PREFERRED)), flag="preferred")
    return move(tx, case, act, reason=coded)


def transfer(tx: Tx, *, task: str, room: str) -> Stored:
    """To another room, at the same place of the line."""
    case, act = _case(tx, task, "transfer")
    needed(act, {"room": room})
    _close_visit(tx, case)
    _set(case, room=room.strip()[:40])
    return move(tx, case, act)


def finish(tx: Tx, *, task: str) -> Stored:
    """Seen."""
    case, act = _case(tx, task, "finish")
    _appointment(tx, case, "see")
    _free(tx, case)
    return move(tx, case, act)


def leave(tx: Tx, *, task: str, reason: str) -> Stored:
    """Left without being seen."""
    case, act = _case(tx, task, "leave")
    coded = _reason(act, reason)
    _appointment(tx, case, "leave")
    _free(tx, case)
    return move(tx, case, act, reason=coded)


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The day is over for a ticket that nobody closed."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state == payload.get("state"):
        _free(tx, case)
        move(tx, case, TABLE.act("lapse"))


def tickets(reads: Reads, *, institution: str, clinic: str = "") -> list[Ticket]:
    """Everybody in the lines of an institution now, of one clinic or of all, in order."""
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("requester", institution), ("status", OPEN)]
    found = [ticket(each) for each in reads.search("Task", query)]
    return sorted((each for each in found if clinic in ("", each.clinic)), key=lambda each: (each.key, each.number))


def of_resident(reads: Reads, *, resident: str) -> list[Ticket]:
    """The tickets of one resident that are open."""
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("patient", resident), ("status", OPEN)]
    return [ticket(each) for each in reads.search("Task", query)]


# -- inside


def _take(tx: Tx, appointment: Resource, clinic: str, presence: str, start: str) -> Stored:
    act = TABLE.act("take")
    needed(act, {"presence": presence})
    if presence not in reasons("visit.presence"):
        raise Invalid("privacy.unknown-presence", element="presence", presence=presence)
    resident = booking.part_of(appointment, "Patient")
    here = tx.actor.organization
    if any(each.clinic == clinic for each in of_resident(tx, resident=resident)):
        raise Conflict("queue.waits-already", element="code")
    who = card(tx.read("Patient", Ref.parse(resident).id))
    today = day(tx.now)
    old = who.born is not None and age(who.born, today) >= policy("queue.senior.age", on=today, reads=tx).amount
    senior = policy("queue.senior.ahead", on=today, reads=tx).microseconds if old else 0
    late = policy("booking.late", on=today, reads=tx).microseconds
    key = line.first_key(start=start, arrived=tx.now, late=late, senior=senior)
    begun = f"{clinic} {today.isoformat()} "
    taken = keys.held(tx, TICKET, begun)
    number = int(taken[-1].rpartition(" ")[2]) + 1 if taken else 1
    tx.claim(TICKET, f"{begun}{number:04d}", holder=str(appointment["id"]), expires=tx.now + 2 * _DAY)
    tx.claim(_WAITS, f"{clinic} {resident}", holder=str(appointment["id"]), expires=tx.now + _DAY)
    said = {"number": f"{number:03d}", "clinic": clinic, "key": str(key), "shown": line.masked(who.name),
            "presence": presence}  # fmt: skip
    return begin(tx, TABLE, act, focus=f"Appointment/{appointment['id']}", resident=resident, asking=here, asked=here,
                 inputs=tuple(item(name, value) for name, value in said.items()))  # fmt: skip


def _case(tx: Tx, task: str, code: str) -> tuple[Case, Act]:
    case, act = load(tx, TABLE, task), TABLE.act(code)
    TABLE.check(act, state=state_of(case.task), parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case, act


def _set(case: Case, **said: str) -> None:
    """Write boxes of the ticket."""
    kept = [each for each in case.task["input"] if each["type"]["coding"][0]["code"] not in said]
    case.task["input"] = kept + [item(name, value) for name, value in said.items() if value]


def _others(tx: Tx, own: Ticket) -> list[Ticket]:
    found = tickets(tx, institution=tx.actor.organization, clinic=own.clinic)
    return [each for each in line.in_order(found, own.room) if each.id != own.id]


def _reason(act: Act, reason: str) -> Resource:
    needed(act, {"reason": reason})
    known = reasons(f"queue.{act.code}").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return {"coding": [known.coding()]}


def _visit(tx: Tx, own: Ticket) -> str:
    """The visit of whoever is called: the one that is open here already, or a new one."""
    running = [("patient", own.resident), ("status", "in-progress"), ("service-provider", tx.actor.organization)]
    found = tx.search("Encounter", running)
    if found:
        return str(found[0]["id"])
    came = tx.read("Appointment", Ref.parse(own.appointment).id)
    clinic = tx.read("HealthcareService", Ref.parse(own.clinic).id)
    complaint = came.get("comment") or clinic["name"]
    return visit.open_visit(tx, resident=own.resident, complaint=complaint, presence=own.presence).id


def _close_visit(tx: Tx, case: Case) -> None:
    """Whoever did not come has no visit; one that something was written in stays."""
    reference = case.task.pop("encounter", {}).get("reference", "")
    if not reference:
        return
    id_ = Ref.parse(reference).id
    if exact.decode(tx.stored("Encounter", id_).body)["status"] != "in-progress":
        return
    if not any(tx.search(kind, [("encounter", reference)]) for kind in _WRITTEN):
        visit.cancel(tx, encounter=id_, reason="left")


def _free(tx: Tx, case: Case) -> None:
    """They may take a number of this clinic again."""
    own = ticket(case.task)
    tx.release(_WAITS, f"{own.clinic} {own.resident}", holder=Ref.parse(own.appointment).id)


def _appointment(tx: Tx, case: Case, act: str) -> None:
    """What the ticket was about goes the same way."""
    id_ = Ref.parse(case.task["focus"]["reference"]).id
    found, version = booking.load(tx, id_, known := booking.TABLE.act(act))
    booking.enter(tx, found, version, known)
