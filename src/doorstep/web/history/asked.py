"""What a reader of a history asks for: how far back, whose, which lane, from where on; all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from django.utils.http import urlencode

from doorstep.workflows.coordination import day

LANES: Final = ("", "visits", "laboratory", "imaging", "drugs", "referral", "follow-up")
YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Asked:
    """``lane`` "" is episodes; ``before`` (moment, id) is the last row of the page before."""

    lane: str = ""
    whole: bool = False
    own: bool = False
    abnormal: bool = False
    mine: bool = False
    cancelled: bool = False
    before: str = ""
    after_id: str = ""
    trend: str = ""

    def since(self, now: int) -> date | None:
        return None if self.whole else day(now) - timedelta(days=YEAR)

    def address(self, **changes: Any) -> str:
        """The query of the same question with something else."""
        other = replace(self, **{"before": "", "after_id": "", **changes})
        pairs = [("lane", other.lane), ("all", "1" if other.whole else ""), ("own", "1" if other.own else ""),
                 ("abnormal", "1" if other.abnormal else ""), ("mine", "1" if other.mine else ""),
                 ("cancelled", "1" if other.cancelled else ""), ("before", other.before),
                 ("after", other.after_id), ("trend", other.trend)]  # fmt: skip
        return "?" + urlencode([(name, value) for name, value in pairs if value])


def asked(data: Any) -> Asked:
    """The question of an address; what is not ours is left out."""
    lane = data.get("lane", "")
    return Asked(
        lane if lane in LANES else "", data.get("all") == "1", data.get("own") == "1", data.get("abnormal") == "1",
        data.get("mine") == "1", data.get("cancelled") == "1", _moment(data.get("before", "")),
        data.get("after", "")[:64], data.get("trend", "")[:40],
    )  # fmt: skip


def _moment(text: str) -> str:
    plain = text.replace(" ", "+")[:40]
    try:
        date.fromisoformat(plain[:10])
    except ValueError:
        return ""
    return plain
