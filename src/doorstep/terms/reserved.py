"""What only a holder of a practising certificate writes, by the certificate's scope: default data with its basis.

A row says which resources are an act of medicine (a type, and codes that its members carry), which scopes
(``practice-scope``) permit it, since when and by which law.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reserved:
    """One act of medicine. ``element`` is the member that says whose act it is."""

    type: str
    element: str
    where: tuple[tuple[str, frozenset[str]], ...]
    scopes: frozenset[str]
    since: date

    def covers(self, resource: Resource, on: date) -> bool:
        """Whether a resource is this act, on a day."""
        if resource["resourceType"] != self.type or on < self.since:
            return False
        return all(not wanted.isdisjoint(_codes(resource.get(member))) for member, wanted in self.where)


@cache
def reserved() -> tuple[Reserved, ...]:
    """Every row, in the order of the data."""
    rows = json.loads(files(__package__).joinpath("data/reserved.json").read_text("utf-8"))
    return tuple(
        Reserved(
            row["type"], row["element"], tuple((name, frozenset(codes)) for name, codes in row["where"].items()),
            frozenset(row["scopes"]), date.fromisoformat(row["since"]),
        )
        for row in rows
    )  # fmt: skip


TYPES: Final[tuple[str, ...]] = tuple(sorted({row.type for row in reserved()}))


def _codes(value: Any) -> Iterator[str]:
    """The codes of a code, a CodeableConcept or several of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _codes(each)
    elif isinstance(value, dict):
        for coding in value.get("coding") or ():
            yield str(coding.get("code", ""))
