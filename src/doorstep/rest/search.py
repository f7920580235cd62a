"""Search: R4 3.1.1, of one type or of all, by GET or by a POSTed form.

``GET [base]/[type]?...`` and ``POST [base]/[type]/_search`` answer a searchset. What is not understood is refused with
the parameter named; under Prefer: handling=lenient an unknown parameter is left out and the answer says so.
"""

from __future__ import annotations

from doorstep.kernel import exact
from doorstep.kernel.errors import NotSupported
from doorstep.kernel.search import Page, Query
from doorstep.rest import access, query, scopes, shape
from doorstep.rest.asking import View, view
from doorstep.rest.bundles import bundle, page_links, search_entries
from doorstep.rest.outcome import of_issues
from doorstep.rest.query import Pairs
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.service import Service


def search_type(service: Service, request: Request) -> Response:
    """Resources of one type."""
    (type_name,) = request.args
    _take_form(service, request)
    return answer(service, request, type_name, request.pairs, action="search-type", path=type_name)


def search_system(service: Service, request: Request) -> Response:
    """Resources of the types that _type names, by parameters that all of them have."""
    _take_form(service, request)
    if not any(name == "_type" for name, _ in request.pairs):
        raise NotSupported("rest.type-needed", element="_type")
    return answer(service, request, None, request.pairs, action="search-system", path="")


def answer(
    service: Service, request: Request, type_name: str | None, pairs: Pairs, *, action: str, path: str,
    compartment: tuple[str, str] | None = None,
) -> Response:
    """One page of a search as a Bundle."""
    with view(service, request.actor) as seen:
        parsed = parse(seen, request, type_name, pairs, compartment=compartment)
        scopes.check_query(request.actor, parsed)
        if compartment is not None:
            seen.reads.stored(*compartment)
        page = seen.page(parsed, query.take(pairs, "_cursor"))
    note(service, request, page, action=action, type_name=type_name, compartment=compartment)
    return Response(200, [JSON_HEADER], searchset(request, parsed, page, path=path))


def parse(
    seen: View, request: Request, type_name: str | None, pairs: Pairs, *, compartment: tuple[str, str] | None = None
) -> Query:
    """The question, with what the request's general parameters add to it."""
    shape.check(summary=request.summary, elements=request.elements)
    if request.elements is not None and type_name is not None and request.prefer.strict:
        shape.check_names(type_name, request.elements)
    given = (("_summary", request.summary), ("_elements", request.elements))
    asked = pairs + [(name, value) for name, value in given if value is not None]
    return seen.parse(type_name, asked, strict=request.prefer.strict, base=request.base, compartment=compartment)


def note(
    service: Service, request: Request, page: Page, *, action: str, type_name: str | None,
    compartment: tuple[str, str] | None = None,
) -> None:
    """The audit row of a page: every resource that is shown."""
    rows = [*page.matches, *page.includes]
    resident = compartment[1] if compartment is not None and compartment[0] == "Patient" else ""
    if not resident:
        named = {row.resident or access.resident_of(row.type_name, row.id, row.body.encode()) for row in rows} - {""}
        resident = named.pop() if len(named) == 1 else ""
    refs = [f"{row.type_name}/{row.id}" for row in rows]
    about = {ref: row.resident for ref, row in zip(refs, rows, strict=True) if row.resident}
    access.record(service, request, action, type=type_name or "", refs=refs, resident=resident, about=about)


def searchset(request: Request, parsed: Query, page: Page, *, path: str) -> bytes:
    """The Bundle of one page; warnings come first as an outcome (R4 3.1.1.5.2)."""
    entries = [*warned(request, page), *search_entries(request, (*page.matches, *page.includes))]
    used = [pair for pair in request.pairs if pair[0] == "_cursor"]
    applied = [pair for pair in parsed.pairs if pair[0] not in ("_summary", "_elements")] + used
    links = page_links(request, applied, page.next_cursor, path=path)
    return bundle("searchset", total=page.total, links=links, entries=entries)


def warned(request: Request, page: Page) -> list[bytes]:
    """The entry that tells what was left out or cut short, if anything was."""
    if not page.warnings:
        return []
    outcome = exact.encode(of_issues(page.warnings, request.language))
    return [b'{"resource":%s,"search":{"mode":"outcome"}}' % outcome]


def _take_form(service: Service, request: Request) -> None:
    if request.method == "POST":
        request.take_form(service)
