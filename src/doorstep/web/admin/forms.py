"""Forms of the directory: which boxes an act has, what stands in them, and what a page shows beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import translation

from doorstep.kernel.errors import Refusal
from doorstep.kernel.read import Reads
from doorstep.terms import catalogue
from doorstep.web.admin.keys import ACTS, DID, ROLES
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.workflows.directory import Change, changes
from doorstep.workflows.identity import name_of

Choice = tuple[str, str]
"""(what is sent, what is read)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One box: ``kind`` line, day, area, choice, ticks (several) or tick (one)."""

    name: str
    label: str
    kind: str = "line"
    required: bool = False
    hint: str = ""
    choices: Sequence[Choice] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """An act: where it is sent, its boxes with what stands in them, and what it was decided on (hidden)."""

    act: str
    address: str
    fields: tuple[Field, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    primary: bool = False

    @property
    def label(self) -> str:
        return ACTS[self.act]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a list. ``tone`` colours a status; ``depth`` sets it in."""

    text: str
    soft: str = ""
    tone: str = ""
    depth: int = 0
    address: str = ""

    @property
    def pad(self) -> str:
        return "\N{EM SPACE}" * 2 * self.depth


@dataclass(frozen=True, slots=True)
class Rows:
    """A list on a page: heads are message keys."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    empty: str = "directory.nothing-yet"


@dataclass(frozen=True, slots=True)
class Told:
    """One change in words."""

    act: str
    who: str
    where: str
    at: str
    reason: dict[str, Any] | None


@dataclass(slots=True)
class Answer:
    """What a refused form brings back to its page."""

    errors: dict[str, str] = field(default_factory=dict)
    given: Any = field(default_factory=dict)
    failed: str = ""
    status: int = 200


def table(name: str) -> list[Choice]:
    """A code table as choices in the reader's language."""
    return _choices(catalogue.table(name).values())


def reason_box() -> Field:
    """Why something ends."""
    return Field("reason", "directory.box-reason", "choice", True, choices=table("directory-end"))


def specialties() -> list[Choice]:
    return _choices(catalogue.specialties().values())


def titles() -> list[Choice]:
    return _choices(catalogue.titles().values())


def items() -> list[Choice]:
    return _choices(test.concept for test in catalogue.orderables().values())


def shown(name: str, code: str) -> str:
    """A code of a table in words; the code itself when it is not in the table."""
    known = catalogue.table(name).get(code)
    return known.display(language()) if known else code


def role_name(code: str) -> str:
    return words(ROLES[code], language()) if code in ROLES else code


def run(
    request: Any,
    act: str,
    command: Callable[..., Any],
    boxes: Mapping[str, Any],
    *,
    done: str,
    again: Callable[[Answer], HttpResponse],
) -> HttpResponse:
    """Hand a form to its command. A refusal of what was typed shows the page again, with why beside each box."""
    try:
        request.store.run(request.person.actor, command, **boxes)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return again(Answer(by_box(refusal, language()), request.POST, act, refusal.status))
    messages.success(request, words("directory.done", language(), act=words(ACTS[act], language())))
    return HttpResponseRedirect(done)


def typed(request: Any, *names: str) -> dict[str, str]:
    """The named boxes of a form as text."""
    return {name: str(request.POST.get(name, "")) for name in names}


def history(request: Any, *references: str) -> list[Told]:
    """How things came to be what they are, newest first, in words."""
    found: list[Change] = []
    for reference in references:
        found += changes(request.store, request.person.actor, reference)
    found.sort(key=lambda change: change.at, reverse=True)
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        names, people = Names(reads), _People(reads)
        return [
            Told(
                DID.get(change.act, DID["other"]),
                people.of(change.who),
                names.of(change.organization) if change.organization else "",
                change.at,
                change.reason,
            )
            for change in found[:60]
        ]


class _People:
    """Practitioners by reference, read once a request."""

    def __init__(self, reads: Reads) -> None:
        self._reads, self._known = reads, dict[str, str]()

    def of(self, reference: str) -> str:
        if reference.startswith("Practitioner/") and reference not in self._known:
            self._known[reference] = name_of(self._reads.read("Practitioner", reference.partition("/")[2]))
        return self._known.get(reference, "")


def status(active: bool) -> Cell:
    """Whether something runs, as a coloured word."""
    return Cell(
        words("directory.running" if active else "directory.over", language()), tone="done" if active else "off"
    )


def term(period: Mapping[str, Any]) -> str:
    """A period as two days; an open end stays open."""
    start, end = str(period.get("start", ""))[:10], str(period.get("end", ""))[:10]
    return f"{start} – {end}" if start or end else ""


def _choices(concepts: Iterable[catalogue.Concept]) -> list[Choice]:
    return [(concept.code, concept.display(language())) for concept in concepts]


def language() -> str:
    """The reader's language."""
    return translation.get_language() or "zh-hans"
