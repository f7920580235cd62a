"""The alliance's figures before and after the walk: they have moved by what was done, and by nothing else.

What there is is counted again over the FHIR interface, by searches that know nothing of the figures' definitions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from doorstep.demo.walking import Walking
from doorstep.terms import systems
from doorstep.workflows.satisfaction import QUESTIONS

_CASES: Final = re.compile(r"· n=(\d+)")
_MONTH: Final = re.compile(r"<b>(\d{4}-\d\d)</b>")
_FEW: Final = 10
"""Fewer people than this may be hidden; the alliance's own minimum lies below."""
_ORDERED: Final = f"{systems.WORKFLOW}|order,{systems.WORKFLOW}|study"


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
    """Five minutes later the manager sees each figure with what this walk has added, and its rows; few are hidden."""
    manager = walk.person("zhouwei")
    manager.post_as(walk.at("zhouwei", "/alliance/"), "/demo/clock/", {"by": "five", "next": "/alliance/"})
    walk.expect({each.code: _counted(walk, each) - walk.before[each.code] for each in WATCHED},
                {each.code: each.by for each in WATCHED})  # fmt: skip
    for each in WATCHED:
        page = walk.at("zhouwei", f"/alliance/{each.code}/?period={walk.since[:7]}")
        there, shown = _counted(walk, each), _CASES.findall(page.text)
        walk.expect((each.code, page.status, shown), (each.code, 200, [str(there)] if shown or there >= _FEW else []))


def _counted(walk: Walking, watched: Watched) -> int:
    status, bundle = walk.fhir(watched.search.format(since=walk.since) + "&_summary=count")
    walk.expect(status, 200)
    return int(bundle["total"])


def _month(walk: Walking) -> str:
    """The first day of the month in which the figures open: the record's own, a demo may have moved its clock."""
    return f"{_MONTH.findall(walk.at('zhouwei', '/alliance/').text)[0]}-01"
