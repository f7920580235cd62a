"""$everything: R4 3.2.0, Patient-everything and Encounter-everything.

What belongs to one patient or encounter, and what these resources refer to outside of it (people, institutions, places,
drugs). ``start`` and ``end`` (of a patient) keep what took place between them, and what has no date; ``_since`` keeps
what changed; ``_type`` names the types wanted; ``_count`` and the next link page.
"""

from __future__ import annotations

import re
from typing import Any, Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import NotFound, NotSupported
from doorstep.kernel.search import Page, Row
from doorstep.rest.asking import View, view
from doorstep.rest.bundles import bundle, page_links, search_entries
from doorstep.rest.parameters import given, one
from doorstep.rest.query import Pairs
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response
from doorstep.rest.search import note, parse, warned
from doorstep.rest.service import Service

_PARAMETERS: Final = ("start", "end", "_since", "_type", "_count", "_cursor")
_REFERENCE: Final = re.compile(r'"reference"\s*:\s*"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})["/]')
_AT_ONCE: Final = 200


def everything(service: Service, request: Request) -> Response:
    """One page of all that belongs to a patient or an encounter."""
    owner, id_ = request.args
    asked = given(service, request, names=_PARAMETERS)
    cursor = one(asked, "_cursor")
    pairs: Pairs = [(name, _text(name, value)) for name in asked if name != "_cursor" for value in asked[name]]
    with view(service, request.actor) as seen:
        seen.reads.stored(owner, id_)
        if owner == "Patient":
            page = seen.everything(id_, pairs, cursor)
        else:
            page = _of_encounter(seen, request, pairs, cursor)
    note(service, request, page, action="$everything", type_name=owner, compartment=(owner, id_))
    shown = [*warned(request, page), *search_entries(request, (*page.matches, *page.includes))]
    links = page_links(request, request.pairs, page.next_cursor, path=f"{owner}/{id_}/$everything")
    return Response(200, [JSON_HEADER], bundle("searchset", total=page.total, links=links, entries=shown))


def everything_of_all(service: Service, request: Request) -> Response:
    """R4 lets a server give the records of all residents at once here; this one asks whose record is meant."""
    raise NotSupported("rest.everything-of-one", type=request.args[0])


def _text(name: str, value: Any) -> str:
    """The value as the kernel takes it: a moment may come with a "+" that was not escaped and became a blank."""
    return str(value).replace(" ", "+") if name in ("start", "end", "_since") else str(value)


def _of_encounter(seen: View, request: Request, pairs: Pairs, cursor: str | None) -> Page:
    """The compartment of an encounter, and the patient, people and places that its resources refer to."""
    for name, _ in pairs:
        if name in ("start", "end"):
            raise NotSupported("rest.parameter-of-patient", element=name, name=name)
    types = [name for key, value in pairs if key == "_type" for name in value.split(",")]
    unknown = next((name for name in types if name not in definitions().number), None)
    if unknown is not None:
        raise NotFound("rest.unknown-type", element="_type", type=unknown)
    inside = definitions().compartments["Encounter"]
    within = sorted(set(types) & inside.keys())
    criteria: Pairs = [(name, value) for name, value in pairs if name == "_count"]
    criteria += [("_lastUpdated", f"ge{value}") for name, value in pairs if name == "_since"]
    criteria += [("_type", ",".join(within))] if within else []
    page = seen.page(parse(seen, request, None, criteria, compartment=("Encounter", request.args[1])), cursor)
    page.includes = _supporting(seen, page, [name for name in types or definitions().resources if name not in inside])
    if types and not within:
        page.matches = []
    return page


def _supporting(seen: View, page: Page, types: list[str]) -> list[Row]:
    """What the matches of a page refer to, of the types given, as far as the reader may see it."""
    named: dict[str, set[str]] = {}
    for row in page.matches:
        for type_name, id_ in _REFERENCE.findall(row.body):
            named.setdefault(type_name, set()).add(id_)
    found: list[Row] = []
    for type_name in types:
        ids = sorted(named.get(type_name, ()))
        for at in range(0, len(ids), _AT_ONCE):
            some = ids[at : at + _AT_ONCE]
            pairs = [("_id", ",".join(some)), ("_count", str(_AT_ONCE))]
            found += [row._replace(mode="include") for row in seen.reads.page(type_name, pairs, strict=True).matches]
    return found
