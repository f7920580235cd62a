"""Another meaning of an institution's code waits for a second person: until when, and who hears when nobody comes.

The Task is about nobody's record and stays with the institution whose dictionary it is. What is proposed stands in the
dictionary (code_map.py); saying, agreeing and taking back are its commands (code_keeping.py), which move this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policy
from doorstep.workflows.code_map import IGNORED, Row, Source, targets
from doorstep.workflows.coordination import begin, boxes, day, item, item_reference, load, move, parts_played
from doorstep.workflows.table import Act, State, Table

TABLE: Final = Table(
    "code-change", "codes.change", "ConceptMap", ("proposer", "second"),
    (
        State("proposed", "codes.proposed", "requested", "", "second", "codes.agree"),
        State("agreed", "codes.agreed", "completed", ""),
        State("dropped", "codes.dropped", "cancelled", ""),
    ),
    (
        Act("propose", "codes.act-propose", "proposer", (), "proposed"),
        Act("agree", "codes.agree", "second", ("proposed",), "agreed", (), ("codes.second-person",)),
        Act("drop", "codes.act-drop", "second", ("proposed",), "dropped"),
    ),
    desk="codes",
)  # fmt: skip
_KIND: Final = "code-change"
"""The kind of the claims that know the Task of a code again."""


def until(tx: Tx) -> int:
    """By when the second person should have said something about what is proposed now."""
    return tx.now + policy("codes.agree", on=day(tx.now), reads=tx).microseconds


def propose(tx: Tx, *, source: Source, code: str, text: str, wanted: Row, focus: Stored, by: int) -> Stored:
    """The clock of a proposal begins; ``focus`` is the map in which it stands, ``by`` when it should be over."""
    actor, known = tx.actor, targets(source.kind).get(wanted.ours)
    said = (("kind", source.kind), ("holder", source.holder), ("code", code), ("ours", wanted.ours or IGNORED))
    words = f"{code} {text}".strip() + f" → {known.zh if known else IGNORED}"
    with _for_the_house(tx):
        task = begin(
            tx, TABLE, TABLE.act("propose"), focus=str(focus.ref), resident="", asking=actor.organization,
            asked=actor.organization, text=words, until=by, by=actor,
            inputs=(*(item(name, value) for name, value in said), item_reference("by", wanted.by)),
        )  # fmt: skip
    tx.claim(_KIND, _key(source, code), holder=task.id)
    return task


def settle(tx: Tx, *, source: Source, code: str, act: str) -> None:
    """Somebody has said something: the clock ends, and what was reported about it."""
    task, actor = tx.holder(_KIND, _key(source, code)), tx.actor
    if task is None:
        return
    with _for_the_house(tx):
        move(tx, load(tx, TABLE, task), TABLE.act(act), by=actor)
    tx.release(_KIND, _key(source, code), holder=task)


def about(tx: Tx, *, task: str, act: str) -> dict[str, str]:
    """Which code of which dictionary a Task is about, if the actor may do this act to it now."""
    case = load(tx, TABLE, task)
    TABLE.check(TABLE.act(act), state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    said = boxes(case.task["input"])
    return {name: said[name] for name in ("kind", "holder", "code")}


def _key(source: Source, code: str) -> str:
    return f"{source.kind} {source.holder} {code}"


@contextmanager
def _for_the_house(tx: Tx) -> Iterator[None]:
    """Who keeps dictionaries need not see Tasks: it is written for their institution; the testimony names them."""
    actor = tx.actor
    tx.actor = replace(SYSTEM, at=actor.at, organization=actor.organization)
    try:
        yield
    finally:
        tx.actor = actor
