"""What an administrator or the local operator does to accounts. Nobody ever sees or types another one's password."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction

from doorstep.kernel import names, roles
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import real_now
from doorstep.kernel.errors import Conflict, Forbidden, Gone, NotFound
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.sessions import hashed
from doorstep.kernel.store import Store
from doorstep.web import people
from doorstep.web.accounts import factors, throttle
from doorstep.web.accounts.limits import limit
from doorstep.web.accounts.models import Account, Invitation, tidy
from doorstep.web.people import Person
from doorstep.web.smart import connections

GUARDED = frozenset({"people", "rules", "audit"})
"""Rights whose holders only a security administrator may touch."""


def find(username: str) -> Any:
    account = Account.objects.filter(username=tidy(username)).first()
    if account is None:
        raise NotFound("accounts.unknown", account=username)
    return account


def add(store: Store, username: str, person: str, *, external: str = "", by: Actor) -> Any:
    """A new account without a password, for somebody whom the record knows."""
    name = tidy(username)
    _known(store, person)
    if not name or Account.objects.filter(username=name).exists():
        raise Conflict("accounts.name-taken", element="username", account=name)
    if external and Account.objects.filter(external=external).exists():
        raise Conflict("accounts.external-taken", element="external", external=external)
    account = Account.objects.make(name, None, person)
    account.external = external
    account.save(update_fields=["external"])
    _note(store, by, "account-add", account)
    return account


def invite(store: Store, account: Any, *, by: Actor) -> str:
    """A fresh token with which one password may be chosen once; earlier ones end. Shown once, kept as a hash."""
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        Invitation.objects.filter(account=account).delete()
        Invitation.objects.create(hash=hashed(token), account=account,
                                  expires=real_now() + limit("invitation.holds").microseconds)  # fmt: skip
    _note(store, by, "account-invite", account)
    return token


def invited(token: str) -> Any:
    """The account that a token invites now; None when it is wrong, used or too old."""
    found = Invitation.objects.select_related("account").filter(hash=hashed(token), expires__gt=real_now()).first()
    return found.account if found is not None and found.account.is_active else None


def accept(store: Store, token: str, password: str) -> Any:
    """Set the password of a token's account, once; whatever the account had open ends."""
    with transaction.atomic():
        account = invited(token)
        if account is None or not Invitation.objects.filter(hash=hashed(token)).delete()[0]:
            raise Gone("accounts.invitation-over")
        account.set_password(password)
        account.save(update_fields=["password"])
    throttle.forget(account.username)
    store.sessions.end_all(account.username)
    _note(store, Actor(account.person, "", "", "", account.username), "password-change", account)
    return account


def set_active(store: Store, account: Any, active: bool, *, by: Actor) -> int:
    """Open or close an account; what a closed one had open ends at once. How many sessions there were."""
    account.is_active = active
    account.save(update_fields=["is_active"])
    ended = 0 if active else store.sessions.end_all(account.username)
    _note(store, by, "account-enable" if active else "account-disable", account)
    return ended


def reset_factors(store: Store, account: Any, *, by: Actor) -> None:
    """For somebody who has lost their second factor; every session of theirs ends, and every app's connection."""
    factors.reset(account)
    store.sessions.end_all(account.username)
    connections.end_of_account(store, account)
    _note(store, by, "account-reset-factors", account)


def unlock(store: Store, account: Any, *, by: Actor) -> None:
    """Let them try again now."""
    throttle.forget(account.username)
    _note(store, by, "account-unlock", account)


def may_handle(store: Store, by: Person, person: str) -> bool:
    """A security administrator handles everybody; one of an institution those who act there and nowhere else.

    Whoever holds an administrator's role anywhere is not theirs: else a reset would hand that role over.
    """
    if roles.may(by.role, "rules"):
        return True
    held = people.choices(store, "", person) if person.startswith("Practitioner/") else []
    return bool(held) and all(
        each.organization == by.organization and not roles.role_of(each.role).rights & GUARDED for each in held
    )


def handled(store: Store, by: Person, username: str) -> Any:
    """The account, if this administrator may handle it; NotFound alike for one that is not there and one that is not
    theirs. Forbidden for their own."""
    account = find(username)
    if account.person == by.reference:
        raise Forbidden("accounts.not-yourself")
    if not may_handle(store, by, account.person):
        raise NotFound("accounts.unknown", account=username)
    return account


def suggested(name: str) -> str:
    """A free user name from a Chinese name: the initials of its sounds, with a number when they are taken."""
    family, given = names.split(name)
    letters = "".join((names.read("", character) or [character])[0][:1] for character in family + given)
    base = tidy("".join(letter for letter in letters if letter.isalnum())) or "user"
    taken = set(Account.objects.filter(username__startswith=base).values_list("username", flat=True))
    return next(name for name in (base, *(f"{base}{n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _known(store: Store, person: str) -> None:
    try:
        reference = Ref.parse(person)
    except ValueError:
        raise NotFound("accounts.no-such-person", element="person", person=person) from None
    if reference.type not in ("Practitioner", "Patient", "RelatedPerson") or not people.name(store, person):
        raise NotFound("accounts.no-such-person", element="person", person=person)


def _note(store: Store, by: Actor, action: str, account: Any) -> None:
    store.audit(Access(by, action, refs=(account.person,), query=f"account={account.username}"))
