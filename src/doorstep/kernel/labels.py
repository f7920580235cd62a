"""Which profiles, security labels and tags are in use (R4 3.2.0, $meta of a type or the system), as far as one may see.

The index's own order gives each value once, by one probe a value; a value counts when some resource that the reader may
see carries it, and is told as that resource writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.access import scoped
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import TooCostly
from doorstep.kernel.refs import Actor, system_hash

MOST: Final = 500
"""Different values of one list of one answer."""
_LISTS: Final = {"profile": "_profile", "security": "_security", "tag": "_tag"}


def labels(reader: Reader, actor: Actor, types: Sequence[str]) -> dict[str, list[Any]]:
    """Member of meta -> the values in use in resources of some types. TooCostly beyond ``MOST`` of one member."""
    found: dict[str, list[Any]] = {}
    for member, code in _LISTS.items():
        values: dict[Any, Any] = {}
        for type_name in types:
            parameter = definitions().search[type_name].get(code)
            if parameter is None:
                continue
            for value in _values(reader, actor, type_name, member, parameter.key):
                values.setdefault(_identity(value), value)
                if len(values) > MOST:
                    raise TooCostly("search.too-many-labels", element=f"meta.{member}", limit=MOST)
        if values:
            found[member] = list(values.values())
    return found


def _values(reader: Reader, actor: Actor, type_name: str, member: str, key: int) -> Iterator[Any]:
    table, columns = ("ix_uri", ("value",)) if member == "profile" else ("ix_token", ("code", "sys"))
    named, marks = ", ".join(columns), ", ".join("?" * len(columns))
    last: list[Any] = []
    for _ in range(4 * MOST):
        after = f" AND ({named}) > ({marks})" if last else ""
        next_ = reader.rows(f"SELECT {named} FROM {table} WHERE key = ?{after} ORDER BY {named} LIMIT 1", [key, *last])
        if not next_:
            return
        last = list(next_[0])
        shown = _shown(reader, actor, table, key, columns, last)
        if shown is not None:
            yield from _written(exact.decode(shown), member, last)
    raise TooCostly("search.too-many-labels", element=f"{type_name}.meta.{member}", limit=MOST)


def _shown(
    reader: Reader, actor: Actor, table: str, key: int, columns: Sequence[str], wanted: Sequence[Any]
) -> str | None:
    """The text of some resource that has the value and that the actor may see."""
    predicate, bound = scoped("r", actor)
    same = " AND ".join(f"x.{column} = ?" for column in columns)
    rows = reader.rows(
        f"SELECT r.body FROM {table} x JOIN resource r ON r.part = x.part AND r.type = x.type AND r.id = x.id"
        f" WHERE x.key = ? AND {same} AND r.deleted = 0 AND {predicate} LIMIT 1",
        [key, *wanted, *bound],
    )
    return str(rows[0][0]) if rows else None


def _written(resource: dict[str, Any], member: str, wanted: list[Any]) -> Iterator[Any]:
    for value in resource.get("meta", {}).get(member, []):
        if isinstance(value, str):
            if value == wanted[0]:
                yield value
        elif value.get("code") == wanted[0] and system_hash(value.get("system", "")) == wanted[1]:
            yield value


def _identity(value: Any) -> Any:
    return (value.get("system"), value.get("code")) if isinstance(value, dict) else value
