"""Critical limits: what holds for each item, by age, sex and day, with its basis; the alliance's own come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.terms import critical
from doorstep.terms.catalogue import Analyte, analytes
from doorstep.terms.critical import Limit
from doorstep.web.admin.keys import BASES
from doorstep.web.guard import with_right
from doorstep.web.refusals import by_box, words
from doorstep.workflows import critical_limits
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import ALLIANCE_ROLES
from doorstep.workflows.directory_policies import KINDS

_COMMANDS = {"put": critical_limits.put, "end": critical_limits.end}
_BOXES = ("low", "high", "from_days", "to_days", "sex", "since", "until", "kind", "basis", "row", "on")


@dataclass(frozen=True, slots=True)
class Line:
    """One limit as a row; ``own`` when the alliance has set it, ``name`` for the form that ends it."""

    analyte: Analyte
    limit: Limit
    own: bool
    now: bool
    basis: str
    name: str


@with_right("people")
def show(request: Any) -> HttpResponse:
    """Every item with what holds today."""
    lines = [line for code in analytes() for line in _lines(request, code) if line.now]
    return render(request, "lab/limits.html", {"lines": lines, "without": _without(lines)})


@with_right("people")
def one(request: Any, code: str) -> HttpResponse:
    """One item: all rows, and the form for another."""
    return _page(request, code, {}, {}, "", 200)


@with_right("people")
@require_POST
def act(request: Any, code: str, act: str) -> HttpResponse:
    """Another limit, or the end of one."""
    command: Any = _COMMANDS.get(act)
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    given = {name: str(request.POST[name]) for name in _BOXES if name in request.POST}
    language = translation.get_language()
    taken = {"row", "on"} if act == "end" else set(_BOXES) - {"row", "on"}
    try:
        if act == "put":
            given = {"low": "", "high": "", "since": "", "basis": "", **given}
        boxes = {name: value for name, value in given.items() if name in taken}
        request.store.run(request.person.actor, command, code=code, **({"row": ""} | boxes if act == "end" else boxes))
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, code, by_box(refusal, language), given, act, refusal.status)
    messages.success(request, words("lab.limit-kept", language))
    return HttpResponseRedirect(f"/admin/critical/{code}/")


def _lines(request: Any, code: str) -> list[Line]:
    today, language = day(request.store.clock.now()), translation.get_language()
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        own = critical.own_limits(reads, code)
    rows = [(row, True) for row in own] + [(row, False) for row in critical.limits() if row.code == code]
    return [
        Line(analytes()[code], row, mine, row.since <= today and (row.until is None or today < row.until),
             f"{words(BASES[row.kind], language)} · {row.basis}", critical_limits.name_of(row))
        for row, mine in rows
    ]  # fmt: skip


def _without(lines: list[Line]) -> list[Analyte]:
    with_limit = {line.limit.code for line in lines}
    return [each for code, each in analytes().items() if code not in with_limit]


def _page(request: Any, code: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    if code not in analytes():
        raise NotFound("lab.unknown-analyte", given=code[:40])
    today = day(request.store.clock.now())
    context = {
        "analyte": analytes()[code], "lines": _lines(request, code), "errors": errors, "given": given, "failed": failed,
        "may": request.person.role in ALLIANCE_ROLES, "today": today.isoformat(),
        "kinds": [(kind, BASES[kind]) for kind in KINDS],
    }  # fmt: skip
    return render(request, "lab/limit.html", context, status=status)
