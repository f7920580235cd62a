"""Two residents who are one person: what of the derived rows changes, and what an engine writes from then on.

``join_to`` and ``part_from`` are verbs of a transaction for the merge command alone. Resources, their texts and their
parts stay as they are. The replaced resident's rows in ``subject`` are marked, so that a search by the old id still
finds what was written under it while no right comes from them; the survivor gets rows for the same resources; grants
and refusals move to the survivor and back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from doorstep.kernel.refs import part_of_resident
from doorstep.kernel.writeset import REPLACED, AliasOp, WriteSet

Moved = Mapping[str, tuple[int, str]]
"""Replaced resident -> (part, id) of the survivor."""
Statement = tuple[str, list[Any]]

_COLUMNS: Final = "part, resident, type, code, sys, date, id, direct, rpart, via"


class Aliasing:
    """Part of a transaction."""

    _writes: WriteSet

    def join_to(self, resident: str, survivor: str) -> None:
        """From now on the survivor stands for a resident (ids)."""
        self._writes.aliases.append(_op(resident, survivor, True))

    def part_from(self, resident: str, survivor: str) -> None:
        """A resident stands for itself again."""
        self._writes.aliases.append(_op(resident, survivor, False))


def asking(work: WriteSet) -> list[Statement]:
    """Who stands for the residents that a write set names, as questions to the engine."""
    named = {resident for put in work.puts for _, resident, _ in put.home}
    named |= {grant.resident for grant in work.grants} | {bar.resident for bar in work.bars}
    return _questions(sorted(named - {op.resident for op in work.aliases if not op.join}))


def follow(work: WriteSet, found: Iterable[Sequence[Any]]) -> None:
    """Let a write set that was closed without knowing say who stands for whom; ``found`` answers what it asked."""
    moved = _moved_by(found)
    if not moved:
        return
    for put in work.puts:
        put.moved = moved
    work.grants = [_moved(grant, moved) for grant in work.grants]
    work.bars = [_moved(bar, moved) for bar in work.bars]


def find(rows: Callable[[str, list[Any]], Sequence[Sequence[Any]]], residents: list[str]) -> Moved:
    """Who of these is replaced, and by whom."""
    return _moved_by(row for sql, places in _questions(residents) for row in rows(sql, places))


def _questions(residents: list[str]) -> list[Statement]:
    asked = []
    for at in range(0, len(residents), 100):
        some = residents[at : at + 100]
        places = [value for resident in some for value in (part_of_resident(resident), resident)]
        marks = " OR ".join(["(part = ? AND resident = ?)"] * len(some))
        asked.append((f"SELECT resident, survivor_part, survivor FROM resident_alias WHERE {marks}", places))
    return asked


def _moved_by(found: Iterable[Sequence[Any]]) -> Moved:
    return {str(resident): (int(part), str(survivor)) for resident, part, survivor in found}


def everybody(rows: Callable[[str, list[Any]], Sequence[Sequence[Any]]]) -> Moved:
    """All who are replaced: for a check of the whole record."""
    found = rows("SELECT resident, survivor_part, survivor FROM resident_alias", [])
    return {str(resident): (int(part), str(survivor)) for resident, part, survivor in found}


def of_set(work: WriteSet) -> Iterator[Statement]:
    """What an engine writes for the joinings of a write set."""
    for op in work.aliases:
        yield from statements(op)


def statements(op: AliasOp) -> Iterator[Statement]:
    """What joining or parting does to the rows that are there; the same text on both engines."""
    old, new = [op.part, op.resident], [op.survivor_part, op.survivor]
    if op.join:
        yield "INSERT INTO resident_alias VALUES (?, ?, ?, ?)", [*old, *new]
        yield (
            f"INSERT INTO subject ({_COLUMNS}) SELECT {op.survivor_part}, ?, type, code, sys, date, id, direct, rpart,"
            " resident FROM subject WHERE part = ? AND resident = ? AND via = '' ON CONFLICT DO NOTHING",
            [op.survivor, *old],
        )
        yield (
            f"UPDATE subject SET direct = direct + {REPLACED} WHERE part = ? AND resident = ? AND via = ''"
            f" AND direct < {REPLACED}",
            old,
        )
        yield from _carry(old, new, "via = ''", [], op.resident)
        return
    yield "DELETE FROM subject WHERE part = ? AND resident = ? AND via = ?", [*new, op.resident]
    yield (
        f"UPDATE subject SET direct = direct - {REPLACED} WHERE part = ? AND resident = ? AND via = ''"
        f" AND direct >= {REPLACED}",
        old,
    )
    yield from _carry(new, old, "via = ?", [op.resident], "")
    yield "DELETE FROM resident_alias WHERE part = ? AND resident = ?", old


def _carry(here: list[Any], there: list[Any], which: str, bound: list[Any], via: str) -> Iterator[Statement]:
    """Grants, what packets list, and refusals, from one resident to another."""
    yield (
        "UPDATE grant_item SET part = ? WHERE part = ? AND grant_id IN"
        f" (SELECT id FROM access_grant WHERE part = ? AND resident = ? AND {which})",
        [there[0], here[0], *here, *bound],
    )
    for table, key in (("access_grant", "n.id = o.id"), ("access_bar", "n.org = o.org AND n.source = o.source")):
        # What the other has of the same act already stays where it is: it has no effect there, and goes back with it.
        yield (
            f"UPDATE {table} AS o SET part = ?, resident = ?, via = ? WHERE part = ? AND resident = ? AND {which}"
            f" AND NOT EXISTS (SELECT 1 FROM {table} n WHERE n.part = ? AND n.resident = ? AND {key})",
            [*there, via, *here, *bound, *there],
        )
        if not via:
            yield f"DELETE FROM {table} WHERE part = ? AND resident = ? AND {which}", [*here, *bound]


def _op(resident: str, survivor: str, join: bool) -> AliasOp:
    return AliasOp(part_of_resident(resident), resident, part_of_resident(survivor), survivor, join)


def _moved(row: Any, moved: Moved) -> Any:
    """A grant or a refusal as the survivor's."""
    if row.resident not in moved:
        return row
    part, survivor = moved[row.resident]
    return dataclasses.replace(row, part=part, resident=survivor, via=row.resident)
