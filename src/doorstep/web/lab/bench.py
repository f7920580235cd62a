"""The laboratory's door and bench: scan in what comes, see what waits, say whether the analysers are right."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Gone, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.worklist import Ask
from doorstep.terms import tubes
from doorstep.terms.catalogue import tests
from doorstep.web.lab.access import at_bench
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import control, feed, order, specimen, transport
from doorstep.workflows.identity import name_of

STATES: Final = ("sent", "received", "claimed", "checking", "ordered")
"""What waits here, as tiles."""


@at_bench
def show(request: Any) -> HttpResponse:
    """The bench."""
    return _page(request, {}, {}, "", 200)


@at_bench
@require_POST
def receive(request: Any) -> HttpResponse:
    """A tube comes in, or a box stands at the door."""
    code, language = request.POST.get("code", ""), translation.get_language()
    try:
        if tubes.whole(code).startswith(tubes.BOX):
            box = request.store.run(request.person.actor, transport.find, code=code)
            return HttpResponseRedirect(f"/lab/boxes/{box}/")
        done = request.store.run(request.person.actor, specimen.receive_code, code=code)
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return _page(request, {"code": next(iter(by_box(refusal, language).values()))}, {}, "receive", 422)
    messages.success(request, words("lab.received-one", language, code=tubes.whole(code)))
    return HttpResponseRedirect(f"/lab/?said=ok&last={done.id}")


@at_bench
@require_POST
def judge(request: Any, analyser: str) -> HttpResponse:
    """The verdict on a control run."""
    given = {"verdict": request.POST.get("verdict", ""), "note": request.POST.get("note", "")}
    try:
        request.store.run(request.person.actor, control.judge, analyser=analyser, **given)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, translation.get_language()), given, analyser, refusal.status)
    messages.success(request, words("lab.qc-kept", translation.get_language()))
    return HttpResponseRedirect("/lab/")


@at_bench
@require_POST
def add(request: Any) -> HttpResponse:
    """An analyser of this laboratory."""
    given = {"name": request.POST.get("name", ""), "runs": request.POST.get("runs", "")}
    runs = tuple(re.findall(r"[A-Z0-9-]+", given["runs"].upper()))  # whatever stands between them
    try:
        request.store.run(request.person.actor, control.add, name=given["name"], runs=runs)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, translation.get_language()), given, "add", refusal.status)
    return HttpResponseRedirect("/lab/")


def _page(request: Any, errors: dict[str, str], given: dict[str, str], failed: str, status: int) -> HttpResponse:
    store, person = request.store, request.person
    with store.snapshot(person.actor) as reads:
        now = store.clock.now()
        groups = reads.waiting_groups(Ask(owner=person.organization, code="order"), now=now)
        fed = reads.waiting_groups(Ask(owner=person.organization, code=feed.TABLE.name), now=now)
        machines = [(each, _name(reads, each.by), [tests()[code].concept for code in each.tests if code in tests()])
                    for each in control.analysers(reads, laboratory=person.organization)]  # fmt: skip
        names = Names(reads)
        coming = [(box, names.of(box.site)) for box in transport.under_way(store, person.actor)
                  if box.laboratory == person.organization and box.state.code != "packing"]  # fmt: skip
    counts = {code: sum(group.number for group in groups if group.state == code) for code in STATES}
    late = {code: sum(group.late for group in groups if group.state == code) for code in STATES}
    tiles = [{"address": f"/w/orders/?state={code}", "label": order.TABLE.state(code).label, "count": counts[code],
              "tone": "late" if late[code] else "", "current": False} for code in STATES]  # fmt: skip
    context = {
        "tiles": tiles, "machines": machines, "coming": coming, "fed": sum(group.number for group in fed),
        "errors": errors, "given": given, "failed": failed, "form": tubes.FORM,
        "said": "bad" if errors.get("code") else request.GET.get("said", ""),
    }  # fmt: skip
    return render(request, "lab/bench.html", context, status=status)


def _name(reads: Reads, reference: str) -> str:
    try:
        return name_of(reads.read("Practitioner", Ref.parse(reference).id)) if reference else ""
    except (NotFound, Gone):
        return ""
