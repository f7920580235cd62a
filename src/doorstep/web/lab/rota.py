"""The duty roster of one's own institution: whom the second rung of an alarm calls."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.refs import Ref
from doorstep.web.guard import with_right
from doorstep.web.refusals import by_box, words
from doorstep.workflows import duty
from doorstep.workflows.identity import name_of

_COMMANDS = {"put": duty.put, "drop": duty.drop}


@with_right("people")
def show(request: Any) -> HttpResponse:
    """The roster by day."""
    return _page(request, {}, {}, 200)


@with_right("people")
@require_POST
def act(request: Any, act: str) -> HttpResponse:
    """A row more, a row less."""
    if act not in _COMMANDS:
        raise NotFound("web.no-such-act", act=act)
    given = {name: str(request.POST.get(name, "")) for name in ("day", "starts", "ends", "person")}
    language = translation.get_language()
    try:
        request.store.run(request.person.actor, _COMMANDS[act], organization=request.person.organization, **given)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, language), given, refusal.status)
    messages.success(request, words("lab.roster-kept", language))
    return HttpResponseRedirect("/admin/duty/")


def _page(request: Any, errors: dict[str, str], given: dict[str, str], status: int) -> HttpResponse:
    here = request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        posts = reads.search("PractitionerRole", [("organization", here), ("active", "true")])
        ids = sorted({Ref.parse(post["practitioner"]["reference"]).id for post in posts if "practitioner" in post})
        people = [(f"Practitioner/{id_}", name_of(reads.read("Practitioner", id_))) for id_ in ids]
        names = dict(people)
        rows = [(turn, duty.DAY_LABELS[turn.day], names.get(turn.person, turn.person))
                for turn in duty.turns(reads, here)]  # fmt: skip
        now = [names.get(each, each) for each in sorted(duty.on(reads, here, now=request.store.clock.now()))]
    context = {"rows": rows, "people": people, "days": list(duty.DAY_LABELS.items()),
               "now_on": now, "errors": errors, "given": given, "failed": "put" if errors else ""}  # fmt: skip
    return render(request, "lab/rota.html", context, status=status)
