"""Ordered while the index of earlier results did not answer: looked up afterwards, and the orderer told what there was.

The look-up is the orderer's own, with the orderer's eyes and as of the moment of the order. What is told forbids
nothing: the order goes on unless the orderer takes it back.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.keys import seen_by
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import recognition
from doorstep.workflows.coordination import begin, item, item_reference, load, moment, move, parts_played
from doorstep.workflows.table import CLOCK, Act, State, Table

TABLE: Final = Table(
    "recheck", "recognition.recheck", "ServiceRequest", ("laboratory", "orderer"),
    (
        State("told", "recognition.recheck-told", "requested", "", "orderer", "recognise.recheck-known"),
        State("known", "recognition.recheck-known", "completed", ""),
    ),
    (
        Act("tell", "recognition.recheck-tell", CLOCK, (), "told"),
        Act("know", "recognition.recheck-know", "orderer", ("told",), "known"),
    ),
)  # fmt: skip


def again(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The index is asked about an order that was not checked; while it is silent and the order open, again."""
    try:
        task = tx.read("Task", Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if "owner" not in task:
        return
    request = tx.read("ServiceRequest", Ref.parse(task["focus"]["reference"]).id)
    here = task["requester"]["reference"]
    orderer = Actor(request["requester"]["reference"], "doctor", here, "TREAT", "")
    ordered = moment(task["authoredOn"])
    reads = seen_by(tx, orderer)
    earlier = recognition.look_up(reads, task["for"]["reference"], now=ordered, before=ordered)
    match = earlier.get(recognition.code_of(request))
    if match is None or not (match.unchecked or match.holds):
        return
    if match.unchecked:
        recognition.check_later(tx, ref)
        return
    begin(tx, TABLE, TABLE.act("tell"), focus=task["focus"]["reference"], resident=task["for"]["reference"],
          asking=match.laboratory, asked=here, priority=task["priority"], encounter=task["encounter"]["reference"],
          part_of=ref, what=match.test.concept,
          inputs=(item("test", match.test.concept.code), item_reference("report", match.report),
                  item("taken", match.taken)))  # fmt: skip


def know(tx: Tx, *, task: str) -> Stored:
    """The orderer has seen that there was an earlier result."""
    act = TABLE.act("know")
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return move(tx, case, act)
