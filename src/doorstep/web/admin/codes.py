"""Dictionaries: an institution's own codes and what they mean here, the most frequent unmapped one first, by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.gateways.hl7v2.senders import senders
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms.finding import Named
from doorstep.terms.policies import policy
from doorstep.web import lists
from doorstep.web.guard import staff
from doorstep.web.lists import Clock, Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import code_keeping, code_map
from doorstep.workflows.code_keeping import CHANGED
from doorstep.workflows.code_map import IGNORED, KINDS, VALUES, Entry, Kind, Row, Source
from doorstep.workflows.coordination import day, moment

HERE: Final = "/admin/codes/"
UNMAPPED, PROPOSED, LATE, MAPPED = "unmapped", "proposed", "late", "mapped"
_LABELS: Final = {
    UNMAPPED: "codes.unmapped", PROPOSED: "codes.proposed", LATE: "codes.late", MAPPED: "codes.mapped",
}  # fmt: skip
_TONES: Final = {UNMAPPED: "late", PROPOSED: "warn", LATE: "late", MAPPED: ""}
SHOWN: Final = 25
_LATELY: Final = 5
_COMMANDS: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "map": (code_keeping.mean, "codes.done-map"), "agree": (code_keeping.agree, "codes.done-agree"),
    "disagree": (code_keeping.disagree, "codes.done-disagree"), "undo": (code_keeping.undo, "codes.done-undo"),
}  # fmt: skip
"""Act -> its command, and what is said when it is done."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row in words: what it is here (none: not kept), from when until when, by whom."""

    ours: Named | None
    code: str
    since: date | None
    until: date | None
    by: str


@dataclass(frozen=True, slots=True)
class Line:
    """A foreign code as a row. ``place`` numbers it on the page, for the ids of its boxes."""

    place: int
    source: Source
    entry: Entry
    now: Meaning | None
    history: tuple[Meaning, ...]
    wanted: Meaning | None
    own: bool
    suggested: tuple[Named, ...]
    clock: Clock | None

    @property
    def best(self) -> Named | None:
        """What stands in the box before anybody typed: the one that is called alike."""
        return self.suggested[0] if len(self.suggested) == 1 else None


@staff
def home(request: Any) -> HttpResponse:
    """The first dictionary that this person keeps."""
    return HttpResponseRedirect(f"{HERE}{_kept(request)[0].code}/")


@staff
def show(request: Any, kind: str) -> HttpResponse:
    """One dictionary."""
    return _page(request, _one(request, kind), {}, None, 200)


@staff
@require_POST
def act(request: Any, kind: str, act: str) -> HttpResponse:
    """Say what a code means, agree, disagree, take back."""
    known, language = _one(request, kind), translation.get_language()
    command, done = _COMMANDS.get(act, (None, ""))
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    given = {"kind": known.code, **{name: str(request.POST.get(name, "")) for name in ("holder", "code")}}
    if act == "map":
        given["ours"] = str(request.POST.get("ours", "")).strip() or str(request.POST.get("ours-text", ""))
    try:
        said = request.store.run(request.person.actor, command, **given)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, known, by_box(refusal, language), given, refusal.status)
    waits = act == "map" and said == CHANGED and known.clinical
    messages.success(request, words("codes.waits" if waits else done, language, code=given["code"]))
    return HttpResponseRedirect(f"{HERE}{known.code}/{_asked(request.POST)}")


def address(said: dict[str, str]) -> str:
    """Where what is proposed stands among the others of its dictionary; "" when a Task says no dictionary."""
    return f"{HERE}{said['kind']}/?{urlencode({'state': PROPOSED, 'q': said['code']})}" if said.get("kind") else ""


def _kept(request: Any) -> list[Kind]:
    """The dictionaries that somebody of this role keeps."""
    found = [kind for kind in KINDS.values() if request.person.role in kind.keepers]
    if not found:
        raise Forbidden("web.not-your-page")
    return found


def _one(request: Any, kind: str) -> Kind:
    found = {each.code: each for each in _kept(request)}
    if kind not in KINDS:
        raise NotFound("web.no-such-page")
    if kind not in found:
        raise Forbidden("codes.not-your-craft")
    return found[kind]


def _asked(data: Any) -> str:
    """The part of an address that keeps filter and search."""
    kept = {name: str(data.get(name, ""))[:60] for name in ("state", "q") if data.get(name)}
    return f"?{urlencode(kept)}" if kept else ""


def _page(request: Any, kind: Kind, errors: dict[str, str], given: dict[str, str] | None, status: int) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    typed, at = str(asked.get("q", "")).strip()[:60], _number(asked.get("at", ""))
    now = request.store.clock.now()
    today = day(now)
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = [(source, entry) for source in _sources(request, kind)
                 for entry in code_map.entries(reads, source).values()]  # fmt: skip
        states = {name: [each for each in found if _state(each[1], today) == name] for name in _LABELS}
        states[LATE] = [each for each in states[PROPOSED] if each[1].due and moment(each[1].due) < now]
        state = str(asked.get("state", ""))
        if state not in states or (state == LATE and not states[LATE]):
            state = next((name for name in (LATE, UNMAPPED, PROPOSED) if states[name]), MAPPED)
        fitting = sorted((each for each in states[state] if _fits(each[1], typed)), key=_first)
        names = Names(reads)
        lines = [_line(request, names, place, *each, now) for place, each in enumerate(fitting[at : at + SHOWN])]
        lately = [_line(request, names, 0, *each, now) for each in _mine(request, found, today)]
    kept = f"?state={state}" + (f"&{urlencode({'q': typed})}" if typed else "")
    tiles = [{"address": f"?state={name}", "label": label, "count": len(states[name]), "tone": _TONES[name],
              "current": name == state} for name, label in _LABELS.items() if name != LATE or states[LATE]]  # fmt: skip
    tabs = [{"address": f"{HERE}{each.code}/", "label": each.label, "current": each is kind, "count": None}
            for each in _kept(request)]  # fmt: skip
    return render(request, "admin/codes.html", {
        "kind": kind, "tabs": tabs, "tiles": tiles, "state": state, "lines": lines, "lately": lately, "q": typed,
        "errors": errors, "given": given, "ignored": IGNORED, "here": f"{HERE}{kind.code}/", "total": len(fitting),
        "back": kept if at else "", "next": f"{kept}&at={at + SHOWN}" if at + SHOWN < len(fitting) else "",
        "general": errors.get("", errors.get("code", "")) if given else "",
    }, status=status)  # fmt: skip


def _sources(request: Any, kind: Kind) -> list[Source]:
    """The institution's own dictionary, and for measured values those of the systems that send to it."""
    here = request.person.organization
    found = [Source(kind.code, here)]
    if kind.code == VALUES:
        found += [Source(VALUES, name) for name, each in senders(request.store).items() if each.organization == here]
    return found


def _state(entry: Entry, today: date) -> str:
    if entry.wanted is not None:
        return PROPOSED
    return UNMAPPED if entry.on(today) is None else MAPPED


def _first(each: tuple[Source, Entry]) -> tuple[str, int, str]:
    """What waits for a second person by its clock, the others by how often they came in."""
    entry = each[1]
    return entry.due if entry.wanted else "", -entry.times, entry.code


def _fits(entry: Entry, typed: str) -> bool:
    return not typed or typed.lower() in entry.code.lower() or typed.lower() in entry.text.lower()


def _mine(request: Any, found: Sequence[tuple[Source, Entry]], today: date) -> list[tuple[Source, Entry]]:
    """What this person has mapped today, for taking it back."""
    own = []
    for source, entry in found:
        last = entry.rows[-1] if entry.rows and entry.wanted is None else None
        if last and (last.by, last.since, last.until) == (request.person.reference, today, None):
            own.append((source, entry))
    return own[:_LATELY]


def _line(request: Any, names: Names, place: int, source: Source, entry: Entry, now: int) -> Line:
    held, wanted = entry.on(day(now)), entry.wanted
    suggested = code_map.suggest(source.kind, entry.code, entry.text) if held is None else []
    return Line(
        place, source, entry, _meaning(source.kind, names, held) if held else None,
        tuple(_meaning(source.kind, names, row) for row in reversed(entry.rows)),
        _meaning(source.kind, names, wanted) if wanted else None,
        wanted is not None and wanted.by == request.person.reference, tuple(suggested),
        _clock(names.reads, entry.due, now) if wanted and entry.due else None,
    )  # fmt: skip


def _clock(reads: Reads, due: str, now: int) -> Clock | None:
    """How long a second person has left; it warns from the same share of the time as every list."""
    began = moment(due) - policy("codes.agree", on=day(now), reads=reads).microseconds
    return lists.clock({"restriction": {"period": {"end": due}}, "lastModified": instant(began)}, now)


def _meaning(kind: str, names: Names, row: Row) -> Meaning:
    known = code_map.targets(kind).get(row.ours)
    return Meaning(known, row.ours, row.since, row.until, names.of(row.by) if row.by else "")


def _number(text: Any) -> int:
    return int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) < 7 else 0
