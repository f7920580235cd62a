"""$expand: R4 4.9.18.1, ValueSet-expand.

``url`` names a value set of the standard or a stored one; an instance or a ``valueSet`` in the body may stand instead.
``filter`` keeps codes whose code, display or designation contains its words; ``offset`` and ``count`` page through
them. A value set that draws on a system which is not here is refused: half an expansion would be taken for a whole one.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import terminology
from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.errors import BadRequest
from doorstep.rest import access
from doorstep.rest.asking import view
from doorstep.rest.parameters import Given, flag, given, language_asked, one, whole
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service

_SHAPING: Final = ("filter", "offset", "count", "displayLanguage", "includeDesignations", "activeOnly")


def expand(service: Service, request: Request) -> Response:
    """A value set by url, or as sent."""
    asked = given(service, request, names=("url", "valueSetVersion", "valueSet", "resource", *_SHAPING))
    url, version = one(asked, "url"), one(asked, "valueSetVersion")
    sent = one(asked, "valueSet", dict) or one(asked, "resource", dict)
    if (url is None) == (sent is None):
        raise BadRequest("rest.parameter-missing", element="url", name="url")
    return _answer(service, request, sent or (f"{url}|{version}" if version else url), asked)


def expand_instance(service: Service, request: Request) -> Response:
    """A stored value set."""
    asked = given(service, request, names=_SHAPING)
    with view(service, request.actor) as seen:
        stored = seen.reads.read(*request.args)
    access.record(service, request, "$expand", type="ValueSet", refs=("/".join(request.args),))
    return _answer(service, request, stored, asked)


def _answer(service: Service, request: Request, value_set: str | dict[str, Any], asked: Given) -> Response:
    with view(service, request.actor) as seen:
        expanded = terminology.expand(
            value_set, at=instant(real_now()), lookup=seen.reads.lookup, filter=one(asked, "filter") or "",
            offset=whole(asked, "offset") or 0, count=whole(asked, "count"), language=language_asked(request, asked),
            designations=flag(asked, "includeDesignations"), active_only=flag(asked, "activeOnly"),
        )
    return resource(expanded)
