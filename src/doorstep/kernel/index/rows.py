"""What one resource puts into the index tables."""

from __future__ import annotations

Token = tuple[int, str, int]
Reference = tuple[int, str, str]
String = tuple[int, str, str]
Date = tuple[int, int, int]
Number = tuple[int, float, float]
Quantity = tuple[int, float, float, str, int]
Uri = tuple[int, str]
Composite = tuple[int, str, int, str, int, float, float]


class IndexRows:
    """Rows without the resource's own key, in the order of the columns of the tables.

    A row may stand twice in a list; the tables hold it once. ``key`` is that of the parameter or one of its suffixes.
    """

    __slots__ = (
        "codes", "composite", "date", "date_main", "number", "quantity", "reference", "references", "residents",
        "string", "text", "token", "uri", "urns",
    )  # fmt: skip

    def __init__(self) -> None:
        self.token: list[Token] = []
        """(key, code, system)."""
        self.reference: list[Reference] = []
        """(key, type, id), or (key, "", address)."""
        self.string: list[String] = []
        """(key, normalised, as written)."""
        self.date: list[Date] = []
        """(key, lo, hi): half-open, microseconds since the epoch."""
        self.number: list[Number] = []
        """(key, lo, hi)."""
        self.quantity: list[Quantity] = []
        """(key, lo, hi, unit, system)."""
        self.uri: list[Uri] = []
        """(key, value)."""
        self.composite: list[Composite] = []
        """(key, code, system, code or text or "Type/id", system, lo, hi)."""
        self.text: tuple[str, str] | None = None
        """(narrative, content), lower case; None when the resource has no text at all."""
        self.residents: list[tuple[str, int]] = []
        """(patient id, direct) of every patient whom the resource names as its own, each once."""
        self.codes: list[tuple[str, int]] = []
        """(code, system) of the parameter ``code`` of types that are about residents."""
        self.date_main: int = 0
        """Begin of the type's main date; 0 when there is none."""
        self.references: list[tuple[str, str]] = []
        """(element path, "Type/id") of every literal relative reference, for existence checks."""
        self.urns: list[tuple[str, str]] = []
        """(element path, "urn:...") of every reference that a transaction has to resolve."""
