"""$lastn: R4, Observation-lastn.

``GET [base]/Observation/$lastn?patient=...&category=...&max=3`` answers the last ``max`` observations (1 unless told)
of each code of one patient, newest first, among those that the other search parameters select.
"""

from __future__ import annotations

from doorstep.rest.asking import view
from doorstep.rest.bundles import bundle, page_links, search_entries
from doorstep.rest.parameters import given
from doorstep.rest.query import Pairs
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.search import note, warned
from doorstep.rest.service import Service


def lastn(service: Service, request: Request) -> Response:
    """The newest observations of each code."""
    strict = request.prefer.strict
    asked = given(service, request, names=None)
    pairs: Pairs = [(name, str(value)) for name, values in asked.items() for value in values]
    with view(service, request.actor) as seen:
        page = seen.lastn(pairs, strict=strict, base=request.base)
    note(service, request, page, action="$lastn", type_name="Observation")
    entries = [*warned(request, page), *search_entries(request, page.matches)]
    links = page_links(request, pairs, None, path="Observation/$lastn")
    return Response(200, [JSON_HEADER], bundle("searchset", total=page.total, links=links, entries=entries))
