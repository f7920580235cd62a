"""One Task on one page: whom it is about, what was asked and answered, how it went, and what may be done now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.web import critical_page, hands, inquiry_page, lists, opening, record
from doorstep.web.acts import PLAN_ROWS, Box, forms, perform
from doorstep.web.admin import codes
from doorstep.web.guard import staff
from doorstep.web.home_team import handed
from doorstep.web.lab import order_page
from doorstep.web.listing import LISTS, next_of
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.ward import about
from doorstep.workflows import complaint, followup, result
from doorstep.workflows.coordination import boxes, parts_played, state_of, workflow_of
from doorstep.workflows.identity import card
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import Table


@dataclass(frozen=True, slots=True)
class Step:
    """One transition that was made: what, by whom, where, when it happened."""

    label: str
    who: str
    where: str
    at: str
    reason: dict[str, Any] | None
    act: str = ""


@staff
def show(request: Any, task: str) -> HttpResponse:
    """The Task as it stands for this reader; of some workflows a page of their own shows it."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        own = _ELSEWHERE.get(workflow_of(reads.read("Task", task)))
    if own:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{own}{task}/" + (f"?{query}" if query else ""))
    return _page(request, task, {}, {}, "", 200)


_ELSEWHERE: Final = {"referral": "/referral/", "study": "/reading/", "intake": "/reading/intake/"}
"""Workflows whose Tasks have a page of their own."""


@staff
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """One act of the Task's table. A refusal shows the page again, as it now is, with what was typed and why."""
    with request.store.snapshot(request.person.actor) as reads:
        workflow = workflow_of(reads.read("Task", task))
    data = {name: str(value) for name, value in request.POST.items()}
    try:
        opening.hold(request, task)
        if sends := _SENDING.get((workflow, act)):
            sends(request, task, data)
        else:
            request.store.run(request.person.actor, perform, workflow=workflow, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        errors = by_box(refusal, translation.get_language())
        errors |= {f"result.{box}": sentence for box, sentence in errors.items() if box}
        return _page(request, task, errors, data, act, refusal.status)
    opening.close(request, task)
    language = translation.get_language()
    label = words(TABLES[workflow].act(act).label, language)
    messages.success(request, words("web.done-act", language, act=label))
    return HttpResponseRedirect(handed.after(act, task) if workflow == "handover" else _after(request, task))


_SENDING: Final = {("inquiry", "answer"): inquiry_page.answer}
"""Acts with which a file may be sent."""


@staff
@require_POST
def take_over(request: Any, task: str) -> HttpResponse:
    """What a colleague has open is this person's from now on; what they had typed stands in the form again."""
    opening.take_over(request, task)
    data, name = {box: str(value) for box, value in request.POST.items()}, request.POST.get("list", "")
    if data.get("act"):
        return _page(request, task, {}, data, data["act"], 200)
    return HttpResponseRedirect(f"/t/{task}/?list={name}" if name in LISTS else f"/t/{task}/")


@staff
def preview(request: Any, task: str) -> HttpResponse:
    """What a list shows of a row beside itself."""
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        if workflow_of(found) not in TABLES:
            raise NotFound("read.not-found", type="Task", id=task)
        resident = lists.resident_of(found)
        row = lists.row(found, card(reads.read("Patient", resident)) if resident else None, Names(reads), now)
    sheet = boxes(found.get("input", []))
    facts = [(label, sheet[name]) for name, label in _PREVIEWED.items() if sheet.get(name)]
    notes = [("web.box-note", note.get("text", "")) for note in found.get("note", ())]
    name = request.GET.get("list", "")
    address = f"/t/{task}/?list={name}" if name in LISTS else f"/t/{task}/"
    return render(request, "parts/preview.html", {"row": row, "facts": facts + notes, "address": address})


_PREVIEWED: Final = {
    "impression": "web.box-impression", "illness": "web.box-illness", "history": "web.box-history",
    "treatment": "web.box-treatment-sent",
}  # fmt: skip


def _after(request: Any, task: str) -> str:
    """Where an act leads: the Task again while it waits here, else the next row of the list it was opened from."""
    name = request.POST.get("list", "")
    if name not in LISTS:
        return f"/t/{task}/?{opening.DONE}=1"
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = reads.read("Task", task)
        if found.get("owner", {}).get("reference") == request.person.organization:
            return f"/t/{task}/?list={name}&{opening.DONE}=1"
        following = next_of(reads, name, request.person, without=task)
    return f"/t/{following}/?list={name}" if following else f"/w/{name}/"


def _page(request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        table = TABLES.get(workflow_of(found))
        if table is None:
            raise NotFound("read.not-found", type="Task", id=task)
        names = Names(reads)
        resident = lists.resident_of(found)
        context: dict[str, Any] = {
            "task": found, "banner": record.banner(reads, resident) if resident else None,
            "errors": errors, "given": given, "failed": failed,
            "list": request.POST.get("list", request.GET.get("list", "")),
            "row": lists.row(found, None, names, now), "steps": steps(reads, table, found, names),
            "plan_rows": [(f"items[{place}].text", f"items[{place}].by") for place in range(PLAN_ROWS)],
            **_about(reads, table, found, names, now),
        }  # fmt: skip
        if table.name == "order":
            context |= order_page.about(reads, found, context["request"], context["steps"])
        teams = handed.teams(reads, request.person.organization) if table.name == "handover" else ()
        context["lock"] = (opening.note if request.method == "GET" else opening.standing)(request, found, names)
    played = (
        complaint.played(found, request.person.actor) if table is complaint.TABLE
        else parts_played(table, found, request.person.organization)
    )  # fmt: skip
    offered = table.offered(state_of(found), played)
    unasked, kind = len(offered), context["sheet"].get("kind", "")
    offered = tuple(each for each in offered if hands.may(table, each, request.person.role, kind=kind))
    context["others_hands"] = unasked > len(offered) == 0
    if context.get("stopped"):
        offered = tuple(each for each in offered if each.code != "release")
    if context.get("proposer") == request.person.reference:
        offered = tuple(each for each in offered if each.code != "agree")
    context["forms"] = handed.asking(forms(table, offered, context.get("test")), teams)
    offered_now = not context["lock"] and any(form.act.code == failed for form in context["forms"])
    context["unsent"] = [] if offered_now else _typed(table, failed, given, context.get("test"))
    boxed = {box.name for form in context["forms"] if form.act.code == failed for box in form.boxes}
    named = {name: sentence for name, sentence in errors.items() if name in boxed}
    context["summary"] = named or ({"": errors[""]} if "" in errors else {})
    context["ours"] = found.get("owner", {}).get("reference") == request.person.organization
    return render(request, "task.html", context, status=status)


def _typed(table: Table, act: str, given: Any, test: Any) -> list[tuple[Box, str]]:
    """What was typed for an act that this person cannot do now: shown, so that nothing of it is lost."""
    known = tuple(each for each in table.acts if each.code == act)
    return [(box, _said(box, str(given[box.name]))) for form in forms(table, known, test) for box in form.boxes
            if given.get(box.name)]  # fmt: skip


def _said(box: Box, value: str) -> str:
    """A chosen reason by its words."""
    return next((each.display(translation.get_language() or "zh") for each in box.choices if each.code == value), value)


def steps(reads: Reads, table: Table, task: dict[str, Any], names: Names) -> list[Step]:
    """The transitions of a Task, oldest first, from their Provenances."""
    found = []
    for entry in reads.search("Provenance", [("target", f"Task/{task['id']}"), ("_sort", "recorded")]):
        agent = entry["agent"][0]
        who, where = agent["who"].get("reference", ""), agent.get("onBehalfOf", {}).get("reference", "")
        found.append(Step(
            table.act(entry["activity"]["coding"][0]["code"]).label, names.of(who) if who else "",
            names.of(where) if where else "", entry["occurredDateTime"], entry.get("reason", [None])[0],
            entry["activity"]["coding"][0]["code"],
        ))  # fmt: skip
    return found


def _about(reads: Reads, table: Table, task: dict[str, Any], names: Names, now: int) -> dict[str, Any]:
    """What a page of this workflow shows besides the Task."""
    sheet, reply = boxes(task.get("input", [])), boxes(task.get("output", []))
    common: dict[str, Any] = {"sheet": sheet, "reply": reply}
    if table.name == "code-change":
        return {**common, "dictionary": codes.address(sheet), "proposer": sheet.get("by", "")}
    if "focus" not in task or not (lists.resident_of(task) or table.name == "escalation"):
        return common  # about no record: what was asked stands in the Task
    focus = Ref.parse(task["focus"]["reference"])
    if table.name == "escalation":
        late = reads.read(focus.type, focus.id)
        return {**common, "late": lists.row(late, None, names, now) if focus.type == "Task" else None}
    if table.name in ("critical", "callback", "contact"):
        return {**common, **critical_page.about(reads, table, task, names, now)}
    subject = reads.read(focus.type, focus.id)
    common["request"] = subject
    if table.name == "order":
        common["test"] = result.test_of(subject)
        common["held"] = critical_page.held(reads, task, now)
        own = Ref.parse(reply["report"]).id if "report" in reply else ""
        if own:
            common["report"] = record.report_by_id(reads, own, names)
        resident = Ref.parse(task["for"]["reference"]).id
        common["earlier"] = record.reports_of(reads, resident, subject["code"], names, without=own)
    elif table.name in ("referral", "opinion"):
        ids = [Ref.parse(each["reference"]).id for each in subject.get("supportingInfo", ())]
        common["reports"] = [record.report_by_id(reads, each, names) for each in ids]
        common["doctor"] = names.of(subject["requester"]["reference"])
        if "plan" in reply:
            common["plan"] = _plan(reads, reply["plan"], names, now)
    elif table.name == "correction":
        common["report"] = record.report_by_id(reads, focus.id, names)
    elif table.name == "handover":
        common |= handed.about(reads, task)
    elif table.name == "inquiry":
        common |= inquiry_page.about(reads, subject, sheet, reply, names)
    elif table.name == "recheck":
        common["report"] = record.report_by_id(reads, Ref.parse(sheet["report"]).id, names)
    elif table.name == "plan":
        common["author"] = names.of(subject["author"]["reference"])
        common["referral"] = task.get("partOf", [{}])[0].get("reference", "").removeprefix("Task/")
        common |= about.of_plan(reads, subject)
    elif table.name == "down":
        common |= about.of_down(reads, task, subject)
    return common


def _plan(reads: Reads, reference: str, names: Names, now: int) -> list[lists.Row]:
    care = reads.read("CarePlan", Ref.parse(reference).id)
    ids = [Ref.parse(each).id for each in followup.tasks_of(care)]
    return [lists.row(reads.read("Task", each), None, names, now) for each in ids]
