"""Several rows of a list at once: acts that need nothing filled in and sign nothing."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.http import require_POST

from doorstep.journeys.acting import perform
from doorstep.kernel.errors import Invalid, NotFound, Refusal
from doorstep.web import opening
from doorstep.web.guard import staff
from doorstep.web.lists import Row
from doorstep.web.refusals import explain, words
from doorstep.workflows.coordination import workflow_of
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import Act

ASSIGN: Final = "assign"
"""A row of any workflow is given into a colleague's hands: no act, nothing of the record changes."""
MOST: Final = 50
"""Rows of one go: a page of a list."""
ACTS: Final = frozenset({
    ("order", "send"), ("order", "receive"), ("order", "claim"), ("study", "claim"), ("down", "accept"),
})  # fmt: skip
"""(workflow, act): taking on and sending on. Results, reports and answers are never signed by the dozen."""


PRINTED: Final = frozenset({"referral", "order", "study", "plan", "down"})
"""Workflows whose rows may have a form on paper (``print_several``)."""


def offered(rows: list[Row], organization: str) -> list[Act]:
    """The acts that at least one of these rows could have done to it at once, each once."""
    found: dict[str, Act] = {}
    for row in rows:
        table = TABLES[row.workflow.name]
        for act in table.acts:
            if (table.name, act.code) in ACTS and row.state.code in act.source and row.owner == organization:
                found.setdefault(act.code, act)
    return list(found.values())


@staff
@require_POST
def act(request: Any, name: str, act: str) -> HttpResponse:
    """One act for every row that was ticked, each in its own transaction; what was refused is said with its why."""
    chosen = list(dict.fromkeys(request.POST.getlist("task")))
    back = request.POST.get("next", "")
    address = back if back.startswith(f"/w/{name}/") else f"/w/{name}/"
    language = translation.get_language()
    if not chosen or len(chosen) > MOST:
        raise Invalid("worklist.choose-some", element="task", most=MOST)
    done, refused = 0, []
    for task in chosen:
        try:
            with request.store.snapshot(request.person.actor) as reads:
                workflow = workflow_of(reads.read("Task", task))
                if act == ASSIGN:
                    opening.assign(request, reads, task, request.POST.get("to", ""))
                    done += 1
                    continue
            if (workflow, act) not in ACTS:
                raise NotFound("web.no-such-act", act=act)
            opening.hold(request, task)
            request.store.run(request.person.actor, perform, workflow=workflow, act=act, task=task, data={})
            opening.close(request, task)
            done += 1
        except Refusal as refusal:
            refused += explain(refusal, language)
    if done:
        messages.success(request, words("worklist.bulk-done", language, n=done))
    for sentence in dict.fromkeys(refused):
        messages.warning(request, words("worklist.bulk-refused", language, why=sentence))
    return HttpResponseRedirect(address)
