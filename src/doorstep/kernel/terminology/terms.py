"""Codes behind the search modifiers ``:in``, ``:not-in``, ``:above``, ``:below``, with the store's own definitions.

Fits ``kernel.search.terms.Terms``: None says that the answer is not known here, so that search refuses.
"""

from __future__ import annotations

from collections.abc import Iterable

from doorstep.kernel.errors import Refusal
from doorstep.kernel.terminology.concepts import Lookup, System, nothing, system
from doorstep.kernel.terminology.members import members


class LookedUp:
    """Terminology through a ``lookup``."""

    def __init__(self, lookup: Lookup = nothing) -> None:
        self._lookup = lookup

    def members(self, url: str) -> Iterable[tuple[str, str]] | None:
        """(system, code) of a value set that can be listed completely."""
        try:
            found = members(url, self._lookup)
        except Refusal:
            return None
        return None if found.missing else found.concepts.keys()

    def below(self, url: str, code: str) -> Iterable[str] | None:
        """The code and all its descendants."""
        found = self._place(url, code)
        return found and [found[1], *found[0].below(found[1])]

    def above(self, url: str, code: str) -> Iterable[str] | None:
        """The code and all its ancestors."""
        found = self._place(url, code)
        return found and [found[1], *found[0].above(found[1])]

    def _place(self, url: str, code: str) -> tuple[System, str] | None:
        """The system and the code as the system writes it; None when not all of its codes are here."""
        known = system(url, self._lookup)
        concept = known.find(code) if known and known.complete else None
        return (known, concept.code) if known and concept else None
