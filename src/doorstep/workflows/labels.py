"""The number on a specimen's label: one an order, good for one tube, and the way from a scan to the order.

The number is the order's placer number for the laboratory's systems too. Who holds a number is a claim, so that two
tubes never have the same; a rejected specimen's number is spent.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.read import Reads
from doorstep.kernel.tx import Tx
from doorstep.terms import systems, tubes
from doorstep.terms.catalogue import Test

NUMBER: Final = f"{systems.BASE}/sid/specimen"
KIND: Final = "specimen"
WORDS: Final = {
    "Y": "lab.tube-Y", "P": "lab.tube-P", "B": "lab.tube-B", "G": "lab.tube-G", "R": "lab.tube-R", "U": "lab.tube-U",
}  # fmt: skip
"""Letter -> message key of the tube, as a sentence says it."""


def issue(tx: Tx, letter: str) -> str:
    """A number that nobody holds."""
    while True:
        number = tubes.fresh(letter)
        if tx.holder(KIND, number) is None:
            return number


def number_of(order: dict[str, Any]) -> str:
    """The number that an order's specimen has to carry now; "" for an order that was placed without one."""
    found = [each for each in order.get("identifier", ()) if each.get("system") == NUMBER]
    return str(next((each["value"] for each in found if each.get("use") != "old"), ""))


def renumber(order: dict[str, Any], number: str) -> dict[str, Any]:
    """The order with another number; the one before is kept as spent."""
    kept = [{**each, "use": "old"} if each.get("system") == NUMBER else each for each in order.get("identifier", ())]
    return {**order, "identifier": [*kept, {"use": "official", "system": NUMBER, "value": number}]}


def task_of(tx: Tx, number: str) -> str:
    """The id of the coordinating Task whose specimen carries a number; "" when nobody's does."""
    return tx.holder(KIND, number) or ""


def tasks_of(reads: Reads, numbers: list[str]) -> dict[str, str]:
    """Number -> id of the Task, of those among some numbers that are somebody's."""
    return {number: holder for number, (holder, _) in keys.claimed(reads, KIND, numbers).items()}


def letter_of(test: Test | None) -> str:
    """The tube that a test needs."""
    return tubes.letter_for(test.specimen if test else "")
