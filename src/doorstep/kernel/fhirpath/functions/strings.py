"""Strings (FHIRPath 2.0.0, section 5.6, and the additions of 3.0 that views use)."""

from __future__ import annotations

from collections.abc import Callable

from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_STRING
from doorstep.kernel.fhirpath.nodes import Items, system
from doorstep.kernel.fhirpath.regex import full, replace_all, search
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, boolean, bounded, integer, string, wrong


def _of_two(name: str, work: Callable[[str, str], Items]) -> None:
    """A function of the input and one string; empty when either is missing."""

    def body(env: Env, items: Items, argument: Items) -> Items:
        text, other = string(items, name), string(argument, name)
        return NONE if text is None or other is None else work(text, other)

    eager(name, 1)(body)


def _of_one(name: str, work: Callable[[str], Items]) -> None:
    def body(env: Env, items: Items) -> Items:
        text = string(items, name)
        return NONE if text is None else work(text)

    eager(name)(body)


_of_two("indexOf", lambda text, other: [text.find(other)])
_of_two("lastIndexOf", lambda text, other: [text.rfind(other)])
_of_two("startsWith", lambda text, other: boolean(text.startswith(other)))
_of_two("endsWith", lambda text, other: boolean(text.endswith(other)))
_of_two("contains", lambda text, other: boolean(other in text))
_of_two("matches", lambda text, pattern: boolean(search(pattern, text)))
_of_two("matchesFull", lambda text, pattern: boolean(full(pattern, text)))
_of_two("split", lambda text, separator: list(text.split(separator) if separator else text))
_of_one("upper", lambda text: [text.upper()])
_of_one("lower", lambda text: [text.lower()])
_of_one("trim", lambda text: [text.strip()])
_of_one("length", lambda text: [len(text)])
_of_one("toChars", lambda text: list(text))


@eager("substring", 1, 2)
def substring(env: Env, items: Items, start: Items, length: Items = NONE) -> Items:
    """From a place, counted from 0; empty when the place is outside."""
    text, place, size = string(items, "substring"), integer(start, "substring"), integer(length, "substring")
    if text is None or place is None or not 0 <= place < len(text):
        return NONE
    return [text[place:] if size is None else text[place : place + max(0, size)]]


@eager("replace", 2)
def replace(env: Env, items: Items, old: Items, new: Items) -> Items:
    text, pattern, other = string(items, "replace"), string(old, "replace"), string(new, "replace")
    if text is None or pattern is None or other is None:
        return NONE
    if (text.count(pattern) + 1) * len(other) + len(text) > MAX_STRING:
        raise FhirPathError("fhirpath.too-much-text", limit=MAX_STRING)
    return [text.replace(pattern, other)]


@eager("replaceMatches", 2)
def replace_matches(env: Env, items: Items, pattern: Items, substitution: Items) -> Items:
    text, expression = string(items, "replaceMatches"), string(pattern, "replaceMatches")
    other = string(substitution, "replaceMatches")
    if text is None or expression is None or other is None:
        return NONE
    return [replace_all(expression, other, text)] if expression else [text]


@eager("join", 0, 1)
def join(env: Env, items: Items, separator: Items = NONE) -> Items:
    """All strings of the input as one; empty for nothing."""
    texts: list[str] = []
    for item in items:
        value = system(item)
        if not isinstance(value, str):
            raise wrong("join", "string", [item])
        texts.append(value)
    between = string(separator, "join") or ""
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_STRING:
        raise FhirPathError("fhirpath.too-much-text", limit=MAX_STRING)
    return bounded(between.join(texts)) if texts else NONE
