"""Metadata without the rest: operations $meta, $meta-add and $meta-delete of R4 3.2.0 (Resource operations).

Profiles, tags and security labels of one resource are shown, added to, or taken from. A change is a new version, like
any other change; the rest of the resource stays. Of a type, or of the whole record, those are shown that are in use in
resources that the reader may see.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.labels import labels
from doorstep.kernel.tx import Tx
from doorstep.rest import access, governed
from doorstep.rest.asking import view
from doorstep.rest.conditions import if_match
from doorstep.rest.parameters import given, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource, version_headers
from doorstep.rest.service import Service

LISTS: Final = ("profile", "security", "tag")


def meta(service: Service, request: Request) -> Response:
    """The meta of a resource."""
    type_name, id_ = request.args
    given(service, request, names=())
    stored = service.store.read_once(request.actor, type_name, id_)
    access.record(service, request, "$meta", type=type_name, refs=(str(stored.ref),), part=stored.part,
                  resident=access.resident_of(type_name, id_, stored.body))
    return resource(_parameters(exact.decode(stored.body)), headers=version_headers(stored))


def meta_of_type(service: Service, request: Request) -> Response:
    """What is in use in resources of one type."""
    return _in_use(service, request, request.args[0], [request.args[0]])


def meta_of_all(service: Service, request: Request) -> Response:
    """What is in use in the whole record."""
    return _in_use(service, request, "", list(definitions().resources))


def _in_use(service: Service, request: Request, type_name: str, types: list[str]) -> Response:
    given(service, request, names=())
    with view(service, request.actor) as seen:
        found = labels(seen.reader, seen.actor, types)
    access.record(service, request, "$meta", type=type_name)
    return resource(_parameters({"meta": found}))


def add(service: Service, request: Request) -> Response:
    """Add what is not there yet."""
    return _change(service, request, adding=True)


def remove(service: Service, request: Request) -> Response:
    """Take away what is named and there."""
    return _change(service, request, adding=False)


def _change(service: Service, request: Request, *, adding: bool) -> Response:
    type_name, id_ = request.args
    wanted = one(given(service, request, names=("meta",)), "meta", dict)
    if wanted is None:
        raise BadRequest("rest.parameter-missing", element="meta", name="meta")
    for name in wanted:
        if name in LISTS and not isinstance(wanted[name], list):
            raise BadRequest("rest.parameter-type", element=f"meta.{name}", name=f"meta.{name}")
    expected = if_match(request.header("If-Match"))
    after = governed.run(service, request, _apply, type_name, id_, wanted, adding, expected)
    return resource(_parameters(after))


def _apply(tx: Tx, type_name: str, id_: str, wanted: dict[str, Any], adding: bool,
           expected: int | None) -> dict[str, Any]:
    before = tx.read(type_name, id_)
    now = before.get("meta", {})
    operations = []
    for name in LISTS:
        there = now.get(name, [])
        kept = _added(there, wanted.get(name, [])) if adding else _removed(there, wanted.get(name, []))
        if kept != there:
            operations.append({"op": "add", "path": f"/meta/{name}", "value": kept} if kept
                              else {"op": "remove", "path": f"/meta/{name}"})
    if not operations:
        return before
    stored = tx.patch(type_name, id_, operations, if_match=expected)
    changed: dict[str, Any] = exact.decode(stored.body)
    return changed


def _added(there: list[Any], more: list[Any]) -> list[Any]:
    known = [_identity(item) for item in there]
    return there + [item for item in more if _identity(item) not in known]


def _removed(there: list[Any], less: list[Any]) -> list[Any]:
    unwanted = [_identity(item) for item in less]
    return [item for item in there if _identity(item) not in unwanted]


def _identity(item: Any) -> Any:
    """A profile is itself; a tag or label is its system and code."""
    return (item.get("system"), item.get("code")) if isinstance(item, dict) else item


def _parameters(shown: dict[str, Any]) -> dict[str, Any]:
    found = shown.get("meta", {})
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": found}]}
