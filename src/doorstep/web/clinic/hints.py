"""What a visit should not miss: yearly checks that were not done, what is due, and how the last values ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.terms.visit_forms import order_sets
from doorstep.web.record import Value, newest, values
from doorstep.workflows.coordination import day
from doorstep.workflows.identity import Card

_CHECK: Final = "LNTJ"
"""The order set of the yearly check."""
CREATININE: Final = "14682-9"


@dataclass(frozen=True, slots=True)
class Hint:
    """One line below the banner: its sentence, and the items that one key adds to the orders."""

    key: str
    number: int
    items: tuple[str, ...] = ()


def of(reads: Reads, card: Card, *, now: int) -> list[Hint]:
    """The public-health hints of a resident today."""
    today = day(now)
    age = policy("hint.elderly.age", on=today, reads=reads).amount
    since = today - timedelta(days=policy("hint.elderly.every", on=today, reads=reads).amount)
    if card.born is None or _years(card.born, today) < age:
        return []
    wanted = next(each for each in order_sets().values() if each.code == _CHECK).lines
    query = [("patient", f"Patient/{card.id}"), ("date", f"ge{since.isoformat()}"),
             ("status", "final,corrected,amended")]  # fmt: skip
    done = {coding.get("code") for report in reads.search("DiagnosticReport", query)
            for coding in report["code"].get("coding", ()) if coding.get("system") == systems.TEST}  # fmt: skip
    missing = tuple(code for code, _ in wanted if code not in done)
    return [Hint("visit.hint-elderly", len(missing), missing)] if missing else []


def trend(reads: Reads, resident: str, code: str = CREATININE, count: int = 4) -> list[Value]:
    """The last values of one measured quantity, the oldest first."""
    found = newest(reads, "Observation", resident, "date", count, ("code", f"{systems.LOINC}|{code}"))
    return [line for each in reversed(found) for line in values(each)]


def _years(born: date, today: date) -> int:
    return today.year - born.year - int((today.month, today.day) < (born.month, born.day))
