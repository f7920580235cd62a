"""Several rows of a list on paper at once: each form as its own page prints it, by its right and with its audit.

What has no form, or may not be printed by whoever asks, is named with the reason; nothing is left out in silence.
Forms of several kinds come in the order of the list, each on paper of its own (``paper-several.css``); one kind alone
is printed when it is chosen, for a printer that has other paper in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import urlencode

from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.kernel.refs import Ref
from doorstep.terms.policies import in_force
from doorstep.web import lists, print_form
from doorstep.web.clinic import prints
from doorstep.web.guard import staff
from doorstep.web.lab import label
from doorstep.web.listing import LISTS
from doorstep.web.lists import Names
from doorstep.web.reading import report_page
from doorstep.web.refusals import explain, words
from doorstep.web.ward import papers
from doorstep.workflows import down
from doorstep.workflows.coordination import boxes, day, state_of, workflow_of
from doorstep.workflows.identity import card
from doorstep.workflows.registry import TABLES

Task = dict[str, Any]
_SHEET: Final = re.compile(rb'<article class="paper-sheet.*?</article>', re.DOTALL)
_STYLE: Final = re.compile(rb'<link rel="stylesheet" href="(/static/[a-z0-9-]+\.css\?v=[0-9a-z]+)">')
_PAPER: Final = re.compile(rb"/static/paper-([a-z0-9]+)\.css")
_PLACE: Final = b"<!-- sheets -->"
_NOT_TAKEN: Final = (b"/static/app.css", b"/static/elder.css", b"/static/demo.css", b"/static/paper-")
"""Styles that every page has, and those of one paper alone: of many papers there is ``paper-several.css``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of form: how it is called, what of a Task it prints ("" for nothing), and the page that prints it."""

    label: str
    of: Callable[[Task], str]
    page: Callable[..., HttpResponse]


def _report(task: Task) -> str:
    return Ref.parse(found).id if (found := boxes(task.get("output", [])).get("report", "")) else ""


def _of(workflow: str, what: Callable[[Task], str]) -> Callable[[Task], str]:
    return lambda task: what(task) if workflow_of(task) == workflow else ""


def _plan(task: Task) -> str:
    plan = task["focus"]["reference"] if workflow_of(task) == "plan" else down.plan_of(task)
    return Ref.parse(plan).id if plan.startswith("CarePlan/") else ""


KINDS: Final = {
    "referral": Kind("print.kind-referral", _of("referral", lambda task: str(task["id"])), print_form.referral),
    "report": Kind("print.kind-report", _of("order", _report), prints.report),
    "study": Kind("print.kind-study", _of("study", _report), report_page.paper),
    "plan": Kind("print.kind-plan", lambda task: _plan(task) if workflow_of(task) in ("plan", "down") else "",
                 papers.plan),
    "label": Kind(
        "print.kind-label",
        _of("order", lambda task: str(task["id"]) if not _report(task) and state_of(task) in label.PRINTABLE else ""),
        label.one),
}  # fmt: skip
"""Kind -> form, in the order in which they are offered. Of an order the label is printed before it is done."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One row's form: its kind, what its page is asked for, and the row in words."""

    kind: str
    what: str
    said: str


@dataclass(slots=True)
class _Asked:
    """The forms of what was ticked, in its order, and what is not printed, with its why."""

    forms: list[_Form]
    refused: list[tuple[str, str]]


@staff
def show(request: Any) -> HttpResponse:
    """The forms of the rows that were ticked, a page each. What was sent by a list's key comes back by its address."""
    chosen, most = list(dict.fromkeys(_given(request).getlist("task"))), _most(request)
    if not chosen or len(chosen) > most:
        raise Invalid("worklist.choose-some", element="task", most=most)
    name = _given(request).get("list", "")
    if request.method == "POST":
        return HttpResponseRedirect("?" + urlencode({"task": chosen, "list": name}, doseq=True))
    asked = _sorted_out(request, chosen)
    kind = request.GET.get("kind", "")
    if kind and kind not in KINDS:
        raise NotFound("web.no-such-page")
    sheets, styles, printed = _printed(request, kind, asked)
    query = {"task": chosen, "list": name}
    context = {
        "kinds": _kinds(asked, kind, query),
        "refused": asked.refused, "printed": printed, "styles": styles,
        "back": f"/w/{name}/" if name in LISTS else "/",
    }  # fmt: skip
    response = render(request, "print/several.html", context)
    response.content = response.content.replace(_PLACE, b"\n".join(sheets))
    return response


def _given(request: Any) -> Any:
    return request.POST if request.method == "POST" else request.GET


def _most(request: Any) -> int:
    return in_force(request.store, "print.several", on=day(request.store.clock.now())).amount


def _kinds(asked: _Asked, chosen: str, query: dict[str, Any]) -> list[tuple[str, int, str, bool]]:
    """(label, rows, address, whether it is shown): all of it, and each kind that is there alone."""
    counted = Counter(each.kind for each in asked.forms)
    kinds = [("", "print.all-kinds", counted.total()), *((each, KINDS[each].label, counted[each]) for each in KINDS)]
    return [(label, number, "?" + urlencode({**query, **({"kind": kind} if kind else {})}, doseq=True), kind == chosen)
            for kind, label, number in kinds if number]  # fmt: skip


def _sorted_out(request: Any, chosen: list[str]) -> _Asked:
    asked, language = _Asked([], []), translation.get_language()
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        for number, id_ in enumerate(chosen, 1):
            try:
                task = reads.read("Task", id_)
                said = _said(reads, task, names)
            except Refusal as refusal:
                row = words("print.row", language, n=number)
                asked.refused.append((row, " ".join(explain(refusal, language))))
                continue
            kind = next((each for each, form in KINDS.items() if form.of(task)), "")
            if kind:
                asked.forms.append(_Form(kind, KINDS[kind].of(task), said))
            else:
                asked.refused.append((said, words("print.no-form", language)))
    return asked


def _said(reads: Any, task: Task, names: Names) -> str:
    """A row in words: whom and what it is about."""
    resident, table = lists.resident_of(task), TABLES.get(workflow_of(task))
    who = card(reads.read("Patient", resident)).name if resident else ""
    what = words(table.label, translation.get_language()) if table else ""
    return " ".join(each for each in (who, what, lists.item_of(task)) if each)


def _printed(request: Any, kind: str, asked: _Asked) -> tuple[list[bytes], list[str], int]:
    """The sheets (of one kind, or all), their styles, and of how many rows they are; a refusal joins the reasons."""
    sheets: list[bytes] = []
    styles: dict[str, None] = {}
    printed, language = 0, translation.get_language()
    for form in asked.forms:
        if kind not in ("", form.kind):
            continue
        try:
            page = KINDS[form.kind].page(request, form.what)
        except Refusal as refusal:
            asked.refused.append((form.said, " ".join(explain(refusal, language))))
            continue
        found, paper = _SHEET.findall(page.content), _PAPER.search(page.content)
        if not found or paper is None:
            asked.refused.append((form.said, words("print.no-form", language)))
            continue
        sheets.append(b'<section class="on-%b">%b</section>' % (paper[1], b"\n".join(found)))
        styles |= {each.decode(): None for each in _STYLE.findall(page.content) if not each.startswith(_NOT_TAKEN)}
        printed += 1
    return sheets, list(styles), printed
