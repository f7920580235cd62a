"""The record of one resident on one page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.web import lists, record
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.web.privacy import emergency_page


@staff
def show(request: Any, resident: str) -> HttpResponse:
    """Banner, problems, medicines, results, visits and what is running. 404 for whoever has no right to the record."""
    now = request.store.clock.now()
    with request.store.snapshot(request.person.actor) as reads:
        names = Names(reads)
        banner = record.banner(reads, resident)
        context = {
            "banner": banner,
            "problems": record.problems(reads, resident),
            "medicines": record.medicines(reads, resident),
            "signs": record.vital_signs(reads, resident),
            "visits": record.visits(reads, resident, names),
            "reports": record.reports(reads, resident, names),
            "episodes": record.episodes(reads, resident, names, request.person.organization),
            "rows": lists.of_resident(reads, resident=f"Patient/{resident}", now=now),
            **emergency_page.of_resident(request, reads, resident),
        }
    context["due"] = [row for row in context["rows"] if row.workflow.name == "plan"]
    return render(request, "resident.html", context)
