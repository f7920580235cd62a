"""The page behind a signed link: one referral for a doctor who has no account here, and their answer.

Whoever comes without a link that holds sees what anybody sees at an address that does not exist; too many of those
from one place wait. Each view is written down as the institution's that was asked.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys import outward
from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound, Refusal, Throttled
from doorstep.terms.catalogue import reasons
from doorstep.web.accounts import entering, throttle
from doorstep.web.referral import shown
from doorstep.web.refusals import by_box
from doorstep.workflows import outside_link
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.outside_link import Visit
from doorstep.workflows.referral import Reply


def show(request: Any, token: str) -> HttpResponse:
    return _page(request, token, _visit(request, token), {}, {}, "", 200)


@require_POST
def act(request: Any, token: str, act: str) -> HttpResponse:
    """Accept, decline or reply. A refusal shows the page again with what was typed."""
    visit, data = _visit(request, token), request.POST
    try:
        _perform(request, visit, act, data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, token, visit, by_box(refusal, translation.get_language()), data, act, refusal.status)
    if act == "decline":  # the right to read has ended with it
        return _private(render(request, "referral/outside_done.html", {}))
    return _private(HttpResponseRedirect(f"/out/{token}/"))


def _perform(request: Any, visit: Visit, act: str, data: Any) -> None:
    who, run = data.get("who", ""), request.store.run
    if act == "accept":
        run(visit.actor, outward.accept, visit=visit, who=who, place=data.get("place", ""))
    elif act == "decline":
        run(visit.actor, outward.decline, visit=visit, who=who, reason=data.get("reason", ""),
            alternative=data.get("alternative", ""))  # fmt: skip
    elif act == "reply":
        reply = Reply(data.get("diagnosis", ""), data.get("treatment", ""), data.get("advice", ""),
                      data.get("results", ""))  # fmt: skip
        run(visit.actor, outward.reply, visit=visit, who=who, reply=reply, items=_items(data))
    else:
        raise NotFound("web.no-such-page")


def _items(data: Any) -> tuple[PlanItem, ...]:
    text, by = data.get("next", "").strip(), data.get("by", "").strip()
    if not text:
        return ()
    try:
        return (PlanItem(text, date.fromisoformat(by)),)
    except ValueError:
        raise Invalid("web.plan-day", element="by") from None


def _visit(request: Any, token: str) -> Visit:
    """Who comes by this address; a guess counts against the place it comes from."""
    place = entering.address(request)
    name = f"link {place}"
    if throttle.waits(throttle.of_name(name), throttle.of_address(place)):
        raise Throttled("outside.too-often")
    try:
        return outside_link.arrive(request.store, token)
    except (NotFound, Conflict, Gone):
        throttle.failed(name, place)
        entering.note(request, "outside-link", outcome=404)
        raise NotFound("web.no-such-page") from None


def _page(
    request: Any, token: str, visit: Visit, errors: dict[str, str], given: Any, failed: str, status: int
) -> HttpResponse:
    now = request.store.clock.now()
    with request.store.snapshot(visit.actor) as reads:
        context = shown.case(reads, visit.referral, None, now)
    context |= {
        "token": token, "until": visit.until, "errors": errors, "given": given, "failed": failed,
        "declines": list(reasons("referral.decline").items()),
    }  # fmt: skip
    return _private(render(request, "referral/outside.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """No index, no copy, no address of the link in anybody's log."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store, private"
    return response
