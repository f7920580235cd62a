"""Beginning, proving and ending a session: the browser's cookie and the record's row are kept in step here only."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib.auth import get_user_model, login, logout
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from doorstep.kernel.audit import Access
from doorstep.kernel.clock import real_now
from doorstep.kernel.refs import Actor
from doorstep.kernel.sessions import PAGE, Session
from doorstep.web import people
from doorstep.web.accounts.limits import limit, needs_factor
from doorstep.web.menu import landing
from doorstep.web.people import Person

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
_PENDING: Final = "doorstep.waits-for-factor"
_BROWSERS: Final = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS: Final = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "HarmonyOS", "Linux")


def current(request: Any) -> Session | None:
    """The session of a request's cookie, as the record says now. None for nobody."""
    if not request.session.session_key or not request.user.is_authenticated:
        return None
    found: Session | None = request.store.sessions.find(_secret(request), PAGE)
    return found if found is not None and found.account == request.user.get_username() else None


def is_locked(session: Session) -> bool:
    """Whether nobody has done anything for so long that whoever sits there now must show who they are."""
    return real_now() - session.seen > limit("session.idle").microseconds


def is_fresh(session: Session) -> bool:
    """Whether the holder showed who they are lately enough for a sensitive act."""
    return real_now() - session.proved <= limit("session.proof").microseconds


def lacks_factor(session: Session) -> bool:
    """Whether the role in which they act asks for a second factor that was not shown."""
    return needs_factor(session.actor.role) and not session.factor


def begin(request: Any, account: Any, *, factor: str = "", first: bool = False, prefer: str = "") -> bool:
    """Sign somebody in under a new cookie; false when there is nothing that they may act as, or no account any more.

    With one role they act in it at once, with several they choose (``first`` takes the first, for the demo;
    ``prefer`` the one named, for somebody who goes on where they were).
    """
    roles = people.choices(request.store, account.username, account.person)
    if not roles:
        return False
    before = current(request)
    login(request, account, backend=BACKEND)
    if not request.session.session_key:  # somebody else was signed in here: their cookie is gone, this is another
        request.session.create()
    if before is not None:
        request.store.sessions.end(before.account, before.id)
    chosen = roles[0] if first or len(roles) == 1 else next((each for each in roles if each.role_id == prefer), None)
    actor = chosen.actor if chosen else Actor(account.person, "", "")
    session = request.store.sessions.start(
        _secret(request), actor, account=account.username, posting=chosen.posting if chosen else "", factor=factor,
        ttl=limit("session.longest").microseconds // 1_000_000, device=device(request), address=address(request),
    )  # fmt: skip
    # Who was locked out, or got another password, between the check and the row must not keep the row.
    given = account.get_session_auth_hash()
    account.refresh_from_db()
    if not account.is_active or account.get_session_auth_hash() != given:
        end(request, session)
        return False
    _acts(request, session)
    note(request, "sign-in", query=factor and f"factor={factor}")
    return True


def prove(request: Any, session: Session, *, factor: str = "") -> bool:
    """They have shown again who they are: the session goes on under another cookie. Forms on open pages stay good."""
    request.session.cycle_key()
    if not request.store.sessions.prove(_secret(request), session, factor=factor):
        logout(request)
        return False
    _acts(request, current(request))
    note(request, "sign-in-again", query=factor and f"factor={factor}")
    return True


def act_as(request: Any, chosen: Person) -> bool:
    """Go on in another role."""
    session: Session = request.sign_in
    if not request.store.sessions.act_as(session, chosen.actor, posting=chosen.posting):
        return False
    was = f"{session.actor.role}@{session.actor.organization}"
    _acts(request, current(request))
    note(request, "role-switch", query=f"from={was}")
    return True


def end(request: Any, session: Session | None) -> None:
    """End a session here and in the record."""
    if session is not None:
        request.store.sessions.end(session.account, session.id)
    logout(request)


def note(
    request: Any, action: str, *, outcome: int = 200, query: str = "", account: str = "", refs: tuple[str, ...] = ()
) -> None:
    """Write down what happened to an account: who, from where, with what result."""
    session: Session | None = getattr(request, "sign_in", None)
    actor = session.actor if session else Actor("", "", "", "", account)
    known = Actor(actor.person, actor.role, actor.organization, actor.purpose, actor.account, address=address(request),
                  session=actor.session)  # fmt: skip
    request.store.audit(Access(known, action, refs=refs, query=query, outcome=outcome))


def address(request: Any) -> str:
    """Where a request came from: the peer, or whom our own proxy names as its peer."""
    if request.META.get("doorstep.behind_proxy"):
        named = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        if named:
            return named[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def device(request: Any) -> str:
    """What kind of browser this is, for the list of devices: "Chrome, Windows"."""
    agent = str(request.headers.get("User-Agent", ""))
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return ", ".join(part for part in (browser, system) if part) or re.sub(r"[^\w/. -]", "", agent)[:40]


def after(request: Any, wanted: str) -> str:
    """Where they go once they are in: to choose a role, to the page of ours that they wanted, or where they begin."""
    if request.person is None:
        target = "/me/factors/" if lacks_factor(request.sign_in) else "/me/role/"
        return f"{target}?{urlencode({'next': wanted})}" if own_address(wanted) else target
    return wanted if own_address(wanted) else landing(request.person)


def wait_for_factor(request: Any, account: Any, wanted: str) -> None:
    """The password was right; who it is waits in a fresh cookie until the second factor is shown."""
    logout(request)
    request.session[_PENDING] = {"account": account.pk, "at": real_now(), "next": wanted}


def who_waits(request: Any) -> tuple[Any, str]:
    """The account that has still to show its second factor, and where it wanted to go; (None, "") when none does."""
    pending = request.session.get(_PENDING)
    if not pending or real_now() - pending["at"] > limit("session.proof").microseconds:
        return None, ""
    return get_user_model().objects.filter(pk=pending["account"], is_active=True).first(), pending["next"]


def own_address(wanted: str) -> bool:
    """Whether an address leads to one of our own pages."""
    return wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=False)


def _acts(request: Any, session: Session | None) -> None:
    """From here on the request is this session's."""
    request.sign_in, request.locked = session, False
    request.person = people.of(request.store, session) if session and not lacks_factor(session) else None


def _secret(request: Any) -> str:
    return secret_of(request.session.session_key or "")


def secret_of(cookie: str) -> str:
    """The record's secret of a browser's cookie."""
    return f"page:{cookie}"
