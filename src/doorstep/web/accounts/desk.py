"""What the local operator does to accounts from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.web.accounts import administer
from doorstep.web.accounts.limits import limit
from doorstep.web.accounts.models import Account

Said = tuple[str, dict[str, Any]]


def run(store: Store, act: str, name: str, person: str, external: str, *, by: Actor) -> Iterator[Said]:
    """One act; what is to be said of it, as message keys."""
    if act == "list":
        yield from _listed(store)
        return
    if not name:
        raise BadRequest("accounts.cli-no-name")
    if act == "add":
        if not person:
            raise BadRequest("accounts.cli-no-person")
        account = administer.add(store, name, person, external=external, by=by)
    else:
        account = administer.find(name)
    ended = 0
    if act in ("disable", "enable"):
        ended = administer.set_active(store, account, act == "enable", by=by)
    elif act == "unlock":
        administer.unlock(store, account, by=by)
    elif act == "reset":
        ended = len(store.sessions.of(account.username))
        administer.reset_factors(store, account, by=by)
    if act in ("add", "invite", "reset"):
        token = administer.invite(store, account, by=by)
        holds = limit("invitation.holds").amount
        yield "accounts.cli-link", {"account": account.username, "path": f"/welcome/{token}/", "n": holds}
    if act != "add":
        yield "accounts.cli-done", {"account": account.username, "act": act, "ended": ended}


def _listed(store: Store) -> Iterator[Said]:
    for account in Account.objects.order_by("username"):
        open_now = len(store.sessions.of(account.username))
        state = "open" if account.is_active else "closed"
        yield "accounts.cli-row", {"account": account.username, "person": account.person, "state": state,
                                   "sessions": open_now}  # fmt: skip
