"""Given works for the writer's own process, when they go through the pipe, then they are there what they were here."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from doorstep.kernel import errors, sqlite_wire
from doorstep.kernel.drafts import DraftOp
from doorstep.kernel.errors import Issue, Refusal
from doorstep.kernel.puts import put_of
from doorstep.kernel.rows import audit_row
from doorstep.kernel.sqlite_wire import Foreign
from doorstep.kernel.sqlite_writer import Outcome, Statements, Work
from doorstep.kernel.writeset import AliasOp, BarRow, ClaimOp, CounterOp, DueRow, Expect, GrantRow, LostRace, WriteSet
from tests.conftest import ADMIN
from tests.kernel.index.examples import examples

REFUSALS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal) and each is not Refusal]


def put(resource: dict[str, Any], n: int = 0) -> Any:
    return put_of(resource, None, part=n % 4096, id=f"x{n}", expected=n % 3, updated=n, custodian="Organization/a", method="PUT")


def there(*works: Work) -> list[Work]:
    return sqlite_wire.works(sqlite_wire.of_works(works))


def test_every_row_of_every_official_example_arrives() -> None:
    count = 0
    for n, (name, resource) in enumerate(examples()):
        sent = WriteSet(puts=[put(resource, n)])
        assert there(sent) == [sent], name
        count += 1
    assert count > 5_000


def test_everything_that_a_set_may_hold_arrives() -> None:
    task = {"resourceType": "Task", "status": "ready", "intent": "order", "for": {"reference": "Patient/p"}}
    first = put(task)
    first.before, first.moved = b"{}", {"p": (3, "q")}
    sent = WriteSet(
        puts=[first], expects=[Expect(-1, 2, "Patient", "p", 3, "Task.for")], claims=[ClaimOp("slot", "s", "p", 2**62, 5, True)],
        uniques=[("a", "b", "c")], counters=[CounterOp("stock", "x", -3)], guards=[("g", 4)],
        dues=[DueRow(1, "d", 2**60, "deadline", "k", "Task/t", "{}")], due_done=[(1, "d")], due_cancelled=[("Task/t", "k")],
        grants=[GrantRow(1, "p", "g", "o", "", 2, "TREAT", "care", "Task/t", None, 0, 2**62, True, items=((7, "i", 3),))],
        grants_ended=[("Task/t", 9)], bars=[BarRow(1, "p", "*", "Consent/c", 2**62)], bars_ended=[("Consent/c", 8)],
        aliases=[AliasOp(1, "p", 2, "q", True)], drafts=[DraftOp(1, "v", "me", body="text 𠮷")],
        audits=[audit_row(ADMIN, id="x", at=1, action="t")], now=7,
    )  # fmt: skip
    assert all(getattr(sent, field.name) for field in fields(WriteSet)), "whatever is added to a set is added here"
    assert first.rows is not None
    assert first.task is not None
    row, statements = audit_row(ADMIN, id="y", at=2, action="t"), Statements([("DELETE FROM due WHERE id = ?", ["d"])], [1])
    assert there(row, sent, statements, sent) == [row, sent, statements, sent], "each in its place"
    assert there() == []


@pytest.mark.parametrize("value", [None, 0, -1, 2**63 - 1, -(2**63), 1.5, "", "𠮷\n", b"\x00\xff", True])
def test_what_a_column_holds_arrives(value: object) -> None:
    sent = Statements([("SELECT ?", [value])], None)
    assert there(sent) == [sent]


@pytest.mark.parametrize("value", [object(), Decimal("1.0").as_tuple, 2**64])
def test_what_no_column_holds_is_refused_here(value: object) -> None:
    with pytest.raises((TypeError, OverflowError)):
        sqlite_wire.of_works([Statements([("SELECT ?", [value])], None)])


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_comes_back_as_itself(kind: type[Refusal]) -> None:
    sent = kind("claims.taken", element="Slot.id", kind="slot", key="k")
    following, [[told]] = sqlite_wire.outcomes(sqlite_wire.of_outcomes(9, [[Outcome(0, sent)]]))
    back = told.error
    assert following == 9
    assert type(back) is kind
    assert (back.key, back.params, back.issues, back.elements) == (sent.key, sent.params, sent.issues, sent.elements)
    assert isinstance(back.issues[0], Issue)


def test_a_lost_race_a_fault_and_what_went_well_come_back_in_their_places() -> None:
    sent = [Outcome(4, None), Outcome(0, LostRace("Slot/s")), Outcome([1, 2], None), Outcome(0, ValueError("odd"))]
    _, (first, none, others) = sqlite_wire.outcomes(sqlite_wire.of_outcomes(5, [sent[:1], [], sent[1:]]))
    assert (len(first), len(none), len(others)) == (1, 0, 3), "of each message its own"
    back = [*first, *others]
    assert (back[0], back[2]) == (sent[0], sent[2])
    assert isinstance(back[1].error, LostRace)
    assert back[1].error.what == "Slot/s"
    assert isinstance(back[3].error, Foreign)
    assert (str(back[3].error), "ValueError" in back[3].error.__notes__[0]) == ("ValueError: odd", True)
