"""Institutions as a tree on a day, one institution with its departments, and what may be done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.districts import districts
from doorstep.terms.identifiers import credit_remarks
from doorstep.web.admin.forms import (
    Answer,
    Cell,
    Choice,
    Field,
    Form,
    Rows,
    history,
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
from doorstep.web.guard import with_right
from doorstep.web.lists import Names, organization_name
from doorstep.web.refusals import explain, words
from doorstep.workflows import directory_institutions as institutions
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import (
    LEVEL,
    MERGED_INTO,
    OWNERSHIP,
    STOOD,
    Resource,
    coded,
    day_typed,
    extension,
    identifier,
    institution_of,
    period_of,
    ref_of,
)
from doorstep.workflows.directory_institutions import Details, Node, tree_on

RULES: Final = "security-admin"
_DETAILS: Final = (
    "kind",
    "credit",
    "licence",
    "code",
    "institution_class",
    "level",
    "ownership",
    "district",
    "address",
    "phone",
)


@with_right("people")
def show(request: Any) -> HttpResponse:
    """The tree as it stood on a day; by name or code it is searched flat."""
    return _list(request, Answer())


@require_POST
@with_right("rules")
def open_one(request: Any) -> HttpResponse:
    boxes = typed(request, "name", "alias", "superior", "on") | {"details": _details(request)}
    return run(
        request,
        "open",
        institutions.open_institution,
        boxes,
        done="/admin/institutions/",
        again=lambda answer: _list(request, answer),
    )


@with_right("people")
def one(request: Any, organization: str) -> HttpResponse:
    """One institution or department: facts, what stands below, history, and the acts that this reader has."""
    return _one(request, organization, Answer())


@require_POST
@with_right("people")
def act(request: Any, organization: str, act: str) -> HttpResponse:
    command = _ACTS.get(act)
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    boxes = {"organization": f"Organization/{organization}", "request": request}
    return run(
        request,
        act,
        command,
        boxes,
        done=f"/admin/institutions/{organization}/",
        again=lambda answer: _one(request, organization, answer),
    )


def departments(reads: Reads, institution: str) -> list[Choice]:
    """The running departments of an institution as choices."""
    below = reads.search("Organization", [("partof", institution), ("active", "true")])
    return sorted(
        (
            (ref_of(each), organization_name(each))
            for each in below
            if coded(each, systems.ORGANIZATION_KIND) == "department"
        ),
        key=lambda choice: choice[1],
    )


def choices(reads: Reads, *, but: str = "") -> list[Choice]:
    """Every running institution as a choice."""
    found = [
        each
        for each in reads.search("Organization", [("active", "true")])
        if coded(each, systems.ORGANIZATION_KIND) != "department" and ref_of(each) != but
    ]
    return sorted(((ref_of(each), organization_name(each)) for each in found), key=lambda choice: choice[1])


# -- the list


def _list(request: Any, answer: Answer) -> HttpResponse:
    asked = {"name": request.GET.get("name", "").strip(), "on": request.GET.get("on", "").strip()}
    wrong = ""
    with request.store.snapshot(request.person.actor) as reads:
        on = day(request.store.clock.now())
        try:
            on = day_typed(asked["on"], on, "on", future=True)
        except Refusal as refusal:
            wrong = explain(refusal, language())[0]
        tops = tree_on(reads, on)
        rows = _found(tops, asked["name"]) if asked["name"] else _tree(tops, 0)
        forms = []
        if request.person.role == RULES:
            forms = [
                Form(
                    "open",
                    "/admin/institutions/open/",
                    (*_naming(), *_placing(reads), *_describing()),
                    {"superior": request.person.organization, "ownership": "public"},
                )
            ]
    return render(
        request,
        "admin/list.html",
        {
            "list": Rows("directory.page-institutions", _HEADS, rows, "directory.nothing-found"),
            "asked": asked,
            "search": (Field("name", "directory.box-search"), Field("on", "directory.box-as-of", "day")),
            "wrong": wrong,
            "forms": forms,
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
            "lead": "",
            "links": [("/admin/import/institutions/", "directory.page-import")] if request.person.role == RULES else [],
        },
        status=answer.status,
    )


_HEADS: Final = (
    "directory.col-name",
    "directory.col-kind",
    "directory.col-level",
    "directory.col-credit",
    "directory.col-term",
)


def _tree(nodes: list[Node], depth: int) -> list[list[Cell]]:
    return [row for node in nodes for row in (_row(node, depth), *_tree(node.below, depth + 1))]


def _found(nodes: list[Node], asked: str) -> list[list[Cell]]:
    rows = []
    for node in nodes:
        codes = [str(each.get("value", "")) for each in node.resource.get("identifier", ())]
        called = (node.name, *node.resource.get("alias", ()), *codes)
        if any(asked.lower() in text.lower() for text in called):
            rows.append(_row(node, 0))
        rows += _found(node.below, asked)
    return rows


def _row(node: Node, depth: int) -> list[Cell]:
    found, level = node.resource, _value(node.resource, LEVEL)
    name = organization_name(found) if node.name == found.get("name") else node.name
    return [
        Cell(name, depth=depth, address=f"/admin/institutions/{node.id}/"),
        Cell(shown("organization-kind", node.kind)),
        Cell(shown("hospital-level", level) if level else ""),
        Cell(identifier(found, systems.CREDIT_CODE)),
        Cell(term(period_of(found))),
    ]


# -- one


def _one(request: Any, organization: str, answer: Answer) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Organization", organization)
        department = coded(found, systems.ORGANIZATION_KIND) == "department"
        home = ref_of(institution_of(reads, found))
        names = Names(reads)
        below = reads.search("Organization", [("partof", ref_of(found))])
        facts = _facts(found, names)
        forms = _forms(request, reads, found, department, home)
    changes = history(request, ref_of(found))
    mine = [each for each in below if coded(each, systems.ORGANIZATION_KIND) == "department"]
    lists = [
        Rows(
            "directory.page-departments",
            ("directory.col-name", "directory.col-state", "directory.col-term"),
            _below(mine),
        )
    ]
    if not department:
        others = [each for each in below if each not in mine]
        lists.append(
            Rows(
                "directory.page-below",
                ("directory.col-name", "directory.col-state", "directory.col-term"),
                _below(others),
                "directory.nothing-below",
            )
        )
    return render(
        request,
        "admin/detail.html",
        {
            "title": organization_name(found),
            "state": status(found.get("active", True)),
            "facts": facts,
            "lists": lists,
            "forms": forms,
            "changes": changes,
            "self": f"/admin/institutions/{organization}/",
            "links": [
                (f"/admin/people/?institution={home}", "directory.page-people"),
                (f"/admin/places/?institution={home}", "directory.page-places"),
                ("/admin/institutions/", "directory.page-institutions"),
            ],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _below(found: list[Resource]) -> list[list[Cell]]:
    found = sorted(found, key=lambda each: (not each.get("active", True), organization_name(each)))
    return [
        [
            Cell(organization_name(each), address=f"/admin/institutions/{each['id']}/"),
            status(each.get("active", True)),
            Cell(term(period_of(each))),
        ]
        for each in found
    ]


def _facts(found: Resource, names: Names) -> list[tuple[str, str]]:
    credit = identifier(found, systems.CREDIT_CODE)
    remarks = [words(key, language()) for key in credit_remarks(credit)] if credit else []
    address = found.get("address", [{}])[0]
    facts = [
        ("directory.col-name", " / ".join([found.get("name", ""), *found.get("alias", ())])),
        ("directory.box-superior", names.of(found["partOf"]["reference"]) if "partOf" in found else ""),
        ("directory.col-kind", shown("organization-kind", coded(found, systems.ORGANIZATION_KIND))),
        ("directory.col-term", term(period_of(found))),
    ]
    if coded(found, systems.ORGANIZATION_KIND) != "department":
        facts += [
            ("directory.box-credit", " ".join([credit, *remarks])),
            ("directory.box-licence", identifier(found, systems.LICENCE)),
            ("directory.box-code", identifier(found, systems.INSTITUTION_CODE)),
            ("directory.box-class", shown("institution-class", coded(found, systems.INSTITUTION_CLASS))),
            ("directory.col-level", shown("hospital-level", _value(found, LEVEL))),
            ("directory.box-ownership", shown("ownership", _value(found, OWNERSHIP))),
            ("directory.box-address", str(address.get("text", address.get("district", "")))),
            ("directory.box-phone", str(found.get("telecom", [{}])[0].get("value", ""))),
        ]
    merged = extension(found, MERGED_INTO)
    if merged:
        facts.append(("directory.merged-into", names.of(merged[0]["valueReference"]["reference"])))
    earlier = []
    for entry in extension(found, STOOD):
        parts = {each["url"]: each for each in entry["extension"]}
        earlier.append(f"{parts['name']['valueString']} ({term(parts['period']['valuePeriod'])})")
    if earlier:
        facts.append(("directory.earlier", "; ".join(earlier)))
    return facts


def _forms(request: Any, reads: Reads, found: Resource, department: bool, home: str) -> list[Form]:
    role, own = request.person.role, request.person.organization == home
    may = role == RULES if not department else role == "institution-admin" and own
    address, hidden = f"/admin/institutions/{found['id']}", {"version": found["meta"]["versionId"]}
    if not found.get("active", True):
        return [Form("reopen", f"{address}/reopen/", hidden=hidden)] if may else []
    forms = []
    if role == "institution-admin" and own:
        forms.append(Form("department", f"{address}/department/", _department_boxes()))
    if not department and (may or own):
        forms.append(
            Form("describe", f"{address}/describe/", _describing(), asdict(institutions.details_of(found)), hidden)
        )
    if may:
        named = {"name": found.get("name", ""), "alias": next(iter(found.get("alias", ())), "")}
        forms.append(Form("rename", f"{address}/rename/", (*_naming(), _ON), named, hidden))
        above = departments(reads, home) + [(home, home)] if department else choices(reads, but=ref_of(found))
        above = [
            (ref, organization_name(reads.read("Organization", home.partition("/")[2])) if ref == home else text)
            for ref, text in above
            if ref != ref_of(found)
        ]
        forms.append(
            Form(
                "move",
                f"{address}/move/",
                (Field("superior", "directory.box-superior", "choice", True, choices=above), _ON),
                hidden=hidden,
            )
        )
        if not department:
            into = Field(
                "into", "directory.box-into", "choice", True, "directory.hint-into", choices(reads, but=ref_of(found))
            )
            forms.append(Form("merge", f"{address}/merge/", (into, _ON), hidden=hidden))
        forms.append(Form("close", f"{address}/close/", (reason_box(), _ON), hidden=hidden))
    return forms


_ON: Final = Field("on", "directory.box-on", "day", hint="directory.hint-on")


def _naming() -> tuple[Field, ...]:
    return (Field("name", "directory.box-name", required=True), Field("alias", "directory.box-alias"))


def _placing(reads: Reads) -> tuple[Field, ...]:
    return (Field("superior", "directory.box-superior", "choice", choices=choices(reads)), _ON)


def _describing() -> tuple[Field, ...]:
    kinds = [choice for choice in table("organization-kind") if choice[0] != "department"]
    here = [
        (each.code, each.display(language()))
        for each in districts().values()
        if each.until is None and len(each.code) == 6
    ]
    return (
        Field("kind", "directory.col-kind", "choice", True, choices=kinds),
        Field("credit", "directory.box-credit", hint="directory.hint-credit"),
        Field("confirmed", "directory.box-confirmed", "tick"),
        Field("licence", "directory.box-licence"),
        Field("code", "directory.box-code"),
        Field("institution_class", "directory.box-class", "choice", choices=table("institution-class")),
        Field("level", "directory.col-level", "choice", choices=table("hospital-level")),
        Field("ownership", "directory.box-ownership", "choice", choices=table("ownership")),
        Field("district", "directory.box-district", "choice", choices=here),
        Field("address", "directory.box-address"),
        Field("phone", "directory.box-phone"),
    )


def _department_boxes() -> tuple[Field, ...]:
    return (*_naming(), Field("specialty", "directory.box-specialty", "choice", choices=specialties()))


def _value(found: Resource, name: str) -> str:
    held = extension(found, name)
    return str(held[0]["valueCoding"]["code"]) if held else ""


def _details(request: Any) -> Details:
    return Details(**typed(request, *_DETAILS), confirmed=bool(request.POST.get("confirmed")))


# -- the acts


def _describe(tx: Tx, *, organization: str, request: Any) -> Any:
    return institutions.describe(tx, organization=organization, details=_details(request), **typed(request, "version"))


def _department(tx: Tx, *, organization: str, request: Any) -> Any:
    return institutions.open_department(tx, institution=organization, **typed(request, "name", "alias", "specialty"))


def _plain(command: Callable[..., Any], *names: str) -> Callable[..., Any]:
    def call(tx: Tx, *, organization: str, request: Any) -> Any:
        return command(tx, organization=organization, **typed(request, *names, "version"))

    return call


_ACTS: Final[Mapping[str, Callable[..., Any]]] = {
    "describe": _describe,
    "department": _department,
    "rename": _plain(institutions.rename, "name", "alias", "on"),
    "move": _plain(institutions.move, "superior", "on"),
    "merge": _plain(institutions.merge, "into", "on"),
    "close": _plain(institutions.close, "reason", "on"),
    "reopen": _plain(institutions.reopen),
}
