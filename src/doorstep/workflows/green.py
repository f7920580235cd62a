"""The green channel beside a referral: the alert, what both sides make ready, and the clock of its nodes.

A coordinating Task of its own below the referral's: each side ticks its own items and writes its own moments, and both
see all of them. It decides nothing: whether the patient is taken is the referral's, and it ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid, Issue
from doorstep.kernel.grants import PACKET
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.green import Node, Ready, Vital, checklist, kinds, nodes, vitals
from doorstep.terms.policies import policy
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
)
from doorstep.workflows.measure import read_number
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "green", "green.channel", "ServiceRequest", ("sender", "receiver"),
    (
        State("running", "green.state-running", "in-progress", "active", "receiver", "green.open"),
        State("over", "green.state-over", "completed", "completed"),
        State("stopped", "green.state-stopped", "cancelled", "revoked"),
    ),
    (
        Act("alert", "green.act-alert", "sender", (), "running", ("kind",),
            ("green.unknown-kind", "green.not-a-number")),
        Act("pack", "green.act-pack", "sender", ("running",), "running", ("item",), ("green.unknown-item",)),
        Act("prepare", "green.act-prepare", "receiver", ("running",), "running", ("item",), ("green.unknown-item",)),
        Act("depart", "green.act-depart", "sender", ("running",), "running", ("node",),
            ("green.unknown-node", "green.time-shape", "green.time-ahead")),
        Act("stamp", "green.act-stamp", "receiver", ("running",), "running", ("node",),
            ("green.unknown-node", "green.time-shape", "green.time-ahead")),
        Act("hand-on", "green.act-hand-on", "receiver", (), "running"),
        Act("eta", "green.act-eta", "sender", ("running",), "running", ("minutes",), ("green.not-a-number",)),
        Act("finish", "green.act-finish", "receiver", ("running",), "over"),
        Act("stop", "green.act-stop", "sender", ("running",), "stopped"),
        Act("run-out", "green.act-run-out", CLOCK, ("running",), "over"),
    ),
)  # fmt: skip

_ETA_MOST: Final = 600
_BACK: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Alert:
    """What the sender tells ahead. ``vitals`` by code; ``eta`` minutes until arrival; ``nodes`` code -> time."""

    kind: str
    vitals: dict[str, str]
    eta: str = ""
    transport: str = ""
    nodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """One node of the clock as it stands; minutes since the one before it that counts, and whether that was late."""

    node: Node
    at: str
    minutes: int | None
    limit: int
    late: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to have ready, and who ticked it when; "" while it is open."""

    ready: Ready
    at: str
    by: str


def alert(tx: Tx, *, referral: dict[str, Any], told: Alert) -> Stored:
    """Tell the other side ahead, in the transaction that sends the referral (its Task). It opens with the packet."""
    act = TABLE.act("alert")
    needed(act, {"kind": told.kind})
    if told.kind not in kinds():
        raise Invalid("green.unknown-kind", element="kind", kind=told.kind)
    ref, asking = f"Task/{referral['id']}", referral["requester"]["reference"]
    asked = referral["restriction"]["recipient"][0]["reference"]
    inputs = [item("kind", told.kind), *_vitals(told.vitals)]
    if told.transport.strip():
        inputs.append(item("transport", told.transport.strip()))
    if told.eta.strip():
        inputs.append(item("eta", _arrival(tx, told.eta)))
    own = {code for code, node in nodes(told.kind).items() if node.side == "sender"}
    for code, at in told.nodes:
        if code in own and at.strip():
            inputs.append(item(f"node.{code}", instant(read_time(at, tx.now, element=f"node.{code}"))))
    stored = begin(
        tx, TABLE, act, focus=referral["focus"]["reference"], resident=referral["for"]["reference"], asking=asking,
        asked=asked, priority="stat", encounter=referral.get("encounter", {}).get("reference", ""), part_of=ref,
        inputs=tuple(inputs), what=kinds()[told.kind],
    )  # fmt: skip
    tx.grant(resident=Ref.parse(referral["for"]["reference"]).id, org=asked, level=2, reason="referral",
             source=str(stored.ref), scope=PACKET, items=(str(stored.ref),))  # fmt: skip
    return stored


def tick(tx: Tx, *, task: str, thing: str, undo: bool = False) -> Stored:
    """One thing of one's own side is ready; or, after all, it is not."""
    case = load(tx, TABLE, task)
    known = checklist(kind_of(case.task)).get(thing)
    act = TABLE.act("pack" if _side(tx, case, known) == "sender" else "prepare")
    return tick_as(tx, task=task, thing=thing, act=act, undo=undo)


def tick_as(tx: Tx, *, task: str, thing: str, act: Act, undo: bool = False) -> Stored:
    case = _case(tx, task, act)
    needed(act, {"item": thing})
    known = checklist(kind_of(case.task)).get(thing)
    if known is None or known.side != act.who:
        raise Invalid("green.unknown-item", element="item", item=thing)
    _drop(case.task, f"tick.{thing}", f"by.{thing}")
    outputs = () if undo else (item(f"tick.{thing}", instant(tx.now)), item_reference(f"by.{thing}", tx.actor.person))
    return move(tx, case, act, reason={"coding": [known.concept.coding()]}, outputs=outputs, until=_until(case))


def stamp(tx: Tx, *, task: str, node: str, at: str = "", by: Actor | None = None) -> Stored:
    """A moment of the way, now or at a time of today ("14:05"); the side whose moment it is writes it, also again."""
    case = load(tx, TABLE, task)
    known = nodes(kind_of(case.task)).get(node)
    act = TABLE.act("depart" if _side(tx, case, known) == "sender" else "stamp")
    return stamp_as(tx, task=task, node=node, act=act, at=at, by=by)


def stamp_as(tx: Tx, *, task: str, node: str, act: Act, at: str = "", by: Actor | None = None) -> Stored:
    case = _case(tx, task, act, by)
    needed(act, {"node": node})
    known = nodes(kind_of(case.task)).get(node)
    if known is None or known.side != act.who:
        raise Invalid("green.unknown-node", element="node", node=node)
    when = read_time(at, tx.now) if at.strip() else tx.now
    _drop(case.task, f"node.{node}")
    return move(tx, case, act, reason={"coding": [known.concept.coding()]}, occurred=when, until=_until(case),
                outputs=(item(f"node.{node}", instant(when)),), by=by)  # fmt: skip


def expect(tx: Tx, *, task: str, minutes: str) -> Stored:
    """A new guess of when they arrive."""
    act = TABLE.act("eta")
    case = _case(tx, task, act)
    needed(act, {"minutes": minutes})
    due = _arrival(tx, minutes)
    case.task["input"] = [each for each in case.task["input"] if each["type"]["coding"][0]["code"] != "eta"]
    case.task["input"].append(item("eta", due))
    return move(tx, case, act, until=_until(case))


def finish(tx: Tx, *, task: str) -> Stored:
    """The treatment has begun: the clock stands still."""
    act = TABLE.act("finish")
    return _close(tx, _case(tx, task, act), act)


def stop(tx: Tx, *, task: str) -> Stored:
    """The sender calls it off."""
    act = TABLE.act("stop")
    return _close(tx, _case(tx, task, act), act)


def run_out(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has ended it: it ends by itself."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state == payload["state"]:
        _close(tx, case, TABLE.act("run-out"))


def end_with(tx: Tx, *, referral: str) -> None:
    """The referral is not going that way any more (declined, withdrawn): the alert is called off by whoever acts."""
    for found in of_referral(tx, referral):
        case = load(tx, TABLE, found["id"])
        if TABLE.state(case.state).open:
            act = TABLE.act("stop" if "sender" in parts_played(TABLE, case.task, tx.actor.organization) else "finish")
            _close(tx, case, act)


def hand_on(tx: Tx, *, referral: dict[str, Any]) -> None:
    """The referral was handed on to another house (its Task as it is now): this alert ends and one like it begins."""
    act, to = TABLE.act("hand-on"), referral["restriction"]["recipient"][0]["reference"]
    for found in of_referral(tx, referral["id"]):
        case = load(tx, TABLE, found["id"])
        if not TABLE.state(case.state).open:
            continue
        told = boxes(case.task["input"]) | {name: value for name, value in boxes(case.task.get("output", [])).items()
                                            if name.startswith("node.")}  # fmt: skip
        _close(tx, case, TABLE.act("finish"))
        stored = begin(
            tx, TABLE, act, focus=case.task["focus"]["reference"], resident=case.resident,
            asking=case.organization("sender"), asked=to, priority="stat", part_of=f"Task/{referral['id']}",
            encounter=case.task.get("encounter", {}).get("reference", ""), what=kinds()[kind_of(case.task)],
            inputs=tuple(item(name, value) for name, value in told.items()),
        )  # fmt: skip
        tx.grant(resident=Ref.parse(case.resident).id, org=to, level=2, reason="referral", source=str(stored.ref),
                 scope=PACKET, items=(str(stored.ref),))  # fmt: skip


def of_referral(reads: Reads, referral: str) -> list[dict[str, Any]]:
    """The green channels of a referral (its Task's id)."""
    return reads.search("Task", [("part-of", f"Task/{referral}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}")])


def kind_of(task: dict[str, Any]) -> str:
    return boxes(task.get("input", [])).get("kind", "general")


def moment_of(task: dict[str, Any], node: str) -> str:
    """When a node was, as an instant; "" while it was not."""
    written = boxes(task.get("input", [])) | boxes(task.get("output", []))
    return written.get(f"node.{node}", "")


def way(task: dict[str, Any], limits: dict[str, int]) -> list[Moment]:
    """The nodes in order with their times. ``limits``: node -> minutes that it may take (``limits_of``)."""
    written = boxes(task.get("input", [])) | boxes(task.get("output", []))
    known, found = nodes(kind_of(task)), []
    last = ""
    for code, node in known.items():
        at = written.get(f"node.{code}", "")
        since = written.get(f"node.{node.after}", "") if node.after else last
        minutes = (moment(at) - moment(since)) // 60_000_000 if at and since else None
        limit = limits.get(code, 0)
        found.append(Moment(node, at, minutes, limit, bool(limit and minutes is not None and minutes > limit)))
        last = at or last
    return found


def limits_of(reads: Reads, kind: str, now: int) -> dict[str, int]:
    """Node -> minutes that it may take after the one it is measured from, as the policies say today."""
    return {code: policy(node.limit, on=day(now), reads=reads).microseconds // 60_000_000
            for code, node in nodes(kind).items() if node.limit}  # fmt: skip


def readiness(task: dict[str, Any]) -> list[Item]:
    """What both sides make ready, with who has ticked what when."""
    written = boxes(task.get("output", []))
    return [Item(ready, written.get(f"tick.{code}", ""), written.get(f"by.{code}", ""))
            for code, ready in checklist(kind_of(task)).items()]  # fmt: skip


def is_ready(task: dict[str, Any], side: str) -> bool:
    """Whether a side has everything that it must have."""
    return all(each.at for each in readiness(task) if each.ready.side == side and each.ready.must)


def read_time(text: str, now: int, *, element: str = "at") -> int:
    """A time as people write it ("14:05": the last one that has been), or a date and time; not ahead of now."""
    try:
        here = datetime.fromtimestamp(now / 1_000_000, HOME)
        if len(text.strip()) <= len("00:00"):
            clock = datetime.strptime(text.strip(), "%H:%M")
            found = here.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            if found > here + timedelta(minutes=1) and found - timedelta(days=1) > here - timedelta(hours=12):
                found -= timedelta(days=1)
        else:
            found = datetime.fromisoformat(text.strip())
            found = found if found.tzinfo else found.replace(tzinfo=HOME)
    except ValueError:
        raise Invalid("green.time-shape", element=element) from None
    if not here - _BACK <= found <= here + timedelta(minutes=1):
        raise Invalid("green.time-ahead", element=element)
    return min(now, int(found.timestamp()) * 1_000_000)


def _vitals(given: dict[str, str]) -> list[dict[str, Any]]:
    """The signs that were given; a number that cannot be one is named."""
    found, wrong = [], []
    for code, sign in vitals().items():
        text = given.get(code, "").strip()
        if not text:
            continue
        if sign.high and not _within(text, sign):
            wrong.append(Issue("error", "value", "green.not-a-number", {}, f"vital.{code}"))
            continue
        found.append(item(f"vital.{code}", text[:40]))
    if wrong:
        raise Invalid("green.not-a-number", issues=tuple(wrong))
    return found


def _within(text: str, sign: Vital) -> bool:
    try:
        return sign.low <= read_number(text, element="vital") <= sign.high
    except Invalid:
        return False


def _arrival(tx: Tx, minutes: str) -> str:
    text = minutes.strip()
    if not (text.isascii() and text.isdigit() and int(text) <= _ETA_MOST):
        raise Invalid("green.not-a-number", element="eta")
    return instant(tx.now + int(text) * 60_000_000)


def _close(tx: Tx, case: Case, act: Act) -> Stored:
    tx.end_grants(case.ref, at=tx.now + policy("referral.access", on=day(tx.now), reads=tx).microseconds)
    return move(tx, case, act)


def _case(tx: Tx, task: str, act: Act, by: Actor | None = None) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, (by or tx.actor).organization))
    return case


def _side(tx: Tx, case: Case, known: Node | Ready | None) -> str:
    """Whose it is; of what nobody knows, the side of whoever asks."""
    if known is not None:
        return known.side
    return "receiver" if "receiver" in parts_played(TABLE, case.task, tx.actor.organization) else "sender"


def _until(case: Case) -> int:
    return moment(deadline_of(case.task))


def _drop(task: dict[str, Any], *names: str) -> None:
    kept = [each for each in task.get("output", ()) if each["type"]["coding"][0]["code"] not in names]
    task.pop("output", None)
    if kept:
        task["output"] = kept
