"""Refusals in the reader's words: sentences, and which box each belongs to."""

from __future__ import annotations

from typing import Any

from doorstep import locale_text
from doorstep.kernel.errors import Issue, Refusal
from doorstep.workflows import labels, registry
from doorstep.workflows.table import PARTY_LABELS

CATALOGUES = {"zh-hans": locale_text.CHINESE, "en": locale_text.ENGLISH}


def words(key: str, language: str | None, /, **params: Any) -> str:
    """The sentence of a message key in a page's language."""
    return locale_text.text(key, params, CATALOGUES.get(language or "", locale_text.CHINESE))


def explain(refusal: Refusal, language: str | None) -> list[str]:
    """Every finding of a refusal as a sentence."""
    return [_sentence(issue, language) for issue in refusal.issues]


def by_box(refusal: Refusal, language: str | None) -> dict[str, str]:
    """Box -> sentence; what names no box stands under ""."""
    return {issue.element: _sentence(issue, language) for issue in refusal.issues}


def _sentence(issue: Issue, language: str | None) -> str:
    if issue.key == "workflows.empty-box":
        return words("web.empty-box", language)
    return words(issue.key, language, **_readable(issue.params, language))


def _readable(params: dict[str, Any], language: str | None) -> dict[str, Any]:
    """Codes of a state table as their labels."""
    tubes = {name: words(labels.WORDS[params[name]], language)
             for name in ("tube", "needs") if params.get(name) in labels.WORDS}  # fmt: skip
    params = {**params, **tubes}
    table = registry.TABLES.get(str(params.get("workflow", "")))
    if table is None:
        return params
    said = {**params}
    said["act"] = words(table.act(params["act"]).label, language)
    if "state" in params:
        said["state"] = words(table.state(params["state"]).label, language)
    if "who" in params:
        said["who"] = words(PARTY_LABELS[params["who"]], language)
    return said
