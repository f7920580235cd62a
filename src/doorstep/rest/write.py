"""What create, update and patch have in common: the answer after a write (R4 3.1.0.1.9, Prefer: return)."""

from __future__ import annotations

from typing import Any

from doorstep.kernel import exact
from doorstep.kernel import validate as checks
from doorstep.kernel.errors import Issue
from doorstep.kernel.refs import Stored
from doorstep.rest.outcome import of_issues, said
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Headers, Response, version_headers


def written(request: Request, stored: Stored, *, created: bool, location: bool = True) -> Response:
    """201 for a first version, else 200, with what the client prefers to see of it.

    Asked for an OperationOutcome, the answer also tells what the checks would warn of; the resource is kept as it came.
    """
    status = 201 if created else 200
    headers: Headers = version_headers(stored)
    if location:
        address = f"{request.base}/{stored.ref}/_history/{stored.version}"
        headers.append(("Location" if created else "Content-Location", address))
    if request.prefer.returns == "minimal":
        return Response(status, headers, stored=stored)
    if request.prefer.returns == "OperationOutcome":
        outcome = report(stored.body, request.language, created=created)
        return Response(status, [JSON_HEADER, *headers], exact.encode(outcome), stored=stored)
    return Response(status, [JSON_HEADER, *headers], stored.body, stored=stored, shapeable=True)


def report(body: bytes, language: str, *, created: bool) -> dict[str, Any]:
    """An OperationOutcome on what was stored, with the warnings that did not stop it."""
    resource = exact.decode(body)
    warnings = [warning(issue) for issue in (*checks.bindings(resource), *checks.invariants(resource))]
    found = of_issues(warnings, language)["issue"] if warnings else []
    first = said("rest.created" if created else "rest.updated", language)
    return {"resourceType": "OperationOutcome", "issue": [first, *found]}


def warning(issue: Issue) -> Issue:
    """A finding that did not stop the write, as at most a warning."""
    if issue.severity in ("fatal", "error"):
        return Issue("warning", issue.code, issue.key, issue.params, issue.element)
    return issue
