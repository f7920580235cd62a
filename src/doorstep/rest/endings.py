"""How every answer ends: shaped as asked, or a refusal as an OperationOutcome, or an incident told by number."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import msgspec

from doorstep.kernel.errors import (
    Forbidden,
    Gone,
    MethodNotAllowed,
    NotFound,
    Refusal,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from doorstep.locale_text import language
from doorstep.rest import access, auth, outcome, scopes, shape
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Headers, Response, resource
from doorstep.rest.service import Service

_log = logging.getLogger("doorstep.rest")


def finish(request: Request, response: Response) -> Response:
    """Apply what shapes any answer: _summary and _elements on one resource, _pretty on all."""
    if response.shapeable and (request.summary or request.elements):
        if request.elements and request.prefer.strict and request.args:
            shape.check_names(request.args[0], request.elements)
        response.body = shape.cut_text(response.body, summary=request.summary, elements=request.elements)
    if request.pretty and response.body and JSON_HEADER in response.headers:
        response.body = msgspec.json.format(response.body, indent=2)
    return response


def refused(refusal: Refusal, language_: str) -> Response:
    """A refusal as an answer, with the headers that its status asks for."""
    headers: Headers = []
    if isinstance(refusal, Unauthenticated):
        headers.append(("WWW-Authenticate", auth.challenge(refusal)))
    elif isinstance(refusal, Forbidden) and refusal.key == scopes.INSUFFICIENT:
        headers.append(("WWW-Authenticate", auth.beyond(str(refusal.params["scope"]))))
    elif isinstance(refusal, MethodNotAllowed):
        headers.append(("Allow", str(refusal.params.get("allowed", ""))))
    elif isinstance(refusal, Unavailable | Throttled):
        headers.append(("Retry-After", str(refusal.params.get("retry_after", 5))))
    return resource(outcome.of_refusal(refusal, language_), refusal.status, headers)


def note(service: Service, request: Request, action: str, refusal: Refusal) -> None:
    """A refused look at something is an access too: somebody tried."""
    if not isinstance(refusal, NotFound | Gone | Forbidden):
        return
    try:
        access.record(service, request, action, type=request.args[0] if request.args else "", refs=(request.path,),
                      outcome=refusal.status)
    except Refusal as failed:
        _log.error("the audit row of a refusal was not written: %s", failed)


def broken(environ: dict[str, Any], language_: str) -> Response:
    """The answer to the unexpected, called while it is being handled. The log has the trace, the client a number."""
    incident = secrets.token_hex(6)
    _log.exception("incident %s: %s %s", incident, environ.get("REQUEST_METHOD"), environ.get("PATH_INFO", ""))
    issue = outcome.said("rest.incident", language_, severity="fatal", code="exception", incident=incident)
    return resource({"resourceType": "OperationOutcome", "issue": [issue]}, 500)


def language_of(environ: dict[str, Any]) -> str:
    """The language of a request that could not be read."""
    return language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
