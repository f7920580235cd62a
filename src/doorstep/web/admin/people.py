"""People at work: the staff of an institution, one person with their certificate and posts, and the list on paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.kernel import exact
from doorstep.kernel.errors import BadRequest, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import is_id
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.web.admin.forms import (
    Answer,
    Cell,
    Choice,
    Field,
    Form,
    Rows,
    history,
    reason_box,
    role_name,
    run,
    shown,
    status,
    table,
    term,
    titles,
    typed,
)
from doorstep.web.admin.institutions import RULES, choices, departments
from doorstep.web.guard import with_right
from doorstep.web.lists import Names
from doorstep.web.templatetags.words import concept
from doorstep.workflows import directory_people as commands
from doorstep.workflows import directory_posts as posts
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import APPOINTED_BY, Resource, identifier, ref_of
from doorstep.workflows.directory_people import Certificate, certificate_of
from doorstep.workflows.directory_posts import POST_ROLES, department_of, role_of
from doorstep.workflows.identity import name_of

PAGE: Final = 50
_CERTIFICATE: Final = ("certificate", "scope", "since", "certificate_until", "level")


@with_right("people")
def show(request: Any) -> HttpResponse:
    """The posts of an institution, by page; somebody is found by name (also by sound) or staff number."""
    return _list(request, Answer())


@require_POST
@with_right("people")
def register(request: Any) -> HttpResponse:
    """Somebody new; they are shown next, so that they can be given a post."""
    boxes = typed(request, "name", "number", "phone") | {"certificate": _certificate(request)}
    return run(
        request,
        "register",
        commands.register,
        boxes,
        again=lambda answer: _list(request, answer),
        done=f"/admin/people/?{urlencode({'name': request.POST.get('number', ''), 'state': 'free'})}",
    )


@with_right("people")
def one(request: Any, practitioner: str) -> HttpResponse:
    """One person: certificate, posts everywhere, history, acts."""
    return _one(request, practitioner, Answer())


@require_POST
@with_right("people")
def act(request: Any, practitioner: str, act: str) -> HttpResponse:
    command = _ACTS.get(act)
    if command is None:
        raise NotFound("web.no-such-act", act=act)
    boxes = {"practitioner": f"Practitioner/{practitioner}", "request": request}
    return run(
        request,
        act,
        command,
        boxes,
        done=f"/admin/people/{practitioner}/",
        again=lambda answer: _one(request, practitioner, answer),
    )


@with_right("people")
def paper(request: Any) -> HttpResponse:
    """Who works at an institution today, on paper."""
    institution = asked_institution(request)
    today = day(request.store.clock.now())
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        held = posts.staff_on(reads, institution=institution, on=today)
        lines = []
        for each in held:
            who = reads.read("Practitioner", each["practitioner"]["reference"].partition("/")[2])
            department = department_of(each)
            lines.append(
                (
                    name_of(who),
                    identifier(who, systems.STAFF_NUMBER),
                    role_name(role_of(each)),
                    title_of(each),
                    names.of(department) if department else "",
                    certificate_of(who).number,
                    who.get("telecom", [{}])[0].get("value", ""),
                )
            )
        title = names.of(institution)
    return render(request, "admin/staff_print.html", {"lines": lines, "institution": title, "today": today})


# -- the list


def asked_institution(request: Any) -> str:
    """Whose people are shown: the reader's own institution; the alliance may look at any."""
    asked = str(request.GET.get("institution", ""))
    named = asked.startswith("Organization/") and is_id(asked.removeprefix("Organization/"))
    return asked if named and request.person.role == RULES else str(request.person.organization)


def _list(request: Any, answer: Answer) -> HttpResponse:
    institution, actor = asked_institution(request), request.person.actor
    asked = {name: str(request.GET.get(name, "")).strip() for name in ("name", "state", "role")}
    wrong = ""
    with request.store.snapshot(actor) as reads:
        names = Names(reads)
        try:
            rows, onward = _rows(reads, institution, asked, str(request.GET.get("after", "")), names)
        except BadRequest:
            rows, onward, wrong = [], "", "?"
        where = names.of(institution)
        search = [
            Field("name", "directory.box-person"),
            Field("role", "directory.col-role", "choice", choices=_roles()),
            Field("state", "directory.col-state", "choice", choices=_states()),
        ]
        if request.person.role == RULES:
            search.append(Field("institution", "directory.col-institution", "choice", choices=choices(reads)))
    keep = {**{name: text for name, text in asked.items() if text}, "institution": institution}
    return render(
        request,
        "admin/list.html",
        {
            "list": Rows("directory.page-people", _HEADS, rows, "directory.nobody-found"),
            "where": where,
            "asked": {**asked, "institution": institution},
            "search": search,
            "wrong": wrong,
            "lead": "",
            "back": f"?{urlencode(keep)}" if "after" in request.GET else "",
            "next": f"?{urlencode({**keep, 'after': onward})}" if onward else "",
            "links": [
                (f"/admin/people/print/?{urlencode({'institution': institution})}", "web.print"),
                ("/admin/import/staff/", "directory.page-import"),
            ],
            "forms": [Form("register", "/admin/people/register/", _registering())],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


_HEADS: Final = (
    "directory.col-person",
    "directory.col-number",
    "directory.col-role",
    "directory.col-department",
    "directory.col-term",
    "directory.col-state",
    "directory.col-open",
)


def _rows(
    reads: Reads, institution: str, asked: Mapping[str, str], after: str, names: Names
) -> tuple[list[list[Cell]], str]:
    if asked["state"] == "free":
        return _free(reads, asked["name"]), ""
    query = [("organization", institution), ("_include", "PractitionerRole:practitioner"), ("_count", str(PAGE))]
    query.append(("active", "false" if asked["state"] == "over" else "true"))
    if asked["role"]:
        query.append(("role", f"{systems.STAFF_ROLE}|{asked['role']}"))
    if asked["name"]:
        by, text = _by(asked["name"])
        query.append((f"practitioner.{by}", text))
    page = reads.page("PractitionerRole", query, strict=True, cursor=after or None)
    people = {entry.id: exact.decode(entry.body) for entry in page.includes}
    rows = []
    for entry in page.matches:
        found = exact.decode(entry.body)
        id_ = found["practitioner"]["reference"].partition("/")[2]
        who, department = people.get(id_, {}), department_of(found)
        rows.append(
            [
                Cell(name_of(who) if who else id_, address=f"/admin/people/{id_}/"),
                Cell(identifier(who, systems.STAFF_NUMBER)),
                Cell(role_name(role_of(found)), title_of(found)),
                Cell(names.of(department) if department else ""),
                Cell(term(found.get("period", {}))),
                status(found.get("active", True)),
                Cell(_word("directory.col-post"), address=f"/admin/posts/{found['id']}/"),
            ]
        )
    return rows, page.next_cursor or ""


def _by(asked: str) -> tuple[str, str]:
    """The parameter that what was typed is looked up with: a number, a name as it sounds, or as it is written."""
    if asked.isascii() and any(each.isdigit() for each in asked):
        return "identifier", asked.upper()
    return ("phonetic" if asked.isascii() else "name"), asked


def _free(reads: Reads, asked: str) -> list[list[Cell]]:
    """People wherever they work, also nowhere: by staff number or by name, so that a post can be given."""
    if not asked:
        return []
    page = reads.page("Practitioner", [_by(asked), ("active", "true"), ("_count", "20")], strict=True)
    found = [exact.decode(entry.body) for entry in page.matches]
    none = [Cell("")] * 5
    return [
        [Cell(name_of(who), address=f"/admin/people/{who['id']}/"), Cell(identifier(who, systems.STAFF_NUMBER)), *none]
        for who in found
    ]


def _roles() -> list[Choice]:
    return [(code, role_name(code)) for code in POST_ROLES]


def _states() -> list[Choice]:
    return [("over", _word("directory.over")), ("free", _word("directory.free"))]


def _word(key: str) -> str:
    from doorstep.web.templatetags.words import word

    return str(word(key))


def title_of(found: Resource) -> str:
    """The title in the reader's language, without the role's code."""
    codings = [
        coding for coding in found.get("code", [{}])[0].get("coding", ()) if coding.get("system") == systems.STAFF_TITLE
    ]
    return concept({"coding": codings}) if codings else ""


# -- one person


def _one(request: Any, practitioner: str, answer: Answer) -> HttpResponse:
    reference = f"Practitioner/{practitioner}"
    with request.store.snapshot(request.person.actor) as reads:
        who = reads.read("Practitioner", practitioner)
        names = Names(reads)
        held = reads.search("PractitionerRole", [("practitioner", reference)])
        held.sort(key=lambda each: (not each.get("active", True), str(each.get("period", {}).get("start", ""))))
        rows = [
            [
                Cell(names.of(each["organization"]["reference"])),
                Cell(role_name(role_of(each)), title_of(each)),
                Cell(term(each.get("period", {}))),
                status(each.get("active", True)),
                Cell(_word("directory.col-post"), address=f"/admin/posts/{each['id']}/"),
            ]
            for each in held
        ]
        forms = _forms(request, reads, who, held)
    heads = (
        "directory.col-institution",
        "directory.col-role",
        "directory.col-term",
        "directory.col-state",
        "directory.col-open",
    )
    return render(
        request,
        "admin/detail.html",
        {
            "title": name_of(who),
            "state": status(who.get("active", True)),
            "facts": _facts(who),
            "forms": forms,
            "lists": [Rows("directory.page-posts", heads, rows, "directory.no-posts")],
            "changes": history(request, reference, *(ref_of(each) for each in held)),
            "self": f"/admin/people/{practitioner}/",
            "links": [("/admin/accounts/", "accounts.menu-accounts"), ("/admin/people/", "directory.page-people")],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _facts(who: Resource) -> list[tuple[str, str]]:
    held = certificate_of(who)
    return [
        ("directory.col-number", identifier(who, systems.STAFF_NUMBER)),
        ("directory.box-phone", str(who.get("telecom", [{}])[0].get("value", ""))),
        ("directory.box-certificate", held.number),
        ("directory.box-scope", shown("practice-scope", held.scope)),
        ("directory.col-term", term({"start": held.since, "end": held.until})),
        ("directory.box-title-level", shown("title-level", held.level)),
    ]


def _forms(request: Any, reads: Reads, who: Resource, held: list[Resource]) -> list[Form]:
    role, here = request.person.role, request.person.organization
    address, hidden = f"/admin/people/{who['id']}", {"version": who["meta"]["versionId"]}
    ours = any(each.get("active", True) and each["organization"]["reference"] == here for each in held)
    forms = []
    if f"Practitioner/{who['id']}" != request.person.reference:
        forms.append(Form("appoint", f"{address}/appoint/", _appointing(reads, role, here), primary=True))
    if ours or role == RULES or not held:
        called = {"name": name_of(who), "phone": who.get("telecom", [{}])[0].get("value", "")}
        boxes = (Field("name", "directory.box-name", required=True), Field("phone", "directory.box-phone"))
        forms.append(Form("edit", f"{address}/edit/", boxes, called, hidden))
        certified = certificate_of(who)
        written = {
            "certificate": certified.number,
            "scope": certified.scope,
            "since": certified.since,
            "certificate_until": certified.until,
            "level": certified.level,
        }
        forms.append(Form("licence", f"{address}/licence/", _certifying(), written, hidden))
    if ours and role == "institution-admin":
        forms.append(Form("dismiss", f"{address}/dismiss/", (reason_box(),)))
    return forms


def _appointing(reads: Reads, role: str, here: str) -> tuple[Field, ...]:
    mine = [code for code in POST_ROLES if role in APPOINTED_BY.get(code, ("institution-admin",))]
    boxes = [Field("role", "directory.col-role", "choice", True, choices=[(code, role_name(code)) for code in mine])]
    if role == RULES:
        boxes.insert(0, Field("institution", "directory.col-institution", "choice", True, choices=choices(reads)))
    else:
        boxes.append(Field("department", "directory.col-department", "choice", choices=departments(reads, here)))
    return (
        *boxes,
        Field("title", "directory.box-title", "choice", choices=titles()),
        Field("on", "directory.box-from", "day"),
        Field("until", "directory.box-until", "day", hint="directory.hint-until"),
        Field("seconded_from", "directory.box-seconded", "choice", choices=choices(reads, but=here)),
    )


def _registering() -> tuple[Field, ...]:
    return (
        Field("name", "directory.box-name", required=True),
        Field("number", "directory.col-number", required=True, hint="directory.hint-number"),
        Field("phone", "directory.box-phone"),
        *_certifying(),
    )


def _certifying() -> tuple[Field, ...]:
    return (
        Field("certificate", "directory.box-certificate"),
        Field("scope", "directory.box-scope", "choice", choices=table("practice-scope")),
        Field("since", "directory.box-from", "day"),
        Field("certificate_until", "directory.box-until", "day"),
        Field("level", "directory.box-title-level", "choice", choices=table("title-level")),
    )


def _certificate(request: Any) -> Certificate:
    return Certificate(*typed(request, *_CERTIFICATE).values())


# -- the acts


def _appoint(tx: Tx, *, practitioner: str, request: Any) -> Any:
    boxes = typed(request, "role", "title", "department", "on", "until", "seconded_from")
    institution = str(request.POST.get("institution", "")) or request.person.organization
    return posts.appoint(tx, practitioner=practitioner, institution=institution, **boxes)


def _edit(tx: Tx, *, practitioner: str, request: Any) -> Any:
    return commands.edit(tx, practitioner=practitioner, **typed(request, "name", "phone", "version"))


def _licence(tx: Tx, *, practitioner: str, request: Any) -> Any:
    return commands.certify(
        tx, practitioner=practitioner, certificate=_certificate(request), **typed(request, "version")
    )


def _dismiss(tx: Tx, *, practitioner: str, request: Any) -> Any:
    return posts.dismiss(
        tx, practitioner=practitioner, institution=request.person.organization, **typed(request, "reason")
    )


_ACTS: Final[Mapping[str, Callable[..., Any]]] = {
    "appoint": _appoint,
    "edit": _edit,
    "licence": _licence,
    "dismiss": _dismiss,
}
