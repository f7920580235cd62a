"""An institution's own codes in lists: the list of the codes itself, and what another list calls something of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms.columns import heads
from doorstep.workflows import code_keeping, code_map, directory_import
from doorstep.workflows.directory_sheet import Row

_COUNTED: Final = {"prices": ("item", code_map.ITEMS), "clinics": ("specialty", code_map.DEPARTMENTS)}
"""List -> the column that may hold an institution's own code, and of which kind."""


def row(tx: Tx, row: Row) -> str:
    """One code of the actor's institution: with ours it is mapped, without it waits to be."""
    kind = heads("code-kinds").get(row.get("kind", "").strip().lower(), row.get("kind", "").strip())
    source = {"kind": kind, "holder": tx.actor.organization, "code": row.get("code", "")}
    if not row.get("ours", ""):
        return code_keeping.enter(tx, **source, text=row.get("text", ""))
    return code_keeping.mean(tx, **source, ours=row["ours"], text=row.get("text", ""), on=row.get("since", ""))


def ours(tx: Tx, kind: str, holder: str, text: str, read: str, *, on: date, box: str) -> str:
    """Ours for what a list says: ``read`` is what it means by our own codes and names."""
    if not text.strip() or read in code_map.targets(kind):
        return read
    meant = code_map.meaning(tx, kind, holder, text, on=on)
    if meant == "":
        raise Invalid("codes.not-used", element=box, given=text[:40])
    return meant or read


def count(store: Store, actor: Actor, *, what: str, rows: Sequence[Row]) -> None:
    """What a list named and nobody has mapped is counted, so that the most frequent is mapped first."""
    if what in _COUNTED and rows:
        store.run(actor, _count, what=what, rows=rows)


def _count(tx: Tx, *, what: str, rows: Sequence[Row]) -> None:
    column, kind = _COUNTED[what]
    known = code_map.targets(kind)
    ours_ = {each for code, found in known.items() for each in (code, found.zh, found.en.lower())}
    met: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        said = row.get(column, "").strip()
        holder = directory_import.named(tx, row.get("institution", "")) or tx.actor.organization
        if said and said not in ours_ and said.lower() not in ours_ and tx.exists(*holder.split("/", 1)):
            met.setdefault(holder, []).append((said, ""))
    for holder, codes in met.items():
        code_keeping.met(tx, kind=kind, holder=holder, codes=codes, owner=holder)
