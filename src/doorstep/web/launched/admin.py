"""Which other systems of an institution may open residents here: a page for its own administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, RuleBroken
from doorstep.rest import outbound
from doorstep.terms import systems
from doorstep.web.admin.forms import (
    Answer,
    Cell,
    Field,
    Form,
    Rows,
    history,
    language,
    run,
    status,
    typed,
)
from doorstep.web.guard import fresh, with_right
from doorstep.web.launched.pages import BACK
from doorstep.web.refusals import words
from doorstep.workflows import other_systems
from doorstep.workflows.other_systems import KEY, PUBLIC, System

HERE: Final = "/admin/systems/"
_KINDS: Final = {PUBLIC: "launch.kind-public", KEY: "launch.kind-key"}
_BOXES: Final = ("name", "issuer", "client", "kind", "identity", "own")


@with_right("people")
def show(request: Any) -> HttpResponse:
    """The institution's other systems, and what their makers have to be told."""
    return _list(request, Answer())


@require_POST
@with_right("people")
@fresh
def register(request: Any) -> HttpResponse:
    """Another one."""
    boxes = typed(request, *_BOXES)

    def again(answer: Answer) -> HttpResponse:
        return _list(request, answer)

    return _unlisted(request, "register-system", boxes, again) or run(
        request, "register-system", other_systems.register, boxes, done=HERE, again=again
    )


@with_right("people")
def one(request: Any, id: str) -> HttpResponse:
    """One system: what is registered of it, and since when."""
    return _one(request, id, Answer())


@require_POST
@with_right("people")
@fresh
def act(request: Any, id: str, act: str) -> HttpResponse:
    """Change it, switch it off or on."""
    boxes = {"system": id, **typed(request, "version")}
    known: dict[str, tuple[Any, dict[str, str]]] = {
        "change-system": (other_systems.change, typed(request, *_BOXES)),
        "stop-system": (other_systems.switch, {"on": ""}), "start-system": (other_systems.switch, {"on": "yes"}),
    }  # fmt: skip
    if act not in known:
        raise NotFound("web.no-such-act", act=act)
    command, more = known[act]

    def again(answer: Answer) -> HttpResponse:
        return _one(request, id, answer)

    return _unlisted(request, act, more, again) or run(
        request, act, command, {**boxes, **more}, done=f"{HERE}{id}/", again=again
    )


def _unlisted(
    request: Any, act: str, boxes: dict[str, str], again: Callable[[Answer], HttpResponse]
) -> HttpResponse | None:
    """Only where the operator lets this server ask: an administrator's form must not make it look around."""
    issuer = boxes.get("issuer", "").strip()
    if not other_systems.is_address(other_systems.tidy(issuer)):
        return None  # the command says so
    try:
        outbound.check(outbound.origins(request.store.setting(outbound.SETTING, "")), issuer)
    except RuleBroken as refused:
        sentence = words("launch.ask-operator", language(), origin=refused.params["origin"])
        return again(Answer({"issuer": sentence}, request.POST, act, refused.status))
    return None


def _fields() -> tuple[Field, ...]:
    kinds = [(code, words(label, language())) for code, label in _KINDS.items()]
    return (
        Field("name", "launch.box-name", required=True), Field("issuer", "launch.box-issuer", required=True,
                                                               hint="launch.hint-issuer"),
        Field("client", "launch.box-client", required=True, hint="launch.hint-client"),
        Field("kind", "launch.box-kind", "choice", True, choices=kinds, hint="launch.hint-kind"),
        Field("identity", "launch.box-identity", hint="launch.hint-identity"),
        Field("own", "launch.box-own", hint="launch.hint-own"),
    )  # fmt: skip


def _list(request: Any, answer: Answer) -> HttpResponse:
    person, origin = request.person, f"{request.scheme}://{request.get_host()}"
    with request.store.snapshot(person.actor) as reads:
        found = other_systems.of(reads, person.organization)
    rows = [
        [Cell(each.name, address=f"{HERE}{each.id}/"), Cell(each.issuer), Cell(each.client),
         Cell(words(_KINDS[each.kind], language())), status(each.on)]
        for each in found
    ]  # fmt: skip
    heads = ("launch.box-name", "launch.box-issuer", "launch.box-client", "launch.box-kind", "directory.col-state")
    start = {"kind": PUBLIC, "identity": systems.IDENTITY_NUMBER}
    forms = [Form("register-system", f"{HERE}register/", _fields(), start, primary=True)]
    lead = words("launch.lead", language(), launch=f"{origin}/open/launch/", back=f"{origin}{BACK}",
                 keys=f"{origin}/open/keys.json")  # fmt: skip
    return render(request, "admin/list.html", {
        "list": Rows("launch.systems", heads, rows, "launch.no-systems"), "lead": lead, "search": (), "links": (),
        "where": person.organization_name, "errors": answer.errors, "given": answer.given, "failed": answer.failed,
        "forms": forms if person.role == "institution-admin" else [],
    }, status=answer.status)  # fmt: skip


def _one(request: Any, id_: str, answer: Answer) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Endpoint", id_)
        system = other_systems.one(reads, id_)
    if system.organization != request.person.organization:
        raise NotFound("launch.no-such-system")
    return render(request, "admin/detail.html", {
        "title": system.name, "state": status(system.on), "facts": _facts(system), "lists": (),
        "forms": _forms(system, found["meta"]["versionId"]) if request.person.role == "institution-admin" else [],
        "changes": history(request, f"Endpoint/{id_}"), "self": f"{HERE}{id_}/", "links": [(HERE, "launch.systems")],
        "errors": answer.errors, "given": answer.given, "failed": answer.failed,
    }, status=answer.status)  # fmt: skip


def _facts(system: System) -> list[tuple[str, str]]:
    return [
        ("launch.box-issuer", system.issuer), ("launch.box-client", system.client),
        ("launch.box-kind", words(_KINDS[system.kind], language())), ("launch.box-identity", system.identity),
        ("launch.box-own", system.own),
    ]  # fmt: skip


def _forms(system: System, version: str) -> list[Form]:
    hidden, address = {"version": version}, f"{HERE}{system.id}"
    held = {name: getattr(system, name) for name in _BOXES}
    switch = "stop-system" if system.on else "start-system"
    return [
        Form("change-system", f"{address}/change-system/", _fields(), held, hidden, primary=True),
        Form(switch, f"{address}/{switch}/", hidden=hidden),
    ]  # fmt: skip
