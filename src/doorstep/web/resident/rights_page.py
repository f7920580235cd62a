"""What I allow and refuse, what of my record is restricted, who acts for me, what I was told."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel import exact
from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.terms.privacy import OWN_WISH, labels, purposes
from doorstep.web.guard import resident
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import called, language, shown, subject
from doorstep.workflows import consent, relations
from doorstep.workflows import messages as told
from doorstep.workflows.consent import Terms

ITEMS: Final = {
    "Condition": "recorded-date", "DiagnosticReport": "date", "MedicationRequest": "authoredon",
    "Observation": "date", "Encounter": "date", "DocumentReference": "date",
}  # fmt: skip
"""Kinds of entries that the page of restrictions lists, with the date by which they are sorted."""
PER_KIND: Final = 20
_KINDS: Final = {
    "Condition": "me.kind-condition", "DiagnosticReport": "me.kind-diagnosticreport",
    "MedicationRequest": "me.kind-medicationrequest", "Observation": "me.kind-observation",
    "Encounter": "me.kind-encounter", "DocumentReference": "me.kind-documentreference",
}  # fmt: skip
"""Kind of entry -> message key."""
_RELATIONS: Final = {
    "MTH": "me.relation-mth", "FTH": "me.relation-fth", "GRPRN": "me.relation-grprn", "SIB": "me.relation-sib",
    "SPS": "me.relation-sps", "CHILD": "me.relation-child", "GUARD": "me.relation-guard",
    "FRND": "me.relation-frnd",
}  # fmt: skip
"""Relationship (v3 RoleCode) -> message key."""
_SCOPES: Final = {
    "all": "me.scope-all", "reports": "me.scope-reports", "booking": "me.scope-booking",
    "reports-booking": "proxy.scope-both",
}  # fmt: skip
"""How far a proxy acts -> message key."""
_DONE: Final = {
    "give": "me.done-give", "refuse": "me.done-refuse", "raise": "me.done-raise", "lower": "me.done-lower",
}  # fmt: skip
"""What was done -> message key."""


@resident
def consents(request: Any) -> HttpResponse:
    """Consents and refusals, in force and over, and the forms for a new one."""
    return _consents(request, {}, {}, "", 200)


@resident
@require_POST
def give(request: Any, act: str) -> HttpResponse:
    """Consent ("give") or refuse ("refuse")."""
    try:
        _give(request, act)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _consents(request, by_box(refusal, language()), request.POST, act, refusal.status)
    messages.success(request, words(_DONE[act], language()))
    return HttpResponseRedirect("/me/consents/")


@resident
@require_POST
def take_back(request: Any, consent_: str) -> HttpResponse:
    """Withdraw a consent or a refusal."""
    request.store.run(request.person.actor, consent.withdraw, consent=consent_)
    messages.success(request, words("me.done-withdraw", language()))
    return HttpResponseRedirect("/me/consents/")


@resident
def items(request: Any) -> HttpResponse:
    """The newest entries of each kind, each with its restriction."""
    groups = []
    with request.store.snapshot(request.person.actor) as reads:
        for kind, by in ITEMS.items():
            query = [("patient", subject(request)), ("_sort", f"-{by}"), ("_count", str(PER_KIND))]
            page = reads.page(kind, query, strict=True)
            found = [_item(exact.decode(row.body)) for row in page.matches]
            if found:
                groups.append((_KINDS[kind], found))
    return render(request, "me/items.html", {"groups": groups, **shown(request)})


@resident
@require_POST
def relabel(request: Any, act: str, kind: str, id_: str) -> HttpResponse:
    """Restrict an entry, or lift the restriction."""
    command = {"raise": consent.raise_item, "lower": consent.lower_item}.get(act)
    if command is None or kind not in ITEMS:
        raise NotFound("web.no-such-page")
    request.store.run(request.person.actor, command, item=f"{kind}/{id_}")
    messages.success(request, words(_DONE[act], language()))
    return HttpResponseRedirect("/me/items/")


@resident
def proxies(request: Any) -> HttpResponse:
    """Who acts or acted for me, and for whom I act."""
    return _proxies(request, {}, {}, 200)


@resident
@require_POST
def name_proxy(request: Any) -> HttpResponse:
    """Name somebody who acts for me."""
    given = {name: request.POST.get(name, "").strip() for name in ("name", "phone", "relationship", "scope", "until")}
    try:
        request.store.run(request.person.actor, relations.name_proxy, resident=subject(request), **given)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _proxies(request, by_box(refusal, language()), given, refusal.status)
    messages.success(request, words("me.done-proxy", language()))
    return HttpResponseRedirect("/me/proxies/")


@resident
@require_POST
def end_proxy(request: Any, related: str) -> HttpResponse:
    """They act no longer."""
    request.store.run(request.person.actor, relations.end, related=f"RelatedPerson/{related}")
    messages.success(request, words("me.done-withdraw", language()))
    return HttpResponseRedirect("/me/proxies/")


@resident
def post(request: Any) -> HttpResponse:
    """What I was told about my record."""
    query = [("patient", subject(request)), ("_sort", "-sent"), ("_count", "50")]
    with request.store.snapshot(request.person.actor) as reads:
        found = [exact.decode(row.body) for row in reads.page("Communication", query, strict=True).matches]
    lines = [(message.get("sent", ""), told.text_of(message, language())) for message in found]
    return render(request, "me/messages.html", {"lines": lines, **shown(request)})


def _give(request: Any, act: str) -> None:
    data, run, actor, who = request.POST, request.store.run, request.person.actor, subject(request)
    until = _until(data.get("until", ""))
    if act == "give":
        terms = Terms(data.get("to", ""), data.get("level", "2"), data.get("label", ""), data.get("purpose", ""), until,
                      sensitive=data.get("level") == "3")  # fmt: skip
        run(actor, consent.give, resident=who, terms=terms)
    elif act == "refuse":
        run(actor, consent.refuse, resident=who, to=data.get("to", ""), until=until)
    else:
        raise NotFound("web.no-such-page")


def _until(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("me.bad-day", element="until") from None


def _consents(request: Any, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.search("Consent", [("patient", subject(request)), ("scope:not", "treatment")])
        institutions = reads.search("Organization", [("active", "true"), ("_sort", "name")])
    refs = [f"Organization/{each['id']}" for each in institutions]
    names = called(request.store, {_to(each) for each in found} | set(refs))
    lines = sorted((_consent(each, names) for each in found), key=lambda line: (not line["open"], line["since"]))
    context = {
        "lines": lines, "institutions": [(ref, names[ref]) for ref in refs],
        "labels": labels().items(), "purposes": purposes().items(), "errors": errors, "given": given, "failed": failed,
        **shown(request),
    }  # fmt: skip
    return render(request, "me/consents.html", context, status=status)


def _to(found: dict[str, Any]) -> str:
    actors = found.get("provision", {}).get("actor", [])
    return str(actors[0]["reference"].get("reference", "")) if actors else ""


def _consent(found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    state = consent.state_of(found)
    table = next((each for each in consent.TABLE.states if each.code == state), None)
    period = found.get("provision", {}).get("period", {})
    return {
        "id": found["id"], "state": table, "open": bool(table and table.open), "refusal": _kind(found) == "deny",
        "to": names.get(_to(found), ""), "everybody": not _to(found), "since": period.get("start", ""),
        "until": period.get("end", ""), "labels": found.get("provision", {}).get("securityLabel", []),
    }  # fmt: skip


def _kind(found: dict[str, Any]) -> str:
    return str(found.get("provision", {}).get("type", ""))


def _item(found: dict[str, Any]) -> dict[str, Any]:
    codes = [entry.get("code", "") for entry in found.get("meta", {}).get("security", ())]
    dates = (found.get(name) for name in ("recordedDate", "effectiveDateTime", "authoredOn", "date"))
    at = str(next((day for day in dates if day), found.get("period", {}).get("start", "")))
    what = found.get("code") or found.get("medicationCodeableConcept") or found.get("type") or {}
    if isinstance(what, list):
        what = what[0]
    if not what and found.get("reasonCode"):
        what = found["reasonCode"][0]
    known = [labels()[code] for code in codes if code in labels() and code != OWN_WISH]
    return {"kind": found["resourceType"], "id": found["id"], "what": what, "at": at, "own": OWN_WISH in codes,
            "labels": known}  # fmt: skip


def _proxies(request: Any, errors: dict[str, str], given: dict[str, str], status: int) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        own = relations.of_resident(reads, resident=subject(request))
        others = relations.of_person(reads, person=request.person.reference)
    wards = called(request.store, {each.resident for each in others})
    context = {
        "own": own, "wards": [(each, wards.get(each.resident, "")) for each in others],
        "errors": errors, "given": given, "failed": bool(errors),
        "relationships": [(code, _RELATIONS[code]) for code in relations.RELATIONSHIPS],
        "scopes": [(code, _SCOPES[code]) for code in relations.SCOPES], **shown(request),
    }  # fmt: skip
    return render(request, "me/proxies.html", context, status=status)

