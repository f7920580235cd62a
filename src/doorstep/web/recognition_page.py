"""Recognition in numbers, each with its rows, and the library of windows, members, prices and quality rounds.

Numbers and rows name no resident: a row says day, item, institution and decision; who may read the case opens it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.terms import recognition as terms
from doorstep.terms.catalogue import orderables, reasons
from doorstep.terms.policies import policy
from doorstep.web.admin.forms import Answer, Cell, Field, Form, Rows, items, language, run, typed
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.refusals import words
from doorstep.workflows import critical, recognition, recognition_library
from doorstep.workflows.coordination import boxes, day, state_of
from doorstep.workflows.directory import ALLIANCE_ROLES
from doorstep.workflows.recognition_library import KEEPERS

_DAYS: Final = 30
ACTS: Final[dict[str, Callable[..., Any]]] = {
    "add-price": recognition_library.set_price, "add-round": recognition_library.add_round,
}  # fmt: skip
_BOXES: Final = {"add-price": ("organization", "item", "yuan", "since"),
                 "add-round": ("organization", "item", "scope", "name", "certificate", "on", "passed")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """The decisions of some days, counted; ``fen`` is what recognition saved."""

    recognised: int
    refused: int
    uncounted: int
    viewed: int
    fen: int
    by_reason: tuple[tuple[str, int], ...]

    @property
    def yuan(self) -> str:
        return f"{self.fen // 100}.{self.fen % 100:02}"


def count(found: list[dict[str, Any]]) -> Figures:
    """The decisions that stand, by what was decided."""
    kinds = Counter(state_of(task) for task in found)
    refused = [task for task in found if state_of(task) == "refused"]
    why = Counter(boxes(task["input"])["reason"] for task in refused)
    uncounted = sum(not recognition.counted(task) for task in refused)
    return Figures(
        kinds["recognised"], len(refused) - uncounted, uncounted, kinds["viewed"],
        sum(recognition.fen_of(task) for task in found if state_of(task) == "recognised"), tuple(sorted(why.items())),
    )  # fmt: skip


@staff
def figures(request: Any) -> HttpResponse:
    """Of the reader's institution; of all of them for the alliance's managers."""
    person = request.person
    if person.role not in (*KEEPERS, *critical.CLINICIANS):
        raise Forbidden("web.not-your-page")
    today = day(request.store.clock.now())
    start, until = _day(request, "from", today - timedelta(days=_DAYS)), _day(request, "until", today)
    kind = request.GET.get("kind", "")
    whole = person.role in KEEPERS
    with request.store.snapshot(SYSTEM, audited=False) as reads:
        found = recognition.decisions(reads, since=start.isoformat(), until=until.isoformat(),
                                      organization="" if whole else person.organization)  # fmt: skip
        names = Names(reads)
        counted = count(found)
        rows = [_row(task, names, linked=not whole) for task in found if _of_kind(task, kind)] if kind else []
    here = f"/recognition/?from={start.isoformat()}&until={until.isoformat()}"
    tiles = [
        ("recognition.count-recognised", str(counted.recognised), "recognised"),
        ("recognition.saved", counted.yuan, "recognised"),
        ("recognition.count-refused", str(counted.refused), "refused"),
        ("recognition.count-uncounted", str(counted.uncounted), "uncounted"),
        ("recognition.count-viewed", str(counted.viewed), "viewed"),
    ]
    numbers = [
        [Cell(words(label, language())), Cell(number, address=f"{here}&kind={of}")] for label, number, of in tiles
    ]
    coded = reasons("recognition.refuse")
    why = [[Cell(coded[code].display(language())), Cell(str(number), address=f"{here}&kind={code}")]
           for code, number in counted.by_reason]  # fmt: skip
    lead = words("recognition.figures-lead", language(), place=person.organization_name, start=start.isoformat(),
                 end=until.isoformat())  # fmt: skip
    heads = ("recognition.col-day", "recognition.col-item", "recognition.col-institution", "recognition.col-decision",
             "recognition.col-price")  # fmt: skip
    shown = [
        Rows("recognition.by-reason", ("recognition.col-reason", "recognition.col-count"), why, "recognition.none")
    ]
    if kind:
        shown.append(Rows("recognition.rows", heads, rows, "recognition.none"))
    return render(request, "admin/list.html", {
        "list": Rows("recognition.figures", ("recognition.figures", "recognition.col-count"), numbers),
        "lists": shown, "lead": lead, "links": (), "forms": (), "errors": {}, "given": {}, "failed": "",
        "search": (Field("from", "critical.register-from", "day"), Field("until", "critical.register-until", "day")),
        "asked": {"from": start.isoformat(), "until": until.isoformat()},
    })  # fmt: skip


@staff
def library(request: Any) -> HttpResponse:
    """Items with their windows, who takes part, prices and quality rounds, as they hold today."""
    return _library(request, Answer())


@staff
@require_POST
def act(request: Any, act: str) -> HttpResponse:
    """A new price or a new round."""
    if request.person.role not in KEEPERS:
        raise Forbidden("web.not-your-page")
    if act not in ACTS:
        raise NotFound("web.no-such-act", act=act)
    return run(request, act, ACTS[act], typed(request, *_BOXES[act]), done="/admin/recognition/",
               again=lambda each: _library(request, each))  # fmt: skip


def _library(request: Any, answer: Answer) -> HttpResponse:
    if request.person.role not in KEEPERS:
        raise Forbidden("web.not-your-page")
    today = day(request.store.clock.now())
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        members = _members(reads)
        windows = [[Cell(test.concept.display(language())), Cell(words("recognition.days", language(), n=window),
                    address=f"/admin/policies/{terms.WINDOW}{code}/" if request.person.role in ALLIANCE_ROLES else ""),
                    Cell(policy(terms.WINDOW + code, on=today, reads=reads).basis)]
                   for code, (test, window) in terms.items(today, reads).items()]  # fmt: skip
        prices = [[Cell(names.of(each)), Cell(orderables()[row.code].concept.display(language())),
                   Cell(f"{row.fen // 100}.{row.fen % 100:02}"), Cell(row.since.isoformat())]
                  for each in members for row in terms.prices(reads, each)]  # fmt: skip
        rounds = [_round(reads, each, row, names, today) for each in members for row in terms.rounds(reads, each)]
        choices = [(each, names.of(each)) for each in members]
        people = [[Cell(name)] for _, name in choices]
    item_heads = ("recognition.col-item", "recognition.col-window", "recognition.col-basis")
    price_heads = ("recognition.col-institution", "recognition.col-item", "recognition.col-price",
                   "recognition.col-since")  # fmt: skip
    round_heads = ("recognition.col-institution", "recognition.col-item", "recognition.col-round",
                   "recognition.col-on", "recognition.col-verdict")  # fmt: skip
    return render(request, "admin/list.html", {
        "list": Rows("recognition.library", item_heads, windows),
        "lists": [Rows("recognition.prices", price_heads, prices, "recognition.none"),
                  Rows("recognition.rounds", round_heads, rounds, "recognition.none"),
                  Rows("recognition.members", ("recognition.col-institution",), people)],
        "links": [("/recognition/", "recognition.figures"), ("/admin/import/prices/", "beside.import-prices")],
        "forms": _forms(choices), "errors": answer.errors, "given": answer.given, "failed": answer.failed, "asked": {},
    }, status=answer.status)  # fmt: skip


def _forms(members: list[tuple[str, str]]) -> list[Form]:
    who = Field("organization", "recognition.col-institution", "choice", True, choices=members)
    what = Field("item", "recognition.col-item", "choice", True, choices=items())
    verdicts = [("yes", words("recognition.passed", language())), ("no", words("recognition.failed", language()))]
    return [
        Form("add-price", "/admin/recognition/add-price/",
             (who, what, Field("yuan", "recognition.box-yuan", required=True),
              Field("since", "recognition.col-since", "day"))),
        Form("add-round", "/admin/recognition/add-round/",
             (who, what,
              Field("scope", "recognition.box-scope", "choice", True, choices=[(one, one) for one in terms.scopes()]),
              Field("name", "recognition.box-round", required=True),
              Field("certificate", "recognition.box-certificate", required=True),
              Field("on", "recognition.col-on", "day"),
              Field("passed", "recognition.box-passed", "choice", True, choices=verdicts))),
    ]  # fmt: skip


def _members(reads: Reads) -> list[str]:
    found = reads.search("OrganizationAffiliation", [("role", "member"), ("active", "true")])
    return sorted({str(row["participatingOrganization"]["reference"]) for row in found})


def _round(reads: Reads, organization: str, row: terms.Round, names: Names, today: date) -> list[Cell]:
    label = terms.label(reads, organization, row.code, today)
    until = words("recognition.valid-until", language(), day=label.until.isoformat()) if label else ""
    verdict = words("recognition.passed" if row.passed else "recognition.failed", language())
    return [Cell(names.of(organization)), Cell(orderables()[row.code].concept.display(language()), row.scope),
            Cell(row.name, row.certificate), Cell(row.on.isoformat()),
            Cell(verdict, until or words("recognition.no-valid", language()))]  # fmt: skip


def _of_kind(task: dict[str, Any], kind: str) -> bool:
    state = state_of(task)
    if state != "refused":
        return state == kind
    if kind in ("refused", "uncounted"):
        return recognition.counted(task) == (kind == "refused")
    return boxes(task["input"])["reason"] == kind


def _row(task: dict[str, Any], names: Names, *, linked: bool) -> list[Cell]:
    told, state = boxes(task["input"]), state_of(task)
    fen = recognition.fen_of(task)
    address = f"/recognition/decision/{task['id']}/" if linked else ""
    reason = reasons("recognition.refuse").get(told.get("reason", ""))
    return [
        Cell(str(task["authoredOn"])[:10], address=address),
        Cell(orderables()[told["test"]].concept.display(language())), Cell(names.of(task["requester"]["reference"])),
        Cell(words(recognition.TABLE.state(state).label, language()), reason.display(language()) if reason else ""),
        Cell(f"{fen // 100}.{fen % 100:02}" if state == "recognised" else ""),
    ]  # fmt: skip


def _day(request: Any, name: str, usual: date) -> date:
    text = str(request.GET.get(name, "")).strip()
    if not text:
        return usual
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("critical.bad-day", element=name) from None
