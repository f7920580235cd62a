"""Districts and their codes in time (GB/T 2260, Chongqing): a code that has ended stays true of what was written then.

Identity numbers, addresses and old records keep the code of their day; only new writing needs one that holds now.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class District:
    """A division of six digits, or a town of nine. ``since`` None: from before what is known; ``until`` None: still."""

    code: str
    zh: str
    en: str
    since: date | None
    until: date | None
    became: str
    basis: str

    def holds(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)

    def display(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh


@cache
def districts() -> dict[str, District]:
    """All that are known, by code."""
    known = json.loads(files(__package__).joinpath("data/districts.json").read_text("utf-8"))
    return {
        row["code"]: District(
            row["code"], row["zh"], row["en"], _day(row["since"]), _day(row["until"]), row["became"] or "",
            known["bases"][row["basis"]],
        )
        for row in known["districts"]
    }  # fmt: skip


def district_on(code: str, day: date) -> District | None:
    """The district that a code means on a day; None when the code is unknown or does not hold then."""
    found = districts().get(code)
    return found if found is not None and found.holds(day) else None


def successor(code: str, day: date) -> District | None:
    """What an older code has become by a day: itself while it holds. None when nothing is known of it."""
    found = districts().get(code)
    while found is not None and not found.holds(day):
        if not found.became or (found.until is not None and day < found.until):
            return None
        found = districts().get(found.became)
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
