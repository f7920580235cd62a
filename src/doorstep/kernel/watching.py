"""What people at work did in a span of time, counted from the audit: the matter that alarms are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorstep.kernel.read import Reads

_WRITES: Final = "'create', 'update', 'patch', 'delete'"
_STAFF: Final = "Practitioner/"


@dataclass(frozen=True, slots=True)
class Pair:
    """What one person in one role did about one resident: reads of the record, writes, look-ups of the identity."""

    person: str
    role: str
    organization: str
    resident: str
    reads: int
    writes: int
    lookups: int


def pairs(reads: Reads, *, since: int, until: int) -> list[Pair]:
    """Everybody at work and every resident they came upon, from ``since`` until before ``until``."""
    found = reads._reader.rows(
        f"SELECT person, role, org, resident, {_sum(f'action NOT IN ({_WRITES})', looked=False)},"
        f" {_sum(f'action IN ({_WRITES})', looked=False)}, {_sum('1=1', looked=True)}"
        f" FROM ({_both('person, role, org, resident, action, query')}) a"
        " WHERE person LIKE ? AND outcome < 400 GROUP BY person, role, org, resident"
        " ORDER BY person, role, org, resident",
        [since, until, since, until, f"{_STAFF}%"],
    )
    return [Pair(p, role, org, resident, int(r), int(w), int(k)) for p, role, org, resident, r, w, k in found]


def refused(reads: Reads, *, since: int, until: int) -> dict[tuple[str, str, str], list[int]]:
    """(person, role, organisation) -> the moments at which something was refused to them, in order."""
    found = reads._reader.rows(
        f"SELECT person, role, org, at FROM ({_both('person, role, org, at')}) a"
        " WHERE person LIKE ? AND outcome >= 400 ORDER BY person, at",
        [since, until, since, until, f"{_STAFF}%"],
    )
    moments: dict[tuple[str, str, str], list[int]] = {}
    for person, role, org, at in found:
        moments.setdefault((person, role, org), []).append(int(at))
    return moments


def _both(columns: str) -> str:
    """Sealed and unsealed rows of the span."""
    return " UNION ALL ".join(
        f"SELECT {columns}, outcome FROM {table} WHERE at >= ? AND at < ?" for table in ("audit_sealed", "audit")
    )


def _sum(condition: str, *, looked: bool) -> str:
    sign = "" if looked else "NOT "
    return f"sum(CASE WHEN {condition} AND query {sign}LIKE 'identify%' THEN 1 ELSE 0 END)"
