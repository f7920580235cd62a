"""Places of an institution down to the bed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound
from doorstep.terms import systems
from doorstep.web.admin.forms import (
    Answer,
    Cell,
    Field,
    Form,
    Rows,
    history,
    reason_box,
    run,
    shown,
    specialties,
    status,
    table,
    typed,
)
from doorstep.web.admin.people import asked_institution
from doorstep.web.guard import with_right
from doorstep.web.lists import Names
from doorstep.workflows import directory_places as places
from doorstep.workflows.directory import Resource, coded, ref_of

_TONES: Final = {"U": "done", "O": "info", "H": "warn", "I": "warn", "K": "warn", "C": "off"}


@with_right("people")
def show(request: Any) -> HttpResponse:
    """The house as a tree: site, building, ward, room, bed."""
    return _list(request, Answer())


@require_POST
@with_right("people")
def add(request: Any) -> HttpResponse:
    boxes = {"institution": request.person.organization, **typed(request, "kind", "name", "within")}
    return run(
        request, "place", places.place, boxes, done="/admin/places/", again=lambda answer: _list(request, answer)
    )


@with_right("people")
def one(request: Any, location: str) -> HttpResponse:
    return _one(request, location, Answer())


@require_POST
@with_right("people")
def act(request: Any, location: str, act: str) -> HttpResponse:
    if act not in _ACTS:
        raise NotFound("web.no-such-act", act=act)
    command, names = _ACTS[act]
    boxes = {"location": f"Location/{location}", **typed(request, *names, "version")}
    return run(
        request,
        act,
        command,
        boxes,
        done=f"/admin/places/{location}/",
        again=lambda answer: _one(request, location, answer),
    )


def _list(request: Any, answer: Answer) -> HttpResponse:
    institution = asked_institution(request)
    with request.store.snapshot(request.person.actor) as reads:
        listed = places.places_of(reads, institution)
        where = Names(reads).of(institution)
    rows = [
        [
            Cell(str(each.get("name", "")), depth=depth, address=f"/admin/places/{each['id']}/"),
            Cell(shown("place-kind", places.kind_of(each))),
            _state(each),
        ]
        for depth, each in listed
    ]
    forms = []
    if request.person.role == "institution-admin":
        within = [
            (ref_of(each), f"{'· ' * depth}{each.get('name', '')}")
            for depth, each in listed
            if each.get("status") == "active" and places.kind_of(each) != "bd"
        ]
        forms.append(
            Form(
                "place",
                "/admin/places/add/",
                (
                    Field("kind", "directory.col-kind", "choice", True, choices=table("place-kind")),
                    Field("name", "directory.box-name", required=True),
                    Field("within", "directory.box-within", "choice", choices=within),
                ),
                primary=True,
            )
        )
    return render(
        request,
        "admin/list.html",
        {
            "list": Rows(
                "directory.page-places", ("directory.col-name", "directory.col-kind", "directory.col-state"), rows
            ),
            "where": where,
            "forms": forms,
            "search": (),
            "links": (),
            "lead": "",
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _one(request: Any, location: str, answer: Answer) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Location", location)
        names, above = Names(reads), found.get("partOf", {}).get("reference", "")
        owner = found.get("managingOrganization", {}).get("reference", "")
        facts = [
            ("directory.col-kind", shown("place-kind", places.kind_of(found))),
            ("directory.col-institution", names.of(owner) if owner else ""),
            ("directory.box-within", reads.read("Location", above.partition("/")[2])["name"] if above else ""),
        ]
    address, hidden = f"/admin/places/{location}", {"version": found["meta"]["versionId"]}
    forms = []
    if request.person.role == "institution-admin" and owner == request.person.organization:
        if found.get("status") != "active":
            forms.append(Form("reopen", f"{address}/reopen/", hidden=hidden))
        else:
            if places.kind_of(found) == "bd":
                held = {"status": found.get("operationalStatus", {}).get("code", "")}
                box = Field("status", "directory.col-state", "choice", True, choices=table("bed-status"))
                forms.append(Form("status", f"{address}/status/", (box,), held, hidden, primary=True))
            if places.kind_of(found) == "wa":
                held = {"specialty": coded(found, systems.SPECIALTY)}
                box = Field("specialty", "directory.box-specialty", "choice", choices=specialties())
                forms.append(Form("specialty", f"{address}/specialty/", (box,), held, hidden, primary=True))
            named = Field("name", "directory.box-name", required=True)
            forms.append(Form("rename", f"{address}/rename/", (named,), {"name": found.get("name", "")}, hidden))
            forms.append(Form("close", f"{address}/close/", (reason_box(),), hidden=hidden))
    return render(
        request,
        "admin/detail.html",
        {
            "title": found.get("name", ""),
            "state": _state(found),
            "facts": facts,
            "forms": forms,
            "lists": (),
            "changes": history(request, ref_of(found)),
            "self": f"{address}/",
            "links": [(f"/admin/places/?institution={owner}", "directory.page-places")],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )


def _state(found: Resource) -> Cell:
    code = found.get("operationalStatus", {}).get("code", "")
    if found.get("status") == "active" and code in _TONES:
        return Cell(shown("bed-status", code), tone=_TONES[code])
    return status(found.get("status") == "active")


_ACTS: Final[Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]]] = {
    "status": (places.set_bed, ("status",)),
    "specialty": (places.set_specialty, ("specialty",)),
    "rename": (places.rename_place, ("name",)),
    "close": (places.close_place, ("reason",)),
    "reopen": (places.reopen_place, ()),
}
