"""Residents as rows of the columns that the model compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.terms.likeness import Features, features, sound

COLUMNS: Final = (
    "unique_id", "number", "number_right", "name", "sound", "family", "born", "sex", "phone", "address",
)  # fmt: skip


def entries(reads: Reads) -> Iterator[Features]:
    """Everybody who stands for themselves, in the order of their ids."""
    cursor = None
    while True:
        page = reads.page("Patient", [("active:not", "false"), ("_count", "500")], strict=True, cursor=cursor)
        for entry in page.matches:
            yield features(exact.decode(entry.body))
            del reads.seen[entry.type_name, entry.id]  # a batch of everybody is one line of the audit, not one each
        cursor = page.next_cursor
        if cursor is None:
            return


def table(found: Iterable[Features]) -> dict[str, list[Any]]:
    """Column -> values; None where nothing is known. Of several telephones the first is compared."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for each in found:
        family = sound(each.name[:1]) if each.name else ""
        values = (each.id, each.number, int(each.has_right_number), each.name, each.sound, family, each.born,
                  each.sex if each.sex in ("male", "female") else "", each.phones[0] if each.phones else "",
                  each.address)  # fmt: skip
        for name, value in zip(COLUMNS, values, strict=True):
            columns[name].append(None if value == "" else value)
    return columns
