"""Answer bundles put together from stored texts by joining bytes: no match is decoded (R4 2.36, Bundle)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.search import Row
from doorstep.rest import shape
from doorstep.rest.query import Pairs, build
from doorstep.rest.request import Request


def text_of(request: Request, body: bytes | str) -> bytes:
    """A stored text as it goes into an entry, cut down when the request says so."""
    raw = body.encode() if isinstance(body, str) else body
    if request.summary is None and request.elements is None:
        return raw
    return shape.cut_text(raw, summary=request.summary, elements=request.elements)


def search_entries(request: Request, rows: Iterable[Row]) -> list[bytes]:
    """Matches and includes with their addresses."""
    base, whole = request.base, request.summary is None and request.elements is None
    return [
        f'{{"fullUrl":"{base}/{row.type_name}/{row.id}","resource":'
        f'{row.body if whole else text_of(request, row.body).decode()},"search":{{"mode":"{row.mode}"}}}}'.encode()
        for row in rows
    ]


def bundle(kind: str, *, total: int | None, links: Sequence[tuple[str, str]], entries: Iterable[bytes]) -> bytes:
    """A Bundle of ready entries. Links are (relation, url)."""
    head: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    content = b",".join(entries)
    text = exact.encode(head)
    return text[:-1] + b',"entry":[' + content + b"]}" if content else text


def page_links(request: Request, pairs: Pairs, cursor: str | None, *, path: str | None = None) -> list[tuple[str, str]]:
    """self, first and next at the address that was asked. The cursor is ours and opaque."""
    address = f"{request.base}/{request.path if path is None else path}".rstrip("/")
    shaping = _shaping(request)
    kept = [pair for pair in pairs if pair[0] != "_cursor"] + shaping
    found = [("self", _url(address, pairs + shaping))]
    if len(kept) < len(pairs) + len(shaping):
        found.append(("first", _url(address, kept)))
    if cursor is not None:
        found.append(("next", _url(address, [*kept, ("_cursor", cursor)])))
    return found


def _shaping(request: Request) -> Pairs:
    given = (("_summary", request.summary), ("_elements", request.elements), ("_format", request.format))
    return [(name, value) for name, value in given if value is not None]


def _url(address: str, pairs: Pairs) -> str:
    return f"{address}?{build(pairs)}" if pairs else address
