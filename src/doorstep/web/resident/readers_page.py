"""Who saw my record: by day, in words; each entry can be questioned, and the answers stand here too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.kernel import readers
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Refusal
from doorstep.kernel.readers import Seen, Wanted
from doorstep.kernel.refs import Actor, Ref
from doorstep.terms import systems
from doorstep.web import explained
from doorstep.web.guard import resident
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import ROLES, called, language, shown, subject
from doorstep.workflows import cases
from doorstep.workflows.coordination import boxes, state_of

_WRITES: Final = ("create", "update", "patch", "delete")
_WHY: Final = {
    "visit": "me.why-visit", "referral": "me.why-referral", "order": "me.why-order", "consult": "me.why-consult",
    "contract": "me.why-contract", "programme": "me.why-programme", "consent": "me.why-consent",
    "emergency": "me.why-emergency", "guardian": "me.why-guardian", "proxy": "me.why-proxy",
    "escalation": "me.why-escalation", "case": "me.why-case", "law": "me.why-law",
    "identified": "me.why-identified", "subject": "me.why-subject",
}  # fmt: skip
"""Reason of a grant -> message key."""
PRINTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words. ``who`` is shown on request."""

    id: str
    at: str
    where: str
    role: str
    who: str
    what: str
    why: str
    refused: bool
    emergency: bool
    asked: str
    mine: bool


@resident
def show(request: Any) -> HttpResponse:
    """One page of entries, newest first, of all time or of one day."""
    day = _day(request.GET.get("day", ""))
    cursor, printing = request.GET.get("cursor", ""), "print" in request.GET
    entries, following = _entries(request, day, cursor, PRINTED if printing else readers.PAGE)
    chosen = {"day": day.isoformat()} if day else {}
    context = {
        "days": _by_day(request, entries), "day": chosen.get("day", ""), "questions": _questions(request),
        "next": "?" + urlencode({"cursor": following, **chosen}) if following else "",
        "back": "/me/readers/" if cursor else "", "count": len(entries), **shown(request),
    }  # fmt: skip
    return render(request, "me/readers_print.html" if printing else "me/readers.html", context)


@resident
def entry(request: Any, entry: str) -> HttpResponse:
    """One entry with the name of who it was, and the box for a question."""
    return _entry(request, entry, {}, "", 200)


@resident
@require_POST
def ask(request: Any, entry: str) -> HttpResponse:
    """Question an entry: a case for the privacy officer of that institution."""
    note = request.POST.get("note", "")
    try:
        request.store.run(request.person.actor, cases.ask, resident=subject(request), entry=entry, note=note)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _entry(request, entry, by_box(refusal, language()), note, refusal.status)
    messages.success(request, words("me.done-ask", language()))
    return HttpResponseRedirect("/me/readers/#questions")


@resident
@require_POST
def withdraw(request: Any, task: str) -> HttpResponse:
    """Ask no longer."""
    request.store.run(request.person.actor, cases.withdraw, task=task)
    messages.success(request, words("me.done-withdraw", language()))
    return HttpResponseRedirect("/me/readers/#questions")


def _entry(request: Any, id_: str, errors: dict[str, str], note: str, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        seen = readers.entry(reads, resident=Ref.parse(subject(request)).id, id=id_)
    lines = [line for _, found in _by_day(request, [seen]) for line in found]
    context = {
        "line": lines[0], "standing": _now(request, seen), "errors": errors, "note": note, "failed": bool(errors),
        **shown(request),
    }  # fmt: skip
    return render(request, "me/reader.html", context, status=status)


def _now(request: Any, seen: Seen) -> explained.Why | None:
    """Whether they may see today what they saw then, and why; nothing about oneself and about what no entry is of."""
    entry = next(iter(seen.refs), "") or subject(request)
    if seen.person.startswith(("Patient/", "RelatedPerson/", "Device/")) or not seen.role:
        return None
    who = Actor(seen.person, seen.role, seen.organization, seen.purpose)
    return explained.why(request.store, who, explained.reference(entry), full=True)


def _entries(request: Any, day: date | None, cursor: str, limit: int) -> tuple[list[Seen], str]:
    who = Ref.parse(subject(request)).id
    wanted = Wanted(who)
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=HOME)
        end = start + timedelta(days=1)
        wanted = Wanted(who, int(start.timestamp() * 1e6), int(end.timestamp() * 1e6))
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found, following = readers.page(reads, wanted, cursor=cursor, limit=limit)
    request.store.audit(Access(request.person.actor, "search-type", "AuditEvent", resident=who))
    return found, following


def _by_day(request: Any, entries: list[Seen]) -> list[tuple[str, list[Line]]]:
    asked = {boxes(task["input"]).get("entry", ""): task["id"] for task in _tasks(request)}
    names = called(request.store, {ref for seen in entries for ref in (seen.organization, seen.person)})
    found: dict[str, list[Line]] = {}
    for seen in entries:
        found.setdefault(seen.moment[:10], []).append(_line(seen, names, asked.get(seen.id, "")))
    return list(found.items())


def _line(seen: Seen, names: dict[str, str], asked: str) -> Line:
    where, mine = names.get(seen.organization, ""), seen.person.startswith(("Patient/", "RelatedPerson/"))
    asked_why = seen.query.startswith(explained.ASKED)
    why = _WHY.get(seen.reason) or ("me.why-own" if where and not asked_why else "me.why-none")
    role = ROLES.get(seen.role, "me.role-other")
    return Line(
        seen.id, seen.moment, where, words(role, language()),
        names.get(seen.person, ""), words(_what(seen), language()), words(why, language(), where=where),
        seen.refused, seen.reason == "emergency", asked, mine,
    )  # fmt: skip


def _what(seen: Seen) -> str:
    if seen.refused:
        return "me.what-refused"
    if seen.query.startswith(explained.ASKED):
        return "why.what"
    if seen.query.startswith("identify"):
        return "me.what-identified"
    if seen.action in _WRITES:
        return "me.what-wrote"
    return "me.what-looked-list" if seen.type == "AuditEvent" else "me.what-read"


def _tasks(request: Any) -> list[dict[str, Any]]:
    query = [("patient", subject(request)), ("code", f"{systems.WORKFLOW}|{cases.TABLE.name}"),
             ("_sort", "-authored-on")]  # fmt: skip
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found: list[dict[str, Any]] = reads.search("Task", query)
    return found


def _questions(request: Any) -> list[dict[str, Any]]:
    found = []
    for task in _tasks(request):
        state, said = cases.TABLE.state(state_of(task)), boxes(task["input"])
        found.append({
            "id": task["id"], "state": state, "open": state.open, "note": said.get("note", ""),
            "at": said.get("at", ""),
            "answer": boxes(task.get("output", [])).get("answer", ""), "finding": task.get("statusReason"),
            "deadline": task.get("restriction", {}).get("period", {}).get("end", ""), "asked": task["authoredOn"],
        })  # fmt: skip
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
