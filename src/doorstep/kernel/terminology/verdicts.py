"""Is this code one of those? ValueSet/$validate-code, CodeSystem/$validate-code, CodeSystem/$subsumes (R4 4.8, 4.9)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from doorstep.kernel.errors import NotFound, NotSupported
from doorstep.kernel.terminology.concepts import Concept, Lookup, System, display, nothing, system
from doorstep.kernel.terminology.members import Members, members


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: ``key`` and ``params`` say why not (a message of locale/), ``display`` is the usual name."""

    result: bool
    key: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    system: str = ""
    code: str = ""
    display: str = ""


def validate_code(
    value_set: str | dict[str, Any],
    codings: Sequence[dict[str, Any]],
    *,
    lookup: Lookup = nothing,
    abstract: bool = False,
    language: str | None = None,
) -> Verdict:
    """Whether one of the codings (system, code, display) is in the value set; a code without system may be in any.

    Raises NotFound for an unknown value set, NotSupported when it cannot be known: the coding's system is not loaded.
    """
    found = members(value_set, lookup)
    verdict = Verdict(False, "terminology.no-code")
    for coding in codings:
        verdict = _in_members(coding, found, lookup, abstract, language)
        if verdict.result:
            return verdict
    return verdict


def _in_members(
    coding: dict[str, Any], found: Members, lookup: Lookup, abstract: bool, language: str | None
) -> Verdict:
    code, url = coding.get("code", ""), coding.get("system")
    keys = [(url, code)] if url is not None else [key for key in found.concepts if key[1] == code]
    concepts = [(key, found.concepts[key]) for key in keys if key in found.concepts]
    if not concepts and url is not None:
        concepts = _other_case(url, code, found, lookup)
    if len({key for key, _ in concepts}) > 1:
        return Verdict(False, "terminology.ambiguous-code", {"code": code}, code=code)
    if concepts:
        key, concept = concepts[0]
        return _judged(concept, key[0], coding.get("display"), abstract, language)
    if any(url is None or one == url or "/ValueSet/" in one for one in found.missing):
        raise NotSupported("terminology.cannot-decide", code=code, missing=", ".join(found.missing[:10]))
    return Verdict(
        False, "terminology.not-in-value-set", {"code": f"{url or ''}|{code}", "url": found.url}, url or "", code
    )


def _other_case(url: str, code: str, found: Members, lookup: Lookup) -> list[tuple[tuple[str, str], Concept]]:
    known = system(url, lookup)
    concept = known.find(code) if known and not known.case_sensitive else None
    key = (url, concept.code) if concept else ("", "")
    return [(key, found.concepts[key])] if key in found.concepts else []


def code_in_system(
    url: str,
    code: str,
    *,
    lookup: Lookup = nothing,
    display: str | None = None,
    abstract: bool = True,
    language: str | None = None,
) -> Verdict:
    """Whether a code system has a code. Raises NotFound, NotSupported (as ``validate_code``)."""
    known = _system(url, lookup)
    concept = known.find(code)
    if concept is None and not known.complete:
        raise NotSupported("terminology.cannot-decide", code=code, missing=url)
    if concept is None:
        return Verdict(False, "terminology.unknown-code", {"code": code, "url": url}, url, code)
    return _judged(concept, url, display, abstract, language)


def _judged(concept: Concept, url: str, shown: Any, abstract: bool, language: str | None) -> Verdict:
    usual = display(concept, language)
    if concept.abstract and not abstract:
        return Verdict(False, "terminology.abstract-code", {"code": concept.code}, url, concept.code, usual)
    if shown and concept.display and _plain(shown) not in _names(concept):
        params = {"given": shown, "expected": usual}
        return Verdict(False, "terminology.other-display", params, url, concept.code, usual)
    return Verdict(True, system=url, code=concept.code, display=usual)


def _names(concept: Concept) -> set[str]:
    return {_plain(concept.display), *(_plain(designation.value) for designation in concept.designations)}


def _plain(text: Any) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def subsumes(url: str, upper: str, lower: str, *, lookup: Lookup = nothing) -> str:
    """How two codes of a system stand: "equivalent", "subsumes", "subsumed-by" or "not-subsumed".

    Raises NotFound for a system or code that is not there.
    """
    known = _system(url, lookup)
    one, other = _code(known, upper), _code(known, lower)
    if one == other:
        return "equivalent"
    if known.subsumes(one, other):
        return "subsumes"
    return "subsumed-by" if known.subsumes(other, one) else "not-subsumed"


def concept_of(url: str, code: str, *, lookup: Lookup = nothing) -> tuple[System, Concept]:
    """A code's system and what it says of it, for CodeSystem/$lookup. Raises NotFound."""
    known = _system(url, lookup)
    return known, known.concepts[_code(known, code)]


def _system(url: str, lookup: Lookup) -> System:
    known = system(url, lookup)
    if known is None:
        raise NotFound("terminology.unknown-system", url=url)
    return known


def _code(known: System, code: str) -> str:
    concept = known.find(code)
    if concept is None:
        raise NotFound("terminology.unknown-code", code=code, url=known.url)
    return concept.code
