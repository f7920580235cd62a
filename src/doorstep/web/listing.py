"""Worklists: one page pattern for everything that waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.web import lists
from doorstep.web.guard import staff
from doorstep.web.lists import Row


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its title, what it says when it is empty, and which workflow it is limited to."""

    title: str
    empty: str
    workflow: str = ""


LISTS: Final = {
    "mine": Listed("web.menu-mine", "web.empty-mine"),
    "sent": Listed("web.menu-sent", "web.empty-sent"),
    "referrals": Listed("web.menu-referrals", "web.empty-referrals", "referral"),
    "orders": Listed("web.menu-orders", "web.empty-orders", "order"),
}


@staff
def show(request: Any, name: str) -> HttpResponse:
    """One list, or one state of it. A page that polls gives the fingerprint it shows: 204 when nothing has changed."""
    listed = LISTS.get(name)
    if listed is None:
        raise NotFound("web.no-such-page")
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        rows, more = _rows(reads, name, listed, request.person.organization, now)
    fingerprint = lists.fingerprint(rows)
    if "shown" in request.GET:
        return _changed(request, fingerprint)
    chosen = request.GET.get("state", "")
    return render(request, "list.html", {
        "listed": listed, "name": name, "chosen": chosen, "tiles": _tiles(rows), "all": len(rows), "more": more,
        "rows": [row for row in rows if _belongs(row, chosen)], "fingerprint": fingerprint, "limit": lists.SHOWN,
    })  # fmt: skip


def _rows(reads: Reads, name: str, listed: Listed, organization: str, now: int) -> tuple[list[Row], bool]:
    if name == "sent":
        return lists.sent(reads, organization=organization, now=now)
    return lists.waiting(reads, organization=organization, now=now, workflow=listed.workflow)


def _changed(request: Any, fingerprint: str) -> HttpResponse:
    if request.GET["shown"] == fingerprint:
        return HttpResponse(status=204)
    return render(request, "parts/changed.html", {"address": request.path})


@dataclass(frozen=True, slots=True)
class Tile:
    """A count that filters; ``state`` is "late" or workflow.state."""

    state: str
    label: str
    count: int
    tone: str


def _tiles(rows: list[Row]) -> list[Tile]:
    late = sum(bool(row.clock and row.clock.late) for row in rows)
    tiles = [Tile("late", "web.tile-late", late, "late" if late else "calm")]
    seen: dict[str, Tile] = {}
    for row in rows:
        key = f"{row.workflow.name}.{row.state.code}"
        count = seen[key].count if key in seen else 0
        seen[key] = Tile(key, row.state.label, count + 1, row.tone)
    return tiles + sorted(seen.values(), key=lambda tile: tile.state)


def _belongs(row: Row, chosen: str) -> bool:
    if chosen == "late":
        return bool(row.clock and row.clock.late)
    return not chosen or chosen == f"{row.workflow.name}.{row.state.code}"
