"""A resident asks about an entry of "who saw my record"; the privacy officer of that institution answers in time."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import readers
from doorstep.kernel.errors import Conflict, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import witness
from doorstep.workflows.coordination import Case, begin, deadline_of, item, moment, move
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "question", "privacy.question", "Patient", ("resident", "officer"),
    (
        State("asked", "privacy.question-asked", "requested", "", "officer", "question.answer"),
        State("review", "privacy.question-review", "in-progress", "", "officer", "question.answer"),
        State("answered", "privacy.question-answered", "completed", ""),
        State("withdrawn", "privacy.question-withdrawn", "cancelled", ""),
    ),
    (
        Act("ask", "privacy.question-ask", "resident", (), "asked", ("note",),
            ("privacy.no-such-entry", "privacy.asked-already", "privacy.nobody-to-ask")),
        Act("take", "privacy.question-take", "officer", ("asked",), "review"),
        Act("answer", "privacy.question-answer", "officer", ("asked", "review"), "answered", ("reason", "note")),
        Act("withdraw", "privacy.question-withdraw", "resident", ("asked", "review"), "withdrawn"),
        Act("remind", "privacy.remind", CLOCK, ("asked", "review"), "asked"),
    ),
    desk="auditor",
)  # fmt: skip


def ask(tx: Tx, *, resident: str, entry: str, note: str) -> Stored:
    """The resident, or who speaks for them, questions one entry of their readers' list."""
    act = TABLE.act("ask")
    witness.speaks_for(tx, resident)
    needed(act, {"note": note})
    seen = readers.entry(tx, resident=resident.removeprefix("Patient/"), id=entry)
    if not seen.organization.startswith("Organization/"):
        raise RuleBroken("privacy.nobody-to-ask")
    running = tx.holder("question", entry)
    if running is not None:
        raise Conflict("privacy.asked-already", task=running)
    inputs = (
        item("entry", seen.id), item("at", seen.moment), item("person", seen.person), item("role", seen.role),
        item("action", seen.action), item("type", seen.type), item("ground", seen.reason), item("note", note.strip()),
    )  # fmt: skip
    given = tuple(each for each in inputs if each["valueString"])
    task = begin(tx, TABLE, act, focus=resident, resident=resident, asking=tx.actor.person, asked=seen.organization,
                 inputs=given)  # fmt: skip
    tx.claim("question", entry, holder=task.id)
    witness.open_papers(tx, task=str(task.ref), resident=resident, officers=seen.organization)
    return task


def take(tx: Tx, *, task: str) -> Stored:
    """The officer looks into it; the clock goes on."""
    act = TABLE.act("take")
    case = witness.case_of(tx, TABLE, task, act)
    return move(tx, case, act, until=_deadline(case))


def answer(tx: Tx, *, task: str, finding: str, note: str) -> Stored:
    """The officer's finding and answer, which the resident reads."""
    act = TABLE.act("answer")
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"reason": finding, "note": note})
    coded = witness.coded("question.answer", finding, element="reason")
    witness.close_papers(tx, task=case.ref)
    return move(tx, case, act, reason=coded, outputs=(item("answer", note.strip()),))


def withdraw(tx: Tx, *, task: str) -> Stored:
    """The resident asks no longer."""
    act = TABLE.act("withdraw")
    case = witness.case_of(tx, TABLE, task, act)
    witness.close_papers(tx, task=case.ref)
    return move(tx, case, act)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """No answer in time."""
    witness.remind({TABLE.name: TABLE})(tx, ref=ref, payload=payload)


def _deadline(case: Case) -> int:
    return moment(deadline_of(case.task))
