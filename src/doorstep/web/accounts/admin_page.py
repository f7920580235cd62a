"""Accounts of an institution's people, for its administrator; of everybody, for the security administrator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from doorstep.kernel import roles
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.web import people
from doorstep.web.accounts import administer, factors, throttle
from doorstep.web.accounts.limits import limit
from doorstep.web.accounts.models import Account, Tries, tidy
from doorstep.web.guard import fresh, with_right
from doorstep.web.refusals import words

SHOWN: Final = 200
_ACTS: Final[dict[str, Callable[..., Any]]] = {
    "disable": lambda store, account, by: administer.set_active(store, account, False, by=by),
    "enable": lambda store, account, by: administer.set_active(store, account, True, by=by),
    "reset-factors": administer.reset_factors,
    "unlock": administer.unlock,
}


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody at work: the postings that they hold, and their account if they have one."""

    person: str
    name: str
    postings: tuple[dict[str, Any], ...]
    account: Any
    factors: int
    open: int
    locked: bool
    mine: bool


@require_http_methods(["GET", "HEAD"])
@with_right("people")
def show(request: Any) -> HttpResponse:
    asked = request.GET.get("q", "").strip()
    rows, more = _rows(request, asked)
    return render(request, "accounts/admin.html", {"rows": rows, "asked": asked, "more": more})


@require_POST
@with_right("people")
@fresh
def invite(request: Any) -> HttpResponse:
    """A link with which somebody chooses their password: for a new account, or for one whose password is lost."""
    person, actor = request.POST.get("person", ""), request.person.actor
    if request.POST.get("account"):
        account = administer.handled(request.store, request.person, request.POST["account"])
    else:
        if not administer.may_handle(request.store, request.person, person):
            raise NotFound("accounts.no-such-person", element="person", person=person)
        name = request.POST.get("username", "").strip() or administer.suggested(people.name(request.store, person))
        account = administer.add(request.store, name, person, by=actor)
    token = administer.invite(request.store, account, by=actor)
    link = request.build_absolute_uri(f"/welcome/{token}/")
    name = people.name(request.store, account.person)
    holds = limit("invitation.holds").amount
    return render(request, "accounts/link.html", {"link": link, "account": account, "name": name, "holds": holds})


@require_POST
@with_right("people")
@fresh
def act(request: Any, act: str) -> HttpResponse:
    """Close, open, unlock, or take lost factors away."""
    command = _ACTS.get(act)
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    account = administer.handled(request.store, request.person, request.POST.get("account", ""))
    command(request.store, account, by=request.person.actor)
    messages.success(request, words(_DONE[act], get_language(), account=account.username))
    return HttpResponseRedirect("/admin/accounts/")


_DONE: Final = {
    "disable": "accounts.did-disable", "enable": "accounts.did-enable",
    "reset-factors": "accounts.did-reset-factors", "unlock": "accounts.did-unlock",
}  # fmt: skip


def _rows(request: Any, asked: str) -> tuple[list[Row], bool]:
    everybody = roles.may(request.person.role, "rules")
    criteria = [("active", "true"), ("_count", str(SHOWN))]
    if not everybody:
        criteria.append(("organization", request.person.organization))
    if asked:
        criteria.append(("practitioner:Practitioner.name", asked))
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        page = reads.page("PractitionerRole", criteria, strict=True)
        postings = [reads.read("PractitionerRole", found.id) for found in page.matches]
        named = {role["organization"]["reference"]: _named(reads, role) for role in postings if "organization" in role}
    held: dict[str, list[dict[str, Any]]] = {}
    for role in postings:
        if "practitioner" in role:
            held.setdefault(role["practitioner"]["reference"], []).append(role)
    accounts = {each.person: each for each in Account.objects.filter(person__in=held)}
    locked = {tries.key for tries in Tries.objects.filter(until__gt=0)}
    rows = [_row(request, person, roles_, named, accounts.get(person), locked) for person, roles_ in held.items()]
    return sorted(rows, key=lambda row: (row.account is None, tidy(row.name))), page.next_cursor is not None


def _row(
    request: Any, person: str, held: list[dict[str, Any]], named: dict[str, str], account: Any, locked: set[str]
) -> Row:
    postings = tuple(
        {"title": role.get("code", [{}])[0], "where": named.get(role.get("organization", {}).get("reference"), "")}
        for role in held
    )
    name = held[0]["practitioner"].get("display") or people.name(request.store, person)
    mine = administer.may_handle(request.store, request.person, person)
    if account is None:
        return Row(person, name, postings, None, 0, 0, False, mine)
    key = throttle.of_name(account.username)
    return Row(
        person, name, postings, account, len(factors.listed(account)), len(request.store.sessions.of(account.username)),
        key in locked and throttle.waits(key) > 0,
        mine and person != request.person.reference,
    )  # fmt: skip


def _named(reads: Reads, role: dict[str, Any]) -> str:
    found: dict[str, Any] = reads.read(*role["organization"]["reference"].split("/", 1))
    return str(found.get("name", ""))
