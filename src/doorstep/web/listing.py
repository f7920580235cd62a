"""Worklists: one page pattern for everything that waits, read from the worklist's own rows.

The address says what is shown (list, scope, filter, page), so that it can be kept or sent to a colleague.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from doorstep.kernel.errors import BadRequest, NotFound
from doorstep.kernel.pulse import STAFF
from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask, Group, Item
from doorstep.web import bulk, lists, opening, polling
from doorstep.web.guard import staff
from doorstep.web.lists import Names, Row
from doorstep.web.opening import Lost
from doorstep.web.people import Person
from doorstep.web.spreadsheet import spreadsheet
from doorstep.workflows.registry import DESKS, TABLES
from doorstep.workflows.table import Act

MINE: Final = "mine"
"""The tile of what this person has open, or a colleague has given them."""
PAGE: Final = 32
"""Rows of one page: two screens of the smallest display that is used, which keeps a page within 60 KB."""
EXPORTED: Final = 500
"""Rows of one file at most: above this a list is an export of records, which another page asks reasons for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its title, what it says when it is empty, which workflow it is limited to, and whether it was sent."""

    title: str
    empty: str
    workflow: str = ""
    sent: bool = False


LISTS: Final = {
    "mine": Listed("web.menu-mine", "web.empty-mine"),
    "sent": Listed("web.menu-sent", "web.empty-sent", sent=True),
    "referrals": Listed("web.menu-referrals", "web.empty-referrals", "referral"),
    "orders": Listed("web.menu-orders", "web.empty-orders", "order"),
    "studies": Listed("study.menu", "study.empty", "study"),
}
SCOPES: Final = {"": "part.scope-institution", "mine": "part.scope-mine", "all": "part.scope-all"}
"""Scope -> message key; the first is where a list opens."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that narrows or widens a list; ``count`` and ``tone`` where it is a tile."""

    label: str
    address: str
    current: bool
    count: int = 0
    tone: str = ""


@dataclass(slots=True)
class Worklist:
    """What ``parts/worklist.html`` shows."""

    name: str
    caption: str
    empty: str
    rows: list[Row]
    tiles: list[Choice]
    scopes: list[Choice]
    here: str
    poll: str
    clear: str
    export: str
    filtered: bool
    first: str = ""
    next: str = ""
    bulk: list[Act] = field(default_factory=list)
    """Acts that can be done to several rows at once."""
    prints: bool = False
    """Whether rows may have a form on paper."""
    colleagues: list[tuple[str, str]] = field(default_factory=list)
    """Whom rows can be given to."""
    lost: list[Lost] = field(default_factory=list)
    """What was taken over from this person while they had it open."""
    stale: str = ""
    """The instant of the rows, when newer ones could not be had."""

    @property
    def choosable(self) -> bool:
        """Whether rows can be ticked."""
        return bool(self.bulk or self.colleagues or self.prints)


@staff
def show(request: Any, name: str) -> HttpResponse:
    """One list, or a part of it. A page that polls gives what it shows: 204 when nothing has changed."""
    listed = LISTS.get(name)
    if listed is None:
        raise NotFound("web.no-such-page")
    view = _View(request.path, name, request.GET.get("scope", ""), request.GET.get("state", ""))
    now = request.store.clock.now()
    ask = view.narrowed(_ask(listed, request.person, view.scope), now)
    if view.state == MINE:
        ask = opening.mine(request, ask)
    after = _after(request.GET.get("after", ""))
    if "shown" in request.GET:
        return _polled(request, view, ask, after)
    exported = request.GET.get("format") == "xlsx"
    with request.store.snapshot(request.person.actor) as reads:
        items = reads.waiting(ask, after=after, limit=EXPORTED if exported else PAGE + 1)
        rows = lists.of_items(reads, items[: EXPORTED if exported else PAGE], now)
        whole = _ask(listed, request.person, view.scope)
        groups = polling.counted(request, _topics(whole), whole, lambda: reads.waiting_groups(whole, now=now))
        mine = [] if listed.sent else reads.waiting_groups(opening.mine(request, whole), now=now)
        names = Names(reads)
        rows = opening.on_rows(request, rows, names)
        lost = opening.lost(request, names)
        here = request.person.organization
        ours = any(row.owner == here for row in rows)
        colleagues = polling.counted(request, (STAFF,), here, lambda: opening.colleagues(names, here)) if ours else []
    if exported:
        return spreadsheet(name, rows)
    shown = _worklist(view, listed, rows, items, groups, after)
    if not listed.sent:
        held = sum(group.number for group in mine)
        shown.tiles.insert(1, Choice("worklist.tile-mine", view.address(state=MINE), view.state == MINE, held))
    shown.colleagues, shown.lost = colleagues, lost
    shown.prints = any(row.workflow.name in bulk.PRINTED for row in rows)
    shown.bulk = bulk.offered(rows, request.person.organization)
    return render(request, "list.html", {"listed": listed, "list": shown})


def next_of(reads: Reads, name: str, person: Person, *, without: str) -> str:
    """The first Task of a list besides one that has just been dealt with; "" when there is none."""
    listed = LISTS.get(name)
    if listed is None:
        return ""
    found = reads.waiting(_ask(listed, person, ""), limit=2)
    return next((item.id for item in found if item.id != without), "")


@dataclass(frozen=True, slots=True)
class _View:
    """What the address asks for."""

    path: str
    name: str
    scope: str
    state: str

    def address(self, **changed: str) -> str:
        wanted = {"scope": self.scope, "state": self.state, **changed}
        query = urlencode({key: value for key, value in wanted.items() if value})
        return f"{self.path}?{query}" if query else self.path

    def narrowed(self, ask: Ask, now: int) -> Ask:
        if self.state == MINE:
            return ask
        if self.state == "late":
            return replace(ask, late_at=now)
        if self.state == "stat":
            return replace(ask, priority=0)
        code, _, state = self.state.partition(".")
        return replace(ask, code=code or ask.code, state=state) if self.state else ask


def _ask(listed: Listed, person: Person, scope: str) -> Ask:
    if listed.sent:
        return Ask(requester=person.organization, elsewhere=person.organization, without=DESKS)
    if scope == "all":
        return Ask(code=listed.workflow, without=DESKS)
    owner = person.actor.person if scope == "mine" else person.organization
    return Ask(owner=owner, code=listed.workflow, without=DESKS)


def _worklist(
    view: _View, listed: Listed, rows: list[Row], items: list[Item], groups: list[Group], after: Item | None
) -> Worklist:
    cursor = _cursor(items[PAGE - 1]) if len(items) > PAGE else ""
    here = view.address(after=_cursor(after)) if after else view.address()
    joint = "&" if "?" in here else "?"
    scopes = [] if listed.sent else [
        Choice(label, view.address(scope=scope, state=""), scope == view.scope) for scope, label in SCOPES.items()
    ]  # fmt: skip
    return Worklist(
        name=view.name, caption=listed.title, empty=listed.empty, rows=rows, tiles=_tiles(view, groups), scopes=scopes,
        here=here, poll=f"{here}{joint}shown={_shown(items[:PAGE])}", clear=view.address(state=""),
        export=view.address(format="xlsx"), filtered=bool(view.state), first=view.address() if after else "",
        next=view.address(after=cursor) if cursor else "",
    )  # fmt: skip


def _tiles(view: _View, groups: list[Group]) -> list[Choice]:
    known = [group for group in groups if group.code in TABLES]
    stat = sum(group.number for group in known if group.priority == 0)
    late = sum(group.late for group in known)
    found = [
        Choice("web.tile-all", view.address(state=""), not view.state, sum(group.number for group in known)),
        Choice("web.priority-stat", view.address(state="stat"), view.state == "stat", stat, "late" if stat else "calm"),
        Choice("web.tile-late", view.address(state="late"), view.state == "late", late, "late" if late else "calm"),
    ]
    counts: dict[tuple[str, str], int] = {}
    for group in known:
        counts[group.code, group.state] = counts.get((group.code, group.state), 0) + group.number
    for (code, state), number in counts.items():
        key = f"{code}.{state}"
        found.append(Choice(TABLES[code].state(state).label, view.address(state=key), view.state == key, number))
    return found


def _polled(request: Any, view: _View, ask: Ask, after: Item | None) -> HttpResponse:
    """A page asks whether something has changed: answered without the record while no Task was written."""
    if polling.unchanged(request):
        return HttpResponse(status=204)
    basis = polling.begin(request.store, *_topics(ask))
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        answer = _changed(request, view, reads.waiting(ask, after=after, limit=PAGE), after)
    if answer.status_code == 204:
        polling.remember(request, basis, brief=view.state in _OF_THE_HOUR)
    return answer


_OF_THE_HOUR: Final = ("late", MINE)
"""Parts of a list that change without anything being written to a Task."""


def _topics(ask: Ask) -> tuple[str, ...]:
    """Whose Tasks a list is made of: what is written for others does not change it."""
    return tuple(each for each in (ask.owner, ask.requester) if each)


def _changed(request: Any, view: _View, items: list[Item], after: Item | None) -> HttpResponse:
    asked = request.GET["shown"]
    if asked == _shown(items):
        return HttpResponse(status=204)
    known = {each[:4] for each in asked.split("-")}
    fresh = sum(item.id[-4:] not in known for item in items)
    address = view.address(after=_cursor(after)) if after else view.address()
    return render(request, "parts/changed.html", {"address": address, "fresh": fresh})


def _shown(items: list[Item]) -> str:
    """What a page shows, short enough for an address: the end of each id and of its state."""
    return "-".join(f"{item.id[-4:]}{item.state[:2]}{item.priority}" for item in items)


def _cursor(item: Item) -> str:
    return f"{item.priority}.{item.deadline}.{item.id}"


def _after(text: str) -> Item | None:
    """The last item of the page before, from an address."""
    if not text:
        return None
    try:
        priority, deadline, id_ = text.split(".", 2)
        found = Item(id_, "", "", "", "", "", 1, int(priority), "", "", int(deadline), 0)
    except ValueError:
        raise BadRequest("part.bad-page", element="after") from None
    if not 0 <= found.priority < 100 or not 0 <= found.deadline < 2**63:
        raise BadRequest("part.bad-page", element="after")
    return found
