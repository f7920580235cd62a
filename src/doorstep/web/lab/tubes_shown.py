"""An order's tube as pages show it: its number, the tube it needs, how many labels were printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask, Item
from doorstep.terms import tubes
from doorstep.terms.catalogue import Concept
from doorstep.web import lists
from doorstep.workflows import labels, result, specimen

MOST = 200


@dataclass(frozen=True, slots=True)
class Tube:
    """One order whose specimen is to be taken, or is on its way."""

    row: lists.Row
    number: str
    tube: Concept | None
    printed: int
    test: Concept | None


def waiting(reads: Reads, organization: str, states: Iterable[str], now: int) -> list[Tube]:
    """The orders of a site in some states, in the order of the states, most urgent first."""
    items: list[Item] = []
    for state in states:
        items += reads.waiting(Ask(requester=organization, code="order", state=state), limit=MOST)
    return of_rows(reads, lists.of_items(reads, items, now))


def of_rows(reads: Reads, rows: list[lists.Row]) -> list[Tube]:
    """The tubes of some rows."""
    return [of_task(reads, reads.read("Task", row.id), row) for row in rows]


def of_task(reads: Reads, task: dict[str, Any], row: lists.Row) -> Tube:
    """One order's tube."""
    request = reads.read("ServiceRequest", Ref.parse(task["focus"]["reference"]).id)
    test, number = result.test_of(request), labels.number_of(request)
    return Tube(row, number, tubes.tubes().get(labels.letter_of(test)), specimen.copies_of(task),
                test.concept if test else None)  # fmt: skip
