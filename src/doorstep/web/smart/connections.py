"""Connections: begun with a code, carried on by tokens, ended whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oauth2_provider.models import get_grant_model, get_refresh_token_model

from doorstep.kernel.audit import Access
from doorstep.kernel.clock import SECOND, real_now
from doorstep.kernel.refs import Actor
from doorstep.kernel.sessions import BEARER
from doorstep.kernel.store import Store
from doorstep.web import people
from doorstep.web.accounts.limits import seconds
from doorstep.web.smart.models import Agreement, App, Connection


def actor(connection: Connection) -> Actor:
    """As whom an app acts: its holder, under the ceiling of the scopes."""
    account = connection.account.username if connection.account else service(connection.app)
    return Actor(
        connection.person, connection.role, connection.organization, connection.purpose, account,
        scopes=connection.scope, patient=connection.limited,
    )  # fmt: skip


def service(app: App) -> str:
    """The account under which a service's own tokens stand."""
    return f"app:{app.client_id}"


def backend(app: App, scope: str) -> Connection:
    """The connection of a service that acts for one institution."""
    return Connection(
        app=app, person=f"Device/app-{app.pk}", role="gateway", organization=app.institution, purpose="TREAT",
        scope=scope, made=real_now(),
    )  # fmt: skip


def issue(store: Store, connection: Connection, token: str, *, ttl: int) -> bool:
    """Make an access token hold, as the only one of its connection. False when the holder's post has ended."""
    family, who = str(connection.pk), actor(connection)
    store.sessions.end_family(family)
    session = store.sessions.start(
        token, who, account=who.account, posting=connection.posting, kind=BEARER, ttl=ttl, factor="app",
        device=connection.app.name, client=connection.app.client_id, family=family,
    )  # fmt: skip
    if connection.posting and not session.posted:
        store.sessions.end_family(family)
        return False
    return True


def holds(store: Store, connection: Connection) -> bool:
    """Whether a connection may go on: nobody ended it, and its holder is who they were when they agreed."""
    account = connection.account
    if connection.ended or connection.app.disabled or account is None or not account.is_active:
        return False
    named = connection.scope.split()
    offline = "offline_access" in named
    if connection.made + seconds("app.offline" if offline else "app.online") * SECOND <= real_now():
        return False
    if account.get_session_auth_hash() != connection.proof:
        return False
    if not offline and connection.page not in {session.id for session in store.sessions.of(account.username)}:
        return False
    mine = (connection.person, connection.role, connection.organization, connection.posting)
    return any(mine == (each.reference, each.role, each.organization, each.posting)
               for each in people.choices(store, account.username, account.person))  # fmt: skip


def end(store: Store, connection: Connection) -> None:
    """End a connection: its code, its refresh tokens, and at once its access tokens."""
    Connection.objects.filter(pk=connection.pk, ended=0).update(ended=real_now())
    get_refresh_token_model().revoke_family(connection.pk)
    store.sessions.end_family(str(connection.pk))


def end_all(store: Store, found: Iterable[Connection]) -> int:
    """End several; how many there were."""
    ended = list(found)
    for connection in ended:
        end(store, connection)
    return len(ended)


def end_of_account(store: Store, account: Any) -> int:
    """End whatever somebody has connected: signing out everywhere."""
    get_grant_model().objects.filter(user=account).delete()
    return end_all(store, Connection.objects.filter(account=account, ended=0).select_related("app", "account"))


def end_of_session(store: Store, account: Any, id: str) -> int:
    """End the connection of one access token in somebody's list of devices."""
    families = [each.family for each in store.sessions.of(account.username) if each.id == id and each.client]
    return end_all(store, Connection.objects.filter(account=account, pk__in=families))


def end_of_app(store: Store, app: App) -> int:
    """End all connections of an app: it has been disabled."""
    get_grant_model().objects.filter(application=app).delete()
    return end_all(store, Connection.objects.filter(app=app, ended=0).select_related("app", "account"))


def forget(store: Store, app: App, account: Any) -> int:
    """Somebody takes back what they agreed to: the app has nothing left of theirs."""
    Agreement.objects.filter(app=app, account=account).delete()
    get_grant_model().objects.filter(application=app, user=account).delete()
    return end_all(store, Connection.objects.filter(app=app, account=account, ended=0))


def note(
    store: Store, who: Actor, action: str, app: App, *, resident: str = "", outcome: int = 200, said: str = ""
) -> None:
    """Write down what happened between somebody and an app."""
    said = f"app={app.client_id} {said}".strip()
    store.audit(Access(who, action, resident=resident, query=said[:2_000], outcome=outcome))
