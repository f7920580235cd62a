"""What a write set says, as rows of the tables: the same for both engines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from doorstep.kernel import worklist
from doorstep.kernel.definitions import definitions
from doorstep.kernel.index import INDEX_VERSION
from doorstep.kernel.refs import DIRECTORY, Actor
from doorstep.kernel.writeset import REPLACED, GrantRow, Put

INDEX_TABLES: dict[str, str] = {
    "ix_token": "part, type, id, key, code, sys",
    "ix_reference": "part, type, id, key, rtype, rid",
    "ix_string": "part, type, id, key, norm, exact",
    "ix_date": "part, type, id, key, lo, hi",
    "ix_number": "part, type, id, key, lo, hi",
    "ix_quantity": "part, type, id, key, lo, hi, code, sys",
    "ix_uri": "part, type, id, key, value",
    "ix_composite": "part, type, id, key, a_code, a_sys, b_code, b_sys, b_lo, b_hi",
    "ix_text": "part, type, id, narrative, content",
}
TASK_COLUMNS = worklist.COLUMNS
SUBJECT_COLUMNS = "part, resident, type, code, sys, date, id, direct, rpart, via"
RESOURCE_COLUMNS = (
    "part, type, id, version, txid, updated, custodian, sens, deleted, method, ixver, body, label, several"
)
VERSION_COLUMNS = "part, type, id, version, txid, updated, custodian, sens, deleted, method, body"
AUDIT_COLUMNS = (
    "part, id, at, account, person, role, org, purpose, grant_id, action, type, refs, resident, query, outcome,"
    " address, request"
)
DUE_COLUMNS = "part, id, at, lane, kind, ref, payload, attempts, lease_until, lease_by, dead, error"
GRANT_COLUMNS = (
    "part, resident, id, org, person, level, purpose, reason, source, scope_ref, starts, ends, verified, label, firm,"
    " via"
)

_LISTS = {
    "ix_token": "token",
    "ix_reference": "reference",
    "ix_string": "string",
    "ix_date": "date",
    "ix_number": "number",
    "ix_quantity": "quantity",
    "ix_uri": "uri",
    "ix_composite": "composite",
}


def index_rows(put: Put) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """(table, rows) for each index table that the resource has rows in; no row twice."""
    rows = put.rows
    if rows is None:
        return
    key = (put.part, put.type, put.id)
    for table, name in _LISTS.items():
        found = getattr(rows, name)
        if found:
            yield table, [key + row for row in (dict.fromkeys(found) if len(found) > 1 else found)]
    if rows.text is not None:
        yield "ix_text", [(*key, *rows.text)]
    if put.task is not None:
        yield "task_row", [put.task]


def subject_rows(put: Put) -> list[tuple[Any, ...]]:
    """One row for each resident named and each coding of ``code``; also for who stands for them (kernel.alias).

    What has a code and is about nobody has rows of nobody, so that the rows of a code are all of them.
    """
    if put.rows is None or not (put.home or put.rows.codes):
        return []
    codes = dict.fromkeys(put.rows.codes) or {("", 0): None}
    date = put.rows.date_main
    return [
        (part, resident, put.type, code, system, date, put.id, direct, put.part, via)
        for part, resident, direct, via in _standing(put) or [(DIRECTORY, "", 0, "")]
        for code, system in codes
    ]


def _standing(put: Put) -> list[tuple[int, str, int, str]]:
    """(part, resident, direct, via) of the residents named: a replaced one marked, the one for them beside it."""
    if not put.moved:
        return [(*each, "") for each in put.home]
    own = [(p, r, direct + REPLACED if r in put.moved else direct, "") for p, r, direct in put.home]
    taken = {(resident, direct) for _, resident, direct, _ in own}
    for _, resident, direct in put.home:
        part, survivor = put.moved.get(resident, (0, ""))
        if survivor and (survivor, direct) not in taken:
            taken.add((survivor, direct))
            own.append((part, survivor, direct, resident))
    return own


def grant_row(grant: GrantRow) -> tuple[Any, ...]:
    """A grant in the order of GRANT_COLUMNS."""
    return (
        grant.part, grant.resident, grant.id, grant.org, grant.person, grant.level, grant.purpose, grant.reason,
        grant.source, grant.scope_ref, grant.starts, grant.ends, int(grant.verified), grant.label, int(grant.firm),
        grant.via,
    )  # fmt: skip


def resource_row(put: Put, txid: int) -> tuple[Any, ...]:
    """The current row, in the order of RESOURCE_COLUMNS."""
    return (
        put.part,
        put.type,
        put.id,
        put.version,
        txid,
        put.updated,
        put.custodian,
        put.sens,
        int(put.deleted),
        put.method,
        INDEX_VERSION,
        put.body.decode(),
        put.label,
        int(put.several),
    )


@lru_cache(maxsize=256)
def inbound(type_name: str) -> str:
    """The question whether anything refers to a resource: bound values are its id and its type.

    It walks the reference parameters that may point at the type, so it sees what can be searched.
    """
    keys = sorted(
        {
            parameter.key
            for parameters in definitions().search.values()
            for parameter in parameters.values()
            if parameter.kind == "reference" and (not parameter.targets or type_name in parameter.targets)
        }
    )
    return (
        "SELECT part, type, id FROM ix_reference"
        f" WHERE key IN ({', '.join(map(str, keys))}) AND rid = ? AND rtype = ? LIMIT 200"
    )


def audit_row(
    actor: Actor,
    *,
    id: str,
    at: int,
    action: str,
    type: str = "",
    refs: str = "",
    part: int = 0,
    resident: str = "",
    query: str = "",
    outcome: int = 0,
    grant: str = "",
) -> tuple[Any, ...]:
    """One access in the order of AUDIT_COLUMNS (who, in what role, for what purpose, what, with what result)."""
    return (
        part,
        id,
        at,
        actor.account,
        actor.person,
        actor.role,
        actor.organization,
        actor.purpose,
        grant,
        action,
        type,
        refs,
        resident,
        query,
        outcome,
        actor.address,
        actor.request,
    )
