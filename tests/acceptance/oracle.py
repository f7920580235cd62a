"""What should be found, by an engine that is not ours: fhirpathpy reads the standard's own search parameters.

``questions(resource)`` answers the searches that must return a resource. Three rewrites make R4's expressions what
another engine can evaluate without a server: ``x as T`` of several items is ``x.ofType(T)``, which is what R4 means in
search; ``where(resolve() is T)`` becomes a look at the reference's own text; the two components that write the type
dateTime with a capital are read with a small letter.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from tests.acceptance.official import registry

OF_SERVER = {"_lastUpdated": "the server's own moment", "_query": "names a query, no element"}
"""Parameters that no value of an example answers."""

NO_WORDS = ".where(($this is FHIR.string).not())"
"""A choice of date or words: words ("daily") are no date, whatever they look like (R4 3.1.1.4.7)."""

_RESOLVES = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
_AS_CALL = re.compile(r"\.as\((\w+)\)")
_AS = re.compile(r"([\w.]+(?:\([^()]*\))*) as (\w+)")
_TAGS = re.compile(r"<[^>]*>")
_WORD = re.compile(r"[A-Za-z]{5,}")
_PHONES = frozenset(("phone", "fax", "email", "pager", "url", "sms", "other"))


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One search. ``whole``: the oracle knows every answer, so that others would be wrong."""

    type: str
    kind: str
    name: str
    value: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a union: an expression, and the type to which its references must lead ("" for any)."""

    expression: str
    leads_to: str


@dataclass(frozen=True, slots=True)
class Parameter:
    code: str
    kind: str
    branches: tuple[Branch, ...]
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()
    """(kind, expression) of each part of a composite."""


Complaint = tuple[str, str, str]
"""(parameter, expression, what the other engine says)."""


def questions(resource: dict[str, Any], complaints: list[Complaint]) -> Iterator[Question]:
    """The searches that must return the resource; what the oracle cannot evaluate goes to ``complaints``."""
    type_name = resource["resourceType"]
    for parameter in parameters(type_name):
        for branch in parameter.branches:
            try:
                found = _compiled(branch.expression)(resource)
            except Exception as error:  # noqa: BLE001 - it raises nothing narrower
                complaints.append((f"{type_name}.{parameter.code}", branch.expression, str(error)))
                continue
            for value in found:
                yield from _asked(type_name, parameter, branch, value, complaints)
    yield from _texts(resource)


def _asked(
    type_name: str, parameter: Parameter, branch: Branch, value: Any, complaints: list[Complaint]
) -> Iterator[Question]:
    if parameter.kind == "composite":
        yield from _composites(type_name, parameter, branch, value, complaints)
        return
    if branch.leads_to and _leads_to(value) != branch.leads_to:
        return
    if isinstance(value, dict) and value.get("resourceType", parameter.targets) not in (*parameter.targets, parameter.targets):
        return
    ways = phonetic if parameter.code == "phonetic" else WAYS[parameter.kind]
    for suffix, text, whole in ways(value):
        yield Question(type_name, parameter.kind, parameter.code + suffix, text, whole)


def _composites(
    type_name: str, parameter: Parameter, branch: Branch, value: Any, complaints: list[Complaint]
) -> Iterator[Question]:
    parts: list[list[str]] = []
    for kind, expression in parameter.components:
        base = {"base": branch.expression, "expression": expression} if isinstance(value, dict) else expression
        try:
            found = fhirpathpy.evaluate(value, base, {}, models["r4"])
        except Exception as error:  # noqa: BLE001
            complaints.append((f"{type_name}.{parameter.code}", expression, str(error)))
            return
        parts.append([text for each in found for suffix, text, _ in WAYS[kind](each) if not suffix])
    if len(parts) == 2:
        for first in parts[0][:2]:
            for second in parts[1][:2]:
                yield Question(type_name, "composite", parameter.code, f"{first}${second}")


def _texts(resource: dict[str, Any]) -> Iterator[Question]:
    """_text and _content: the longest word of the narrative."""
    div = (resource.get("text") or {}).get("div", "")
    words = _WORD.findall(html.unescape(_TAGS.sub(" ", div)))
    if words:
        word = max(words, key=len)
        yield Question(resource["resourceType"], "text", "_text", word)


# -- parameters


@cache
def parameters(type_name: str) -> tuple[Parameter, ...]:
    """What the standard lets a type be asked, with the branches of each expression that start from the type."""
    found = []
    for it in registry():
        if it["code"] in OF_SERVER or not it.get("expression"):
            continue
        if not {type_name, "Resource", "DomainResource"}.intersection(it["base"]):
            continue
        branches = tuple(_branches(it["expression"], type_name, it["type"]))
        if branches:
            targets = tuple(it.get("target", ()))
            found.append(Parameter(it["code"], it["type"], branches, targets, tuple(_components(it))))
    return tuple(found)


def _branches(expression: str, type_name: str, kind: str) -> Iterator[Branch]:
    for part in _union(expression):
        first = re.match(r"\(*(\w+)", part)
        if first is None or first[1] not in (type_name, "Resource", "DomainResource"):
            continue
        resolved = _RESOLVES.search(part)
        evaluable = _evaluable(_RESOLVES.sub("", part))
        yield Branch(f"({evaluable}){NO_WORDS}" if kind == "date" else evaluable, resolved[1] if resolved else "")


def _components(parameter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kinds = {it["url"]: it["type"] for it in registry()}
    parts = [(kinds[it["definition"]], it["expression"]) for it in parameter.get("component", ())]
    if [kind for kind, _ in parts] == ["token", "reference"] and "code" in parts[1][1]:
        parts = [("reference", parts[0][1]), ("token", parts[1][1])]
    for kind, expression in parts:
        yield kind, _evaluable(expression.replace("as(DateTime)", "as(dateTime)"))


def _evaluable(expression: str) -> str:
    return _AS.sub(r"\1.ofType(\2)", _AS_CALL.sub(r".ofType(\1)", expression))


def _union(expression: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, sign in enumerate(expression):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            yield expression[start:place].strip()
            start = place + 1
    yield expression[start:].strip()


@cache
def _compiled(expression: str) -> Callable[[Any], list[Any]]:
    program: Callable[[Any], list[Any]] = fhirpathpy.compile(expression, models["r4"])
    return program


# -- values into the texts that ask for them: (modifier, text, whether the oracle knows all answers)

Ways = Iterator[tuple[str, str, bool]]


def escaped(text: str) -> str:
    return re.sub(r"([\\,$|])", r"\\\1", text)


def token(value: Any) -> Ways:
    if isinstance(value, bool):
        yield "", str(value).lower(), True
    elif isinstance(value, str):
        yield "", escaped(value), True
    elif not isinstance(value, dict):
        return
    elif "coding" in value or "value" not in value and "text" in value:
        for coding in value.get("coding", ()):
            yield from token({"code": coding.get("code"), "system": coding.get("system", "")})
        if value.get("text", "").strip():
            yield ":text", escaped(value["text"][:40]), False
    elif value.get("system") in _PHONES:
        if value.get("value"):
            yield "", escaped(value["value"]), False
    else:
        code = value.get("code", value.get("value"))
        if isinstance(code, str):
            yield "", escaped(code), True
            if value.get("system") is not None:
                yield "", f"{escaped(value['system'])}|{escaped(code)}", True


def reference(value: Any) -> Ways:
    if isinstance(value, str):
        if not value.startswith("#"):
            yield "", escaped(value), False
        return
    if not isinstance(value, dict):
        return
    if "resourceType" in value:
        if value.get("id"):
            yield "", f"{value['resourceType']}/{value['id']}", False
        return
    text = value.get("reference", "")
    if text and not text.startswith("#"):
        plain = text.partition("/_history/")[0]
        yield "", escaped(plain), True
        named = re.fullmatch(r"([A-Z]\w+)/([A-Za-z0-9\-.]{1,64})", plain)
        if named:
            yield f":{named[1]}", named[2], True
    identifier = value.get("identifier", {})
    if identifier.get("value"):
        yield ":identifier", f"{escaped(identifier.get('system', ''))}|{escaped(identifier['value'])}", False
    if value.get("display", "").strip():
        yield ":text", escaped(value["display"][:40]), False


def string(value: Any) -> Ways:
    texts = [value]
    if isinstance(value, dict):
        texts = [value.get(name) for name in ("family", "text", "city", "district", "state", "postalCode", "country")]
        texts += [each for name in ("given", "prefix", "suffix", "line") for each in value.get(name, ())]
    for text in texts:
        if isinstance(text, str) and text.strip():
            yield "", escaped(text[:40].upper()), False
            if len(text) <= 200:
                yield ":exact", escaped(text), False
            if len(text.strip()) > 3:
                yield ":contains", escaped(text.strip()[1:40]), False


def phonetic(value: Any) -> Ways:
    """By its sound: a name as it is written sounds like itself. Titles have no part in it."""
    texts = [value]
    if isinstance(value, dict):
        texts = [value.get("family"), value.get("text"), *value.get("given", ())]
    for text in texts:
        if isinstance(text, str) and text.strip():
            yield "", escaped(text), False


def date(value: Any) -> Ways:
    if isinstance(value, str):
        yield "", value, False
    elif isinstance(value, dict):
        bounds = value.get("repeat", {}).get("boundsPeriod", value)
        for event in value.get("event", ()):
            yield "", f"le{event}", False
            yield "", f"ge{event}", False
        if isinstance(bounds.get("start"), str):
            yield "", f"ge{bounds['start']}", False
        if isinstance(bounds.get("end"), str):
            yield "", f"le{bounds['end']}", False


def number(value: Any) -> Ways:
    if isinstance(value, dict):
        yield from _ends(value, lambda end: "")
    elif not isinstance(value, bool):
        yield "", str(value), False
        yield "", f"lt{value + 1}", False
        yield "", f"gt{value - 1}", False


def quantity(value: Any) -> Ways:
    if "low" in value or "high" in value:
        yield from _ends(value, _unit)
    elif isinstance(value.get("value"), int | float):
        digits, unit = repr(value["value"]), _unit(value)
        if value.get("comparator"):
            yield "", f"{'lt' if value['comparator'][0] == '<' else 'gt'}{digits}{unit}", False
            return
        yield "", digits, False
        yield "", digits + unit, False
        if value.get("unit"):
            yield "", f"{digits}||{escaped(value['unit'])}", False


def uri(value: Any) -> Ways:
    yield "", escaped(value), "|" not in value


def special(value: Any) -> Ways:
    """near: the place itself, within a kilometre."""
    yield "", f"{value['latitude']}|{value['longitude']}|1|km", False


WAYS: dict[str, Callable[[Any], Ways]] = {
    "token": token, "reference": reference, "string": string, "date": date, "number": number, "quantity": quantity,
    "uri": uri, "special": special,
}  # fmt: skip


def _unit(value: dict[str, Any]) -> str:
    if "currency" in value:
        return f"|urn:iso:std:iso:4217|{value['currency']}"
    if "code" in value:
        return f"|{escaped(value.get('system', ''))}|{escaped(value['code'])}"
    return ""


def _ends(value: dict[str, Any], unit: Callable[[dict[str, Any]], str]) -> Ways:
    for name, prefix in (("low", "ge"), ("high", "le")):
        end = value.get(name)
        if isinstance(end, dict) and "value" in end:
            yield "", f"{prefix}{end['value']!r}{unit(end)}", False


def _leads_to(value: Any) -> str:
    """The type that a reference names by itself."""
    text = value.get("reference", "") if isinstance(value, dict) else value
    named = re.search(r"(?:^|/)([A-Z]\w+)/[^/]+$", text.partition("/_history/")[0])
    return named[1] if named else value.get("type", "") if isinstance(value, dict) else ""
