"""$validate: R4 3.2.0, Resource-validate, on a type and on an instance.

Answers an OperationOutcome of everything that is found: errors of structure, broken invariants, codes outside of
bindings, and what a profile asks. ``mode`` create, update and delete check what that interaction would; ``profile``
names a StructureDefinition, else the profiles that the resource claims are looked at. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from doorstep.kernel import validate as checks
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest, Issue, NotFound
from doorstep.rest import access
from doorstep.rest.outcome import of_issues
from doorstep.rest.parameters import Given, given, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service

_MODES: Final = ("create", "update", "delete", "profile")
_PARAMETERS: Final = ("resource", "mode", "profile")


def validate(service: Service, request: Request) -> Response:
    """Check the resource that is sent."""
    (type_name,) = request.args
    asked = given(service, request, names=_PARAMETERS, checked=False)
    mode, sent = _mode(asked), one(asked, "resource", dict)
    if mode in ("update", "delete"):
        raise BadRequest("rest.mode-needs-instance", element="mode", mode=mode)
    if sent is None:
        raise BadRequest("rest.parameter-missing", element="resource", name="resource")
    return _answer(service, request, type_name, sent, asked)


def validate_instance(service: Service, request: Request) -> Response:
    """Check what is stored, or what is sent as its next version."""
    type_name, id_ = request.args
    asked = given(service, request, names=_PARAMETERS, checked=False)
    mode, sent = _mode(asked), one(asked, "resource", dict)
    if mode == "create":
        raise BadRequest("rest.mode-needs-type", element="mode", mode=mode)
    with service.store.snapshot(request.actor, audited=False) as snapshot:
        there = snapshot.read(type_name, id_)
    access.record(service, request, "$validate", type=type_name, refs=(f"{type_name}/{id_}",))
    if mode == "delete":
        return resource(of_issues((), request.language))
    if sent is not None and mode == "update" and sent.get("id") != id_:
        raise BadRequest("rest.id-differs", element=f"{type_name}.id", given=sent.get("id"), expected=id_)
    return _answer(service, request, type_name, there if sent is None else sent, asked)


def _answer(service: Service, request: Request, type_name: str, sent: dict[str, Any], asked: Given) -> Response:
    structure = checks.validate(sent, type=type_name)
    issues = list(structure)
    if not structure:
        issues += checks.invariants(sent)
        issues += checks.bindings(sent)
        issues += _profiles(service, request, sent, asked)
    return resource(of_issues(issues, request.language))


def _profiles(service: Service, request: Request, sent: dict[str, Any], asked: Given) -> Iterator[Issue]:
    named = one(asked, "profile")
    claimed = sent.get("meta", {}).get("profile", [])
    for url in [named] if named is not None else claimed:
        structure = _structure(service, request, url)
        if structure is not None:
            yield from checks.profile(sent, structure)
        elif named is not None:
            raise NotFound("rest.unknown-profile", element="profile", url=url)
        else:
            yield Issue("warning", "not-found", "rest.unknown-profile", {"url": url}, "meta.profile")


def _structure(service: Service, request: Request, url: str) -> dict[str, Any] | None:
    """A profile of the standard, or one that is stored here under its canonical url."""
    known = definitions().structure(url)
    if known is not None:
        return known
    with service.store.snapshot(request.actor) as snapshot:
        found = snapshot.page("StructureDefinition", [("url", url.partition("|")[0]), ("_count", "1")], strict=True)
        return snapshot.read("StructureDefinition", found.matches[0].id) if found.matches else None


def _mode(asked: Given) -> str | None:
    mode: str | None = one(asked, "mode")
    if mode is not None and mode not in _MODES:
        raise BadRequest("rest.bad-mode", element="mode", mode=mode)
    return mode
