"""My apps: what each may do in my name, and the button that ends it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import NotFound
from doorstep.kernel.sessions import BEARER
from doorstep.web.guard import somebody
from doorstep.web.refusals import words
from doorstep.web.smart import connections, scopes
from doorstep.web.smart.models import Agreement, App, Connection


@somebody
def show(request: Any) -> HttpResponse:
    """Every app that somebody has agreed to, with what it may do in words."""
    language = translation.get_language()
    last: dict[str, int] = {}
    for session in request.store.sessions.of(request.user.username):
        if session.kind == BEARER and session.client:
            last[session.client] = max(last.get(session.client, 0), session.issued)
    running: dict[int, list[str]] = {}
    for connection in Connection.objects.filter(account=request.user, ended=0):
        running.setdefault(connection.app_id, []).extend(connection.scope.split())
    apps = [
        {
            "app": agreed.app, "since": instant(agreed.since),
            "lines": scopes.lines(dict.fromkeys([*agreed.scope.split(), *running.get(agreed.app_id, ())]), language),
            "used": instant(last[agreed.app.client_id]) if agreed.app.client_id in last else "",
        }
        for agreed in Agreement.objects.filter(account=request.user).select_related("app").order_by("app__name")
    ]  # fmt: skip
    return render(request, "smart/mine.html", {"apps": apps})


@require_POST
@somebody
def end(request: Any, client: str) -> HttpResponse:
    """Take it back: the app's tokens end at once."""
    app = App.objects.filter(client_id=client).first()
    mine = {"app": app, "account": request.user}
    if app is None or not (Agreement.objects.filter(**mine).exists() or Connection.objects.filter(**mine).exists()):
        raise NotFound("smart.no-such-app")
    count = connections.forget(request.store, app, request.user)
    connections.note(request.store, request.person.actor, "app-end", app, said=f"ended={count}")
    messages.success(request, words("smart.ended", translation.get_language(), name=app.name))
    return HttpResponseRedirect("/me/apps/")
