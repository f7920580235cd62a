"""The refusals: a closed list.

Each has an HTTP status and a FHIR issue code (R4, value set issue-type). A refusal carries a message *key* and its
parameters; the sentence lives in ``locale/``. ``elements`` names what was wrong, as FHIRPath-like paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: what OperationOutcome.issue holds (R4 3.2.0). ``element`` is "" when nothing can be named."""

    severity: str
    code: str
    key: str
    params: dict[str, Any] = field(default_factory=dict)
    element: str = ""


class Refusal(Exception):
    """Something that the record will not do. Never raised as such: use one of the classes below."""

    status: ClassVar[int] = 500
    issue: ClassVar[str] = "exception"

    def __init__(self, key: str, /, *, element: str = "", issues: tuple[Issue, ...] = (), **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.params = params
        self.issues = issues or (Issue("error", self.issue, key, params, element),)

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements or parameters that the refusal names."""
        return tuple(issue.element for issue in self.issues if issue.element)

    def __str__(self) -> str:
        named = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.key}({named}) {' '.join(self.elements)}".strip()


class Malformed(Refusal):
    """The bytes are not the JSON that the interchange format asks for."""

    status, issue = 400, "structure"


class Invalid(Refusal):
    """Well-formed, but not a resource that the definitions allow."""

    status, issue = 422, "invalid"


class BrokenReference(Refusal):
    """A reference to something that is not there, or not there for this reader: the answer is the same."""

    status, issue = 422, "not-found"


class BadRequest(Refusal):
    """A parameter, header or path that cannot be understood."""

    status, issue = 400, "value"


class NotSupported(Refusal):
    """Understood, and not offered. Refused rather than ignored."""

    status, issue = 400, "not-supported"


class TooCostly(Refusal):
    """A question wider or deeper than the documented limits."""

    status, issue = 400, "too-costly"


class Unauthenticated(Refusal):
    """Nobody, or a token that no longer holds."""

    status, issue = 401, "login"


class Forbidden(Refusal):
    """Somebody, who may not do this."""

    status, issue = 403, "forbidden"


class NotFound(Refusal):
    """Absent, or invisible to this reader: the answer is the same."""

    status, issue = 404, "not-found"


class MethodNotAllowed(Refusal):
    """The interaction does not exist at this address."""

    status, issue = 405, "not-supported"


class NotAcceptable(Refusal):
    """No representation that the client accepts."""

    status, issue = 406, "not-supported"


class Gone(Refusal):
    """Deleted; its history is still there."""

    status, issue = 410, "deleted"


class Conflict(Refusal):
    """Somebody else was there first."""

    status, issue = 409, "conflict"


class PreconditionFailed(Refusal):
    """If-Match named another version, or a condition matched several resources (R4 3.1.0.5.2)."""

    status, issue = 412, "conflict"


class MultipleMatches(PreconditionFailed):
    """A condition that matched more than one resource."""

    issue = "multiple-matches"


class TooLarge(Refusal):
    """More bytes than one request may carry."""

    status, issue = 413, "too-long"


class UnsupportedMedia(Refusal):
    """A content type that is not FHIR JSON."""

    status, issue = 415, "not-supported"


class RuleBroken(Refusal):
    """A business rule of a workflow says no."""

    status, issue = 422, "business-rule"


class Throttled(Refusal):
    """Too many requests."""

    status, issue = 429, "throttled"


class Unavailable(Refusal):
    """The store cannot be reached or is stopping; try again later."""

    status, issue = 503, "transient"


class StorageFull(Refusal):
    """No room for another write; reads go on."""

    status, issue = 507, "no-store"
