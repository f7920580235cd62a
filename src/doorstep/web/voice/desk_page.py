"""The desk's side: complaints that wait or come in person or by letter, ratings on a tablet or from paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import voicing
from doorstep.kernel import exact
from doorstep.kernel.errors import Forbidden, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask
from doorstep.terms.catalogue import reasons
from doorstep.web import lists
from doorstep.web.guard import staff
from doorstep.web.refusals import by_box, words
from doorstep.web.voice.link_page import FACES
from doorstep.workflows import complaint, identity, satisfaction
from doorstep.workflows.identity import card

View = Callable[..., HttpResponse]
SHOWN: Final = 50
CHANNELS: Final = ("desk", "phone", "letter")


def office(view: View) -> View:
    """Who answers complaints at an institution."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person.role not in complaint.OFFICE:
            raise Forbidden("web.not-your-page")
        return view(request, *args, **kwargs)

    return staff(guarded)


@office
def show(request: Any) -> HttpResponse:
    """What waits, and the forms."""
    return _page(request, {}, 200)


@office
@require_POST
def invite(request: Any) -> HttpResponse:
    """Ask about the last closed episode of somebody who stands here; the tablet shows the faces."""
    encounter = request.POST.get("encounter", "")
    try:
        task = request.store.run(request.person.actor, satisfaction.invite, encounter=encounter)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, _language()), refusal.status)
    return HttpResponseRedirect(f"/desk/voice/?task={task.id}")


@office
@require_POST
def enter(request: Any, task: str) -> HttpResponse:
    """A rating from paper."""
    data = request.POST
    try:
        code = request.store.run(
            request.person.actor, voicing.answer, task=task, score=data.get("score", ""), entered=True,
            reason=data.get("reason", ""), note=data.get("note", ""), by=data.get("by", satisfaction.SELF),
            anonymous=bool(data.get("anonymous")),
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, _language()), refusal.status)
    _say(request, code)
    return HttpResponseRedirect("/desk/voice/")


@office
@require_POST
def complain(request: Any) -> HttpResponse:
    """A complaint in person, by telephone or by letter; without a resident it is anonymous."""
    data = request.POST
    resident = f"Patient/{data['resident']}" if data.get("resident") else ""
    channel = data.get("channel", "") if data.get("channel") in CHANNELS else ""
    try:
        _, code = request.store.run(request.person.actor, complaint.raise_it, kind=data.get("kind", ""),
                                    note=data.get("note", ""), channel=channel, resident=resident)  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, by_box(refusal, _language()), refusal.status)
    _say(request, code)
    return HttpResponseRedirect("/desk/voice/")


# -- inside


def _page(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    store, actor, here = request.store, request.person.actor, request.person.organization
    number, found, now = request.GET.get("number", "").strip(), None, store.clock.now()
    if number:
        try:
            found = identity.by_number(store, actor, number=number)
            errors = errors if found else {"number": words("follow.nobody", _language())}
        except Forbidden:
            raise
        except Refusal as refusal:
            errors, status = by_box(refusal, _language()), refusal.status
    with store.snapshot(actor) as reads:
        complaints = lists.of_items(reads, reads.waiting(Ask(owner=here, code=complaint.TABLE.name), limit=SHOWN), now)
        asked = _asked(reads, here)
        episodes = _episodes(reads, found.reference, here) if found else []
    tokens = {task: f"/voice/{satisfaction.token(store.secret, task)}/" for task, _ in asked}
    context = {
        "complaints": complaints, "asked": [(task, who, tokens[task]) for task, who in asked], "number": number,
        "found": found, "episodes": episodes, "errors": errors, "failed": bool(errors), "given": request.POST,
        "kinds": list(reasons("complaint.kind").items()), "faces": FACES, "chosen": request.GET.get("task", ""),
        "channels": [(code, reasons("complaint.channel")[code]) for code in CHANNELS],
        "reasons": list(reasons("survey.reason").items()),
    }  # fmt: skip
    return render(request, "voice/desk.html", context, status=status)


def _asked(reads: Reads, here: str) -> list[tuple[str, identity.Card]]:
    """The questions that the desk is to ask: of those without a telephone, and of whom it has invited."""
    query = [("code", satisfaction.TABLE.name), ("requester", here), ("status", "requested"),
             ("_include", "Task:patient"), ("_sort", "-authored-on"), ("_count", str(SHOWN))]  # fmt: skip
    page = reads.page("Task", query, strict=True)
    people = {f"Patient/{entry.id}": card(exact.decode(entry.body)) for entry in page.includes
              if entry.type_name == "Patient"}  # fmt: skip
    tasks = [exact.decode(entry.body) for entry in page.matches]
    return [(task["id"], people[task["for"]["reference"]]) for task in tasks
            if satisfaction.channel_of(task) == "desk" and task["for"]["reference"] in people]  # fmt: skip


def _episodes(reads: Reads, resident: str, here: str) -> list[tuple[str, str]]:
    """(id, when) of the last closed episodes of somebody at this institution."""
    query = [("patient", resident), ("service-provider", here), ("status", "finished"), ("_sort", "-date"),
             ("_count", "5")]  # fmt: skip
    found = [exact.decode(entry.body) for entry in reads.page("Encounter", query, strict=True).matches]
    return [(each["id"], str(each["period"]["start"])) for each in found if satisfaction.asks(each)][:3]


def _say(request: Any, code: str) -> None:
    key = "voice.saved-complaint" if code else "voice.saved"
    messages.success(request, words(key, _language(), **({"code": code} if code else {})))


def _language() -> str:
    return translation.get_language() or "zh-hans"
