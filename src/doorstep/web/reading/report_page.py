"""A published report with its trace or picture: for the orderer, for the resident, and on paper."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.web import record
from doorstep.web.guard import somebody
from doorstep.web.lists import Names
from doorstep.web.reading import shown
from doorstep.workflows import picture


@somebody
def show(request: Any, report: str) -> HttpResponse:
    """The report on a page of the reader's own kind: a workbench at work, a telephone at home."""
    return render(request, "reading/report.html", _context(request, report))


@somebody
def paper(request: Any, report: str) -> HttpResponse:
    """A4: the report, and the trace to scale (25 mm/s, 10 mm/mV) or the picture."""
    return render(request, "reading/print.html", _context(request, report))


def _context(request: Any, report: str) -> dict[str, Any]:
    with request.store.snapshot(request.person.actor) as reads:
        told = shown.told(reads, report, Names(reads))
        reference = shown.request_of(reads, report)
        if not reference.startswith("ServiceRequest/"):
            raise NotFound("read.not-found", type="DiagnosticReport", id=report)
        media = [str(each["id"]) for each in picture.media_of(reads, reference)]
        values, statement = shown.measured(reads, reference)
        return {
            "told": told, "media": told.key or (media[0] if media else ""), "measured": values, "statement": statement,
            "banner": record.banner(reads, _resident(reads, report)),
            "shell": "base.html" if request.person.at_work else "shells/phone.html",
        }  # fmt: skip


def _resident(reads: Reads, report: str) -> str:
    return str(reads.read("DiagnosticReport", report)["subject"]["reference"]).removeprefix("Patient/")
