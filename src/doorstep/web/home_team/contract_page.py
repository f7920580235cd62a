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

from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.terms.privacy import EPISODE
from doorstep.web.home_team.access import carer, language, shell
from doorstep.web.refusals import by_box, words
from doorstep.workflows import contract, identity
from doorstep.workflows.coordination import day, moment
from doorstep.workflows.identity import Card, card

SHOWN: Final = 100
_DONE: Final = {"renew": "follow.contract-renewed", "end": "follow.contract-ended"}


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
        consent = bool(request.POST.get("consent"))
        request.store.run(request.person.actor, contract.sign, resident=resident, consent=consent)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status)
    messages.success(request, words("follow.contract-signed", language()))
    return HttpResponseRedirect("/contracts/")


@carer
@require_POST
def act(request: Any, episode: str, act: str) -> HttpResponse:
    """Renew, or end."""
    run, actor, data = request.store.run, request.person.actor, request.POST
    try:
        if act == "renew":
            run(actor, contract.renew, episode=episode, consent=bool(data.get("consent")))
        elif act == "end":
            run(actor, contract.end, episode=episode, reason=data.get("reason", ""))
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language()), refusal.status)
    messages.success(request, words(_DONE[act], language()))
    return HttpResponseRedirect("/contracts/")


def _page(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    store, actor, number = request.store, request.person.actor, request.GET.get("number", "").strip()
    found = None
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
    context = {
        "shell": shell(request), "lines": lines, "soon": sum(line.soon for line in lines), "found": found,
        "errors": errors, "failed": bool(errors), "number": number, "more": len(lines) == SHOWN,
        "reasons": list(reasons("contract.end").items()),
    }  # fmt: skip
    return render(request, "follow/contracts.html", context, status=status)


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
    found = []
    for each in episodes:
        patient = people.get(Ref.parse(each["patient"]["reference"]).id)
        if patient is None:
            continue
        ends = contract.ends_at(reads, each)
        found.append(Line(each["id"], card(patient), each["period"]["start"], day(ends), ends <= soon,
                          served[each["patient"]["reference"]], wanted))  # fmt: skip
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
