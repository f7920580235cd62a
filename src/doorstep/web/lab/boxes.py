"""Boxes of tubes at both ends: pack by scanning, seal, hand over, arrive, open by scanning. What is missing is named.

Whoever carries a box sees numbers, tubes and temperatures. A name stands beside a number only for those who may read
the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import ACTS, perform
from doorstep.kernel.errors import Gone, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import tubes
from doorstep.terms.catalogue import Concept
from doorstep.web.lab.access import carries
from doorstep.web.lists import Names, item_of
from doorstep.web.refusals import by_box, words
from doorstep.workflows import affiliation, labels, transport
from doorstep.workflows.coordination import state_of
from doorstep.workflows.identity import card
from doorstep.workflows.order import TABLE as ORDER
from doorstep.workflows.table import State
from doorstep.workflows.transport import TABLE, Box


@dataclass(frozen=True, slots=True)
class Line:
    """One tube of a box. ``name`` and ``item`` are "" for who may not read its order."""

    number: str
    tube: Concept | None
    came: bool
    name: str = ""
    item: str = ""
    task: str = ""
    state: State | None = None


@carries
def show(request: Any) -> HttpResponse:
    """The boxes of this institution, under way and lately closed."""
    return _list(request, {}, 200)


@carries
@require_POST
def pack(request: Any) -> HttpResponse:
    """A new box for a laboratory."""
    try:
        made = request.store.run(request.person.actor, transport.pack, laboratory=request.POST.get("laboratory", ""))
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _list(request, by_box(refusal, translation.get_language()), refusal.status)
    return HttpResponseRedirect(f"/lab/boxes/{made.id}/")


@carries
@require_POST
def scan(request: Any) -> HttpResponse:
    """The code on a box opens its page."""
    try:
        task = request.store.run(request.person.actor, transport.find, code=request.POST.get("code", ""))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        language = translation.get_language()
        said = by_box(refusal, language).get("code", "") or words("lab.nobodys-code", language, given="")
        return _list(request, {"code": said}, 422)
    return HttpResponseRedirect(f"/lab/boxes/{task}/")


@carries
def one(request: Any, task: str) -> HttpResponse:
    """One box."""
    return _page(request, task, {}, {}, "", 200)


@carries
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """A scan or an act on the box."""
    if (TABLE.name, act) not in ACTS:
        raise NotFound("web.no-such-act", act=act)
    data = {name: str(value) for name, value in request.POST.items()}
    language = translation.get_language()
    try:
        request.store.run(request.person.actor, perform, workflow=TABLE.name, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, task, by_box(refusal, language), data, act, refusal.status)
    if act not in ("put", "check"):
        messages.success(request, words("web.done-act", language, act=words(TABLE.act(act).label, language)))
    return HttpResponseRedirect(f"/lab/boxes/{task}/?said=ok")


@carries
def contents(request: Any, task: str) -> HttpResponse:
    """The list of contents that travels with the box: numbers and tubes, no names."""
    box = transport.one(request.store, request.person.actor, task=task)
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        context = {"box": box, "site": names.of(box.site), "laboratory": names.of(box.laboratory),
                   "lines": [Line(each, tubes.tubes().get(each[0]), each in box.arrived)
                             for each in box.tubes]}  # fmt: skip
    return render(request, "print/box.html", context)


def _list(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    store, actor = request.store, request.person.actor
    running, over = transport.under_way(store, actor), transport.under_way(store, actor, over=True)
    with store.snapshot(actor) as reads:
        names = Names(reads)
        centres = affiliation.partners(reads, member=actor.organization, role=affiliation.LABORATORY)
        centres = [each for each in centres if each != actor.organization]
        rows = [(box, names.of(box.site), names.of(box.laboratory)) for box in running]
        closed = [(box, names.of(box.site), names.of(box.laboratory)) for box in over[:20]]
        choices = [(each, names.of(each)) for each in centres]
    context = {"rows": rows, "closed": closed, "choices": choices, "errors": errors, "form": tubes.FORM,
               "said": "bad" if errors else ""}  # fmt: skip
    return render(request, "lab/boxes.html", context, status=status)


def _page(request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    store, actor = request.store, request.person.actor
    box = transport.one(store, actor, task=task)
    label, at, where = transport.last_seen(store, box)
    with store.snapshot(actor) as reads:
        names = Names(reads)
        held = labels.tasks_of(reads, list(box.tubes))
        lines = [_line(reads, box, number, held.get(number, "")) for number in box.tubes]
        context: dict[str, Any] = {
            "box": box, "site": names.of(box.site), "laboratory": names.of(box.laboratory), "lines": lines,
            "seen": (label, at, names.of(where) if where else ""),
        }  # fmt: skip
    ours = {"site": box.site == actor.organization, "laboratory": box.laboratory == actor.organization}
    offered = {each.code for each in TABLE.acts if box.state.code in each.source
               and (ours.get(each.who, False) or each.code in transport.CARRYING)}  # fmt: skip
    context |= {"offered": offered, "errors": errors, "given": given, "failed": failed, "form": tubes.FORM,
                "said": "bad" if errors else request.GET.get("said", ""), "put_address": f"/lab/boxes/{task}/put/",
                "check_address": f"/lab/boxes/{task}/check/"}  # fmt: skip
    return render(request, "lab/box.html", context, status=status)


def _line(reads: Reads, box: Box, number: str, task: str) -> Line:
    tube, came = tubes.tubes().get(number[0]), number in box.arrived
    try:
        found = reads.read("Task", task)
        name = card(reads.read("Patient", Ref.parse(found["for"]["reference"]).id)).name
    except (NotFound, Gone):
        return Line(number, tube, came)
    return Line(number, tube, came, name, item_of(found), task, ORDER.state(state_of(found)))
