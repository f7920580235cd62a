"""The record of one resident on one page, and one episode of it in detail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel import granted, restricted
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web import lists, record
from doorstep.web.guard import resident as residents
from doorstep.web.guard import staff
from doorstep.web.history import episodes, trends
from doorstep.web.history.asked import Asked, asked
from doorstep.web.history.detail import detail_of
from doorstep.web.lists import Names
from doorstep.web.privacy import emergency_page
from doorstep.web.resident.whose import shown as around
from doorstep.web.resident.whose import subject

LABELS: Final = {
    "": "history.lane-episodes", "visits": "history.lane-visits", "laboratory": "history.lane-laboratory",
    "imaging": "history.lane-imaging", "drugs": "history.lane-drugs", "referral": "history.lane-referral",
    "follow-up": "history.lane-follow-up",
}  # fmt: skip
"""Lane -> message key."""


@staff
def show(request: Any, resident: str) -> HttpResponse:
    """Banner, problems, allergies, medicines, what is due, and the history. 404 for whoever has no right to it."""
    question = asked(request.GET)
    if request.headers.get("HX-Request") == "true" and question.before:
        return render(request, "history/rows.html", _history(request, resident, question))
    context = _page(request, resident, question)
    return render(request, "history/resident.html", context)


@staff
def printed(request: Any, resident: str) -> HttpResponse:
    """The same on paper."""
    return render(request, "history/print.html", _page(request, resident, asked(request.GET)))


@staff
def episode(request: Any, resident: str, kind: str, id_: str) -> HttpResponse:
    """One episode in full: beside the history as a fragment, or a page of its own."""
    with request.store.snapshot(request.person.actor) as reads:
        found = detail_of(reads, resident, kind, id_, Names(reads))
        context: dict[str, Any] = {"detail": found, "resident": resident}
        if request.headers.get("HX-Request") != "true":
            context["banner"] = record.banner(reads, resident)
    fragment = "history/detail.html" if "banner" not in context else "history/episode.html"
    return render(request, fragment, context)


@residents
def mine(request: Any) -> HttpResponse:
    """The resident's own history in plain words."""
    who = Ref.parse(subject(request)).id
    question = replace(asked(request.GET), whole=True, mine=False, own=False)
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = episodes.read(reads, who, question, names=Names(reads), now=now, patient=True)
        context = {
            "rows": found.rows, "next": found.next, "lanes": _lanes(question), "asked": question,
            "trends": trends.known(reads, who), "chart": _chart(reads, who, question),
            "chart_of": trends.name_of(question.trend) if question.trend else "", **around(request),
        }  # fmt: skip
    return render(request, "history/mine.html", context)


def _page(request: Any, resident: str, question: Asked) -> dict[str, Any]:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        banner = record.banner(reads, resident)
        found = episodes.read(reads, resident, question, names=names, now=now)
        whole = granted.reads_record(reads, resident=resident)
        context: dict[str, Any] = {
            "banner": banner, "problems": record.problems(reads, resident),
            "medicines": record.medicines(reads, resident),
            "running": lists.of_resident(reads, resident=f"Patient/{resident}", now=now),
            "rows": found.rows, "next": found.next, "cancelled": found.cancelled, "asked": question,
            "lanes": _lanes(question), "filters": _filters(question), "resident": resident,
            "trends": trends.known(reads, resident), "chart": _chart(reads, resident, question),
            "chart_of": trends.name_of(question.trend) if question.trend else "",
            "restricted": _hidden(request, resident) if whole else 0,
            **emergency_page.of_resident(request, reads, resident),
        }  # fmt: skip
    context["due"] = [row for row in context["running"] if row.workflow.name in ("plan", "chronic", "down")]
    return context


def _history(request: Any, resident: str, question: Asked) -> dict[str, Any]:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        reads.read("Patient", resident)
        found = episodes.read(reads, resident, question, names=Names(reads), now=now)
    return {"rows": found.rows, "next": found.next, "resident": resident, "cancelled": found.cancelled}


def _hidden(request: Any, resident: str) -> int:
    with request.store.snapshot(SYSTEM, audited=False) as reads:
        return restricted.hidden(reads, resident=resident, actor=request.person.actor)


def _chart(reads: Reads, resident: str, question: Asked) -> Any:
    if not question.trend:
        return None
    found = trends.picture(reads, resident, question.trend)
    if found is None:
        raise NotFound("history.no-such-number")
    return found


def _lanes(question: Asked) -> list[dict[str, Any]]:
    return [{"address": question.address(lane=lane, trend="") or "?", "label": label,
             "current": lane == question.lane, "count": None} for lane, label in LABELS.items()]  # fmt: skip


def _filters(question: Asked) -> list[tuple[str, str, bool]]:
    """(address, message key, chosen)."""
    return [
        (question.address(whole=not question.whole), "history.all-years", question.whole),
        (question.address(own=not question.own), "history.own-only", question.own),
        (question.address(abnormal=not question.abnormal), "history.abnormal-only", question.abnormal),
        (question.address(mine=not question.mine), "history.mine-only", question.mine),
        (question.address(cancelled=not question.cancelled), "history.with-cancelled", question.cancelled),
    ]  # fmt: skip
