"""A question about a figure: whoever keeps the rows behind it answers, by a day.

A Task about nobody's record. It names the indicator, its definition's version and the period, and it is kept by the
institution that is asked, so that whoever works there can answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.roles import may
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows import witness
from doorstep.workflows.coordination import begin, boxes, item, load, move, parts_played, state_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "figure-question", "alliance.question", "Task", ("asker", "answerer"),
    (
        State("asked", "alliance.question-asked", "requested", "", "answerer", "figures.answer"),
        State("answered", "alliance.question-answered", "completed", ""),
    ),
    (
        Act("ask", "alliance.question-ask", "asker", (), "asked", ("text",)),
        Act("remind", "alliance.question-remind", CLOCK, ("asked",), "asked"),
        Act("answer", "alliance.question-answer", "answerer", ("asked",), "answered", ("note",)),
    ),
)  # fmt: skip

REMIND: Final = witness.remind({TABLE.name: TABLE})
"""The deadline's handler: what nobody has answered is urgent from then on."""


def ask(tx: Tx, *, figure: str, version: int, period: str, name: str, asked: str, text: str) -> Stored:
    """Ask an institution about a figure (its code, its name in words); only who may see figures asks."""
    act, asker = TABLE.act("ask"), tx.actor
    if not may(asker.role, "figures"):
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act=act.code, who=act.who)
    needed(act, {"text": text})
    tx.read("Organization", Ref.parse(asked).id)
    inputs = (item("figure", figure), item("definition", str(version)), item("period", period),
              item("asker", asker.person))  # fmt: skip
    words = f"{name} {period}: {text.strip()}"[:2000]
    tx.actor = replace(asker, organization=asked)  # kept where it is answered
    try:
        return begin(tx, TABLE, act, focus="", resident="", asking=asker.organization, asked=asked, inputs=inputs,
                     text=words)  # fmt: skip
    finally:
        tx.actor = asker


def answer(tx: Tx, *, task: str, note: str) -> Stored:
    """Say what is behind it."""
    act = TABLE.act("answer")
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())


def asked_by(store: Store, organization: str, *, figure: str = "") -> list[dict[str, Any]]:
    """What an institution's managers have asked, newest first: text, answers, state. Nobody's record is in it."""
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("requester", organization), ("_sort", "-authored-on")]
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = reads.search("Task", query)
    return [{"id": task["id"], "text": task.get("description", ""), "at": task["authoredOn"], "state": state_of(task),
             "asked": task["restriction"]["recipient"][0]["reference"],
             "answers": [note.get("text", "") for note in task.get("note", ())]}
            for task in found if figure in ("", boxes(task.get("input", [])).get("figure"))]  # fmt: skip
