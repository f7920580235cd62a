"""Registered apps: for whoever guards the rules of the whole installation."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import Invalid, NotFound
from doorstep.web.guard import fresh, with_right
from doorstep.web.lists import organization_name
from doorstep.web.refusals import by_box, words
from doorstep.web.smart import connections, registration
from doorstep.web.smart.models import BACKEND, KEY, PUBLIC, SECRET, App
from doorstep.web.smart.registration import Sheet

RIGHT: Final = "rules"
_KINDS: Final = (
    (PUBLIC, "smart.kind-public"), (SECRET, "smart.kind-secret"), (KEY, "smart.kind-key"),
    (BACKEND, "smart.kind-backend"),
)  # fmt: skip


@with_right(RIGHT)
def show(request: Any) -> HttpResponse:
    """All apps, and what each may be given at most."""
    labels = dict(_KINDS)
    rows = [{"app": app, "kind": labels[app.kind], "scopes": app.ceiling.split()}
            for app in App.objects.order_by("disabled", "name")]  # fmt: skip
    return render(request, "smart/apps.html", {"rows": rows})


@with_right(RIGHT)
def edit(request: Any, client: str = "") -> HttpResponse:
    """One app's sheet, or an empty one."""
    app = _app(client) if client else None
    return _sheet(request, app, Sheet.kept(app) if app else Sheet.of({"kind": PUBLIC}), {}, 200)


@require_POST
@with_right(RIGHT)
@fresh
def save(request: Any, client: str = "") -> HttpResponse:
    """Keep a sheet. What an app may no longer do it cannot go on doing: a smaller ceiling ends its connections."""
    app, sheet = _app(client) if client else None, Sheet.of(request.POST)
    if app is not None:
        sheet = Sheet(**{**{name: getattr(sheet, name) for name in registration.BOXES}, "kind": app.kind})
    try:
        registration.check(sheet, frozenset(reference for reference, _ in _institutions(request)))
    except Invalid as refusal:
        return _sheet(request, app, sheet, by_box(refusal, translation.get_language()), 422)
    before = Sheet.kept(app) if app else None
    kept = registration.fill(app or App(hash_client_secret=True, client_secret=""), sheet)
    secret = secrets.token_urlsafe(32) if app is None and sheet.kind == SECRET else ""
    if app is None:
        kept.client_secret = make_password(secret or None)
    kept.save()
    ended = connections.end_of_app(request.store, kept) if before is not None and before != sheet else 0
    said = f"ended={ended} institution={sheet.institution} scopes={sheet.ceiling} redirect={sheet.redirect_uris}"
    _note(request, kept, "app-changed" if app else "app-registered", said)
    if secret:
        return render(request, "smart/secret.html", {"app": kept, "secret": secret})
    messages.success(request, words("smart.saved", translation.get_language(), name=kept.name))
    return HttpResponseRedirect(f"/admin/apps/{kept.client_id}/")


@require_POST
@with_right(RIGHT)
@fresh
def switch(request: Any, client: str) -> HttpResponse:
    """Disable an app, which ends all that it has at once; or let it come back."""
    app = _app(client)
    app.disabled = request.POST.get("disabled") == "yes"
    app.save(update_fields=["disabled", "updated"])
    ended = connections.end_of_app(request.store, app) if app.disabled else 0
    _note(request, app, "app-disabled" if app.disabled else "app-enabled", f"ended={ended}")
    key = "smart.now-disabled" if app.disabled else "smart.now-enabled"
    messages.success(request, words(key, translation.get_language(), name=app.name))
    return HttpResponseRedirect(f"/admin/apps/{app.client_id}/")


@require_POST
@with_right(RIGHT)
@fresh
def renew(request: Any, client: str) -> HttpResponse:
    """Another secret; the one before no longer works."""
    app = _app(client)
    if app.kind != SECRET:
        raise NotFound("smart.no-such-app")
    secret = secrets.token_urlsafe(32)
    app.client_secret = make_password(secret)
    app.save(update_fields=["client_secret", "updated"])
    _note(request, app, "app-secret")
    return render(request, "smart/secret.html", {"app": app, "secret": secret})


def _sheet(request: Any, app: App | None, sheet: Sheet, errors: dict[str, str], status: int) -> HttpResponse:
    return render(request, "smart/app.html", {
        "app": app, "sheet": sheet, "errors": errors, "kinds": _KINDS, "institutions": _institutions(request),
        "backend": BACKEND,
    }, status=status)  # fmt: skip


def _institutions(request: Any) -> list[tuple[str, str]]:
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        found = reads.search("Organization", [("active:not", "false"), ("_sort", "name")])
    return [(f"Organization/{each['id']}", organization_name(each)) for each in found]


def _app(client: str) -> App:
    found: App | None = App.objects.filter(client_id=client).first()
    if found is None:
        raise NotFound("smart.no-such-app")
    return found


def _note(request: Any, app: App, action: str, said: str = "") -> None:
    connections.note(request.store, request.person.actor, action, app, said=said)
