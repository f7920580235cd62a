"""Family doctor contracts of an institution: who has one, whose ends soon, and what was done for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys import contracting
from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.terms.privacy import EPISODE
from doorstep.web import lists, uploads
from doorstep.web.home_team.access import carer, language, shell
from doorstep.web.refusals import by_box, words
from doorstep.workflows import contract, handover, identity, paper
from doorstep.workflows.coordination import day, moment, state_of, workflow_of
from doorstep.workflows.identity import Card, card

SHOWN: Final = 100
_WAITING: Final = ("handover.title-here", "handover.title-back", "handover.title-there")


_BESIDE: Final = ("to", "agreed", "paper", "consent")
"""Boxes that say themselves what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One contract: with whom, since and until when, how often somebody was seen for it of how often they should be."""

    id: str
    who: Card
    since: str
    until: date
    soon: bool
    served: int
    wanted: int
    paper: bool


@carer
def show(request: Any) -> HttpResponse:
    """The contracts, those that end soonest first."""
    return _page(request, {}, 200)


@carer
@require_POST
def sign(request: Any) -> HttpResponse:
    """The resident signs; ``consent``: they were told what it means."""
    try:
        resident = f"Patient/{request.POST.get('resident', '')}"
        request.store.run(request.person.actor, contracting.sign, resident=resident, **_signed(request))
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status, wrong="new")
    messages.success(request, words("follow.contract-signed", language()))
    return HttpResponseRedirect("/contracts/")


@carer
@require_POST
def act(request: Any, episode: str, act: str) -> HttpResponse:
    """Renew, or end."""
    run, actor, data = request.store.run, request.person.actor, request.POST
    try:
        if act == "renew":
            run(actor, contracting.renew, episode=episode, **_signed(request))
            done = words("follow.contract-renewed", language())
        elif act == "end":
            run(actor, contracting.end, episode=episode, reason=data.get("reason", ""), to=data.get("to", ""),
                agreed=bool(data.get("agreed")), note=data.get("note", ""))  # fmt: skip
            done = _ended(request, data.get("reason", ""), data.get("to", ""))
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status, wrong=episode)
    messages.success(request, done)
    return HttpResponseRedirect("/contracts/")


@carer
def photo(request: Any, episode: str) -> HttpResponse:
    """The signed paper: a picture in the browser, a document as a file of its own. Nothing in it is run."""
    with request.store.snapshot(request.person.actor) as reads:
        kind, data = paper.content(reads, f"EpisodeOfCare/{episode}")
    return uploads.shown(kind, data, "contract")


def _signed(request: Any) -> dict[str, Any]:
    data = request.POST
    return {"consent": bool(data.get("consent")), "way": data.get("way", ""), "photo": uploads.photo(request, "paper")}


def _ended(request: Any, reason: str, to: str) -> str:
    """What has happened, and who goes on."""
    if reason != contracting.MOVED:
        return words("follow.contract-ended", language())
    if to == contracting.ELSEWHERE:
        return words("handover.ended-elsewhere", language())
    with request.store.snapshot(request.person.actor) as reads:
        return words("handover.ended-asked", language(), institution=lists.Names(reads).of(to))


def _page(request: Any, errors: dict[str, str], status: int, wrong: str = "") -> HttpResponse:
    store, actor, number = request.store, request.person.actor, request.GET.get("number", "").strip()
    found, sender = _arrived(request) if request.GET.get("from") else (None, "")
    try:
        if number:
            found = identity.by_number(store, actor, number=number)
            errors = errors if found else {"number": words("follow.nobody", language())}
        elif request.POST.get("resident"):
            found = identity.by_id(store, actor, id=request.POST["resident"])
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        errors, status = by_box(refusal, language()), refusal.status
    now = store.clock.now()
    with store.snapshot(actor) as reads:
        lines = contracts(reads, institution=request.person.organization, now=now)
        waiting = _waiting(reads, request.person.organization, now)
        teams = [(f"Organization/{each['id']}", lists.organization_name(each))
                 for each in handover.teams(reads, without=request.person.organization)]  # fmt: skip
    context = {
        "shell": shell(request), "lines": lines, "soon": sum(line.soon for line in lines), "found": found,
        "errors": errors, "failed": bool(errors), "number": number, "more": len(lines) == SHOWN,
        "reasons": list(reasons("contract.end").items()), "waiting": waiting, "teams": teams, "sender": sender,
        "elsewhere": contracting.ELSEWHERE, "moved": contracting.MOVED, "most": uploads.MOST // uploads.MEGABYTE,
        "wrong": wrong, "shown_beside": _BESIDE, "given": request.POST,
    }  # fmt: skip
    return render(request, "follow/contracts.html", context, status=status)


def _arrived(request: Any) -> tuple[Card | None, str]:
    """Whom a handover that we have accepted brings, and from where."""
    with request.store.snapshot(request.person.actor) as reads:
        task = reads.read("Task", request.GET["from"])
        ours = task.get("owner", {}).get("reference") == request.person.organization
        if workflow_of(task) != handover.TABLE.name or state_of(task) != "accepted" or not ours:
            raise NotFound("web.no-such-page")
        patient = reads.read("Patient", Ref.parse(task["for"]["reference"]).id)
        return card(patient), lists.Names(reads).of(task["requester"]["reference"])


def _waiting(reads: Reads, here: str, now: int) -> list[tuple[str, list[lists.Row]]]:
    """The handovers of an institution: what waits for it as the new team, what came back, what waits for others."""
    code = handover.TABLE.name
    ours = lists.of_items(reads, reads.waiting(Ask(owner=here, code=code), limit=SHOWN), now)
    theirs = lists.of_items(reads, reads.waiting(Ask(requester=here, elsewhere=here, code=code), limit=SHOWN), now)
    came = [row for row in ours if row.state.owner == "receiver"]
    back = [row for row in ours if row.state.owner == "sender"]
    return [(title, rows) for title, rows in zip(_WAITING, (came, back, theirs), strict=True) if rows]


def contracts(reads: Reads, *, institution: str, now: int) -> list[Line]:
    """The running contracts of an institution."""
    query = [("organization", institution), ("status", "active"), ("type", f"{EPISODE}|{contract.KIND}"),
             ("_include", "EpisodeOfCare:patient"), ("_sort", "date"), ("_count", str(SHOWN))]  # fmt: skip
    page = reads.page("EpisodeOfCare", query, strict=True)
    people = {entry.id: exact.decode(entry.body) for entry in page.includes if entry.type_name == "Patient"}
    episodes = [exact.decode(entry.body) for entry in page.matches]
    served = _served(reads, [each["patient"]["reference"] for each in episodes], institution, now)
    wanted = policy("contract.services", on=day(now), reads=reads).amount
    soon = now + policy("contract.renew", on=day(now), reads=reads).microseconds
    signed = paper.of(reads, [f"EpisodeOfCare/{each['id']}" for each in episodes])
    found = []
    for each in episodes:
        patient = people.get(Ref.parse(each["patient"]["reference"]).id)
        if patient is None:
            continue
        ends = contract.ends_at(reads, each)
        on_paper = f"EpisodeOfCare/{each['id']}" in signed
        found.append(Line(each["id"], card(patient), each["period"]["start"], day(ends), ends <= soon,
                          served[each["patient"]["reference"]], wanted, on_paper))  # fmt: skip
    return sorted(found, key=lambda line: (line.until, line.id))


def _served(reads: Reads, residents: list[str], institution: str, now: int) -> Counter[str]:
    """How often each was seen here in the last year: visits, home visits, calls; counted from the records."""
    if not residents:
        return Counter()
    year = day(now).replace(day=1)
    since = year.replace(year=year.year - 1).isoformat()
    query = [("patient", ",".join(residents)), ("service-provider", institution), ("status", "finished"),
             ("date", f"ge{since}")]  # fmt: skip
    found = reads.search("Encounter", query)
    return Counter(each["subject"]["reference"] for each in found if moment(each["period"]["start"]) <= now)
