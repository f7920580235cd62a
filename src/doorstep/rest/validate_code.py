"""$validate-code: R4 4.9.18.2 (ValueSet-validate-code) and 4.8.20.3 (CodeSystem-validate-code).

Whether a code, a coding, or one coding of a concept is in a value set or code system, and under a right display. The
answer is a Parameters resource; an unknown value set or system is a refusal, not a "no".
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel import terminology
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.terminology import Lookup, Verdict
from doorstep.locale_text import text
from doorstep.rest import access
from doorstep.rest.asking import View, view
from doorstep.rest.parameters import Given, answer, flag, given, language_asked, one
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service

_CODES: Final = ("code", "system", "display", "coding", "codeableConcept", "abstract", "displayLanguage")


def type_level(service: Service, request: Request) -> Response:
    """Against a value set or code system named by url, or sent along."""
    (type_name,) = request.args
    asked = given(service, request, names=("url", "valueSet", "codeSystem", *_CODES))
    sent = one(asked, "valueSet" if type_name == "ValueSet" else "codeSystem", dict)
    url = one(asked, "url")
    if sent is None and url is None:
        raise BadRequest("rest.parameter-missing", element="url", name="url")
    with view(service, request.actor) as seen:
        return _answer(request, seen, type_name, url if sent is None else sent, asked)


def instance(service: Service, request: Request) -> Response:
    """Against a stored value set or code system."""
    type_name, id_ = request.args
    asked = given(service, request, names=_CODES)
    with view(service, request.actor) as seen:
        stored = seen.reads.read(type_name, id_)
        answered = _answer(request, seen, type_name, stored, asked)
    access.record(service, request, "$validate-code", type=type_name, refs=(f"{type_name}/{id_}",))
    return answered


def _answer(request: Request, seen: View, type_name: str, which: str | dict[str, Any], asked: Given) -> Response:
    codings, language = _codings(asked), language_asked(request, asked)
    if type_name == "ValueSet":
        verdict = terminology.validate_code(
            which, codings, lookup=seen.reads.lookup, abstract=flag(asked, "abstract"), language=language
        )
    else:
        url = which if isinstance(which, str) else str(which.get("url", ""))
        lookup: Lookup = seen.reads.lookup if isinstance(which, str) else _only(which)
        of_it = [coding for coding in codings if coding.get("system", url) == url.partition("|")[0]]
        verdict = Verdict(False, "terminology.no-code")
        for coding in of_it:
            verdict = terminology.code_in_system(
                url, coding["code"], lookup=lookup, display=coding.get("display"), language=language
            )
            if verdict.result:
                break
    message = "" if verdict.result else text(verdict.key, verdict.params, request.language)
    return answer(result=verdict.result, message=message, display=verdict.display)


def _only(sent: dict[str, Any]) -> Lookup:
    return lambda _: sent


def _codings(asked: Given) -> list[dict[str, Any]]:
    """What is to be looked up: exactly one of code, coding and codeableConcept."""
    forms = [name for name in ("code", "coding", "codeableConcept") if name in asked]
    if len(forms) != 1:
        raise BadRequest("rest.one-of", element="code", names="code, coding, codeableConcept")
    if forms[0] == "code":
        named = {name: one(asked, name) for name in ("system", "code", "display")}
        return [{name: value for name, value in named.items() if value is not None}]
    value = one(asked, forms[0], dict)
    items = [value] if forms[0] == "coding" else value.get("coding", [])
    found = [item for item in items if isinstance(item, dict) and isinstance(item.get("code"), str)]
    if not found:
        raise BadRequest("rest.parameter-type", element=forms[0], name=forms[0])
    return found
