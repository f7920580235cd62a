"""Critical limits: beyond which value somebody is told at once. Dated data with its basis, by item, age and sex."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.terms import own_rules, systems

LOW, HIGH = "LL", "HH"
"""v3 ObservationInterpretation: critically low, critically high."""
FLAGS: Final = (LOW, HIGH)
OWN: Final = f"{systems.BASE}/ext/critical-limit"
"""One dated limit of the alliance: low, high, age in days, sex, period (its end no longer holds), kind, basis."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one item for the residents of an age (in days) and sex, from ``since`` until before ``until``."""

    code: str
    low: Decimal | None
    high: Decimal | None
    from_days: int
    to_days: int | None
    sex: str
    since: date
    until: date | None
    kind: str
    basis: str

    def holds(self, *, on: date, days: int | None, sex: str) -> bool:
        """Whether it is for this resident on this day. Somebody of unknown age has the limits that name no age."""
        in_time = self.since <= on and (self.until is None or on < self.until)
        aged = self.from_days == 0 and self.to_days is None
        if days is not None:
            aged = self.from_days <= days and (self.to_days is None or days <= self.to_days)
        return in_time and aged and self.sex in ("", sex)

    def beyond(self, value: Decimal) -> str:
        """"LL", "HH", or "" when the value is not critical. The limit itself is not beyond it."""
        if self.low is not None and value < self.low:
            return LOW
        return HIGH if self.high is not None and value > self.high else ""


@cache
def limits() -> tuple[Limit, ...]:
    """All that is known; of those that fit a resident the first is the one that holds."""
    known = json.loads(files(__package__).joinpath("data/critical.json").read_text("utf-8"))
    basis = known["basis"]
    return tuple(
        Limit(
            row["loinc"], _number(row["low"]), _number(row["high"]), row.get("from_days", 0), row.get("to_days"),
            row.get("sex", ""), date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None, basis["kind"], basis["text"],
        )
        for row in known["limits"]
    )  # fmt: skip


def limit(code: str, *, on: date, born: date | None, sex: str, reads: Reads | None = None) -> Limit | None:
    """The limits of an item for a resident on a day; None for an item that has none.

    With ``reads`` the alliance's own limits come first, as the record holds them.
    """
    days = (on - born).days if born else None
    known = (*own_limits(reads, code), *limits()) if reads is not None else limits()
    return next((row for row in known if row.code == code and row.holds(on=on, days=days, sex=sex)), None)


def own_id(code: str) -> str:
    """The id of the Library that holds the alliance's own limits of an item."""
    return f"critical-limits.{code}"


def own_limits(reads: Reads, code: str) -> tuple[Limit, ...]:
    """The alliance's own limits of an item, the narrowest first (those for an age or a sex before those for all)."""
    body = own_rules.text(reads, own_id(code))
    return _own(code, body) if body else ()


@lru_cache(maxsize=500)
def _own(code: str, body: bytes) -> tuple[Limit, ...]:
    found = []
    for each in exact.decode(body).get("extension", ()):
        if each["url"] != OWN:
            continue
        part = {entry["url"]: entry for entry in each["extension"]}
        period = part["period"]["valuePeriod"]
        found.append(Limit(
            code, _part(part, "low"), _part(part, "high"), int(part["from"]["valueInteger"]),
            int(part["to"]["valueInteger"]) if "to" in part else None,
            str(part["sex"]["valueCode"]) if "sex" in part else "", date.fromisoformat(period["start"]),
            date.fromisoformat(period["end"]) if "end" in period else None, part["kind"]["valueCode"],
            part["basis"]["valueString"],
        ))  # fmt: skip
    return tuple(sorted(found, key=lambda row: (row.from_days == 0 and row.to_days is None, not row.sex)))


def _part(part: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(str(part[name]["valueDecimal"])) if name in part else None


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
