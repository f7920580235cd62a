"""Who may hear that a resource was deleted: whoever would see it as it last stood, by the rights of now.

A deletion takes the rows by which a resource is found and its residents are known. The predicate of ``access.scoped``
is therefore asked over rows that follow from the last text, under the names of the tables; the grants are those that
stand. A resident whose entry another stands for since then is not followed: fewer hear of it, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from doorstep.kernel import exact, index, search
from doorstep.kernel.access import SYSTEM, scoped
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import query_pairs
from doorstep.kernel.refs import Actor, Stored, part_of_resident
from doorstep.kernel.search.apart import meets

if TYPE_CHECKING:
    from doorstep.kernel.store import Store


def _row(**columns: str) -> str:
    """A row of bound values under these names: "i" for a number, "t" for a text."""
    kinds = {"i": "INTEGER", "t": "TEXT"}
    return "SELECT " + ", ".join(f"CAST(? AS {kinds[kind]}) AS {name}" for name, kind in columns.items())


_ROW: Final = _row(part="i", type="i", id="t", custodian="t", sens="i", label="t", several="i")
_SUBJECT: Final = _row(part="i", resident="t", rpart="i", type="i", id="t", direct="i")
_REFERENCE: Final = _row(part="i", type="i", id="t", rtype="t", rid="t")


def last(store: Store, type: str, id: str, version: int) -> Stored | None:
    """What a resource was before the version that deleted it; None when that version is no deletion."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        try:
            reads.vread(type, id, version)
        except Gone:
            try:
                return reads.vread(type, id, version - 1)
            except (Gone, NotFound):
                return None
        except NotFound:
            return None
    return None


def met(store: Store, actor: Actor, criteria: str, was: Stored) -> bool:
    """Whether what it was meets the criteria and this actor would see it now, if it were still there."""
    resource = exact.decode(was.body)
    type_name, _, query = criteria.partition("?")
    asked = search.parse(type_name, query_pairs(query), strict=True)
    return meets(asked, index.extract(resource)) and _visible(store, actor, was, resource)


def _visible(store: Store, actor: Actor, was: Stored, resource: dict[str, Any]) -> bool:
    rows, number = index.extract(resource), definitions().number[was.type]
    residents = dict(rows.residents)
    several = was.type != "Patient" and len(residents) > 1
    subjects = [[part_of_resident(each), each, was.part, number, was.id, direct] for each, direct in residents.items()]
    episodes = [[was.part, number, was.id, kind, id_] for _, kind, id_ in rows.reference if kind == "Encounter"]
    predicate, bound = scoped("r", actor)
    with_subject, first = _table("subject", _SUBJECT, 6, subjects)
    with_reference, second = _table("ix_reference", _REFERENCE, 5, episodes)
    row = [was.part, number, was.id, was.custodian, was.sens, index.label(resource), int(several)]
    found = store.engine.once(
        f"WITH {with_subject}, {with_reference} SELECT 1 FROM ({_ROW}) r WHERE {predicate}",
        [*first, *second, *row, *bound],
    )
    return bool(found)


def _table(name: str, row: str, width: int, values: list[list[Any]]) -> tuple[str, list[Any]]:
    """Rows under the name of a table, which they stand before in this statement; a table without any has none."""
    if not values:
        return f"{name} AS ({row} WHERE 1 = 0)", [None] * width
    return f"{name} AS ({' UNION ALL '.join([row] * len(values))})", [each for given in values for each in given]
