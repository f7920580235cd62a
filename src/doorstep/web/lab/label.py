"""Labels of 50 x 30 mm: one for each tube, with bars for the scanner and digits for the eye; a further copy says so."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel.errors import NotFound
from doorstep.web import lists
from doorstep.web.lab import tubes_shown
from doorstep.web.lab.access import takes
from doorstep.web.lab.barcode import bars
from doorstep.web.lists import Names
from doorstep.workflows.coordination import state_of, workflow_of
from doorstep.workflows.identity import card

PRINTABLE = ("ordered", "rejected", "missing", "collected")


@takes
def one(request: Any, task: str) -> HttpResponse:
    """The label of one tube."""
    return _sheets(request, [task], f"/p/label/{task}/printed/")


@takes
def visit(request: Any, encounter: str) -> HttpResponse:
    """The labels of everything that was ordered in a visit and has not been taken yet."""
    return _sheets(request, _of_visit(request, encounter), f"/p/labels/{encounter}/printed/")


@takes
@require_POST
def printed(request: Any, task: str) -> HttpResponse:
    """The label came out."""
    return _count(request, [task])


@takes
@require_POST
def visit_printed(request: Any, encounter: str) -> HttpResponse:
    """The labels came out."""
    return _count(request, _of_visit(request, encounter))


def _of_visit(request: Any, encounter: str) -> list[str]:
    with request.store.snapshot(request.person.actor) as reads:
        reads.read("Encounter", encounter)
        found = reads.search("Task", [("encounter", f"Encounter/{encounter}"), ("_sort", "authored-on")])
    return [task["id"] for task in found if workflow_of(task) == "order" and state_of(task) in PRINTABLE]


def _sheets(request: Any, tasks: list[str], confirm: str) -> HttpResponse:
    now, sheets = request.store.clock.now(), []
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        for id_ in tasks:
            task = reads.read("Task", id_)
            if workflow_of(task) != "order":
                raise NotFound("read.not-found", type="Task", id=id_)
            who = card(reads.read("Patient", task["for"]["reference"].removeprefix("Patient/")))
            tube = tubes_shown.of_task(reads, task, lists.row(task, who, names, now))
            if tube.number:
                sheets.append((tube, bars(tube.number)))
    return render(request, "print/specimen_labels.html", {"sheets": sheets, "confirm": confirm})


def _count(request: Any, tasks: list[str]) -> HttpResponse:
    for id_ in tasks:
        with request.store.snapshot(request.person.actor, audited=False) as reads:
            state = state_of(reads.read("Task", id_))
        if state == "ordered":
            request.store.run(request.person.actor, perform, workflow="order", act="print", task=id_, data={})
    return HttpResponseRedirect("/lab/collect/")
