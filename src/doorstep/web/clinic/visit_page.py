"""One visit on one page: the record at the left, the note in the middle, orders and prescription right; F8 signs.

What is typed lives on the server as a draft: every key that changes lines answers with the form anew, typing is kept
every second, and the signature is one command. The form says whose visit it shows; a mismatch is refused at once.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import visiting
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, NotFound, Refusal, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.visit_forms import BOXES
from doorstep.web import record
from doorstep.web.clinic import context, editing, typed
from doorstep.web.clinic.editing import Answer
from doorstep.web.clinic.typed import Typed
from doorstep.web.guard import township_doctor
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows import drafts, inquiry, note, recognition, visit

DONE: Final = {
    "sign": "visit.done-sign", "finish": "web.done-finish", "cancel": "web.done-cancel",
    "verify": "privacy.done-verify", "drop": "visit.done-drop", "append": "visit.done-append",
    "correct": "visit.done-correct",
}  # fmt: skip


@township_doctor
def show(request: Any, encounter: str) -> HttpResponse:
    """The visit as it stands, with the doctor's draft; or which of two visits, when another one has a draft."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        elsewhere = drafts.elsewhere(reads, encounter) if found["status"] == "in-progress" else []
        if elsewhere:
            here = found["subject"]["reference"].removeprefix("Patient/")
            there = elsewhere[0].resident.removeprefix("Patient/")
            return render(request, "visit/chooser.html", {
                "encounter": found, "other": elsewhere[0].visit, "saved": instant(elsewhere[0].saved),
                "banner": record.banner(reads, here), "there": record.banner(reads, there),
            })  # fmt: skip
        return _page(request, reads, found, None)


@township_doctor
@require_POST
def act(request: Any, encounter: str, act: str) -> HttpResponse:
    """One act of the visit; a refusal shows the page again with what was typed and why."""
    if act in _FRAGMENTS:
        return _FRAGMENTS[act](request, encounter)
    try:
        _perform(request, encounter, act)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _again(request, encounter, act, refusal)
    messages.success(request, words(DONE[act], translation.get_language()))
    return HttpResponseRedirect("/clinic/" if act in ("finish", "cancel") else f"/v/{encounter}/")


def _perform(request: Any, encounter: str, act: str) -> None:
    run, actor, data = request.store.run, request.person.actor, request.POST
    if act == "sign":
        run(actor, visiting.sign, encounter=encounter, resident=data.get("resident", ""), version=_version(data),
            sheet=typed.sheet(typed.posted(data)))  # fmt: skip
    elif act == "drop":
        run(actor, drafts.drop, encounter=encounter)
    elif act == "append":
        run(actor, note.append, encounter=encounter, text=data.get("text", ""))
    elif act == "correct":
        boxes = {box: data.get(box, "") for box in BOXES}
        run(actor, note.correct, composition=data.get("composition", ""), boxes=boxes, reason=data.get("reason", ""),
            version=_version(data))  # fmt: skip
    elif act == "verify":
        run(actor, visit.verify, encounter=encounter, presence=data.get("presence", ""))
    elif act == "finish":
        run(actor, visit.finish, encounter=encounter)
    elif act == "cancel":
        run(actor, visit.cancel, encounter=encounter, reason=data.get("reason", ""))
    else:
        raise NotFound("web.no-such-act", act=act)


def _again(request: Any, encounter: str, act: str, refusal: Refusal) -> HttpResponse:
    """What was typed for this visit comes back; what was typed for another one does not appear here."""
    errors = by_box(refusal, translation.get_language())
    form = typed.posted(request.POST) if act == "sign" and refusal.key != "visit.other-resident" else None
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        return _page(request, reads, found, form, errors=errors, failed=act, status=refusal.status)


# -- fragments: the form changes, nothing is signed


def edit(request: Any, encounter: str) -> HttpResponse:
    """One key of the form: the draft as it is afterwards, and the form anew."""
    form, do = typed.posted(request.POST), request.POST.get("do", "")
    language = translation.get_language() or "zh"
    quick = {name: request.POST.get(f"q_{name}", "") for name in ("line", "template", "dx", "drug")}
    choices = request.POST.getlist(f"choice.{do}")
    asked = quick.get(do, "").strip()
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(choices):
        do = choices[int(asked) - 1]
    with request.store.snapshot(request.person.actor) as reads:
        found = _same_resident(reads, encounter, request.POST)
        names = Names(reads)
        if do.startswith("quote:"):
            answer = _quote(reads, form, do.partition(":")[2], names, language)
        elif do.startswith("join:"):
            answer = _join(reads, form, encounter, do.partition(":")[2], names)
        else:
            matches = recognition.look_up(reads, found["subject"]["reference"], now=request.store.clock.now())
            answer = editing.edit(form, do, quick, matches, language)
    request.store.run(request.person.actor, drafts.keep, encounter=encounter, typed=form.values)
    if not request.htmx:
        return HttpResponseRedirect(f"/v/{encounter}/")
    with request.store.snapshot(request.person.actor) as reads:
        shown = context.form(request, reads, found, form, answer=answer, quick=quick)
    return render(request, "visit/form.html", shown)


def keep(request: Any, encounter: str) -> HttpResponse:
    """What is being typed is kept; the answer says when."""
    form = typed.posted(request.POST)
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        _same_resident(reads, encounter, request.POST)
    request.store.run(request.person.actor, drafts.keep, encounter=encounter, typed=form.values)
    return render(request, "visit/saved.html", {"saved": instant(request.store.clock.now())})


def choose(request: Any, encounter: str) -> HttpResponse:
    """Go on here; what was begun elsewhere waits as it is."""
    request.store.run(request.person.actor, drafts.set_aside, but=encounter)
    return HttpResponseRedirect(f"/v/{encounter}/")


def look(request: Any, encounter: str) -> HttpResponse:
    """An earlier result with those before it, in place; that it was looked up is counted, once a visit."""
    item, _, report = request.POST.get("look", "").partition(" ")
    request.store.run(request.person.actor, recognition.look, encounter=encounter, test=item, report=report)
    with request.store.snapshot(request.person.actor) as reads:
        shown = context.looked(reads, encounter, report)
    return render(request, "visit/look.html", shown) if request.htmx else HttpResponseRedirect(f"/v/{encounter}/")


def inquire(request: Any, encounter: str) -> HttpResponse:
    """A question to whoever issued an earlier report: for its pictures, or about its result."""
    report, language = request.POST.get("inquire", ""), translation.get_language() or "zh"
    given = {name: request.POST.get(f"inquiry_{name}", "") for name in ("reason", "note")}
    errors: dict[str, str] = {}
    try:
        Ref.parse(report)
        request.store.run(request.person.actor, inquiry.ask, encounter=encounter, report=report, **given)
    except ValueError:
        raise NotFound("web.no-such-page") from None
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        errors = by_box(refusal, language)
    with request.store.snapshot(request.person.actor) as reads:
        shown = {**context.looked(reads, encounter, report), "given": given, "inquiry_errors": errors,
                 "inquired": not errors}  # fmt: skip
    return render(request, "visit/look.html", shown) if request.htmx else HttpResponseRedirect(f"/v/{encounter}/")


_FRAGMENTS: Final = {"edit": edit, "draft": keep, "choose": choose, "look": look, "inquire": inquire}


def _same_resident(reads: Reads, encounter: str, data: Any) -> dict[str, Any]:
    found = reads.read("Encounter", encounter)
    if found["subject"]["reference"] != data.get("resident", ""):
        raise RuleBroken("visit.other-resident", element="resident")
    return found


def _quote(reads: Reads, form: Typed, reference: str, names: Names, language: str) -> Answer:
    kind, _, id_ = reference.partition("/")
    if kind == "DiagnosticReport":
        return editing.quote(form, reference, context.quoted_report(reads, id_, names, language), language)
    if kind == "Composition":
        return editing.quote(form, reference, context.quoted_note(reads, id_, names, language), language)
    return Answer("history", "visit.nothing-to-quote")


def _join(reads: Reads, form: Typed, encounter: str, person: str, names: Names) -> Answer:
    found = next((each for each in drafts.others(reads, encounter) if each.person == person), None)
    if found is None:
        return Answer("history", "visit.nothing-to-join")
    return editing.take_over(form, drafts.typed(found), names.of(person))


def _version(data: Any) -> int:
    """The version that the form showed; what is no number is a version that never was."""
    text = str(data.get("version", ""))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Conflict("visit.changed-meanwhile", element="version")
    return int(text)


def _page(
    request: Any, reads: Reads, found: dict[str, Any], form: Typed | None, *, errors: dict[str, str] | None = None,
    failed: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    wrong = errors or {}
    shown = context.page(request, reads, found, errors=wrong, failed=failed)
    if shown["open"]:
        kept = drafts.mine(reads, found["id"]) if form is None else None
        if form is None:
            form = Typed(drafts.typed(kept)) if kept else typed.beginning(found, signed=bool(shown["notes"]))
        shown.update(context.form(request, reads, found, form, errors=wrong, failed=failed, signed=shown["notes"]))
        shown["restored"] = instant(kept.saved) if kept and not form.empty else ""
    return render(request, "visit.html", shown, status=status)
