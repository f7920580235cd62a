"""Who saw my record: the rows of the audit about one resident, newest first, page by page; and one row by its id.

The rows are read where they stand: sealed ones by the index over resident and time, those that the sealer has not
reached yet (a second's worth) beside them. A grant's id says why; the words are the pages'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from doorstep.kernel import granted, roles
from doorstep.kernel.clock import FOREVER, instant
from doorstep.kernel.errors import BadRequest, NotFound
from doorstep.kernel.read import Reads

_COLUMNS: Final = (
    "id, at, person, role, org, purpose, grant_id, action, type, refs, resident, query, outcome, account, address,"
    " request"
)
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """One access as it was written down, and why it was allowed. ``reason`` "" when no grant was needed or none was
    written; ``source`` is the act behind the grant."""

    id: str
    at: int
    person: str
    role: str
    organization: str
    purpose: str
    grant: str
    action: str
    type: str
    refs: tuple[str, ...]
    resident: str
    query: str
    outcome: int
    account: str
    address: str
    request: str
    reason: str = ""
    source: str = ""

    @property
    def moment(self) -> str:
        return instant(self.at)

    @property
    def refused(self) -> bool:
        return self.outcome >= 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accesses: about whom, from when until when, by whom. Times in microseconds, until is exclusive."""

    resident: str
    since: int = 0
    until: int = FOREVER
    person: str = ""
    organization: str = ""
    action: str = ""


def may_ask(reads: Reads, *, resident: str) -> str:
    """What a reader may know of who saw a resident: "all", "own" (their own institution's accesses), or "" nothing."""
    actor = reads.actor
    if actor.role == roles.ADMINISTRATOR or actor.person == f"Patient/{resident}":
        return "all"
    if roles.may(actor.role, "audit"):
        return "own"
    if actor.role in ("resident", "proxy") and any(
        granted.holds(reads, resident=resident, reason=reason, person=actor.person) for reason in ("guardian", "proxy")
    ):
        return "all"
    return ""


def page(reads: Reads, wanted: Wanted, *, cursor: str = "", limit: int = PAGE) -> tuple[list[Seen], str]:
    """One page, newest first, and the cursor of the next ("" at the end). NotFound for who may not ask at all."""
    scope = may_ask(reads, resident=wanted.resident)
    if not scope:
        raise NotFound("read.not-found", type="Patient", id=wanted.resident)
    if scope == "own":
        if wanted.organization not in ("", reads.actor.organization):
            return [], ""
        wanted = replace(wanted, organization=reads.actor.organization)
    found = rows(reads, wanted, before=_read_cursor(cursor), limit=limit + 1)
    more = len(found) > limit
    shown = reasoned(reads, wanted.resident, found[:limit])
    return shown, f"{shown[-1].at}~{shown[-1].id}" if more else ""


def entry(reads: Reads, *, resident: str, id: str) -> Seen:
    """One access about a resident by its id. NotFound also for who may not ask, so that ids tell nothing."""
    scope = may_ask(reads, resident=resident)
    for table in ("audit_sealed", "audit") if scope else ():
        found = reads._reader.rows(f"SELECT {_COLUMNS} FROM {table} WHERE resident = ? AND id = ?", [resident, id])
        if found and (scope == "all" or found[0][4] == reads.actor.organization):
            return reasoned(reads, resident, [_seen(found[0])])[0]
    raise NotFound("privacy.no-such-entry", id=id)


def by_id(reads: Reads, *, id: str) -> Seen:
    """One access by its id alone, if the reader may ask about its resident."""
    for table in ("audit_sealed", "audit"):
        found = reads._reader.rows(f"SELECT {_COLUMNS} FROM {table} WHERE id = ?", [id])
        if found:
            return entry(reads, resident=str(found[0][10]), id=id)
    raise NotFound("privacy.no-such-entry", id=id)


def days(reads: Reads, wanted: Wanted, *, cursor: str = "", limit: int = PAGE) -> tuple[dict[str, list[Seen]], str]:
    """A page of accesses by the home zone's day, newest day first."""
    found, following = page(reads, wanted, cursor=cursor, limit=limit)
    by_day: dict[str, list[Seen]] = {}
    for seen in found:
        by_day.setdefault(seen.moment[:10], []).append(seen)
    return by_day, following


def rows(reads: Reads, wanted: Wanted, *, before: tuple[int, str], limit: int) -> list[Seen]:
    """The rows as they stand, asked without regard to who may know: for callers that have checked."""
    where = "resident = ? AND at >= ? AND at < ?"
    values: list[str | int] = [wanted.resident, wanted.since, wanted.until]
    if before != (FOREVER, ""):
        where += " AND at <= ? AND (at < ? OR id < ?)"
        values += [before[0], before[0], before[1]]
    for column, value in (("person", wanted.person), ("org", wanted.organization), ("action", wanted.action)):
        if value:
            where += f" AND {column} = ?"
            values.append(value)
    found: list[Seen] = []
    for table in ("audit_sealed", "audit"):
        sql = f"SELECT {_COLUMNS} FROM {table} WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"
        found += [_seen(row) for row in reads._reader.rows(sql, [*values, limit])]
    unique = {seen.id: seen for seen in found}
    return sorted(unique.values(), key=lambda seen: (seen.at, seen.id), reverse=True)[:limit]


def reasoned(reads: Reads, resident: str, found: Iterable[Seen]) -> list[Seen]:
    """With the reason and source of the grant that allowed each."""
    found = list(found)
    grants = granted.by_ids(reads, resident, [id_ for seen in found for id_ in seen.grant.split()])
    home = {seen.person: "subject" for seen in found if seen.person == f"Patient/{resident}"}
    told = []
    for seen in found:
        held = [grants[id_] for id_ in seen.grant.split() if id_ in grants]
        best = min(held, key=lambda grant: (_WEIGHT.get(grant.reason, len(_WEIGHT)), grant.id), default=None)
        reason, source = (best.reason, best.source) if best else (home.get(seen.person, ""), "")
        told.append(replace(seen, reason=reason, source=source))
    return told


_WEIGHT: Final = {
    code: place
    for place, code in enumerate((
        "emergency", "visit", "referral", "order", "consult", "contract", "programme", "consent", "guardian", "proxy",
        "escalation", "case", "law", "identified",
    ))
}  # fmt: skip
"""Of several grants that covered an access the one that says most is told first; an emergency always."""


def _read_cursor(cursor: str) -> tuple[int, str]:
    if not cursor:
        return FOREVER, ""
    at, tilde, id_ = cursor.partition("~")
    if not tilde or not at.isdigit() or len(at) > 18:
        raise BadRequest("read.bad-cursor", element="_cursor")
    return int(at), id_


def _seen(row: Sequence[object]) -> Seen:
    id_, at, person, role, org, purpose, grant, action, type_, refs, resident, query, outcome, *way_in = row
    account, address, request = way_in
    return Seen(
        str(id_), int(str(at)), str(person), str(role), str(org), str(purpose), str(grant), str(action), str(type_),
        tuple(str(refs).split()), str(resident), str(query), int(str(outcome)), str(account), str(address),
        str(request),
    )  # fmt: skip
