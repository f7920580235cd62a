"""$expand: R4 4.9.8, ValueSet-expand.

``url`` names a value set of the standard or a stored one; an instance or a ``valueSet`` in the body may stand instead.
``filter`` keeps codes whose code or display contains a text; ``offset`` and ``count`` page through them. A value set
that draws on a system which is not here is refused: half an expansion would be taken for a whole one.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.index import norm
from doorstep.rest import access
from doorstep.rest.parameters import Given, given, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service
from doorstep.rest.valuesets import MAX_CODES, Codes, Terminology

_PARAMETERS: Final = ("url", "valueSet", "resource", "filter", "offset", "count")
_KEPT: Final[tuple[str, ...]] = ("url", "version", "name", "title", "status")


def expand(service: Service, request: Request) -> Response:
    """A value set by url, or as sent."""
    asked = given(service, request, names=_PARAMETERS)
    url = one(asked, "url")
    sent = one(asked, "valueSet", dict) or one(asked, "resource", dict)
    if (url is None) == (sent is None):
        raise BadRequest("rest.parameter-missing", element="url", name="url")
    with service.store.snapshot(request.actor) as snapshot:
        terms = Terminology(snapshot)
        codes = terms.value_set(url) if url is not None else terms.expand(sent)
    return _answer(sent or {"url": url, "status": "active"}, codes, asked)


def expand_instance(service: Service, request: Request) -> Response:
    """A stored value set."""
    asked = given(service, request, names=_PARAMETERS[3:])
    with service.store.snapshot(request.actor, audited=False) as snapshot:
        stored = snapshot.read(*request.args)
        codes = Terminology(snapshot).expand(stored)
    access.record(service, request, "$expand", type="ValueSet", refs=("/".join(request.args),))
    return _answer(stored, codes, asked)


def _answer(value_set: dict[str, Any], codes: Codes, asked: Given) -> Response:
    text, offset, count = one(asked, "filter"), _number(asked, "offset") or 0, _number(asked, "count")
    if text:
        wanted = norm(text)
        codes = {key: name for key, name in codes.items() if wanted in norm(key[1]) or wanted in norm(name)}
    shown = list(codes.items())[offset : None if count is None else offset + count]
    expansion: dict[str, Any] = {"timestamp": instant(real_now()), "total": len(codes), "offset": offset}
    if shown:
        expansion["contains"] = [
            {name: value for name, value in (("system", system), ("code", code), ("display", display)) if value}
            for (system, code), display in shown
        ]
    kept = {name: value_set[name] for name in _KEPT if name in value_set}
    return resource({"resourceType": "ValueSet", **kept, "expansion": expansion})


def _number(asked: Given, name: str) -> int | None:
    values = asked.get(name, [None])
    text = str(values[0])
    if values[0] is None:
        return None
    if len(values) > 1 or not (text.isascii() and text.isdigit()):
        raise BadRequest("rest.not-a-number", element=name, name=name, value=text)
    return min(int(text[:12]), MAX_CODES)
