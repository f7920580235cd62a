"""$validate-code: R4 4.9.8 (ValueSet-validate-code) and 4.8.12 (CodeSystem-validate-code).

Whether a code, coding or one coding of a concept is in a value set or code system, and under the right display. The
answer is a Parameters resource; an unknown value set or system is a refusal, not a "no".
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import BadRequest, NotFound, NotSupported
from doorstep.kernel.read import Reads
from doorstep.locale_text import text
from doorstep.rest import access
from doorstep.rest.parameters import Given, given, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service
from doorstep.rest.valuesets import Codes, Terminology, of_resource

_PARAMETERS: Final = (
    "url", "code", "system", "display", "coding", "codeableConcept", "valueSet", "codeSystem", "resource",
)
Coding = tuple[str | None, str, str | None]


def type_level(service: Service, request: Request) -> Response:
    """Against a value set or code system named by url, or sent along."""
    (type_name,) = request.args
    asked = given(service, request, names=_PARAMETERS)
    sent = one(asked, "valueSet" if type_name == "ValueSet" else "codeSystem", dict)
    url = one(asked, "url")
    if sent is None and url is None:
        raise BadRequest("rest.parameter-missing", element="url", name="url")
    with service.store.snapshot(request.actor) as snapshot:
        codes = _of_sent(snapshot, type_name, sent) if sent is not None else _of_url(snapshot, type_name, str(url))
    return _answer(request, codes, _codings(asked, None if type_name == "ValueSet" else _system(sent, url)))


def instance(service: Service, request: Request) -> Response:
    """Against a stored value set or code system."""
    type_name, id_ = request.args
    asked = given(service, request, names=_PARAMETERS[1:6])
    with service.store.snapshot(request.actor, audited=False) as snapshot:
        stored = snapshot.read(type_name, id_)
        codes = _of_sent(snapshot, type_name, stored)
    access.record(service, request, "$validate-code", type=type_name, refs=(f"{type_name}/{id_}",))
    return _answer(request, codes, _codings(asked, None if type_name == "ValueSet" else stored.get("url")))


def _of_url(reads: Reads, type_name: str, url: str) -> Codes:
    terms = Terminology(reads)
    if type_name == "ValueSet":
        return terms.value_set(url)
    system = terms.code_system(url)
    if system is None:
        raise NotFound("rest.unknown-code-system", element="url", url=url)
    if not system.complete:
        raise NotSupported("rest.code-system-open", element="url", url=url)
    return {(url.partition("|")[0], code): display for code, (display, _) in system.content.items()}


def _of_sent(reads: Reads, type_name: str, sent: dict[str, Any]) -> Codes:
    if type_name == "ValueSet":
        return Terminology(reads).expand(sent)
    system = of_resource(sent)
    return {(system.url, code): display for code, (display, _) in system.content.items()}


def _system(sent: dict[str, Any] | None, url: str | None) -> str:
    return str(sent.get("url", "")) if sent is not None else str(url).partition("|")[0]


def _codings(asked: Given, system: str | None) -> list[Coding]:
    """What is to be looked up: exactly one of code, coding and codeableConcept."""
    forms = [name for name in ("code", "coding", "codeableConcept") if name in asked]
    if len(forms) != 1:
        raise BadRequest("rest.one-of", element="code", names="code, coding, codeableConcept")
    if forms[0] == "code":
        return [(one(asked, "system") or system, one(asked, "code"), one(asked, "display"))]
    value = one(asked, forms[0], dict)
    items = [value] if forms[0] == "coding" else value.get("coding", [])
    found = [item for item in items if isinstance(item, dict) and isinstance(item.get("code"), str)]
    if not found:
        raise BadRequest("rest.parameter-type", element=forms[0], name=forms[0])
    return [(item.get("system") or system, item["code"], item.get("display")) for item in found]


def _answer(request: Request, codes: Codes, codings: list[Coding]) -> Response:
    known = {code: display for (_, code), display in codes.items()}
    message, shown = "", ""
    for system, code, display in codings:
        right = known.get(code) if system is None else codes.get((system, code))
        if right is None:
            message = text("rest.code-not-in", {"code": code, "system": system or ""}, request.language)
            continue
        shown = right
        if display is not None and right and display.casefold() != right.casefold():
            message = text("rest.display-differs", {"given": display, "right": right}, request.language)
            continue
        return _result(True, "", right)
    return _result(False, message, shown)


def _result(good: bool, message: str, display: str) -> Response:
    found: list[dict[str, Any]] = [{"name": "result", "valueBoolean": good}]
    if message:
        found.append({"name": "message", "valueString": message})
    if display:
        found.append({"name": "display", "valueString": display})
    return resource({"resourceType": "Parameters", "parameter": found})
