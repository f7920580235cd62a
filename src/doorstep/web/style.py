"""The living page of components: every part in every state, with invented people, in both languages and every view."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import NotFound
from doorstep.terms.catalogue import Concept
from doorstep.web import charts
from doorstep.web.acts import Box
from doorstep.web.alarms import Alarm
from doorstep.web.listing import Choice, Worklist
from doorstep.web.lists import Clock, Lock, Row
from doorstep.web.record import Banner, Episode, Line, Report, Value
from doorstep.web.templatetags.shown import FLAGS
from doorstep.workflows.identity import Card
from doorstep.workflows.registry import TABLES

SHELLS: Final = ("front", "phone", "field", "wall", "a4", "a5", "slip", "label", "large")
TOKENS: Final = (
    "ink-900",
    "ink-700",
    "ink-500",
    "border",
    "canvas",
    "surface",
    "teal-700",
    "teal-50",
    "info",
    "info-bg",
    "warn",
    "warn-bg",
    "danger",
    "danger-bg",
    "ok",
    "ok-bg",
    "neutral",
    "neutral-bg",
    "green",
    "focus",
    "wall-bg",
    "wall-call",
)
MINUTE: Final = 60_000_000


def show(request: Any) -> HttpResponse:
    """Every part."""
    return render(request, "style.html", _context(request))


def shell(request: Any, shell: str) -> HttpResponse:
    """One shell with something in it."""
    if shell not in SHELLS:
        raise NotFound("web.no-such-page")
    return render(request, f"style/{shell}.html", _context(request))


def look(request: Any) -> HttpResponse:
    """What a look-up's source answers: the sample people whose name, initials or tail begin so."""
    typed = request.GET.get("q", "").strip().lower()
    initials = ("ljg", "wxy", "wxy", "zha", "abdr")
    options = [
        {"value": who.id, "text": who.name, "more": who.tail}
        for who, short in zip(_people(), initials, strict=True)
        if typed and (short.startswith(typed) or who.name.startswith(typed) or who.tail.lower().endswith(typed))
    ]
    return render(request, "parts/options.html", {"options": options, "list": request.GET.get("list", "list")})


def _context(request: Any) -> dict[str, Any]:
    now = request.store.clock.now()
    rows = _rows(now)
    people = _people()
    left, right = (f"{who.name} {who.tail}" for who in people[1:3])
    return {
        "left": left,
        "right": right,
        "tokens": TOKENS,
        "flags": list(FLAGS),
        "sample": _Words(),
        "rows": rows,
        "row": rows[0],
        "shells": SHELLS,
        "statuses": [
            ("info", "workflows.referral-sent"),
            ("warn", "workflows.referral-arrived"),
            ("back", "workflows.referral-declined"),
            ("done", "workflows.referral-closed"),
            ("off", "workflows.referral-withdrawn"),
        ],
        "clocks": [
            _clock(now, 50),
            _clock(now, 8),
            _clock(now, -12),
            replace(_clock(now, 50), paused="part.sample-paused"),
        ],
        "list": _list(rows),
        "list_empty": replace(_list([]), filtered=False),
        "list_filtered": replace(_list([]), filtered=True),
        "list_stale": replace(_list(rows[:1]), stale=instant(now)),
        "banner": _banner(),
        "banner_other": replace(_banner(), card=people[1], same_name=False),
        "banner_bare": _banner_bare(),
        "tabs": [Choice("web.reports", "#", True), Choice("web.visits", "#", False)],
        "tiles": _list(rows).tiles,
        "boxes": _boxes(),
        "errors": {"systolic": _say("refused"), "": _say("refused")},
        "given": {"systolic": "900"},
        "reasons": _reasons(),
        "facts": [("web.box-impression", _say("illness"))],
        "strip": _strip(now),
        "pairs": _pairs(),
        "episodes": _episodes(),
        "alarms_shown": [_alarm(rows[0])],
        "lock": Lock(_say("lock"), 2),
        "value": _value("182", "H"),
        "low_value": _value("3.1", "L"),
        "report": _report(now),
        "today": instant(now),
        "cards": [_card()],
        "plan_rows": [("items[0].text", "items[0].by")],
        "choices": [
            Choice("part.sample-see", "#", False),
            Choice("part.sample-report", "#", False),
            Choice("part.sample-medicine", "#", False),
            Choice("part.sample-call", "#", False),
        ],
        "found_options": [{"value": who.id, "text": who.name, "more": who.tail} for who in _people()[:3]],
        "fresh": 3,
        "address": "#",
        **_charts(),
        **_rail(),
    }


class _Words(dict[str, str]):
    """A sample's words by name, for templates."""

    def __missing__(self, name: str) -> str:
        return _say(name)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "samples.json").read_text("utf-8"))
    return found


def _in_language(pair: dict[str, str]) -> str:
    return pair["en" if (translation.get_language() or "").startswith("en") else "zh"]


def _say(name: str) -> str:
    return _in_language(_data()["words"][name])


def _place(at: int) -> str:
    return _in_language(_data()["places"][at])


def _people() -> list[Card]:
    return [
        Card(
            each["id"],
            _in_language(each["name"]),
            each["sex"],
            date.fromisoformat(each["born"]) if each["born"] else None,
            each["tail"],
        )
        for each in _data()["people"]
    ]


def _clock(now: int, minutes: int) -> Clock:
    tone = "late" if minutes < 0 else "warn" if minutes < 10 else "calm"
    return Clock(abs(minutes), minutes < 0, tone, instant(now + minutes * MINUTE), 10)


def _rows(now: int) -> list[Row]:
    table = TABLES["referral"]
    states = (
        ("sent", "info", "stat", 8),
        ("arrived", "warn", "urgent", -12),
        ("declined", "back", "routine", 4000),
        ("closed", "done", "routine", 50),
        ("accepted", "info", "routine", 300),
    )
    return [
        Row(
            who.id,
            "1",
            table,
            table.state(state),
            tone,
            _say("item"),
            priority,
            _clock(now, minutes),
            who,
            _place(0),
            _place(1),
            "",
            instant(now - 3600 * 1_000_000),
            holder=_place(1),
            lock=Lock(_say("lock"), 2) if state == "arrived" else None,
            same_name=who.name == _people()[1].name,
        )
        for who, (state, tone, priority, minutes) in zip(_people(), states, strict=True)
    ]


def _list(rows: list[Row]) -> Worklist:
    tiles = [
        Choice("web.tile-all", "#", True, len(rows)),
        Choice("web.tile-late", "#", False, 1, "late"),
        Choice("workflows.referral-sent", "#", False, 2),
    ]
    scopes = [Choice("part.scope-institution", "#", True), Choice("part.scope-mine", "#", False)]
    return Worklist(
        "referrals",
        "web.menu-referrals",
        "web.empty-referrals",
        rows,
        tiles,
        scopes,
        "/style/",
        "",
        "#",
        "#",
        False,
        next="#",
    )


def _banner() -> Banner:
    return Banner(
        _people()[0],
        _say("record"),
        _say("phone"),
        _say("address"),
        ({"code": {"text": _say("allergy")}},),
        risks=(_say("fall"),),
        team=_say("team"),
        payer=_say("payer"),
        same_name=True,
    )


def _banner_bare() -> Banner:
    return Banner(_people()[3], "", "", "", None)


def _boxes() -> list[Box]:
    return [
        Box("systolic", "web.systolic", "result", True, unit="mmHg"),
        Box("impression", "web.impression", hint="web.hint-place"),
        Box("history", "web.box-history", "area"),
        Box("reason", "web.box-reason", "reason", True, choices=_reasons()),
        Box("by", "web.plan-by", "date"),
        Box("password", "web.password", "secret"),
        Box("consent", "web.consent", "tick"),
    ]


def _reasons() -> tuple[Concept, ...]:
    words = _data()["words"]
    return tuple(
        Concept("", f"sample.{name}", words[name]["zh"], words[name]["en"]) for name in ("withdraw", "mistake")
    )


def _strip(now: int) -> list[dict[str, Any]]:
    labels = (
        "workflows.referral-sent",
        "workflows.referral-accepted",
        "workflows.referral-arrived",
        "workflows.referral-closed",
    )
    states = ("done", "done", "now", "next")
    return [
        {
            "label": label,
            "state": state,
            "at": instant(now - (30 - 10 * at) * MINUTE) if state != "next" else "",
            "minutes": 10 * at if state == "done" and at else None,
        }
        for at, (label, state) in enumerate(zip(labels, states, strict=True))
    ]


def _pairs() -> list[dict[str, Any]]:
    left, right = _people()[1], _people()[2]
    return [
        {"label": "web.name", "left": left.name, "right": right.name, "same": True},
        {"label": "web.tail", "left": left.tail, "right": right.tail, "same": False},
        {"label": "web.phone", "left": _say("phone"), "right": "", "same": False},
    ]


def _episodes() -> list[Episode]:
    return [
        Episode(
            "2026-11-20",
            _say("visit"),
            _place(0),
            False,
            "#",
            (
                Line("web.problems", _say("illness")),
                Line("web.reports", _say("report"), _place(2), True, "\N{UPWARDS ARROW}"),
                Line("web.medicines", _say("medicine")),
            ),
        ),
        Episode("2026-08-02", _say("item"), _place(1), True, "", ()),
    ]


def _alarm(row: Row) -> Alarm:
    return Alarm(
        "sample", "stat", row.resident.name if row.resident else "", f"{_say('item')} · {_place(0)}", "#", row.clock
    )


def _value(amount: str, flag: str) -> Value:
    return Value({"text": _say("item")}, amount, "μmol/L", flag, "57–97", "2026-11-20")


def _report(now: int) -> Report:
    return Report(
        "sample",
        {"text": _say("item")},
        instant(now),
        _place(2),
        _say("illness"),
        (_value("182", "H"), _value("61", "N")),
    )


def _card() -> dict[str, str]:
    return {"address": "#", "title": _say("visit"), "text": _say("booked"), "note": _say("booked-note")}


def _rail() -> dict[str, Any]:
    return {
        "problems": [{"code": {"text": _say("illness")}, "recordedDate": "2026-08-02"}],
        "medicines": [{"medicationCodeableConcept": {"text": _say("medicine")}, "authoredOn": "2026-08-02"}],
        "signs": [("2026-11-20", [_value("162/94", "H")])],
        "visits": [],
        "allergies": None,
        "due": [],
    }


def _charts() -> dict[str, Any]:
    days = [date(2025, 12, 1) + timedelta(days=61 * at) for at in range(6)]
    values = [Decimal(text) for text in ("88", "95", "110", "131", "150", "182")]
    return {
        "trend": charts.trend(
            list(zip(days, values, strict=True)),
            unit="μmol/L",
            low=Decimal(57),
            high=Decimal(97),
            changes=[date(2026, 5, 20)],
        ),
        "trend_none": charts.trend([]),
        "bars": charts.bars([(_place(0), 24, 13), (_place(2), 9, 0)], first=_say("up"), second=_say("down")),
        "dots": charts.dots([(_place(0), 1.5, 4.0, 61), (_place(2), 2.5, 9.5, 40)]),
        "funnel": charts.funnel(
            [(_say("invited"), 1200), (_say("screened"), 960), (_say("positive"), 48), (_say("treated"), 41)]
        ),
        "heat": charts.heat(
            [(_say("ward"), (30, 31, 28, 35)), (_say("ward-2"), (12, 9, 3, 0))], ("11-20", "11-21", "11-22", "11-23")
        ),
    }
