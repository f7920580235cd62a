"""A message from a laboratory's system: kept as it came, worked off once, or waiting with a sentence that says why not.

The original is a Binary of the laboratory. The Task is about nobody until its result is in the record: what failed
waits for whoever can put it right, what fits no order waits for two people who agree on which it belongs to. What a
message does to orders is a journey (journeys/receiving.py); this is its own life.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import tubes
from doorstep.terms.catalogue import reasons
from doorstep.workflows import labels
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    item,
    item_reference,
    load,
    move,
    parts_played,
    state_of,
)  # fmt: skip
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "feed", "lab.feed", "Binary", ("feed", "laboratory"),
    (
        State("done", "lab.feed-done", "completed", ""),
        State("failed", "lab.feed-failed", "on-hold", "", "laboratory", "feed.settle"),
        State("ownerless", "lab.feed-ownerless", "on-hold", "", "laboratory", "feed.settle"),
        State("proposed", "lab.feed-proposed", "in-progress", "", "laboratory", "feed.settle"),
        State("discarded", "lab.feed-discarded", "cancelled", ""),
    ),
    (
        Act("deliver", "lab.feed-deliver", "feed", (), "done"),
        Act("fail", "lab.feed-fail", "feed", (), "failed"),
        Act("strand", "lab.feed-strand", "feed", (), "ownerless"),
        Act("replay", "lab.feed-replay", "laboratory", ("failed", "ownerless"), "done"),
        Act("fail-again", "lab.feed-fail", CLOCK, ("failed", "ownerless", "proposed"), "failed"),
        Act("strand-again", "lab.feed-strand", CLOCK, ("failed", "ownerless", "proposed"), "ownerless"),
        Act("propose", "lab.feed-propose", "laboratory", ("failed", "ownerless"), "proposed", ("number",),
            ("lab.not-a-code", "lab.nobodys-code")),
        Act("confirm", "lab.feed-confirm", "laboratory", ("proposed",), "done", (), ("lab.second-person",)),
        Act("disagree", "lab.feed-disagree", "laboratory", ("proposed",), "ownerless"),
        Act("discard", "lab.feed-discard", "laboratory", ("failed", "ownerless"), "discarded", ("reason",)),
        Act("remind-failed", "lab.feed-remind", CLOCK, ("failed",), "failed"),
        Act("remind-ownerless", "lab.feed-remind", CLOCK, ("ownerless",), "ownerless"),
        Act("remind-proposed", "lab.feed-remind", CLOCK, ("proposed",), "proposed"),
    ),
    desk="technician",
)  # fmt: skip

KIND: Final = "hl7"
"""The kind of the claims that know a message again."""
_SAID: Final = ("why", "params", "element", "proposed", "proposed-by")


def begun(
    tx: Tx, *, act: str, key: str, message: dict[str, str], binary: str, said: dict[str, str],
    reports: tuple[str, ...] = (),
) -> Stored:  # fmt: skip
    """A message that has come in, in the state that ``act`` leads to, known again by its key."""
    inputs = [item_reference("message", binary), *(item(name, text) for name, text in message.items() if text)]
    inputs += [item(name, text) for name, text in said.items() if text]
    task = begin(tx, TABLE, TABLE.act(act), focus=binary, resident="", asking=tx.actor.organization,
                 asked=tx.actor.organization, inputs=tuple(inputs), also=reports)  # fmt: skip
    tx.claim(KIND, key, holder=task.id)
    return task


def case_of(tx: Tx, task: str, act: Act) -> Case:
    """The message, if the actor may do this act to it now."""
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def after(tx: Tx, case: Case, act: str, said: dict[str, str], reports: tuple[str, ...] = ()) -> Stored:
    """What became of a message that was tried again."""
    kept = [each for each in case.task.get("input", []) if each["type"]["coding"][0]["code"] not in _SAID]
    case.task["input"] = [*kept, *(item(name, text) for name, text in said.items() if text)]
    return move(tx, case, TABLE.act(act), also=reports)


def propose(tx: Tx, *, task: str, number: str) -> Stored:
    """One person says which order a message belongs to; another has to agree."""
    act = TABLE.act("propose")
    case = case_of(tx, task, act)
    needed(act, {"number": number})
    whole = tubes.whole(number)
    if not whole:
        raise Invalid("lab.not-a-code", element="number", given=number[:20])
    holder = labels.task_of(tx, whole)
    if not holder or not tx.exists("Task", holder):
        raise Invalid("lab.nobodys-code", element="number", given=whole)
    kept = [each for each in case.task["input"] if each["type"]["coding"][0]["code"] not in ("proposed", "proposed-by")]
    case.task["input"] = [*kept, item("proposed", whole), item_reference("proposed-by", tx.actor.person)]
    return move(tx, case, act)


def agreed(tx: Tx, case: Case) -> str:
    """The number that somebody else proposed; refuses their own agreement."""
    told = boxes(case.task["input"])
    if told.get("proposed-by", tx.actor.person) == tx.actor.person:
        raise RuleBroken("lab.second-person")
    return told["proposed"]


def disagree(tx: Tx, *, task: str) -> Stored:
    """The second person sees it otherwise."""
    act = TABLE.act("disagree")
    return move(tx, case_of(tx, task, act), act)


def discard(tx: Tx, *, task: str, reason: str) -> Stored:
    """It is no result for this laboratory's orders; it stays kept."""
    act = TABLE.act("discard")
    case = case_of(tx, task, act)
    needed(act, {"reason": reason})
    known = reasons("feed.discard").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return move(tx, case, act, reason={"coding": [known.coding()]})


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has settled it in time: it is urgent from then on."""
    target = Ref.parse(ref)
    try:
        task = tx.read(target.type, target.id)
    except (Gone, NotFound):
        return
    if state_of(task) == payload["state"]:
        case = load(tx, TABLE, target.id)
        case.task["priority"] = "urgent"
        move(tx, case, TABLE.act(f"remind-{case.state}"))
