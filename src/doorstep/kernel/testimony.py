"""What a transaction writes down about itself: one audit row a write, and one for what the command read on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from doorstep.kernel import rows
from doorstep.kernel.engine import Reader
from doorstep.kernel.explain import allowing_writes
from doorstep.kernel.refs import DIRECTORY, Actor, new_id
from doorstep.kernel.shown import by_resident
from doorstep.kernel.writeset import Put

_ACTIONS: Final = {"POST": "create", "DELETE": "delete", "PATCH": "patch"}


def testimony(
    reader: Reader, actor: Actor, *, at: int, puts: Sequence[Put], read: Iterable[tuple[str, str]]
) -> list[tuple[Any, ...]]:
    """The audit rows of one transaction, each with the grants that the actor holds on the resident it is about."""
    about = [resident_of(put) for put in puts]
    grants = allowing_writes(reader, actor, [resident for resident in about if resident])
    found = [
        rows.audit_row(
            actor, id=new_id(put.part), at=at, action=_ACTIONS.get(put.method, "update"), type=put.type_name,
            refs=f"{put.type_name}/{put.id}/_history/{put.version}", part=put.part, resident=resident, outcome=200,
            grant=grants.get(resident, ""),
        )
        for put, resident in zip(puts, about, strict=True)
    ]  # fmt: skip
    seen = list(read)
    if seen:
        shares = by_resident(reader, actor, [f"{type_name}/{id_}" for type_name, id_ in seen])
        found += [
            rows.audit_row(
                actor, id=new_id(DIRECTORY), at=at, action="read", refs=" ".join(refs), outcome=200, resident=resident,
                grant=grants,
            )
            for resident, refs, grants in shares
        ]  # fmt: skip
    return found


def resident_of(put: Put) -> str:
    """The resident whom a write is about; "" for none."""
    return put.id if put.type_name == "Patient" else next((who for _, who, direct in put.home if direct), "")
