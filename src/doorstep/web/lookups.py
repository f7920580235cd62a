"""What look-ups ask: a few choices for what a hurried hand has typed: characters, initials, pinyin, a number's tail."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel import exact, names
from doorstep.kernel.errors import NotFound
from doorstep.terms.catalogue import Concept, specialties, tests
from doorstep.terms.finding import find
from doorstep.web.guard import staff
from doorstep.web.templatetags.words import sex, years
from doorstep.workflows import code_map
from doorstep.workflows.identity import Card, card

MOST: Final = 12
CATALOGUES: Final[dict[str, Callable[[], list[Concept]]]] = {
    "tests": lambda: [test.concept for test in tests().values()],
    "specialties": lambda: list(specialties().values()),
}


@staff
def catalogue(request: Any, which: str) -> HttpResponse:
    """Tests or specialties."""
    typed = request.GET.get("q", "").strip().lower()
    if which in code_map.KINDS:
        return _coded(request, which, typed)
    if which not in CATALOGUES:
        raise NotFound("web.no-such-page")
    language = translation.get_language() or "zh"
    found = [each for each in CATALOGUES[which]() if typed and matches(each, typed)]
    return _options(request, [
        {"value": each.code, "text": each.display(language), "more": each.code} for each in found
    ])  # fmt: skip


def _coded(request: Any, kind: str, typed: str) -> HttpResponse:
    """Ours of a dictionary's kind: what is meant exactly comes first."""
    language = translation.get_language() or "zh"
    found = find(code_map.targets(kind).values(), typed, most=MOST)
    return _options(request, [{"value": each.code, "text": each.display(language), "more": each.code}
                              for each in found])  # fmt: skip


@staff
def residents(request: Any) -> HttpResponse:
    """Residents whom the reader may see, by name, initials or pinyin; the last digits of the number narrow them down.

    Whom the reader may not see is not there: finding somebody new needs a card (``workflows.identity``).
    """
    name, tail = _name_and_tail(request.GET.get("q", "").strip())
    if len(name) < 2:
        return _options(request, [])
    with request.store.snapshot(request.person.actor) as reads:
        page = reads.page("Patient", [("name", name), ("active:not", "false"), ("_count", "50")], strict=True)
        people = [card(exact.decode(entry.body)) for entry in page.matches]
    found = [who for who in people if not tail or who.tail.lower().endswith(tail)]
    return _options(request, [{"value": who.id, "text": who.name, "more": _more(who)} for who in found])


def matches(concept: Concept, typed: str) -> bool:
    """Whether a concept is what somebody types: part of its name, or the start of its code, initials or pinyin."""
    if typed in concept.zh or typed in concept.en.lower():
        return True
    return any(each.startswith(typed) for each in (concept.short.lower(), concept.code.lower(), *_readings(concept.zh)))


@lru_cache(maxsize=5000)
def _readings(text: str) -> tuple[str, ...]:
    return tuple(names.read("", text))


def _name_and_tail(typed: str) -> tuple[str, str]:
    """ "ljg 4219" -> ("ljg", "4219")."""
    name, _, tail = typed.rpartition(" ")
    return (name.strip(), tail.lower()) if name and any(each.isdigit() for each in tail) else (typed, "")


def _more(who: Card) -> str:
    return " · ".join(part for part in (sex(who.sex), years(who.born), who.tail) if part)


def _options(request: Any, options: list[dict[str, str]]) -> HttpResponse:
    context = {"options": options[:MOST], "list": request.GET.get("list", "list")}
    return render(request, "parts/options.html", context)
