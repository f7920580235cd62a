"""The alliance's figures before and after the walk: they have moved by what was done, and by nothing else.

What there is is counted again over the FHIR interface, by searches that know nothing of the figures' definitions.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from doorstep.demo.walking import Walking
from doorstep.terms import systems
from doorstep.workflows.satisfaction import QUESTIONS

_CASES: Final = re.compile(r"· n=(\d+)")
_MONTH: Final = re.compile(r"<b>(\d{4}-\d\d)</b>")
_FEW: Final = 10
"""Fewer people than this may be hidden; the alliance's own minimum lies below."""
_TRIES: Final = 5
"""How often the figures are asked for until they have followed."""
_ORDERED: Final = f"{systems.WORKFLOW}|order,{systems.WORKFLOW}|study"


_Page = tuple[str, int, list[str]]
"""A figure's code, the page's status, and the numbers that stand there."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure, the search that counts it again ({since} is the first day of the month), and by how much it moves."""

    code: str
    search: str
    by: int


WATCHED: Final = (
    Watched("referral-sent", "Task?code=referral&authored-on=ge{since}", 2),
    Watched("referral-arrived",
            "Task?code=referral&business-status=arrived,returned,closed&authored-on=ge{since}", 2),
    Watched("referral-down", "Task?code=down&authored-on=ge{since}", 1),
    Watched("centre-volume", f"Task?code={_ORDERED}&business-status=reported,read&authored-on=ge{{since}}", 3),
    Watched("recognition-count", "Task?code=recognition&business-status=recognised&authored-on=ge{since}", 1),
    Watched("visits", "Encounter?class=AMB,EMER&status=in-progress,finished&date=ge{since}", 1),
    Watched("discharges", "Encounter?class=IMP&status=finished&date=ge{since}", 1),
    Watched("satisfaction", f"QuestionnaireResponse?questionnaire={QUESTIONS}&authored=ge{{since}}", 1),
)  # fmt: skip


def count(walk: Walking) -> None:
    """How much there is before anything is done."""
    walk.since = _month(walk)
    walk.before = {each.code: _counted(walk, each) for each in WATCHED}


def moved(walk: Walking) -> None:
    """Some minutes later the manager sees each figure with what this walk has added, and its rows; few are hidden.

    Figures follow the commits in their order: while another transaction of the same database server is open, what came
    after it is not counted yet. So they are asked for again, as a manager would.
    """
    manager = walk.person("zhouwei")
    pairs: list[tuple[_Page, _Page]] = []
    for again in range(_TRIES):
        if again:
            time.sleep(1)
        manager.post_as(walk.at("zhouwei", "/alliance/"), "/demo/clock/", {"by": "five", "next": "/alliance/"})
        pairs = [_compared(walk, each) for each in WATCHED]
        if all(shown == wanted for shown, wanted in pairs):
            break
    walk.expect({each.code: _counted(walk, each) - walk.before[each.code] for each in WATCHED},
                {each.code: each.by for each in WATCHED})  # fmt: skip
    for shown, wanted in pairs:
        walk.expect(shown, wanted)


def _compared(walk: Walking, watched: Watched) -> tuple[_Page, _Page]:
    """A figure's page as it is and as it has to be: its number, or nothing where so few are hidden."""
    page = walk.at("zhouwei", f"/alliance/{watched.code}/?period={walk.since[:7]}")
    there, shown = _counted(walk, watched), _CASES.findall(page.text)
    return (watched.code, page.status, shown), (watched.code, 200, [str(there)] if shown or there >= _FEW else [])


def _counted(walk: Walking, watched: Watched) -> int:
    status, bundle = walk.fhir(watched.search.format(since=walk.since) + "&_summary=count")
    walk.expect(status, 200)
    return int(bundle["total"])


def _month(walk: Walking) -> str:
    """The first day of the month in which the figures open: the record's own, a demo may have moved its clock."""
    return f"{_MONTH.findall(walk.at('zhouwei', '/alliance/').text)[0]}-01"
