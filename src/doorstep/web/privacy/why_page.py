"""Why may, or may not, this colleague see that entry: asked by who guards the rules and by privacy officers.

The answer names reasons, never what the entry says. Each question is written down and found by the resident.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel import roles
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Forbidden, Refusal, RuleBroken
from doorstep.kernel.refs import is_id
from doorstep.web import explained, people
from doorstep.web.guard import staff
from doorstep.web.people import Person
from doorstep.web.refusals import by_box, words
from doorstep.web.resident.whose import ROLES, language

RIGHTS: Final = ("audit", "rules")


@staff
def show(request: Any) -> HttpResponse:
    """The question, and one answer for each post of the colleague."""
    if not any(roles.may(request.person.role, right) for right in RIGHTS):
        raise Forbidden("web.not-your-page")
    given = {name: request.GET.get(name, "").strip() for name in ("person", "entry")}
    errors: dict[str, str] = {}
    answers: list[dict[str, Any]] = []
    status = 200
    if any(given.values()):
        try:
            answers = _answers(request, given["person"], given["entry"])
        except Refusal as refusal:
            errors, status = by_box(refusal, language()), refusal.status
    context = {"given": given, "errors": errors, "failed": bool(errors), "answers": answers}
    return render(request, "privacy/why.html", context, status=status)


def _answers(request: Any, person: str, text: str) -> list[dict[str, Any]]:
    entry = explained.reference(text)
    posts = [each for each in _posts(request, person) if _theirs(request, each)]
    if not posts:
        raise RuleBroken("why.no-such-colleague", element="person")
    request.store.audit(Access(request.person.actor, "search-type", "AuditEvent", refs=(str(entry),),
                               query=explained.ASKED + posts[0].reference))  # fmt: skip
    return [
        {"post": post, "role": words(ROLES.get(post.role, "me.role-other"), language()),
         "why": explained.why(request.store, post.actor, entry, full=False)}
        for post in posts
    ]  # fmt: skip


def _posts(request: Any, person: str) -> list[Person]:
    """The posts of a colleague, by staff number or by id."""
    id_ = person.removeprefix("Practitioner/")
    if not is_id(id_):
        return []
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.search("Practitioner", [("identifier", id_)])
    return people.choices(request.store, "", f"Practitioner/{found[0]['id'] if found else id_}")


def _theirs(request: Any, post: Person) -> bool:
    """An officer asks about their own house, who guards the rules about everybody."""
    return roles.may(request.person.role, "rules") or post.organization == request.person.organization
