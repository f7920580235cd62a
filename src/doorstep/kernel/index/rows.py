"""What one resource puts into the index tables."""

from __future__ import annotations

import msgspec

Token = tuple[int, str, int]
Reference = tuple[int, str, str]
String = tuple[int, str, str]
Date = tuple[int, int, int]
Number = tuple[int, float, float]
Quantity = tuple[int, float, float, str, int]
Uri = tuple[int, str]
Composite = tuple[int, str, int, str, int, float, float]


class IndexRows(msgspec.Struct, array_like=True):
    """Rows without the resource's own key, in the order of the columns of the tables.

    A row may stand twice in a list; the tables hold it once. ``key`` is that of the parameter or one of its suffixes.
    """

    token: list[Token] = []
    """(key, code, system)."""
    reference: list[Reference] = []
    """(key, type, id), or (key, "", address)."""
    string: list[String] = []
    """(key, normalised, as written)."""
    date: list[Date] = []
    """(key, lo, hi): half-open, microseconds since the epoch."""
    number: list[Number] = []
    """(key, lo, hi)."""
    quantity: list[Quantity] = []
    """(key, lo, hi, unit, system)."""
    uri: list[Uri] = []
    """(key, value)."""
    composite: list[Composite] = []
    """(key, code, system, code or text or "Type/id", system, lo, hi)."""
    text: tuple[str, str] | None = None
    """(narrative, content), lower case; None when the resource has no text at all."""
    residents: list[tuple[str, int]] = []
    """(patient id, direct) of every patient whom the resource names as its own, each once."""
    codes: list[tuple[str, int]] = []
    """(code, system) of the parameter ``code`` of types that are about residents."""
    date_main: int = 0
    """Begin of the type's main date; 0 when there is none."""
    references: list[tuple[str, str]] = []
    """(element path, "Type/id") of every literal relative reference, for existence checks."""
    urns: list[tuple[str, str]] = []
    """(element path, "urn:...") of every reference that a transaction has to resolve."""
