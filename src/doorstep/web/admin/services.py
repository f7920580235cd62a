"""Which centre serves whom with what, who belongs to the alliance, and with whom it works by agreement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.web.admin.forms import (
    Answer,
    Cell,
    Choice,
    Field,
    Form,
    Rows,
    history,
    items,
    language,
    reason_box,
    run,
    shown,
    specialties,
    status,
    table,
    term,
    typed,
)
from doorstep.web.admin.institutions import RULES, choices
from doorstep.web.guard import with_right
from doorstep.web.lists import Names
from doorstep.web.refusals import explain, words
from doorstep.web.templatetags.words import concept
from doorstep.workflows import directory_services as services
from doorstep.workflows.affiliation import SYSTEM
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import Resource, coded, day_typed, identifier, ref_of

_HEADS: Final = (
    "directory.col-member",
    "directory.col-centre",
    "directory.col-what",
    "directory.col-items",
    "directory.col-term",
    "directory.col-state",
    "directory.col-open",
)


@with_right("people")
def centres(request: Any) -> HttpResponse:
    """Who is served by which centre on a day, with which items or specialties."""
    return _centres(request, Answer())


@require_POST
@with_right("rules")
def serve(request: Any) -> HttpResponse:
    boxes: dict[str, Any] = typed(request, "service", "member", "on", "until")
    boxes |= {"items": tuple(request.POST.getlist("items")), "specialty": tuple(request.POST.getlist("specialty"))}
    return run(
        request, "serve", services.serve, boxes, done="/admin/centres/", again=lambda each: _centres(request, each)
    )


@require_POST
@with_right("rules")
def open_service(request: Any) -> HttpResponse:
    boxes = typed(request, "institution", "role", "name")
    return run(
        request,
        "service",
        services.open_service,
        boxes,
        done="/admin/centres/",
        again=lambda each: _centres(request, each),
    )


@with_right("rules")
def agreements(request: Any) -> HttpResponse:
    """Members of the alliance and looser agreements: kind, number, parties, term."""
    return _agreements(request, Answer())


@require_POST
@with_right("rules")
def agree(request: Any) -> HttpResponse:
    boxes = {"party": request.person.organization} | typed(request, "partner", "kind", "number", "on", "until", "note")
    return run(
        request,
        "agree",
        services.agree,
        boxes,
        done="/admin/agreements/",
        again=lambda each: _agreements(request, each),
    )


@require_POST
@with_right("rules")
def join(request: Any) -> HttpResponse:
    boxes = {"alliance": request.person.organization} | typed(request, "member", "on", "until")
    return run(
        request, "join", services.join, boxes, done="/admin/agreements/", again=lambda each: _agreements(request, each)
    )


@with_right("people")
def one(request: Any, kind: str, id: str) -> HttpResponse:
    """One affiliation or one service: what it says, how it came about, and its end."""
    return _one(request, _TYPES.get(kind, ""), id, Answer())


@require_POST
@with_right("rules")
def end(request: Any, kind: str, id: str) -> HttpResponse:
    type_name = _TYPES.get(kind, "")
    command: Callable[..., Any] = services.end_affiliation if kind == "affiliation" else services.close_service
    names = ("reason", "on", "version") if kind == "affiliation" else ("reason", "version")
    boxes = {kind: f"{type_name}/{id}", **typed(request, *names)}
    return run(
        request,
        "end",
        command,
        boxes,
        done=f"/admin/{kind}/{id}/",
        again=lambda each: _one(request, type_name, id, each),
    )


_TYPES: Final = {"affiliation": "OrganizationAffiliation", "service": "HealthcareService"}


def _centres(request: Any, answer: Answer) -> HttpResponse:
    asked = {name: str(request.GET.get(name, "")).strip() for name in ("on", "member", "role")}
    on, wrong = _on(request, asked["on"])
    with request.store.snapshot(request.person.actor) as reads:
        roles = [asked["role"]] if asked["role"] in services.CENTRES else services.CENTRES
        found = [each for role in roles for each in services.running(reads, code=role, on=on, member=asked["member"])]
        names = Names(reads)
        rows = _rows(found, names)
        open_ones = reads.search("HealthcareService", [("active", "true")])
        known = sorted(
            (
                (ref_of(each), f"{names.of(each['providedBy']['reference'])} · {each['name']}")
                for each in open_ones
                if "providedBy" in each
            ),
            key=lambda each: each[1],
        )
        everybody = choices(reads)
        services_ = [[Cell(text, address=f"/admin/service/{ref.partition('/')[2]}/")] for ref, text in known]
    roles_shown = [(code, shown("affiliation", code)) for code in services.CENTRES]
    search = (
        Field("on", "directory.box-as-of", "day"),
        Field("member", "directory.col-member", "choice", choices=everybody),
        Field("role", "directory.col-what", "choice", choices=roles_shown),
    )
    forms = _centre_forms(known, everybody, roles_shown) if request.person.role == RULES else []
    return _page(
        request,
        answer,
        Rows("directory.page-centres", _HEADS, rows, "directory.nothing-found"),
        forms,
        asked=asked,
        search=search,
        wrong=wrong,
        lists=[Rows("directory.page-services", ("directory.col-name",), services_)],
    )


def _centre_forms(known: list[Choice], everybody: list[Choice], roles: list[Choice]) -> list[Form]:
    return [
        Form(
            "serve",
            "/admin/centres/serve/",
            (
                Field("service", "directory.col-centre", "choice", True, choices=known),
                Field("member", "directory.col-member", "choice", True, choices=everybody),
                Field("on", "directory.box-from", "day"),
                Field("until", "directory.box-until", "day"),
                Field("items", "directory.box-items", "ticks", hint="directory.hint-items", choices=items()),
                Field("specialty", "directory.box-specialties", "ticks", choices=specialties()),
            ),
        ),
        Form(
            "service",
            "/admin/centres/open/",
            (
                Field("institution", "directory.col-institution", "choice", True, choices=everybody),
                Field("role", "directory.col-what", "choice", True, choices=roles),
                Field("name", "directory.box-name", required=True),
            ),
        ),
    ]


def _agreements(request: Any, answer: Answer) -> HttpResponse:
    asked = {"on": str(request.GET.get("on", "")).strip()}
    on, wrong = _on(request, asked["on"])
    alliance = request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        agreed = _agreed(services.running(reads, code=services.AGREEMENT, on=on), names)
        members = [
            [
                Cell(names.of(services.partner_of(each))),
                Cell(term(each.get("period", {}))),
                status(each.get("active", True)),
                _open(each),
            ]
            for each in services.running(reads, code=services.MEMBER, on=on, member=alliance)
        ]
        counts = services.counted(reads, party=alliance, on=on)
        others = choices(reads, but=alliance)
    lead = words(
        "directory.counts",
        language(),
        a=counts.inside_public,
        b=counts.inside_private,
        c=counts.outside_public,
        d=counts.outside_private,
    )
    forms = [
        Form(
            "agree",
            "/admin/agreements/agree/",
            (
                Field("partner", "directory.box-partner", "choice", True, choices=others),
                Field("kind", "directory.col-kind", "choice", True, choices=table("agreement")),
                Field("number", "directory.box-agreement", required=True),
                Field("on", "directory.box-from", "day"),
                Field("until", "directory.box-until", "day", True),
                Field("note", "directory.box-note", "area"),
            ),
        ),
        Form(
            "join",
            "/admin/agreements/join/",
            (
                Field("member", "directory.col-member", "choice", True, choices=others),
                Field("on", "directory.box-from", "day"),
                Field("until", "directory.box-until", "day"),
            ),
        ),
    ]
    heads = (
        "directory.col-parties",
        "directory.col-kind",
        "directory.box-agreement",
        "directory.col-term",
        "directory.col-state",
        "directory.col-open",
    )
    member_heads = ("directory.col-member", "directory.col-term", "directory.col-state", "directory.col-open")
    return _page(
        request,
        answer,
        Rows("directory.page-agreements", heads, agreed),
        forms,
        asked=asked,
        wrong=wrong,
        search=(Field("on", "directory.box-as-of", "day"),),
        lead=lead,
        lists=[Rows("directory.page-members", member_heads, members)],
    )


def _agreed(found: list[Resource], names: Names) -> list[list[Cell]]:
    return [
        [
            Cell(f"{names.of(each['organization']['reference'])} – {names.of(services.partner_of(each))}"),
            Cell(shown("agreement", coded(each, systems.AGREEMENT, "code"))),
            Cell(identifier(each, systems.AGREEMENT_NUMBER)),
            Cell(term(each.get("period", {}))),
            status(each.get("active", True)),
            _open(each),
        ]
        for each in found
    ]


def _one(request: Any, type_name: str, id: str, answer: Answer) -> HttpResponse:
    if not type_name:
        raise NotFound("web.no-such-page")
    kind = "affiliation" if type_name == "OrganizationAffiliation" else "service"
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read(type_name, id)
        title, facts = (_said if kind == "affiliation" else _offered)(found, Names(reads), reads)
    forms = []
    if request.person.role == RULES and found.get("active", True):
        boxes: tuple[Field, ...] = (reason_box(),)
        if kind == "affiliation":
            boxes = (*boxes, Field("on", "directory.box-last-day", "day", hint="directory.hint-last-day"))
        forms.append(Form("end", f"/admin/{kind}/{id}/end/", boxes, hidden={"version": found["meta"]["versionId"]}))
    back = ("/admin/centres/", "directory.page-centres")
    if kind == "affiliation" and coded(found, SYSTEM, "code") in (services.AGREEMENT, services.MEMBER):
        back = ("/admin/agreements/", "directory.page-agreements")
    return render(
        request,
        "admin/detail.html",
        {
            "title": title,
            "state": status(found.get("active", True)),
            "facts": facts,
            "lists": (),
            "forms": forms,
            "changes": history(request, ref_of(found)),
            "self": f"/admin/{kind}/{id}/",
            "links": [back],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _said(found: Resource, names: Names, reads: Reads) -> tuple[str, list[tuple[str, str]]]:
    code = coded(found, SYSTEM, "code")
    one, other = found["organization"]["reference"], services.partner_of(found)
    return f"{shown('affiliation', code)} · {names.of(one)}", [
        ("directory.col-member", names.of(one)),
        ("directory.col-centre", names.of(other)),
        ("directory.col-what", shown("affiliation", code)),
        ("directory.col-kind", shown("agreement", coded(found, systems.AGREEMENT, "code"))),
        ("directory.box-agreement", identifier(found, systems.AGREEMENT_NUMBER)),
        ("directory.col-items", _narrowed(found)),
        ("directory.col-term", term(found.get("period", {}))),
        ("directory.box-note", str(found["code"][0].get("text", ""))),
    ]


def _offered(found: Resource, names: Names, reads: Reads) -> tuple[str, list[tuple[str, str]]]:
    running = reads.search("OrganizationAffiliation", [("service", ref_of(found)), ("active", "true")])
    return str(found.get("name", "")), [
        ("directory.col-centre", names.of(found["providedBy"]["reference"])),
        ("directory.col-what", shown("affiliation", coded(found, SYSTEM, "category"))),
        ("directory.col-member", ", ".join(sorted(names.of(each["organization"]["reference"]) for each in running))),
    ]


def _rows(found: list[Resource], names: Names) -> list[list[Cell]]:
    rows = [
        [
            Cell(names.of(each["organization"]["reference"])),
            Cell(names.of(services.partner_of(each))),
            Cell(shown("affiliation", coded(each, SYSTEM, "code"))),
            Cell(_narrowed(each)),
            Cell(term(each.get("period", {}))),
            status(each.get("active", True)),
            _open(each),
        ]
        for each in found
    ]
    return sorted(rows, key=lambda row: (row[0].text, row[2].text, row[1].text))


def _narrowed(found: Resource) -> str:
    """What a service is narrowed to, in words."""
    held = [concept({"coding": [coding]}) for coding in services.items_of(found)]
    held += [concept(each) for each in found.get("specialty", ())]
    return ", ".join(held) if held else words("directory.everything", language())


def _open(found: Resource) -> Cell:
    return Cell(words("web.open", language()), address=f"/admin/affiliation/{found['id']}/")


def _on(request: Any, text: str) -> tuple[date, str]:
    today = day(request.store.clock.now())
    try:
        return day_typed(text, today, "on", future=True), ""
    except Refusal as refusal:
        return today, explain(refusal, language())[0]


def _page(
    request: Any,
    answer: Answer,
    listed: Rows,
    forms: list[Form],
    *,
    asked: Any,
    search: Any,
    lists: list[Rows],
    wrong: str = "",
    lead: str = "",
) -> HttpResponse:
    return render(
        request,
        "admin/list.html",
        {
            "list": listed,
            "lists": lists,
            "forms": forms,
            "asked": asked,
            "search": search,
            "wrong": wrong,
            "lead": lead,
            "links": (),
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )
