"""The overview and one figure: its number, its definition, its parts, its rows, as a page and as a file."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Refusal
from doorstep.measures import figures, frozen, library, shown
from doorstep.measures.engine import Frame
from doorstep.measures.figures import Case, Scope
from doorstep.measures.indicator import MONEY, SPREAD, Indicator
from doorstep.measures.period import Period
from doorstep.measures.shown import Shown
from doorstep.web.alliance import frames, said
from doorstep.web.guard import with_right
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.spreadsheet import book
from doorstep.web.templatetags.words import moment, word
from doorstep.workflows import affiliation, figure_question, freezing
from doorstep.workflows.coordination import day

FIGURES: Final = "figures"
MOST: Final = 200
"""Rows that a page shows; the file has them all."""


@with_right(FIGURES)
def overview(request: Any) -> HttpResponse:
    """Every figure of a period by topic, with what became worse on top."""
    frame, period = frames.of(request), frames.period_of(request)
    scope, least = frames.scope_of(frame, request.person), frames.least(request)
    topics = [
        (label, [said.line(frame, each, period, scope, least, f"/alliance/{each.code}/?period={period.code}")
                 for each in library.of_topic(topic)])
        for topic, label in library.TOPICS.items()
    ]  # fmt: skip
    worse = [each for _, lines in topics for each in lines if each.worse]
    return render(request, "alliance/overview.html", {
        "topics": topics, "worse": worse, **_around(request, frame, period, "/alliance/"),
    })  # fmt: skip


@with_right(FIGURES)
def figure(request: Any, code: str) -> HttpResponse:
    """One figure of a period; ``institution`` and ``label`` narrow its rows; ``format=xlsx`` is the same as a file."""
    return _figure(request, code, {}, {}, 200)


@with_right(FIGURES)
@require_POST
def ask(request: Any, code: str) -> HttpResponse:
    """A question about this figure becomes a Task of whoever keeps its rows."""
    indicator, period = library.indicator(code), frames.period_of(request)
    institution = request.POST.get("institution", "").strip()
    frame = frames.of(request)
    asked = f"Organization/{institution}" if institution else _top(request)
    scope = frames.scope_of(frame, request.person)
    if institution and not scope.whole and asked not in scope.institutions:
        raise Forbidden("web.not-your-page")
    try:
        request.store.run(
            request.person.actor, figure_question.ask, figure=code, version=indicator.of(period).version,
            period=period.code, name=words(indicator.says.name, "zh-hans"), asked=asked,
            text=request.POST.get("text", ""),
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        errors = by_box(refusal, translation.get_language())
        return _figure(request, code, errors, {"text": request.POST.get("text", "")}, refusal.status)
    messages.success(request, word("alliance.asked"))
    return HttpResponseRedirect(f"/alliance/{code}/?period={period.code}")


@with_right(FIGURES)
def months(request: Any) -> HttpResponse:
    """Frozen periods: what was reported then."""
    with request.store.snapshot(request.person.actor) as reads:
        found = [frozen.read(report) for report in freezing.frozen(reads, request.person.organization)]
    kept = [each for each in found if each.code in library.INDICATORS]
    by_period: dict[str, list[tuple[str, str, str, int]]] = {}
    for each in kept:
        indicator = library.INDICATORS[each.code]
        number = said.value(indicator, each.amount) or word("alliance.hidden")
        by_period.setdefault(each.period, []).append(
            (word(indicator.says.name), number, word(indicator.unit), each.version)
        )
    last = frames.period_of(request).before()
    return render(request, "alliance/frozen.html", {"periods": by_period, "last": last.code})


@with_right(FIGURES)
@require_POST
def freeze(request: Any) -> HttpResponse:
    """Keep the figures of a period as they are now."""
    frame, period = frames.of(request, fresh=True), frames.period_of(request)
    scope, least = frames.scope_of(frame, request.person), frames.least(request)
    reports = [frozen.report(shown.protected(figures.figure(frame, each, period, scope), least=least))
               for each in library.INDICATORS.values()]  # fmt: skip
    ended = period.until <= request.store.clock.now()
    request.store.run(request.person.actor, freezing.freeze, period=period.code, ended=ended, reports=reports)
    messages.success(request, words("alliance.frozen-now", translation.get_language(), period=period.code))
    return HttpResponseRedirect("/alliance/frozen/")


def _figure(request: Any, code: str, errors: dict[str, str], given: dict[str, str], status: int) -> HttpResponse:
    indicator, period, frame = library.indicator(code), frames.period_of(request), frames.of(request)
    scope, least = frames.scope_of(frame, request.person), frames.least(request)
    found = shown.protected(figures.figure(frame, indicator, period, scope), least=least)
    wanted = {"institution": request.GET.get("institution", "")[:64], "label": request.GET.get("label", "")[:64]}
    few = _few(found, wanted)
    with request.store.snapshot(request.person.actor, audited=False) as reads:
        names = Names(reads)
        rows = [] if few else _rows(frame, found, scope, wanted, names)
        if request.GET.get("format") == "xlsx":
            return _file(found, rows, few)
        here = f"/alliance/{code}/?" + urlencode({"period": period.code})
        narrowed = [text for text in (_name(names, wanted["institution"]), said.label(wanted["label"])) if text]
        context = {
            "indicator": indicator, "found": found, "rows": rows[:MOST], "number": len(rows), "few": few,
            "value": said.value(indicator, found.total) if indicator.whole else "", "least": least,
            "counts": said.counts(indicator, found.total), "parts": said.parts(found, names, here),
            "labels": said.by_label(found, here), "trend": said.trend(frame, indicator, period, scope, least),
            "picture": said.picture(found, names), "narrowed": " · ".join(narrowed), "clear": here,
            "missing": [names.of(each) for each in found.figure.missing],
            "export": here + "&" + urlencode({"format": "xlsx", **wanted}),
            "questions": figure_question.asked_by(request.store, request.person.organization, figure=code),
            "errors": errors, "given": given, "institution": wanted["institution"],
            **_around(request, frame, period, f"/alliance/{code}/"),
        }  # fmt: skip
    return render(request, "alliance/figure.html", context, status=status)


def _rows(frame: Frame, found: Shown, scope: Scope, wanted: dict[str, str], names: Names) -> list[list[str]]:
    """The cases as lines: when, which, whose, with whom, what of it, what each adds. Nobody's name is in them.

    Of a part that is hidden, its rows do not say whose they are.
    """
    asked = f"Organization/{wanted['institution']}" if wanted["institution"] else ""
    cases = figures.cases(frame, found.figure.indicator, found.figure.period, scope, institution=asked,
                          label=wanted["label"])  # fmt: skip
    hidden = {name for name, part in found.parts.items() if part is None}
    few = {name for name, part in found.labels.items() if part is None}
    return [_row(found.figure.indicator, case, names, hidden, few) for case in cases]


def _row(indicator: Indicator, case: Case, names: Names, hidden: set[str], few: set[str]) -> list[str]:
    whose = "" if case.institution in hidden else _name(names, case.institution)
    other = "" if case.institution in hidden or case.other in hidden else _name(names, case.other)
    what = said.label(case.label) if case.label and case.label not in few else ""
    n = f"{case.n / 100:.2f}" if indicator.kind == MONEY else f"{case.n:.0f}"
    return [moment(instant(case.happened)), case.kase.rpartition("/")[2][-8:], whose, other, what, n,
            "" if indicator.kind in (SPREAD, MONEY) else f"{case.d:.0f}"]  # fmt: skip


HEADS: Final = ("alliance.col-at", "alliance.col-case", "alliance.col-institution", "alliance.col-other",
                "alliance.col-part", "alliance.numerator", "alliance.denominator")  # fmt: skip


def _few(found: Shown, wanted: dict[str, str]) -> bool:
    """Whether what is asked for is hidden."""
    if wanted["institution"]:
        return found.parts.get(f"Organization/{wanted['institution']}", found.total) is None
    if wanted["label"]:
        return found.labels.get(wanted["label"], found.total) is None
    return found.total is None


def _file(found: Shown, rows: list[list[str]], few: bool) -> HttpResponse:
    """The same rows as a file, under the definition that they were counted by."""
    figure, indicator = found.figure, found.figure.indicator
    unit = word(indicator.unit)
    head = [
        [word(indicator.says.name), said.value(indicator, found.total) or word("alliance.hidden"), unit],
        [word("alliance.period"), figure.period.code], [word("alliance.cut-off"), moment(instant(figure.cut_off))],
        [word("alliance.version"), str(figure.version)], [word("alliance.numerator"), word(indicator.says.counts)],
        [word("alliance.denominator"), word(indicator.says.of)],
        [word("alliance.leaves-out"), word(indicator.says.leaves_out)],
        [word("alliance.missing"), str(len(figure.missing))], [], [word(each) for each in HEADS],
    ]  # fmt: skip
    return book(f"{indicator.code}-{figure.period.code}", [*head, *([[word("alliance.few")]] if few else rows)])


def _around(request: Any, frame: Frame, period: Period, address: str) -> dict[str, Any]:
    now = request.store.clock.now()
    return {
        "period": period, "cut_off": instant(frame.state.cut_off), "running": period.until > now,
        "previous": f"{address}?period={period.before().code}", "next": ""
        if period.until > now else f"{address}?period={Period(period.end, period.months).code}",
        "kinds": [(f"{address}?period={code}", label, current) for code, label, current in said.periods(period)],
        "today": day(now),
    }  # fmt: skip


def _name(names: Names, reference: str) -> str:
    if not reference:
        return ""
    return names.of(reference if "/" in reference else f"Organization/{reference}")


def _top(request: Any) -> str:
    """The institution above all others: who keeps the figures of the whole."""
    with request.store.snapshot(SYSTEM, audited=False) as reads:
        top: str = request.person.organization
        while (above := affiliation.superior(reads, top)) != top:
            top = above
    return top
