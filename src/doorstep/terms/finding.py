"""Finding an entry of a list by what a hurried hand types: initials, pinyin, characters, English or the code.

What is meant exactly comes first, so that Enter takes it: "xt" is chest pain although other names begin so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from doorstep.kernel import names


class Named(Protocol):
    """What can be found: ``short`` are further initials under which it is known."""

    @property
    def code(self) -> str: ...
    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...
    @property
    def short(self) -> str: ...
    def display(self, language: str) -> str: ...


N = TypeVar("N", bound=Named)


def find(entries: Iterable[N], typed: str, *, most: int = 9) -> list[N]:
    """The entries that fit, the best first; none for an empty text."""
    asked = typed.strip().lower()
    if not asked:
        return []
    ranked = [(rank, at, entry) for at, entry in enumerate(entries) if (rank := _rank(entry, asked)) is not None]
    return [entry for _, _, entry in sorted(ranked, key=lambda each: each[:2])[:most]]


def equal(entries: Iterable[N], typed: str) -> list[N]:
    """The entries whose code, name, initials or pinyin this is."""
    asked = typed.strip().lower()
    return [entry for entry in entries if asked and _rank(entry, asked) == 0]


def exactly(entries: Sequence[N], typed: str) -> N | None:
    """The one entry that is meant: what fits exactly, if only one does; else the only one that fits at all."""
    asked = typed.strip().lower()
    found = find(entries, asked, most=1000)
    exact = [entry for entry in found if _rank(entry, asked) == 0]
    return exact[0] if len(exact) == 1 else found[0] if len(found) == 1 else None


def _rank(entry: Named, asked: str) -> int | None:
    """0 for what is meant exactly, 1 for what begins so, 2 for what holds it."""
    spelled = (entry.code.lower(), entry.short.lower(), entry.zh.lower(), entry.en.lower(), *_readings(entry.zh))
    if asked in spelled:
        return 0
    if any(each.startswith(asked) for each in spelled if each):
        return 1
    return 2 if asked in entry.zh.lower() or (len(asked) > 2 and asked in entry.en.lower()) else None


@lru_cache(maxsize=5000)
def _readings(text: str) -> tuple[str, ...]:
    words = "".join(each for each in text if not each.isascii())
    return tuple(each.lower() for each in names.read("", words))
