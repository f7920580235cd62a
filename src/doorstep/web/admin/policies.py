"""Every limit with its basis and dates, and the alliance's own rules that come before the defaults."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.terms.policies import Policy, keys, own_id, own_policies, policies
from doorstep.web.admin.forms import Answer, Cell, Field, Form, Rows, history, language, reason_box, run, typed
from doorstep.web.admin.institutions import RULES
from doorstep.web.admin.keys import BASES, UNITS
from doorstep.web.guard import with_right
from doorstep.web.refusals import words
from doorstep.workflows import directory_policies as commands
from doorstep.workflows.coordination import day

_HEADS: Final = ("directory.col-limit", "directory.col-value", "directory.col-term", "directory.col-basis")


@with_right("people")
def show(request: Any) -> HttpResponse:
    """What holds today, limit by limit: the alliance's own rule where there is one."""
    asked = {"name": str(request.GET.get("name", "")).strip()}
    today = day(request.store.clock.now())
    rows = []
    with request.store.snapshot(request.person.actor) as reads:
        for key in keys():
            if asked["name"].lower() not in key:
                continue
            holding = [rule for rule in _all(reads, key) if rule[0].holds(today)]
            for rule, own in holding[:1]:
                rows.append([Cell(key, address=f"/admin/policies/{key}/"), *_said(rule, own)])
    return render(
        request,
        "admin/list.html",
        {
            "list": Rows("directory.page-policies", _HEADS, rows, "directory.nothing-found"),
            "asked": asked,
            "links": (),
            "search": (Field("name", "directory.col-limit"),),
            "lead": words("directory.policies-lead", language()),
            "forms": (),
            "errors": {},
            "given": {},
            "failed": "",
        },
    )


@with_right("people")
def one(request: Any, key: str) -> HttpResponse:
    """One limit: every rule there was, is and will be."""
    return _one(request, key, Answer())


@require_POST
@with_right("rules")
def act(request: Any, key: str, act: str) -> HttpResponse:
    if act not in ("override", "end-rule"):
        raise NotFound("web.no-such-act", act=act)
    boxes = {"key": key} | typed(request, "version", "since")
    if act == "override":
        boxes |= typed(request, "amount", "unit", "until", "kind", "basis")
        command: Any = commands.override
    else:
        boxes |= typed(request, "reason", "on")
        command = commands.end_override
    return run(
        request, act, command, boxes, done=f"/admin/policies/{key}/", again=lambda each: _one(request, key, each)
    )


def _all(reads: Reads, key: str) -> list[tuple[Policy, bool]]:
    """(rule, whether it is the alliance's own), own ones first, newest first."""
    own = [(rule, True) for rule in reversed(own_policies(reads, key))]
    return own + [(rule, False) for rule in policies() if rule.key == key]


def _said(rule: Policy, own: bool) -> list[Cell]:
    until = rule.until.isoformat() if rule.until else ""
    return [
        Cell(f"{rule.amount} {_unit(rule.unit)}", words("directory.own-rule", language()) if own else ""),
        Cell(f"{rule.since.isoformat()} – {until}"),
        Cell(rule.basis, words(BASES[rule.kind], language())),
    ]


def _unit(unit: str) -> str:
    return words(UNITS[unit], language()) if unit in UNITS else unit


def _one(request: Any, key: str, answer: Answer) -> HttpResponse:
    if key not in keys():
        raise NotFound("directory.no-policy", key=key)
    today = day(request.store.clock.now())
    with request.store.snapshot(request.person.actor) as reads:
        rules = _all(reads, key)
        library = reads.exists("Library", own_id(key))
        version = reads.read("Library", own_id(key))["meta"]["versionId"] if library else ""
    rows = [_said(rule, own) for rule, own in rules]
    forms = []
    if request.person.role == RULES:
        hidden = {"version": version}
        forms.append(
            Form(
                "override",
                f"/admin/policies/{key}/override/",
                _boxes(key),
                {"unit": rules[-1][0].unit, "kind": "rule", "since": today.isoformat()},
                hidden,
                primary=True,
            )
        )
        running = [
            (rule.since.isoformat(), f"{rule.since.isoformat()} · {rule.amount} {_unit(rule.unit)}")
            for rule, own in rules
            if own and (rule.until is None or rule.until > today)
        ]
        if running:
            boxes = (
                Field("since", "directory.box-rule", "choice", True, choices=running),
                reason_box(),
                Field("on", "directory.box-ends-on", "day", hint="directory.hint-on"),
            )
            forms.append(Form("end-rule", f"/admin/policies/{key}/end-rule/", boxes, hidden=hidden))
    facts = [("directory.col-limit", key)]
    return render(
        request,
        "admin/detail.html",
        {
            "title": key,
            "facts": facts,
            "forms": forms,
            "self": f"/admin/policies/{key}/",
            "lists": [Rows("directory.page-rules", _HEADS[1:], rows)],
            "changes": history(request, f"Library/{own_id(key)}") if library else (),
            "links": [("/admin/policies/", "directory.page-policies")],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _boxes(key: str) -> tuple[Field, ...]:
    units = [(unit, _unit(unit)) for unit in commands.units(key)]
    kinds = [(kind, words(BASES[kind], language())) for kind in commands.KINDS]
    return (
        Field("amount", "directory.box-amount", required=True),
        Field("unit", "directory.box-unit", "choice", True, choices=units),
        Field("since", "directory.box-from", "day", True),
        Field("until", "directory.box-until-not", "day"),
        Field("kind", "directory.box-basis-kind", "choice", True, choices=kinds),
        Field("basis", "directory.col-basis", "area", True),
    )
