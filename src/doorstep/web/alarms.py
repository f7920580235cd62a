"""Alarms of level 4, the only ones that interrupt: shown on every page of whoever has to answer, until it is answered.

Which Tasks alarm whom is said in ``interrupts``. What has changed is asked every few seconds by every open page, so the
question is answered from the worklist's rows; residents are read, and the reading audited, only when there is
something to show.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.pulse import STAFF, code
from doorstep.kernel.worklist import Item
from doorstep.web import lists, polling
from doorstep.web.guard import staff
from doorstep.web.interrupts import INTERRUPTS, Interrupt, hourly
from doorstep.web.templatetags.words import word

MOST: Final = 3
"""Alarms shown at once; the list behind them has the rest."""

TOPICS: Final = (STAFF, *(code(each) for each in sorted({name for each in INTERRUPTS for name in each.reads})))
"""What is written to the Tasks that may alarm, and to who works where, changes the alarms."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """What alarms somebody, and whether the hour alone may change it."""

    alarms: list[tuple[Interrupt, Item]]
    hourly: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that cannot wait. ``key`` changes when it alarms again."""

    key: str
    flag: str
    title: str
    text: str
    address: str
    clock: lists.Clock | None


def of(request: Any) -> list[Alarm]:
    """What alarms the person of this request now."""
    raised = _raised(request).alarms
    if not raised:
        return []
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        rows = lists.of_items(reads, [item for _, item in raised], now)
    reasons = {item.id: interrupt for interrupt, item in raised}
    return [_alarm(reasons[row.id], row) for row in rows]


def _alarm(interrupt: Interrupt, row: lists.Row) -> Alarm:
    return Alarm(
        f"{row.id}.{row.version}",
        interrupt.flag or interrupt.kind,
        row.resident.name if row.resident else "",
        f"{word(row.workflow.label)} {row.item} · {row.asking}",
        interrupt.page.format(id=row.id),
        row.clock,
    )


def mark(request: Any) -> str:
    """Changes when the alarms do."""
    return _mark([item for _, item in _raised(request).alarms])


@staff
def now(request: Any) -> HttpResponse:
    """The alarms as a fragment; 304 when the page already shows them. A page asks this by itself ("shown")."""
    asked = request.headers.get("If-None-Match", "")
    if asked and polling.unchanged(request, asked):
        return HttpResponse(status=304, headers={"ETag": asked})
    basis = polling.begin(request.store, *TOPICS)
    raised = _raised(request)
    tag = f'"{_mark([item for _, item in raised.alarms])}"'
    if asked == tag:
        polling.remember(request, basis, tag, brief=raised.hourly)
        return HttpResponse(status=304, headers={"ETag": tag})
    response = render(request, "parts/alarms.html")
    response.headers["ETag"] = tag
    return response


def _raised(request: Any) -> _Raised:
    """Asked of the record while a value waits here that the hour may give to somebody else, else once a change."""
    person = getattr(request, "person", None)
    if person is None:
        return _Raised([], False)

    def ask() -> _Raised:
        with request.store.snapshot(person.actor, audited=False) as reads:
            found = [(each, item) for each in INTERRUPTS for item in each.source(reads, person)][:MOST]
            return _Raised(found, hourly(reads, person))

    known = polling.counted(request, TOPICS, "alarms", ask)
    return ask() if known.hourly else known


def _mark(items: list[Item]) -> str:
    text = "/".join(f"{item.id}.{item.state}" for item in items) + str(translation.get_language())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
