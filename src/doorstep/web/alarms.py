"""Alarms of level 4, the only ones that interrupt: shown on every page of whoever has to answer, until it is answered.

A source says which Tasks alarm whom. What has changed is asked every few seconds by every open page, so the question is
answered from the worklist's rows; residents are read, and the reading audited, only when there is something to show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask, Item
from doorstep.web import critical_alarms, lists
from doorstep.web.guard import staff
from doorstep.web.menu import menu
from doorstep.web.people import Person
from doorstep.web.templatetags.words import word

MOST: Final = 3
"""Alarms shown at once; the list behind them has the rest."""

Source = Callable[[Reads, Person], list[Item]]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that cannot wait. ``key`` changes when it alarms again."""

    key: str
    flag: str
    title: str
    text: str
    address: str
    clock: lists.Clock | None


def stat_referrals(reads: Reads, person: Person) -> list[Item]:
    """A referral without delay that nobody at the receiving institution has answered."""
    if not person.organization or "/w/referrals/" not in {entry.address for entry in menu(person)}:
        return []
    return reads.waiting(Ask(owner=person.organization, code="referral", state="sent", priority=0), limit=MOST)


SOURCES: Final[tuple[Source, ...]] = (
    critical_alarms.values, critical_alarms.raised, critical_alarms.calls, stat_referrals,
)  # fmt: skip


def of(request: Any) -> list[Alarm]:
    """What alarms the person of this request now."""
    items = _items(request)
    if not items:
        return []
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        rows = lists.of_items(reads, items, now)
    return [
        Alarm(
            f"{row.id}.{row.version}",
            row.flags[0] if row.flags else "stat",
            row.resident.name if row.resident else "",
            f"{word(row.workflow.label)} {row.item} · {row.asking}",
            f"/t/{row.id}/",
            row.clock,
        )
        for row in rows
    ]


def mark(request: Any) -> str:
    """Changes when the alarms do."""
    return _mark(_items(request))


@staff
def now(request: Any) -> HttpResponse:
    """The alarms as a fragment; 304 when the page already shows them. A page asks this by itself ("shown")."""
    items = _items(request)
    tag = f'"{_mark(items)}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    response = render(request, "parts/alarms.html")
    response.headers["ETag"] = tag
    return response


def _items(request: Any) -> list[Item]:
    person = getattr(request, "person", None)
    if person is None:
        return []
    with request.store.snapshot(person.actor, audited=False) as reads:
        return [item for source in SOURCES for item in source(reads, person)][:MOST]


def _mark(items: list[Item]) -> str:
    text = "/".join(f"{item.id}.{item.state}" for item in items) + str(translation.get_language())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
