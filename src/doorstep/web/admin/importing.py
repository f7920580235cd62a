"""Lists of institutions or staff from a spreadsheet: every row with what it would do, then the same done."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from doorstep.kernel.errors import Forbidden, NotFound, Refusal
from doorstep.terms.columns import columns
from doorstep.web.admin.forms import Cell, Rows, language
from doorstep.web.admin.keys import IMPORTS, OUTCOMES
from doorstep.web.guard import with_right
from doorstep.web.refusals import by_box, explain, words
from doorstep.workflows import directory_import as imports
from doorstep.workflows.directory_import import Line
from doorstep.workflows.directory_sheet import as_csv, rows_of

_ROLE: Final = {"institutions": "security-admin", "staff": "institution-admin"}
_TONES: Final = {"new": "info", "changed": "warn", "same": "done", "wrong": "off"}
SHOWN: Final = 500


@require_http_methods(["GET", "HEAD", "POST"])
@with_right("people")
def show(request: Any, what: str) -> HttpResponse:
    """Without a file: what the columns are called. With one: the preview. Once more with its rows: done."""
    if what not in _ROLE:
        raise NotFound("web.no-such-page")
    if request.person.role != _ROLE[what]:
        raise Forbidden("web.not-your-page")
    if "sample" in request.GET:
        return _sample(what)
    if request.method != "POST":
        return _page(request, what, [], "", "")
    data = request.FILES["file"].read() if "file" in request.FILES else str(request.POST.get("sheet", "")).encode()
    done = "apply" in request.POST and "file" not in request.FILES
    try:
        rows = rows_of(data, what)
    except Refusal as refusal:
        return _page(request, what, [], "", explain(refusal, language())[0], status=refusal.status)
    work = imports.apply if done else imports.preview
    lines = work(request.store, request.person.actor, what=what, rows=rows)
    return _page(request, what, lines, "" if done else as_csv(rows, what), "", done=done)


def _page(
    request: Any, what: str, lines: list[Line], sheet: str, wrong: str, *, done: bool = False, status: int = 200
) -> HttpResponse:
    counts = {outcome: sum(line.outcome == outcome for line in lines) for outcome in _TONES}
    tiles = [(words(OUTCOMES[outcome], language()), count) for outcome, count in counts.items()]
    rows = [
        [
            Cell(str(line.number)),
            Cell(line.row.get("name", ""), line.row.get("number", line.row.get("credit", ""))),
            Cell(words(OUTCOMES[line.outcome], language()), tone=_TONES[line.outcome]),
            Cell(_why(line, what)),
        ]
        for line in lines[:SHOWN]
    ]
    heads = ("directory.col-line", "directory.col-name", "directory.col-outcome", "directory.col-why")
    return render(
        request,
        "admin/import.html",
        {
            "what": what,
            "title": IMPORTS[what],
            "tiles": tiles if lines else (),
            "sheet": sheet,
            "done": done,
            "wrong": wrong,
            "columns": [known[0 if language() != "en" else -1] for known in columns(what).values()],
            "list": Rows(IMPORTS[what], heads, rows),
            "ready": counts["new"] + counts["changed"],
            "hidden": max(0, len(lines) - SHOWN),
        },
        status=status,
    )


def _why(line: Line, what: str) -> str:
    """Every problem of a row with the head of its column."""
    found = []
    for issue in line.problems:
        known = columns(what).get(issue.element, ())
        head = known[0 if language() != "en" else -1] if known else ""
        refusal = Refusal(issue.key, issues=(issue,))
        sentence = next(iter(by_box(refusal, language()).values()))
        found.append(f"{head}: {sentence}" if head else sentence)
    return " ".join(found)


def _sample(what: str) -> HttpResponse:
    """An empty list with the right heads, as an office program opens it."""
    text = "\N{ZERO WIDTH NO-BREAK SPACE}" + ",".join(known[0] for known in columns(what).values()) + "\r\n"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{what}.csv"'},
    )
