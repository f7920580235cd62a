"""Questions about grants: who holds one now, what one was for. Grants are made and ended by ``granting`` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from doorstep.kernel.clock import real_now
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import part_of_resident

_COLUMNS = "id, resident, org, person, level, label, purpose, reason, source, scope_ref, starts, ends, verified"


@dataclass(frozen=True, slots=True)
class Grant:
    """Why an institution or a person may read a resident. Times in microseconds; ``scope`` "" is the whole record."""

    id: str
    resident: str
    org: str
    person: str
    level: int
    label: str
    purpose: str
    reason: str
    source: str
    scope: str
    starts: int
    ends: int
    verified: bool


def of_resident(reads: Reads, *, resident: str, ended: bool = False) -> list[Grant]:
    """The grants on a resident that hold now, or with ``ended`` every one there ever was; newest first."""
    now = reads.actor.at or real_now()
    where = "" if ended else " AND starts <= ? AND ends > ?"
    found = reads._reader.rows(
        f"SELECT {_COLUMNS} FROM access_grant WHERE part = ? AND resident = ?{where} ORDER BY starts DESC, id",
        [part_of_resident(resident), resident, *([] if ended else [now, now])],
    )
    return [_grant(row) for row in found]


def of_person(reads: Reads, *, person: str, reasons: Sequence[str]) -> list[Grant]:
    """The grants that a person holds now for one of these reasons."""
    now = reads.actor.at or real_now()
    marks = ", ".join("?" * len(reasons))
    found = reads._reader.rows(
        f"SELECT {_COLUMNS} FROM access_grant WHERE person = ? AND reason IN ({marks}) AND starts <= ? AND ends > ?"
        " ORDER BY starts, id",
        [person, *reasons, now, now],
    )
    return [_grant(row) for row in found]


def holds(reads: Reads, *, resident: str, reason: str, org: str = "", person: str = "") -> bool:
    """Whether an institution or a person holds a grant for this reason now."""
    return any(
        grant.reason == reason and _held_by(grant, org, person) for grant in of_resident(reads, resident=resident)
    )


def reads_record(reads: Reads, *, resident: str) -> bool:
    """Whether the reader holds a grant that opens the whole ordinary record of a resident now."""
    actor = reads.actor
    return any(
        grant.level >= 2 and not grant.scope and _held_by(grant, actor.organization, actor.person)
        for grant in of_resident(reads, resident=resident)
    )


def _held_by(grant: Grant, org: str, person: str) -> bool:
    return bool((person and grant.person == person) or (org and grant.org == org and not grant.person))


def by_ids(reads: Reads, resident: str, ids: Sequence[str]) -> dict[str, Grant]:
    """Grants of a resident by id, also those that have ended."""
    wanted = sorted(set(ids) - {""})
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    found = reads._reader.rows(
        f"SELECT {_COLUMNS} FROM access_grant WHERE part = ? AND resident = ? AND id IN ({marks})",
        [part_of_resident(resident), resident, *wanted],
    )
    return {row[0]: _grant(row) for row in found}


def _grant(row: Sequence[object]) -> Grant:
    id_, resident, org, person, level, label, purpose, reason, source, scope, starts, ends, verified = row
    return Grant(
        str(id_), str(resident), str(org), str(person), int(str(level)), str(label), str(purpose), str(reason),
        str(source), str(scope or ""), int(str(starts)), int(str(ends)), bool(verified),
    )  # fmt: skip
