"""What anybody may open who has a link or a code: one question, or one complaint, and nothing of anybody's record.

A link that is wrong, that was used and that is over look the same. Guessing waits, each time twice as long.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.journeys import voicing
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Gone, NotFound, Refusal
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.web.accounts import entering, throttle
from doorstep.web.refusals import by_box
from doorstep.workflows import complaint, satisfaction
from doorstep.workflows.coordination import boxes, day, state_of, workflow_of

Task = dict[str, Any]
BOTH: Final = ["GET", "HEAD", "POST"]
FACES: Final = (
    (satisfaction.GOOD, "voice.face-good"), (satisfaction.FAIR, "voice.face-fair"),
    (satisfaction.BAD, "voice.face-bad"),
)  # fmt: skip
"""Score -> message key, best first."""


@require_http_methods(BOTH)
def rate(request: Any, token: str) -> HttpResponse:
    """Three faces, one reason, free words. Once."""
    if _waits(request):
        return _page(request, "voice/over.html", {"waits": True}, 429)
    task = _asked(request, token)
    if task is None:
        _missed(request)
        return _page(request, "voice/over.html", {}, 404)
    if request.method != "POST":
        return _form(request, token, {}, 200)
    data = request.POST
    try:
        code = request.store.run(
            satisfaction.voice(task["requester"]["reference"]), voicing.answer, task=task["id"],
            score=data.get("score", ""), reason=data.get("reason", ""), note=data.get("note", ""),
            by=data.get("by", satisfaction.SELF), anonymous=bool(data.get("anonymous")),
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _form(request, token, by_box(refusal, translation.get_language()), refusal.status)
    return _page(request, "voice/thanks.html", {"code": code}, 200)


@require_http_methods(BOTH)
def follow(request: Any) -> HttpResponse:
    """How far a complaint is, by its code."""
    if request.method != "POST":
        return _page(request, "voice/follow.html", {}, 200)
    return _told(request, {}, 200)


@require_POST
def decide(request: Any) -> HttpResponse:
    """Whoever has the code is content, is not, or complains no longer."""
    task = _by_code(request)
    if task is None:
        return _told(request, {}, 200)
    actor = satisfaction.voice(task["restriction"]["recipient"][0]["reference"])
    act, note = request.POST.get("act", ""), request.POST.get("note", "")
    try:
        if act == "accept":
            request.store.run(actor, complaint.accept, task=task["id"])
        elif act == "reject":
            request.store.run(actor, complaint.again, task=task["id"], note=note, by_resident=True)
        elif act == "withdraw":
            request.store.run(actor, complaint.withdraw, task=task["id"])
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _told(request, by_box(refusal, translation.get_language()), refusal.status)
    return _told(request, {}, 200)


# -- inside


def _asked(request: Any, token: str) -> Task | None:
    """The question of a link, while it waits."""
    try:
        id_ = satisfaction.task_of(request.store.secret, token)
        with request.store.snapshot(SYSTEM, audited=False) as reads:
            task = reads.read("Task", id_)
    except (NotFound, Gone):
        return None
    return task if workflow_of(task) == satisfaction.TABLE.name and satisfaction.is_open(task) else None


def _by_code(request: Any) -> Task | None:
    """The complaint of a code; a wrong one is counted against where it comes from."""
    code = request.POST.get("code", "")
    try:
        id_ = request.store.run(SYSTEM, complaint.by_code, code=code[:40])
        with request.store.snapshot(SYSTEM, audited=False) as reads:
            return reads.read("Task", id_)
    except (NotFound, Gone):
        _missed(request)
        return None


def _told(request: Any, errors: dict[str, str], status: int) -> HttpResponse:
    if _waits(request):
        return _page(request, "voice/over.html", {"waits": True}, 429)
    task = _by_code(request)
    if task is None:
        return _page(request, "voice/follow.html", {"unknown": True, "code": request.POST.get("code", "")}, 404)
    answers = [entry["valueString"] for entry in task.get("output", ())
               if entry["type"]["coding"][0]["code"] == "answer"]  # fmt: skip
    context = {
        "code": boxes(task["input"])["code"], "state": complaint.TABLE.state(state_of(task)), "errors": errors,
        "answer": answers[-1] if answers else "",
        "offered": {act.code for act in complaint.TABLE.offered(state_of(task), frozenset({"complainant"}))},
    }  # fmt: skip
    return _page(request, "voice/follow.html", context, status)


def _form(request: Any, token: str, errors: dict[str, str], status: int) -> HttpResponse:
    context = {"token": token, "faces": FACES, "reasons": list(reasons("survey.reason").items()), "errors": errors,
               "failed": bool(errors), "given": request.POST}  # fmt: skip
    return _page(request, "voice/rate.html", context, status)


def _page(request: Any, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, template, context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _key(request: Any) -> str:
    return throttle.of_address("voice:" + entering.address(request))


def _waits(request: Any) -> bool:
    return bool(throttle.waits(_key(request)))


def _missed(request: Any) -> None:
    allowed = policy("survey.tries", on=day(request.store.clock.now())).amount
    throttle.missed(_key(request), allowed)
