"""What a visit orders, line by line: each line goes to the workflow of its kind, all of them or none.

A laboratory line becomes a laboratory order, an ECG or a picture a study; where it goes is asked of who serves the
institution in that kind with that item ("centre for"), unless the line names its centre.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import LABORATORY, orderables
from doorstep.workflows import affiliation, order, recognition, study
from doorstep.workflows.recognition import Redo

MOST: Final = 30
"""Lines of one signature; a form that asks for more is no form of ours."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what, where ("" leaves it to the route), how soon, and why again when there is a result of it."""

    code: str
    centre: str = ""
    priority: str = "routine"
    note: str = ""
    redo: Redo | None = None


def route(reads: Reads, *, member: str, code: str) -> str:
    """Who does an item for an institution: itself when it is among them, else the first; "" when nobody does."""
    served = affiliation.partners(reads, member=member, role=orderables()[code].kind, item=code)
    return member if member in served else served[0] if served else ""


def sign(tx: Tx, *, encounter: str, lines: Iterable[Line]) -> list[Stored]:
    """Place every line within a visit, in their order: the coordinating Tasks. The first that cannot be refuses all."""
    given = list(lines)
    if len(given) > MOST:
        raise Invalid("ordering.too-many", element="lines", most=MOST)
    twice = sorted({line.code for line in given if sum(other.code == line.code for other in given) > 1})
    if twice:
        raise RuleBroken("ordering.twice", element="lines", item=twice[0])
    return [_place(tx, encounter, line) for line in given]


def _place(tx: Tx, encounter: str, line: Line) -> Stored:
    item = orderables().get(line.code)
    if item is None:
        raise Invalid("workflows.unknown-test", element="lines", test=line.code)
    centre = line.centre or route(tx, member=tx.actor.organization, code=line.code)
    if not centre:
        raise RuleBroken("ordering.no-centre", element="lines", item=item.concept.zh, kind=item.kind)
    redo = {line.code: line.redo} if line.redo else {}
    if item.kind == LABORATORY:
        return order.place(tx, encounter=encounter, tests=(line.code,), laboratory=centre, priority=line.priority,
                           note=line.note, redo=redo)[0]  # fmt: skip
    return _study(tx, encounter, line, centre, redo)


def _study(tx: Tx, encounter: str, line: Line, centre: str, redo: dict[str, Redo]) -> Stored:
    """A study passes an earlier picture or trace as a laboratory line passes an earlier result: with a reason."""
    visit = tx.read("Encounter", encounter)
    earlier = recognition.look_up(tx, visit["subject"]["reference"], now=tx.now)
    recognition.require_decisions(earlier, (line.code,), redo)
    match = earlier.get(line.code)
    placed = study.place(tx, encounter=encounter, items=(line.code,), centre=centre, priority=line.priority,
                         note=line.note, redo=redo, unchecked=match is not None and match.unchecked)[0]  # fmt: skip
    if line.redo is not None and match is not None and match.report:
        request = exact.decode(placed.body)["focus"]["reference"]
        recognition.refuse(tx, request=request, encounter=visit, match=match, redo=line.redo)
    return placed
