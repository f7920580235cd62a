"""One referral: sheet, answer, bed, the clock and the list of the green channel, and what may be done now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.terms.catalogue import reasons
from doorstep.web import opening
from doorstep.web.acts import PLAN_ROWS, forms, perform
from doorstep.web.front.shown import picture
from doorstep.web.guard import staff
from doorstep.web.listing import LISTS
from doorstep.web.referral import shown
from doorstep.web.refusals import by_box, words
from doorstep.workflows import affiliation, arrival_code, beds, booking, green, outside_link
from doorstep.workflows.referral import TABLE

OWN_FORMS = frozenset({"accept", "redirect"})
"""Acts whose boxes this page draws itself."""


@staff
def show(request: Any, task: str) -> HttpResponse:
    return _page(request, task, {}, {}, "", 200)


@staff
@require_POST
def act(request: Any, task: str, act: str) -> HttpResponse:
    """One act of the referral. A refusal shows the page as it now is, with what was typed and why."""
    if act == "take-over":
        opening.take_over(request, task)
        typed = request.POST.get("act", "")
        if typed:
            return _page(request, task, {}, request.POST, typed, 200)
        return HttpResponseRedirect(f"/referral/{task}/")
    data = {name: str(value) for name, value in request.POST.items()}
    where = data.pop("where", "")
    if act == "accept":
        data |= {"bed": where} if where.startswith("Location/") else {}
        data |= {"slot": where.removeprefix("Slot/")} if where.startswith("Slot/") else {}
    try:
        opening.hold(request, task)
        request.store.run(request.person.actor, perform, workflow=TABLE.name, act=act, task=task, data=data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        language = translation.get_language()
        errors = by_box(refusal, language)
        if beds.is_gone(refusal) or booking.is_gone(refusal):
            errors = {"bed": words("referral.gone", language)}
        return _page(request, task, errors, request.POST, act, refusal.status)
    opening.close(request, task)
    language = translation.get_language()
    messages.success(request, words("web.done-act", language, act=words(TABLE.act(act).label, language)))
    if act in ("redirect", "decline"):
        return HttpResponseRedirect("/referrals/")
    listed = f"list={data['list']}&" if data.get("list", "") in LISTS else ""
    return HttpResponseRedirect(f"/referral/{task}/?{listed}{opening.DONE}=1")


@staff
@require_POST
def green_act(request: Any, task: str, act: str) -> HttpResponse:
    """A tick, a moment, a new time of arrival, or the end of the clock."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = [each for each in green.of_referral(reads, task) if each["status"] == "in-progress"]
    if not found:
        raise NotFound("read.not-found", type="Task", id=task)
    data, run, actor, id_ = request.POST, request.store.run, request.person.actor, found[-1]["id"]
    try:
        if act == "tick":
            run(actor, green.tick, task=id_, thing=data.get("item", ""), undo=data.get("undo") == "yes")
        elif act == "stamp":
            run(actor, green.stamp, task=id_, node=data.get("node", ""), at=data.get("at", ""))
        elif act == "eta":
            run(actor, green.expect, task=id_, minutes=data.get("eta", ""))
        elif act == "finish":
            run(actor, green.finish, task=id_)
        else:
            raise NotFound("web.no-such-act", act=act)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        errors = by_box(refusal, translation.get_language())
        return _page(request, task, {"green": " ".join(errors.values())}, {}, "green", refusal.status)
    return HttpResponseRedirect(f"/referral/{task}/#green")


@staff
@require_POST
def link(request: Any, task: str) -> HttpResponse:
    """A link for an institution outside; its address is shown this once."""
    _, token = request.store.run(
        request.person.actor, outside_link.give, referral=task, secret=request.store.secret
    )
    address = request.build_absolute_uri(f"/out/{token}/")
    return _page(request, task, {}, {}, "", 200, link=address)


def _page(
    request: Any, task: str, errors: dict[str, str], given: Any, failed: str, status: int, link: str = "",
) -> HttpResponse:  # fmt: skip
    now, person = request.store.clock.now(), request.person
    with request.store.snapshot(person.actor) as reads:
        context = shown.case(reads, task, person, now)
        played = context["played"]
        offered = TABLE.offered(context["state"], played)
        codes = {each.code for each in offered}
        channel = shown.channel(reads, task, context["names"], played, now)
        if "accept" in codes:
            context |= shown.answering(reads, context, person.organization, now)
        if "bed" in context["reply"]:
            context["bed"] = beds.bed_of(reads, context["reply"]["bed"])
        elif "bed" in context["sheet"]:
            context["wish"] = beds.bed_of(reads, context["sheet"]["bed"])
        asked = context["task"]["restriction"]["recipient"][0]["reference"]
        seen = opening.note if request.method == "GET" else opening.standing
        context["lock"] = seen(request, context["task"], context["names"]) if codes else None
        context |= {
            "channel": channel, "strip": shown.strip(channel) if channel else [],
            "children": shown.children(reads, task, context["names"], now),
            "outside": affiliation.is_outside(reads, asked),
            "plan": shown.plan(reads, context["reply"].get("plan", ""), context["names"], now),
        }  # fmt: skip
    rest = sorted((each for each in offered if each.code not in OWN_FORMS), key=lambda each: each.code != "return")
    context |= {
        "forms": forms(TABLE, tuple(rest)), "codes": codes, "errors": errors, "given": given, "failed": failed,
        "redirects": list(reasons("referral.redirect").items()),
        "list": request.POST.get("list", request.GET.get("list", "")), "link": link,
        "link_picture": picture(link) if link else "",
        "plan_rows": [(f"items[{place}].text", f"items[{place}].by") for place in range(PLAN_ROWS)],
        "code": arrival_code.token(request.store, task),
        "primary_rest": "accept" not in codes and codes != {"withdraw"},
    }  # fmt: skip
    return render(request, "referral/page.html", context, status=status)
