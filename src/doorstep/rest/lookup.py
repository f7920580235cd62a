"""$lookup and $subsumes: R4 4.8.20.1 and 4.8.20.2, what a code system says of a code, and how two codes stand."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import terminology
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.terminology import Concept, Designation
from doorstep.rest.asking import view
from doorstep.rest.parameters import Given, answer, given, language_asked, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service

_LOOKUP: Final = ("system", "code", "coding", "version", "displayLanguage", "property", "date")


def lookup(service: Service, request: Request) -> Response:
    """Name, display, designations and properties of one code."""
    asked = given(service, request, names=_LOOKUP)
    coding = one(asked, "coding", dict) or {}
    url, code = one(asked, "system") or coding.get("system"), one(asked, "code") or coding.get("code")
    version = one(asked, "version")
    for name, value in (("system", url), ("code", code)):
        if value is None:
            raise BadRequest("rest.parameter-missing", element=name, name=name)
    with view(service, request.actor) as seen:
        canonical = f"{url}|{version}" if version else str(url)
        system, concept = terminology.concept_of(canonical, str(code), lookup=seen.reads.lookup)
    language = language_asked(request, asked)
    found = [{"name": "name", "valueString": system.title or system.url}]
    if system.version:
        found.append({"name": "version", "valueString": system.version})
    found.append({"name": "display", "valueString": terminology.display(concept, language) or concept.code})
    return resource({"resourceType": "Parameters", "parameter": [*found, *_parts(concept, asked)]})


def subsumes(service: Service, request: Request) -> Response:
    """Whether one code stands above the other."""
    asked = given(service, request, names=("system", "codeA", "codeB", "codingA", "codingB", "version"))
    coding_a, coding_b = one(asked, "codingA", dict) or {}, one(asked, "codingB", dict) or {}
    url = one(asked, "system") or coding_a.get("system")
    upper, lower = one(asked, "codeA") or coding_a.get("code"), one(asked, "codeB") or coding_b.get("code")
    for name, value in (("system", url), ("codeA", upper), ("codeB", lower)):
        if value is None:
            raise BadRequest("rest.parameter-missing", element=name, name=name)
    with view(service, request.actor) as seen:
        return answer(outcome=terminology.subsumes(str(url), str(upper), str(lower), lookup=seen.reads.lookup))


def _parts(concept: Concept, asked: Given) -> list[dict[str, Any]]:
    wanted = set(asked.get("property", []))
    found = [{"name": "designation", "part": _designation(each)} for each in concept.designations]
    properties: dict[str, list[Any]] = {"parent": list(concept.parents), **concept.properties}
    for name, values in properties.items():
        if not wanted or name in wanted:
            found += [{"name": "property", "part": _property(name, value)} for value in values]
    return found


def _designation(each: Designation) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"name": "language", "valueCode": each.language}] if each.language else []
    return [*parts, {"name": "value", "valueString": each.value}]


def _property(name: str, value: Any) -> list[dict[str, Any]]:
    kind = "valueBoolean" if isinstance(value, bool) else "valueInteger" if isinstance(value, int) else \
        "valueCoding" if isinstance(value, dict) else "valueString" if isinstance(value, str) else "valueDecimal"
    return [{"name": "code", "valueCode": name}, {"name": "value", kind: value}]
