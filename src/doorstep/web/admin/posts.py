"""One post: who holds it where and as what, how that came about, and its end."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.errors import NotFound
from doorstep.web.admin.forms import Answer, Field, Form, history, reason_box, role_name, run, status, term, typed
from doorstep.web.admin.institutions import RULES
from doorstep.web.admin.people import title_of
from doorstep.web.guard import with_right
from doorstep.web.lists import Names
from doorstep.workflows import directory_posts as posts
from doorstep.workflows.directory import APPOINTED_BY, SECONDED_FROM, extension
from doorstep.workflows.directory_posts import department_of, role_of
from doorstep.workflows.identity import name_of


@with_right("people")
def show(request: Any, post: str) -> HttpResponse:
    """One post: what it is, how it came about, and its end."""
    return _post(request, post, Answer())


@require_POST
@with_right("people")
def act(request: Any, post: str, act: str) -> HttpResponse:
    if act not in ("end", "restore"):
        raise NotFound("web.no-such-act", act=act)
    names = ("reason", "on", "version") if act == "end" else ("version",)
    command = posts.end if act == "end" else posts.restore
    boxes = {"post": post, **typed(request, *names)}
    return run(
        request, act, command, boxes, done=f"/admin/posts/{post}/", again=lambda answer: _post(request, post, answer)
    )


def _post(request: Any, post: str, answer: Answer) -> HttpResponse:
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("PractitionerRole", post)
        names, department, lent = Names(reads), department_of(found), extension(found, SECONDED_FROM)
        who = reads.read("Practitioner", found["practitioner"]["reference"].partition("/")[2])
        institution = found["organization"]["reference"]
        facts = [
            ("directory.col-person", name_of(who)),
            ("directory.col-institution", names.of(institution)),
            ("directory.col-role", role_name(role_of(found))),
            ("directory.box-title", title_of(found)),
            ("directory.col-department", names.of(department) if department else ""),
            ("directory.col-term", term(found.get("period", {}))),
            ("directory.box-seconded", names.of(lent[0]["valueReference"]["reference"]) if lent else ""),
        ]
    by = APPOINTED_BY.get(role_of(found), ("institution-admin",))
    role, forms, hidden = request.person.role, [], {"version": found["meta"]["versionId"]}
    if role in by and (role == RULES or institution == request.person.organization):
        if found.get("active", True):
            boxes = (reason_box(), Field("on", "directory.box-last-day", "day", hint="directory.hint-last-day"))
            forms.append(Form("end", f"/admin/posts/{post}/end/", boxes, hidden=hidden, primary=True))
        if not found.get("active", True) or "end" in found.get("period", {}):
            forms.append(Form("restore", f"/admin/posts/{post}/restore/", hidden=hidden))
    return render(
        request,
        "admin/detail.html",
        {
            "title": name_of(who),
            "state": status(found.get("active", True)),
            "facts": facts,
            "forms": forms,
            "lists": (),
            "changes": history(request, f"PractitionerRole/{post}"),
            "self": f"/admin/posts/{post}/",
            "links": [(f"/admin/people/{who['id']}/", "directory.col-person")],
            "errors": answer.errors,
            "given": answer.given,
            "failed": answer.failed,
        },
        status=answer.status,
    )
