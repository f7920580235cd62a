"""Limits as dated data with their basis: never constants in code.

The defaults are in ``data/policies.json``. A basis of kind "proposal" is ours and waits for the alliance's own rule;
"analogy" takes a limit from a rule for something similar; "rule" is a limit that a regulation states.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final
from weakref import WeakKeyDictionary

from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.read import Reads
from doorstep.kernel.store import Store
from doorstep.terms import own_rules, systems

OWN_LIMIT: Final = f"{systems.BASE}/ext/limit"
"""One dated rule of the alliance: limit, period (its end is the first day on which it no longer holds), kind, basis."""

_FRESH: Final = 1.0
"""Seconds for which a look-up outside of a transaction holds."""
_looked_up: WeakKeyDictionary[Store, dict[tuple[str, date], tuple[Policy | None, float]]] = WeakKeyDictionary()
_UNITS = {"min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Policy:
    """One limit in force from ``since`` until the day before ``until`` (None: still)."""

    key: str
    amount: int
    unit: str
    since: date
    until: date | None
    kind: str
    basis: str

    @property
    def microseconds(self) -> int:
        return self.amount * _UNITS[self.unit] * 1_000_000

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on < self.until)


@cache
def policies() -> tuple[Policy, ...]:
    """All that is known, in the order of the file."""
    rows = json.loads(files(__package__).joinpath("data/policies.json").read_text("utf-8"))
    return tuple(
        Policy(
            row["key"], row["amount"], row["unit"], date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None, row["basis"]["kind"], row["basis"]["text"],
        )
        for row in rows
    )


def policy(key: str, *, on: date, reads: Reads | None = None) -> Policy:
    """The limit that holds on a day. Raises LookupError when there is none: a limit is never guessed.

    With ``reads`` the alliance's own rule comes first, as the record holds it: a command passes its ``tx``.
    """
    if reads is not None:
        for row in reversed(own_policies(reads, key)):
            if row.holds(on):
                return row
    for row in policies():
        if row.key == key and row.holds(on):
            return row
    raise LookupError(key, on)


def in_force(store: Store, key: str, *, on: date) -> Policy:
    """As ``policy``, for who has no transaction: the alliance's own rule is looked up again after a second."""
    known = _looked_up.setdefault(store, {})
    found, until = known.get((key, on), (None, 0.0))
    if time.monotonic() >= until:
        with store.snapshot(SYSTEM, audited=False) as reads:
            try:
                found = policy(key, on=on, reads=reads)
            except LookupError:
                found = None
        known[key, on] = (found, time.monotonic() + _FRESH)
    if found is None:
        raise LookupError(key, on)
    return found


def keys() -> tuple[str, ...]:
    """What there are limits for, in the order of the file."""
    return tuple(dict.fromkeys(row.key for row in policies()))


def own_id(key: str) -> str:
    """The id of the Library that holds the alliance's own rules for a limit."""
    return f"policy.{key}"


def own_policies(reads: Reads, key: str) -> tuple[Policy, ...]:
    """The alliance's own rules for a limit, oldest first: a versioned Library, read by id and cached by its text."""
    body = own_rules.text(reads, own_id(key))
    return _own(key, body) if body else ()


@lru_cache(maxsize=2000)
def _own(key: str, body: bytes) -> tuple[Policy, ...]:
    found = []
    for each in exact.decode(body).get("extension", ()):
        if each["url"] != OWN_LIMIT:
            continue
        part = {entry["url"]: entry for entry in each["extension"]}
        period = part["period"]["valuePeriod"]
        quantity = part["limit"]["valueQuantity"]
        found.append(Policy(
            key, int(quantity["value"]), quantity["unit"], date.fromisoformat(period["start"]),
            date.fromisoformat(period["end"]) if "end" in period else None, part["kind"]["valueCode"],
            part["basis"]["valueString"],
        ))  # fmt: skip
    return tuple(found)
