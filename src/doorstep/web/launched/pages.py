"""From another system's screen to the resident's page: there for a code, back with it, and matched by number alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from doorstep.gateways.smart_client import client, signing
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Gone, Invalid, NotFound, Refusal, RuleBroken
from doorstep.rest import outbound
from doorstep.web.guard import staff
from doorstep.web.launched import states
from doorstep.web.launched.foreign import Said, read
from doorstep.web.persons import desk
from doorstep.web.refusals import explain
from doorstep.workflows import identity, other_systems
from doorstep.workflows.identity import Card
from doorstep.workflows.other_systems import KEY, System
from doorstep.workflows.registration import DESK

BACK: Final = "/open/back/"
_LONGEST: Final = 2_000
_OTHER_HOUSE: Final = "launch.other-institution"
_REFUSED: Final = frozenset({"access_denied"})
_REMEDIES: Final[Mapping[str, str]] = {
    "launch.incomplete": "launch.next-there",
    "launch.unknown-issuer": "launch.next-register",
    "launch.other-institution": "launch.next-role",
    "launch.no-state": "launch.next-again",
    "launch.over": "launch.next-again",
    "launch.other-issuer": "launch.next-report",
    "launch.denied": "launch.next-again",
    "launch.no-code": "launch.next-there",
    "launch.no-token": "launch.next-there",
    "launch.no-patient": "launch.next-choose",
    "launch.no-person": "launch.next-there",
    "launch.no-discovery": "launch.next-there",
    "launch.no-pkce": "launch.next-there",
    "launch.not-listed": "launch.next-operator",
    "launch.late": "launch.next-wait",
    "launch.silent": "launch.next-wait",
    "launch.too-large": "launch.next-there",
    "launch.switched-off": "launch.next-register",
}
"""Why a launch does not go on -> what helps."""
View = Callable[..., HttpResponse]


def _told(view: View) -> View:
    """A launch that cannot go on says why and what helps, and stands in the audit."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RuleBroken as refusal:
            if not refusal.key.startswith("launch."):
                raise
            _note(request, "launch-refused", said=str(refusal), outcome=refusal.status)
            return _refused(request, refusal)

    return guarded


@require_safe
@staff
@_told
def there(request: Any) -> HttpResponse:
    """Another system opens us for the resident on its screen: ask it, in the browser, who that is."""
    iss, given = request.GET.get("iss", ""), request.GET.get("launch", "")
    if not iss or not given or len(iss) > _LONGEST or len(given) > _LONGEST:
        raise RuleBroken("launch.incomplete")
    system = _known(request, iss)
    server = client.discover(_listed(request), system.issuer)
    state, pending = states.begin(request, system=system.id, token=server.token, issuer=server.issuer)
    address = client.authorize(server, iss=system.issuer, client=system.client, redirect=_redirect(request),
                               launch=given, state=state, verifier=pending.verifier)  # fmt: skip
    _note(request, "launch-asked", said=f"system={system.id}")
    return render(request, "smart/leave.html", {"app": system, "address": address})


@require_safe
@staff
@_told
def back(request: Any) -> HttpResponse:
    """The browser is back: redeem the code, read whom it means, and find them here."""
    pending = states.take(request, request.GET.get("state", "")[:_LONGEST])
    system = _still(request, pending.system)
    said_by = request.GET.get("iss")
    if said_by is not None and pending.issuer and said_by != pending.issuer:
        raise RuleBroken("launch.other-issuer", given=said_by[:100])
    error, code = request.GET.get("error", ""), request.GET.get("code", "")
    if error or not code or len(code) > _LONGEST:
        raise RuleBroken("launch.denied" if error in _REFUSED else "launch.no-code", name=system.name, error=error[:60])
    listed = _listed(request)
    proof = signing.assertion(folder(), client=system.client, audience=pending.token) if system.kind == KEY else ""
    granted = client.redeem(listed, pending.token, code=code, verifier=pending.verifier, redirect=_redirect(request),
                            client=system.client, assertion=proof)  # fmt: skip
    return _found(request, system, read(client.patient(listed, system.issuer, granted), system))


@require_safe
def keys(request: Any) -> HttpResponse:
    """The public half of the key by which we show who we are at another system (RFC 7517)."""
    return JsonResponse(signing.public(folder()))


def folder() -> Path:
    """Where this installation keeps its keys."""
    return Path(settings.DATABASES["default"]["NAME"]).parent


def _found(request: Any, system: System, said: Said) -> HttpResponse:
    """One whose name agrees is opened; anything else is a page that asks somebody to look."""
    cards = _cards(request, said)
    _note(request, "launch-opened", said=f"system={system.id} found={len(cards)}", cards=cards)
    if len(cards) == 1 and _one_name(cards[0].name, said.name):
        return HttpResponseRedirect(f"/r/{cards[0].id}/")
    if cards:
        return render(request, "launched/which.html", {"system": system, "said": said, "cards": cards})
    if request.person.role in DESK and (said.number or said.own):
        return desk.begun(request, said.boxes(), own=said.own, said_by=system.name)
    return render(request, "launched/nobody.html", {"system": system, "said": said}, status=404)


def _cards(request: Any, said: Said) -> list[Card]:
    """Who has the identity number, and who has the institution's own: usually the same, never by name."""
    found: dict[str, Card] = {}
    asked: list[tuple[str, Callable[..., Card | None]]] = [
        (said.number, identity.by_number), (said.own, identity.by_own_number),
    ]  # fmt: skip
    for number, ask in asked:
        try:
            card = ask(request.store, request.person.actor, number=number) if number else None
        except Invalid:
            continue  # what cannot be such a number is nobody's
        if card is not None:
            found[card.id] = card
    return list(found.values())


def _one_name(ours: str, theirs: str) -> bool:
    return "".join(ours.split()) == "".join(theirs.split())


def _known(request: Any, iss: str) -> System:
    """The system that the actor's own institution has registered under an address."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = other_systems.by_issuer(reads, iss)
    own = [each for each in found if each.organization == request.person.organization]
    if not found:
        raise RuleBroken("launch.unknown-issuer", given=iss[:100])
    if not own:
        raise RuleBroken(_OTHER_HOUSE)
    return own[0]


def _still(request: Any, id_: str) -> System:
    """The system of a launch that is under way, if it may still open residents and its holder still works there."""
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        try:
            system = other_systems.one(reads, id_)
        except (NotFound, Gone):
            raise RuleBroken("launch.switched-off", name="") from None
    if not system.on:
        raise RuleBroken("launch.switched-off", name=system.name)
    if system.organization != request.person.organization:
        raise RuleBroken(_OTHER_HOUSE)
    return system


def _listed(request: Any) -> Mapping[str, bool]:
    return outbound.origins(request.store.setting(outbound.SETTING, ""))


def _redirect(request: Any) -> str:
    return f"{request.scheme}://{request.get_host()}{BACK}"


def _refused(request: Any, refusal: Refusal) -> HttpResponse:
    """Why, and what helps. Whoever works in several roles may go on in another one, unless the launch is used up."""
    wanted = refusal.key == _OTHER_HOUSE and request.path != BACK
    roles = f"/me/role/?{urlencode({'next': request.get_full_path()})}" if wanted else ""
    sentences = explain(refusal, translation.get_language())
    context = {"sentences": sentences, "remedy": _REMEDIES[refusal.key], "roles": roles}
    return render(request, "launched/refused.html", context, status=refusal.status)


def _note(request: Any, action: str, *, said: str, outcome: int = 200, cards: list[Card] | None = None) -> None:
    found = cards or []
    request.store.audit(Access(
        request.person.actor, action, "Patient", refs=tuple(each.reference for each in found), outcome=outcome,
        resident=found[0].id if len(found) == 1 else "", query=said[:_LONGEST],
    ))  # fmt: skip
