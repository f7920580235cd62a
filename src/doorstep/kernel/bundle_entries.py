"""A batch or transaction as it was asked: R4 2.36 (Bundle) and 3.1.0.11. Reads entries, changes nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from doorstep.kernel import exact
from doorstep.kernel.bundle_links import Link, links, outward, placeholder
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import (
    BadRequest,
    BrokenReference,
    Invalid,
    Issue,
    NotFound,
    NotSupported,
    Refusal,
    TooCostly,
    UnsupportedMedia,
)
from doorstep.kernel.refs import is_id

Pairs = list[tuple[str, str]]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
JSON_PATCH: Final = "application/json-patch+json"
MAX_ENTRIES: Final = 5_000


@dataclass(slots=True)
class Entry:
    """One entry as it was asked. ``raw`` are the client's bytes of ``resource``; ``path`` and ``query`` are its url."""

    index: int
    method: str
    path: str
    query: str
    full_url: str
    resource: dict[str, Any]
    """{} when the entry carries none, and then ``raw`` is empty."""
    raw: bytes
    request: dict[str, Any]
    links: list[Link] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"Bundle.entry[{self.index}]"

    @property
    def type(self) -> str:
        return self.path.partition("/")[0]

    @property
    def id(self) -> str:
        """The id in the url; "" when the url names a whole type."""
        return self.path.partition("/")[2]

    @property
    def only_asks(self) -> bool:
        """Whether the entry is a question (a read, a search, an operation), answered after the changes."""
        return self.method in ("GET", "HEAD") or "$" in self.path

    @property
    def pairs(self) -> Pairs:
        return parse_qsl(self.query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """A bundle that has been read: its type and entries in the client's order."""

    kind: str
    entries: list[Entry]


class _RawEntry(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw(b"")


class _RawBundle(msgspec.Struct):
    entry: list[_RawEntry] = []


_raw_bundle: Final = msgspec.json.Decoder(_RawBundle)


def read(bundle: Any, raw: bytes, *, base: str = "", limit: int = MAX_ENTRIES) -> Plan:
    """A decoded Bundle and its bytes as a plan. ``base`` is cut off urls that begin with it.

    Raises BadRequest or Invalid naming the entry for anything that is not a batch or transaction.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BadRequest("bundle.not-a-bundle", element="resourceType")
    kind, items = bundle.get("type"), bundle.get("entry", [])
    if kind not in ("batch", "transaction"):
        raise BadRequest("bundle.other-type", element="Bundle.type", type=kind)
    if not isinstance(items, list):
        raise Invalid("bundle.bad-entry", element="Bundle.entry")
    if len(items) > limit:
        raise TooCostly("bundle.too-many-entries", element="Bundle.entry", limit=limit, count=len(items))
    entries = [_entry(index, item, base) for index, item in enumerate(items)]
    if any(entry.resource for entry in entries):
        for entry, item in zip(entries, _raw_bundle.decode(raw).entry, strict=True):
            entry.raw = bytes(item.resource)
    plan = Plan(kind, entries)
    if kind == "transaction":
        _prepare(plan)
    return plan


def message(
    bundle: dict[str, Any], raw: bytes, *, limit: int = MAX_ENTRIES,
    here: Callable[[str, str], bool] = lambda type_name, id_: True,
) -> Plan:  # fmt: skip
    """What a message brings along (R4 2.4), as a transaction: what has an id is put under it, the rest is new.

    The first entry, its header, is not among them; the others keep their places, so that a refusal names them. What
    they refer to and neither comes along nor is ``here`` is the sender's, and becomes a reference to there.
    """
    items = bundle.get("entry", [])
    if not isinstance(items, list):
        raise Invalid("bundle.bad-entry", element="Bundle.entry")
    if len(items) > limit:
        raise TooCostly("bundle.too-many-entries", element="Bundle.entry", limit=limit, count=len(items))
    entries = []
    for index, item in enumerate(items[1:], 1):
        where = f"Bundle.entry[{index}]"
        resource, full_url = (item.get("resource"), item.get("fullUrl", "")) if isinstance(item, dict) else (None, "")
        if not isinstance(resource, dict):
            raise Invalid("bundle.no-resource", element=f"{where}.resource")
        if not isinstance(full_url, str):
            raise Invalid("bundle.bad-url", element=f"{where}.fullUrl")
        _known_members(item, "Bundle.entry", where)
        path, id_ = str(resource.get("resourceType", "")), resource.get("id")
        method = "POST" if id_ is None else "PUT"
        entries.append(Entry(index, method, path if id_ is None else f"{path}/{id_}", "", full_url, resource, b"", {}))
    names = frozenset(entry.full_url for entry in entries)
    for entry, item in zip(entries, _raw_bundle.decode(raw).entry[1:], strict=True):
        sent = bytes(item.resource)
        entry.raw = outward(sent, full_url=entry.full_url, known=names, here=here)
        if entry.raw != sent:
            entry.resource = exact.decode(entry.raw)
    plan = Plan("transaction", entries)
    _prepare(plan)
    return plan


def _entry(index: int, item: Any, base: str) -> Entry:
    where = f"Bundle.entry[{index}]"
    if not isinstance(item, dict):
        raise Invalid("bundle.bad-entry", element=where)
    _known_members(item, "Bundle.entry", where)
    request, full_url = item.get("request"), item.get("fullUrl", "")
    if not isinstance(request, dict):
        raise Invalid("bundle.no-request", element=f"{where}.request")
    _known_members(request, "Bundle.entry.request", f"{where}.request")
    for name, value in request.items():
        if name not in ("id", "extension") and not name.startswith("_") and not isinstance(value, str):
            raise Invalid("bundle.bad-request", element=f"{where}.request.{name}")
    method, url = request.get("method"), request.get("url")
    if method not in METHODS:
        raise Invalid("bundle.bad-method", element=f"{where}.request.method", method=method)
    if not isinstance(url, str) or not isinstance(full_url, str):
        raise Invalid("bundle.bad-url", element=f"{where}.request.url")
    path, _, query = url.removeprefix(base).lstrip("/").partition("?")
    resource = item.get("resource", {})
    if not isinstance(resource, dict) or (method in ("POST", "PUT", "PATCH") and "$" not in path and not resource):
        raise Invalid("bundle.no-resource", element=f"{where}.resource")
    return Entry(index, method, path.rstrip("/"), query, full_url, resource, b"", request)


def _prepare(plan: Plan) -> None:
    """Check what only a transaction asks of its entries, and find the links between them."""
    names = frozenset(entry.full_url for entry in plan.entries if entry.full_url and not entry.only_asks)
    for entry in plan.entries:
        with inside(entry):
            if entry.only_asks:
                continue
            _check_change(entry)
            if entry.method in ("POST", "PUT") and entry.type != "Bundle":
                entry.links = links(entry.raw, full_url=entry.full_url, known=names)


def _check_change(entry: Entry) -> None:
    if entry.type not in definitions().number:
        raise NotFound("read.unknown-type", element=f"{entry.where}.request.url", type=entry.type)
    if entry.id and (entry.method == "POST" or not is_id(entry.id)):
        raise NotSupported("bundle.bad-address", element=f"{entry.where}.request.url", url=entry.path)
    if not entry.id and entry.method != "POST" and not entry.pairs:
        raise BadRequest("bundle.condition-missing", element=f"{entry.where}.request.url")
    given = entry.resource.get("resourceType", "") if entry.method != "DELETE" else entry.type
    wanted = ("Binary", "Parameters") if entry.method == "PATCH" else (entry.type,)
    if given not in wanted:
        raise BadRequest("bundle.other-resource", element=f"{entry.where}.resource", given=given,
                         expected=", ".join(wanted))


def _known_members(value: dict[str, Any], type_name: str, where: str) -> None:
    elements = definitions().types[type_name].elements
    for name in value:
        if name.removeprefix("_") not in elements:
            raise Invalid("bundle.unknown-member", element=f"{where}.{name}"[:200], name=name)


def if_match(entry: Entry) -> int | None:
    """The version that request.ifMatch names."""
    text = entry.request.get("ifMatch")
    if text is None:
        return None
    digits = text.removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise BadRequest("bundle.bad-etag", element=f"{entry.where}.request.ifMatch", value=text)
    return int(digits)


def operations(entry: Entry) -> Any:
    """The JSON Patch that a Binary carries (R4 3.1.0.11.2: a patch in a bundle), or a FHIRPath Patch as it is."""
    resource = entry.resource
    if resource.get("resourceType") == "Parameters":
        unknown = placeholder(entry.raw)
        if unknown is not None:
            raise BrokenReference("bundle.unknown-name", element=f"{entry.where}.resource", name=unknown)
        return resource
    if resource.get("contentType") != JSON_PATCH:
        raise UnsupportedMedia("bundle.patch-type", element=f"{entry.where}.resource.contentType",
                               given=resource.get("contentType"), offered=JSON_PATCH)
    try:
        return exact.decode(base64.b64decode(resource.get("data", ""), validate=True))
    except (binascii.Error, TypeError, ValueError):
        raise Invalid("bundle.bad-patch", element=f"{entry.where}.resource.data") from None


@contextmanager
def inside(entry: Entry) -> Iterator[None]:
    """A refusal raised in the block names the entry."""
    try:
        yield
    except Refusal as refusal:
        raise placed(refusal, entry) from refusal


def placed(refusal: Refusal, entry: Entry) -> Refusal:
    """The same refusal, its elements below the entry: "Patient.name[0]" -> "Bundle.entry[3].resource.name[0]"."""
    issues = tuple(
        Issue(found.severity, found.code, found.key, found.params, _below(entry, found.element))
        for found in refusal.issues
    )
    same = type(refusal)(refusal.key, issues=issues, **refusal.params)
    same.__cause__ = refusal.__cause__
    return same


def _below(entry: Entry, element: str) -> str:
    if element.startswith("Bundle.entry["):
        return element
    head, dot, rest = element.partition(".")
    if head in definitions().number:
        return f"{entry.where}.resource{dot}{rest}"
    return f"{entry.where}.resource{element}" if element.startswith("[") else entry.where
