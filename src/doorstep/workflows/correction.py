"""A report was corrected: everybody who had read the old one is told, on every page, until they say that they know.

Who read it is what the audit says: people at work who opened the report or one of its values between its release and
its correction, apart from the laboratory itself. One Task for each of them, so that one's answer is not another's.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import readers
from doorstep.kernel.clock import FOREVER
from doorstep.kernel.errors import Forbidden
from doorstep.kernel.grants import PACKET
from doorstep.kernel.readers import Seen, Wanted
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import Concept
from doorstep.workflows.coordination import Case, begin, boxes, item, item_reference, load, move, parts_played
from doorstep.workflows.table import Act, State, Table

TABLE: Final = Table(
    "correction", "lab.correction", "DiagnosticReport", ("laboratory", "reader"),
    (
        State("told", "lab.correction-told", "requested", "", "reader", "correction.read"),
        State("known", "lab.correction-known", "completed", ""),
    ),
    (
        Act("tell", "lab.correction-tell", "laboratory", (), "told"),
        Act("know", "lab.correction-know", "reader", ("told",), "known", (), ("lab.told-to-another",)),
    ),
)  # fmt: skip

_READER: Final = "reader"
_MOST: Final = 5000
"""Rows of the audit that are gone through: a report that more have read is not one person's."""
_READS: Final = ("read", "vread", "search-type", "search", "history", "operation")


def tell(
    tx: Tx, *, report: Stored, values: tuple[str, ...], resident: str, since: int, what: Concept | None, note: str,
    part_of: str,
) -> list[Stored]:  # fmt: skip
    """One Task for each person who had read the report, or one of its values, before it was corrected."""
    told = []
    for person, organization in _readers(tx, (str(report.ref), *values), resident, since):
        if _waits(tx, str(report.ref), person):
            continue
        task = begin(
            tx, TABLE, TABLE.act("tell"), focus=str(report.ref), resident=resident, asking=tx.actor.organization,
            asked=organization, priority="urgent", what=what, part_of=part_of,
            inputs=(item_reference(_READER, person), *((item("note", note),) if note else ())),
        )  # fmt: skip
        tx.grant(resident=Ref.parse(resident).id, org=organization, level=2, reason="order", source=str(task.ref),
                 scope=PACKET, items=(str(task.ref), str(report.ref), *values))  # fmt: skip
        told.append(task)
    return told


def know(tx: Tx, *, task: str) -> Stored:
    """The one who read the old version knows of the new one."""
    act = TABLE.act("know")
    case = _case(tx, task, act)
    if reader_of(case.task) != tx.actor.person:
        raise Forbidden("lab.told-to-another")
    tx.end_grants(case.ref)
    return move(tx, case, act)


def reader_of(task: dict[str, Any]) -> str:
    """Who read the old version: "Practitioner/x"."""
    return boxes(task.get("input", [])).get(_READER, "")


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _readers(tx: Tx, references: tuple[str, ...], resident: str, since: int) -> list[tuple[str, str]]:
    """(person, institution) of everybody who read one of these since a moment, the laboratory's own people apart."""
    wanted = Wanted(Ref.parse(resident).id, since=since)
    seen = readers.rows(tx, wanted, before=(FOREVER, ""), limit=_MOST)
    found = {each.person: each.organization for each in seen if _read(each, frozenset(references))}
    return sorted((person, org) for person, org in found.items() if org != tx.actor.organization)


def _read(seen: Seen, references: frozenset[str]) -> bool:
    at_work = seen.person.startswith("Practitioner/") and seen.organization.startswith("Organization/")
    return at_work and not seen.refused and seen.action in _READS and bool(references & set(seen.refs))


def _waits(tx: Tx, report: str, person: str) -> bool:
    query = [("focus", report), ("status", "requested")]
    return any(reader_of(found) == person for found in tx.search("Task", query))
