"""Refusals and findings as OperationOutcome: R4 3.2.0; how HTTP carries it: 3.1.0.1.5."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from doorstep.kernel.errors import Issue, Refusal
from doorstep.locale_text import text

KEYS: Final = "urn:doorstep:refusal"
"""The code system of the message keys: what a program compares, whatever the language of the sentence."""


def of_refusal(refusal: Refusal, language: str) -> dict[str, Any]:
    """The outcome that a refused request gets."""
    return of_issues(refusal.issues, language)


def of_issues(issues: Iterable[Issue], language: str) -> dict[str, Any]:
    """The outcome of a check; "all is well" when nothing was found."""
    found = [_issue(issue, language) for issue in issues]
    return {"resourceType": "OperationOutcome", "issue": found or [said("rest.all-ok", language)]}


def said(key: str, language: str, *, severity: str = "information", code: str = "informational",
         **params: Any) -> dict[str, Any]:
    """One issue that is no refusal."""
    return _issue(Issue(severity, code, key, params), language)


def _issue(issue: Issue, language: str) -> dict[str, Any]:
    sentence = text(issue.key, issue.params, language)
    found: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"coding": [{"system": KEYS, "code": issue.key}], "text": sentence},
        "diagnostics": sentence,
    }
    if issue.element:
        found["expression"] = [issue.element]
    return found
