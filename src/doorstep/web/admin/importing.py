"""Lists from a spreadsheet: every row with what it would do, then the same done.

Institutions and staff are for administrators; residents for registrars, prices for who keeps the library of
recognition, clinics for who sets their weeks.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from doorstep.journeys import importing
from doorstep.kernel.errors import Forbidden, NotFound, Refusal
from doorstep.terms.columns import columns
from doorstep.web.admin.forms import Cell, Rows, language
from doorstep.web.admin.keys import IMPORTS, OUTCOMES
from doorstep.web.front.access import weeks
from doorstep.web.guard import staff, with_right
from doorstep.web.persons.access import reviewing
from doorstep.web.refusals import by_box, explain, words
from doorstep.web.spreadsheet import book
from doorstep.workflows import directory_import as imports
from doorstep.workflows.code_map import KINDS
from doorstep.workflows.directory_import import Line
from doorstep.workflows.directory_sheet import Row, as_csv, rows_of
from doorstep.workflows.recognition_library import KEEPERS

_ROLE: Final = {"institutions": "security-admin", "staff": "institution-admin"}
_BACK: Final = {
    "institutions": "/admin/institutions/", "staff": "/admin/people/", "residents": "/desk/register/",
    "prices": "/admin/recognition/", "clinics": "/admin/schedules/",
    "codes": "/admin/codes/",
}  # fmt: skip
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
    return _show(request, what)


@require_http_methods(["GET", "HEAD", "POST"])
@reviewing
def residents(request: Any) -> HttpResponse:
    """People of another system: who is known is recognised, who is new is registered."""
    return _show(request, "residents")


@require_http_methods(["GET", "HEAD", "POST"])
@staff
def prices(request: Any) -> HttpResponse:
    """What institutions charge, by item and day."""
    if request.person.role not in KEEPERS:
        raise Forbidden("web.not-your-page")
    return _show(request, "prices")


@require_http_methods(["GET", "HEAD", "POST"])
@weeks
def week(request: Any) -> HttpResponse:
    """The weekly clinics of the institution."""
    return _show(request, "clinics")


@require_http_methods(["GET", "HEAD", "POST"])
@staff
def codes(request: Any) -> HttpResponse:
    """An institution's own codes, with what they mean here or without."""
    if all(request.person.role not in kind.keepers for kind in KINDS.values()):
        raise Forbidden("web.not-your-page")
    return _show(request, "codes")


def _show(request: Any, what: str) -> HttpResponse:
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
    of: Any = imports if what in _ROLE else importing
    lines = (of.apply if done else of.preview)(request.store, request.person.actor, what=what, rows=rows)
    if "report" in request.POST:
        return _report(what, lines)
    return _page(request, what, lines, as_csv(rows, what), "", done=done)


def _page(
    request: Any, what: str, lines: list[Line], sheet: str, wrong: str, *, done: bool = False, status: int = 200
) -> HttpResponse:
    counts = {outcome: sum(line.outcome == outcome for line in lines) for outcome in _TONES}
    tiles = [(words(OUTCOMES[outcome], language()), count) for outcome, count in counts.items()]
    rows = [
        [
            Cell(str(line.number)),
            Cell(*_about(line.row, what)),
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
            "back": _BACK[what],
            "title": IMPORTS[what],
            "tiles": tiles if lines else (),
            "sheet": sheet,
            "done": done,
            "wrong": wrong,
            "columns": [
                known[0 if language() != "en" else -1] for name, known in columns(what).items() if name != "problem"
            ],
            "list": Rows(IMPORTS[what], heads, rows),
            "troubled": counts["wrong"] if "problem" in columns(what) else 0,
            "ready": counts["new"] + counts["changed"],
            "hidden": max(0, len(lines) - SHOWN),
        },
        status=status,
    )


def _about(row: Row, what: str) -> tuple[str, str]:
    """What a row is about, and what tells it from others; of a resident's number only its end."""
    if what == "residents":
        return row.get("name", ""), row.get("number", "")[-4:]
    if what == "prices":
        return row.get("item", ""), f"{row.get('yuan', '')} · {row.get('since', '')}"
    if what == "codes":
        return row.get("code", ""), " ".join(row.get(name, "") for name in ("text", "ours"))
    if what == "clinics":
        return row.get("clinic", ""), " ".join(row.get(name, "") for name in ("doctor", "weekday", "begins", "ends"))
    return row.get("name", ""), row.get("number", row.get("credit", ""))


def _report(what: str, lines: list[Line]) -> HttpResponse:
    """The rows that are wrong with their problems, under the heads of the list: mended, it can be sent again."""
    known = columns(what)
    if "problem" not in known:
        raise NotFound("web.no-such-page")
    heads = [names[0 if language() != "en" else -1] for names in known.values()]
    wrong = [{**line.row, "problem": _why(line, what)} for line in lines if line.outcome == "wrong"]
    return book(f"{what}-problems", [heads, *([row.get(name, "") for name in known] for row in wrong)])


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
    heads = ",".join(known[0] for name, known in columns(what).items() if name != "problem")
    text = f"\N{ZERO WIDTH NO-BREAK SPACE}{heads}\r\n"
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{what}.csv"'},
    )
