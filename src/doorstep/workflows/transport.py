"""A box of tubes on its way from a site to a laboratory: packed by scanning, sealed, carried, opened by scanning.

A box is about nobody: it holds numbers, not names, so that whoever carries it sees what they carry and no record. Its
Task is in the record's own keeping; the two institutions and their couriers see it through these questions alone. What
did not come is named at both ends, with the place where it was last seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems, tubes
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation, labels, specimen
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    deadline_of,
    item,
    load,
    moment,
    move,
    parts_played,
    state_of,
)  # fmt: skip
from doorstep.workflows.measure import read_number
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "transport", "lab.transport", "Task", ("site", "laboratory"),
    (
        State("packing", "lab.box-packing", "requested", "", "site", "transport.pack"),
        State("sealed", "lab.box-sealed", "accepted", "", "site", "transport.pickup"),
        State("under-way", "lab.box-under-way", "in-progress", "", "laboratory", "transport.drive"),
        State("arrived", "lab.box-arrived", "in-progress", "", "laboratory", "transport.open"),
        State("closed", "lab.box-closed", "completed", ""),
        State("short", "lab.box-short", "failed", ""),
    ),
    (
        Act("pack", "lab.box-pack", "site", (), "packing", (), ("workflows.not-affiliated",)),
        Act("put", "lab.box-put", "site", ("packing",), "packing", ("code",),
            ("lab.not-a-code", "lab.nobodys-code", "lab.in-a-box", "lab.other-laboratory")),
        Act("take-out", "lab.box-take-out", "site", ("packing",), "packing", ("code",), ("lab.not-in-box",)),
        Act("seal", "lab.box-seal", "site", ("packing",), "sealed", (), ("lab.box-empty",)),
        Act("depart", "lab.box-depart", "site", ("sealed",), "under-way", ("courier", "temperature"),
            ("lab.temperature-note",)),
        Act("arrive", "lab.box-arrive", "laboratory", ("under-way",), "arrived", ("temperature",),
            ("lab.temperature-note",)),
        Act("check", "lab.box-check", "laboratory", ("arrived",), "arrived", ("code",),
            ("lab.not-a-code", "lab.not-in-box")),
        Act("close", "lab.box-close", "laboratory", ("arrived",), "closed", (), ("lab.box-not-whole",)),
        Act("shorten", "lab.box-shorten", "laboratory", ("arrived",), "short"),
        Act("abandon", "lab.box-abandon", "site", ("packing", "sealed"), "short", ("note",)),
        Act("remind-pack", "lab.box-remind", CLOCK, ("packing",), "packing"),
        Act("remind-pickup", "lab.box-remind", CLOCK, ("sealed",), "sealed"),
        Act("remind-drive", "lab.box-remind", CLOCK, ("under-way",), "under-way"),
        Act("remind-open", "lab.box-remind", CLOCK, ("arrived",), "arrived"),
    ),
    desk="technician",
)  # fmt: skip

CARRYING: Final = ("depart",)
"""Acts of whoever carries the box: the site's driver or the laboratory's."""
ROLES: Final = ("doctor", "nurse", "technician", "specialist", "public-health", "family-team")
_TUBE, _IN, _KIND = "tube", "came", "box"
_REMIND: Final = {"packing": "remind-pack", "sealed": "remind-pickup", "under-way": "remind-drive",
                  "arrived": "remind-open"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """A box as both ends see it: numbers alone. ``out`` and ``came`` are temperatures as they were read."""

    id: str
    number: str
    state: State
    site: str
    laboratory: str
    tubes: tuple[str, ...]
    arrived: frozenset[str]
    courier: str
    temperatures: Mapping[str, str]
    since: str
    deadline: str
    late: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """What was packed and has not been scanned in."""
        return tuple(number for number in self.tubes if number not in self.arrived)


def pack(tx: Tx, *, laboratory: str) -> Stored:
    """A new box at the actor's site, for one laboratory."""
    act, actor = TABLE.act("pack"), tx.actor
    _staff(actor)
    affiliation.require(tx, member=actor.organization, partner=laboratory, role=affiliation.LABORATORY)
    number = tubes.fresh(tubes.BOX)
    with _own_keeping(tx):
        task = begin(tx, TABLE, act, focus="", resident="", asking=actor.organization, asked=laboratory, by=actor,
                     inputs=(item("number", number),))  # fmt: skip
        tx.claim(_KIND, number, holder=task.id)
    return task


def put(tx: Tx, *, task: str, code: str) -> Stored:
    """A tube goes into the box: one that was collected here, for this laboratory, and that is in no other box."""
    act = TABLE.act("put")
    case = _case(tx, task, act)
    needed(act, {"code": code})
    order = specimen.holder_of(tx, code)
    number, found = tubes.whole(code), tx.read("Task", order)
    if found["restriction"]["recipient"][0]["reference"] != case.organization("laboratory"):
        raise RuleBroken("lab.other-laboratory", element="code", given=number)
    if state_of(found) != "collected":
        raise Conflict("workflows.wrong-state", workflow="order", act="send", state=state_of(found))
    if tx.holder("packed", number) is not None:
        raise Conflict("lab.in-a-box", element="code", given=number)
    inside = _numbers(case.task, _TUBE)
    most = policy("transport.most", on=day(tx.now), reads=tx).amount
    if len(inside) >= most:
        raise RuleBroken("lab.box-full", element="code", most=most)
    tx.claim("packed", number, holder=case.id)
    case.task["input"].append(item(_TUBE, number))
    return _move(tx, case, act)


def take_out(tx: Tx, *, task: str, code: str) -> Stored:
    """A tube comes out of the box again."""
    act = TABLE.act("take-out")
    case = _case(tx, task, act)
    needed(act, {"code": code})
    number = _inside(case, code)
    tx.release("packed", number, holder=case.id)
    case.task["input"] = [each for each in case.task["input"] if each.get("valueString") != number]
    return _move(tx, case, act)


def seal(tx: Tx, *, task: str) -> Stored:
    """The box is closed; nothing goes in any more."""
    act = TABLE.act("seal")
    case = _case(tx, task, act)
    if not _numbers(case.task, _TUBE):
        raise RuleBroken("lab.box-empty")
    return _move(tx, case, act)


def depart(tx: Tx, *, task: str, courier: str, temperature: str, note: str = "") -> Stored:
    """The courier has it: its temperature is read, and every tube in it has left the site."""
    act = TABLE.act("depart")
    case = _case(tx, task, act)
    needed(act, {"courier": courier, "temperature": temperature})
    degrees = _temperature(tx, temperature, note)
    for number in _numbers(case.task, _TUBE):
        _with_order(tx, case, number, "send")
    return _move(tx, case, act, item("courier", courier.strip()[:80]), item("temperature-out", degrees), note=note)


def arrive(tx: Tx, *, task: str, temperature: str, note: str = "") -> Stored:
    """The box stands at the laboratory's door."""
    act = TABLE.act("arrive")
    case = _case(tx, task, act)
    needed(act, {"temperature": temperature})
    degrees = _temperature(tx, temperature, note)
    return _move(tx, case, act, item("temperature-in", degrees), note=note)


def check(tx: Tx, *, task: str, code: str) -> Stored:
    """A tube is taken out of the box at the laboratory, and is received by that."""
    act = TABLE.act("check")
    case = _case(tx, task, act)
    needed(act, {"code": code})
    number = _inside(case, code)
    if number in _numbers(case.task, _IN, "output"):
        raise Conflict("lab.scanned-already", element="code", given=number)
    order = specimen.holder_of(tx, number)
    if state_of(tx.read("Task", order)) in specimen.UNRECEIVED:
        specimen.receive(tx, task=order)
    return _move(tx, case, act, item(_IN, number))


def close(tx: Tx, *, task: str) -> Stored:
    """Everything that was packed has come."""
    act = TABLE.act("close")
    case = _case(tx, task, act)
    missing = _missing(case)
    if missing:
        raise RuleBroken("lab.box-not-whole", count=len(missing), numbers=", ".join(missing))
    _free(tx, case)
    return _move(tx, case, act)


def shorten(tx: Tx, *, task: str) -> Stored:
    """Something did not come: it is said so, tube by tube, to the site."""
    act = TABLE.act("shorten")
    case = _case(tx, task, act)
    for number in _missing(case):
        _with_order(tx, case, number, "miss")
    _free(tx, case)
    return _move(tx, case, act)


def abandon(tx: Tx, *, task: str, note: str) -> Stored:
    """The box does not go; its tubes may go in another."""
    act = TABLE.act("abandon")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    _free(tx, case)
    return _move(tx, case, act, note=note)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has moved the box in time: it is urgent from then on, at both ends."""
    target = Ref.parse(ref)
    try:
        task = tx.read(target.type, target.id)
    except (Gone, NotFound):
        return
    if state_of(task) != payload["state"]:
        return
    case = load(tx, TABLE, target.id)
    case.task["priority"] = "urgent"
    move(tx, case, TABLE.act(_REMIND[case.state]))


# -- questions


def find(tx: Tx, *, code: str) -> str:
    """The id of a box by its scanned number, for whoever has to do with it."""
    number = tubes.whole(code)
    if not number:
        raise Invalid("lab.not-a-code", element="code", given=code[:20])
    task = tx.holder(_KIND, number)
    if task is None:
        raise Invalid("lab.nobodys-code", element="code", given=number)
    actor = tx.actor
    with _own_keeping(tx):
        _concerns(actor, load(tx, TABLE, task).task)
    return task


def one(store: Store, actor: Actor, *, task: str) -> Box:
    """One box; NotFound for whoever has nothing to do with it."""
    _staff(actor)
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = reads.read("Task", task)
        if found["code"]["coding"][0].get("code") != TABLE.name:
            raise NotFound("read.not-found", type="Task", id=task)
        _concerns(actor, found)
        return _box(found, store.clock.now())


def under_way(store: Store, actor: Actor, *, over: bool = False) -> list[Box]:
    """The boxes of the actor's institution that are not closed, newest first; with ``over`` the last closed ones."""
    _staff(actor)
    status = "completed,failed" if over else "requested,accepted,in-progress"
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", status), ("_sort", "-authored-on"),
             ("_count", str(_SHOWN))]  # fmt: skip
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = [exact.decode(entry.body) for entry in reads.page("Task", query, strict=True).matches]
    return [_box(task, store.clock.now()) for task in found if actor.organization in _ends(task)]


def last_seen(store: Store, box: Box) -> tuple[str, str, str]:
    """(act, when, institution) of the last time that anybody looked into a box: where what is missing was last seen."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = reads.search("Provenance", [("target", f"Task/{box.id}"), ("_sort", "-recorded"), ("_count", "20")])
    for entry in found:
        act = entry["activity"]["coding"][0]["code"]
        agent = entry["agent"][0].get("onBehalfOf", {}).get("reference", "")
        if act in ("put", "take-out", "seal") and agent:
            return TABLE.act(act).label, str(entry["occurredDateTime"]), str(agent)
    return "", "", ""


# -- inside

_SHOWN: Final = 100


def _case(tx: Tx, task: str, act: Act) -> Case:
    """The box, if the actor may do this act to it now; whoever has nothing to do with it does not find it."""
    actor = tx.actor
    _staff(actor)
    with _own_keeping(tx):
        case = load(tx, TABLE, task)
    _concerns(actor, case.task)
    played = parts_played(TABLE, case.task, actor.organization)
    TABLE.check(act, state=case.state, parties=frozenset(TABLE.parties) if act.code in CARRYING else played)
    return case


def _move(tx: Tx, case: Case, act: Act, *outputs: dict[str, Any], note: str = "") -> Stored:
    actor = tx.actor
    with _own_keeping(tx):
        keep = moment(deadline_of(case.task)) if act.target == case.state else 0
        return move(tx, case, act, outputs=outputs, note=note.strip(), by=actor, until=keep)


@contextmanager
def _own_keeping(tx: Tx) -> Iterator[None]:
    """What is in the record's own keeping is read and written by its own hand; the testimony names who asked."""
    actor = tx.actor
    tx.actor = replace(SYSTEM, at=actor.at)
    try:
        yield
    finally:
        tx.actor = actor


def _staff(actor: Actor) -> None:
    if actor.role not in ROLES:
        raise Forbidden("lab.carriers-only")


def _ends(task: dict[str, Any]) -> tuple[str, str]:
    return task["requester"]["reference"], task["restriction"]["recipient"][0]["reference"]


def _concerns(actor: Actor, task: dict[str, Any]) -> None:
    if actor.organization not in _ends(task):
        raise NotFound("read.not-found", type="Task", id=task["id"])


def _free(tx: Tx, case: Case) -> None:
    for number in _numbers(case.task, _TUBE):
        tx.release("packed", number, holder=case.id)


def _with_order(tx: Tx, case: Case, number: str, act: str) -> None:
    """One tube's order makes the step of its box, if it stands where the box left it."""
    order = labels.task_of(tx, number)
    actor = tx.actor
    with _own_keeping(tx):
        if order:
            specimen.follow(tx, task=order, act=act, box=_number(case.task), by=actor)


def _inside(case: Case, code: str) -> str:
    number = tubes.whole(code)
    if not number:
        raise Invalid("lab.not-a-code", element="code", given=code[:20])
    if number not in _numbers(case.task, _TUBE):
        raise RuleBroken("lab.not-in-box", element="code", given=number, box=_number(case.task))
    return number


def _missing(case: Case) -> list[str]:
    came = _numbers(case.task, _IN, "output")
    return [number for number in _numbers(case.task, _TUBE) if number not in came]


def _numbers(task: dict[str, Any], name: str, member: str = "input") -> list[str]:
    return [str(each["valueString"]) for each in task.get(member, []) if each["type"]["coding"][0]["code"] == name]


def _number(task: dict[str, Any]) -> str:
    return _numbers(task, "number")[0]


def _temperature(tx: Tx, text: str, note: str) -> str:
    """Degrees as read; beyond the policy's limits only with a word on what was done about it."""
    degrees = read_number(text, element="temperature")
    low, high = (policy(f"transport.cold-{edge}", on=day(tx.now), reads=tx).amount for edge in ("low", "high"))
    if not low <= degrees <= high and not note.strip():
        raise RuleBroken("lab.temperature-note", element="note", given=str(degrees), low=low, high=high)
    return str(degrees)


def _box(task: dict[str, Any], now: int) -> Box:
    told = boxes(task.get("output", []))
    end = deadline_of(task)
    return Box(
        task["id"], _number(task), TABLE.state(state_of(task)), *_ends(task), tuple(_numbers(task, _TUBE)),
        frozenset(_numbers(task, _IN, "output")), told.get("courier", ""),
        {name: told[name] for name in ("temperature-out", "temperature-in") if name in told},
        task["lastModified"], end, bool(end) and moment(end) < now,
    )  # fmt: skip
