"""Links between the entries of a transaction: R4 3.1.0.11.2 (references in a bundle) and 2.36.4.1 (their resolution).

A client may name a resource that is not stored yet by its entry's fullUrl. Once ids are known these names become
"Type/id" wherever the standard lets them stand: in members of type Reference, uri, url, oid, uuid and canonical, and in
the links of a narrative. That is done on the bytes, so that everything else stays exactly as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec

from doorstep.kernel.definitions import definitions

_LINKS: Final = frozenset({"uri", "url", "uuid", "oid", "canonical"})
_STRING: Final = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_MEMBER: Final = re.compile(rb'"(\w+)"\s*:\s*(?:' + _STRING + rb'|\[((?:\s*"[^"\\]*(?:\\.[^"\\]*)*"\s*,?)+)\])')
"""A member with a string or an array of strings. A quote inside a JSON string is always escaped, so ``"name":`` is a
member's name wherever it stands."""
_RELATIVE: Final = re.compile(rb'("reference"\s*:\s*")([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})"')
_ITEM: Final = re.compile(_STRING)
_DIV: Final = re.compile(rb'"div"\s*:\s*' + _STRING)
_HREF: Final = re.compile(rb'(?:href|src)\s*=\s*(?:\\"|\')([^"\'\\<>]+)(?:\\"|\')')
_PLACEHOLDER: Final = re.compile(r"urn:(?:uuid|oid):")


@dataclass(frozen=True, slots=True)
class Link:
    """A place in an entry's bytes that may name another entry. ``target`` is a fullUrl or a condition."""

    start: int
    end: int
    target: str
    reference: bool


def links(raw: bytes, *, full_url: str, known: frozenset[str]) -> list[Link]:
    """The places in ``raw`` that name a fullUrl of ``known``, a placeholder, or a condition ("Patient?identifier=x").

    Relative references resolve against the base of the entry's own fullUrl.
    """
    base, names = _base(full_url), _members()
    found: list[Link] = []
    if b"urn:" in raw or b"http" in raw or base or b"?" in raw:
        for match in _MEMBER.finditer(raw):
            name, text = match[1], match[2]
            if name not in names:
                continue
            if text is not None:
                _add(found, match.start(2), text, base, known, name == b"reference")
            else:
                for item in _ITEM.finditer(raw, match.start(3), match.end(3)):
                    _add(found, item.start(1), item[1], base, known, False)
    if b'"div"' in raw:
        for div in _DIV.finditer(raw):
            for href in _HREF.finditer(raw, div.start(1), div.end(1)):
                _add(found, href.start(1), href[1], "", known, False)
    return sorted(found, key=_start) if len(found) > 1 else found


def outward(raw: bytes, *, full_url: str, known: frozenset[str], here: Callable[[str, str], bool]) -> bytes:
    """The bytes with the sender's address before each reference that leads to no entry and to nothing that is here.

    Relative references resolve against the base of the fullUrl (R4 2.36.4.1): such a one means the sender's resource.
    """
    base = _base(full_url)

    def address(match: re.Match[bytes]) -> bytes:
        type_name, id_ = match[2].decode(), match[3].decode()
        if f"{base}{type_name}/{id_}" in known or type_name not in definitions().number or here(type_name, id_):
            return match[0]
        return b'%s%s%s/%s"' % (match[1], base.encode(), match[2], match[3])

    return _RELATIVE.sub(address, raw) if base else raw


def placeholder(raw: bytes) -> str | None:
    """A reference in ``raw`` that only a transaction could resolve; None when there is none."""
    if b"urn:" not in raw:
        return None
    names = (link.target for link in links(raw, full_url="", known=frozenset()))
    return next((name for name in names if is_placeholder(name)), None)


def rewrite(raw: bytes, places: list[Link], targets: Mapping[str, str]) -> bytes:
    """The bytes with every link whose target is known replaced by "Type/id"; the others stay."""
    pieces, at = [], 0
    for link in places:
        new = targets.get(link.target)
        if new is not None:
            pieces += [raw[at : link.start], new.encode()]
            at = link.end
    return b"".join([*pieces, raw[at:]])


def is_placeholder(target: str) -> bool:
    """Whether a target can only be an entry of the same bundle."""
    return _PLACEHOLDER.match(target) is not None


def is_condition(target: str) -> bool:
    """Whether a target is a search: "Patient?identifier=..." (R4 3.1.0.11.2, conditional references)."""
    type_name, mark, _ = target.partition("?")
    return bool(mark) and type_name in definitions().number


def _add(found: list[Link], start: int, raw: bytes, base: str, known: frozenset[str], reference: bool) -> None:
    text = raw.decode() if b"\\" not in raw else str(msgspec.json.decode(b'"' + raw + b'"'))
    if text not in known:
        if not reference:
            return
        if base and base + text in known:
            text = base + text
        elif not (is_placeholder(text) or is_condition(text)):
            return
    found.append(Link(start, start + len(raw), text, reference))


def _base(full_url: str) -> str:
    """ "http://a/fhir/Patient/1" -> "http://a/fhir/"; "" for what is not such an address."""
    if not full_url.startswith(("http://", "https://")):
        return ""
    head, _, _ = full_url.rpartition("/")
    head, slash, type_name = head.rpartition("/")
    return head + slash if type_name in definitions().number else ""


def _start(link: Link) -> int:
    return link.start


@cache
def _members() -> frozenset[bytes]:
    """Members that may hold a link: uri and its kin in some type, and Reference.reference."""
    every = (element for type_ in definitions().types.values() for element in type_.elements.values())
    names = {element.name for element in every if element.type in _LINKS} | {"reference"}
    return frozenset(name.encode() for name in names - {"fullUrl"})
