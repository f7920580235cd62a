"""The only place where resource JSON is read or written.

Exact means: what comes back equals what was sent except the id of a create, ``meta.versionId``, ``meta.lastUpdated``
and white space outside strings. So a number keeps its digits (5.40 is not 5.4; R4 2.24.0.1, decimal), members keep
their order, and the server's own members are spliced into the text by tokens, never by decoding and encoding it all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from doorstep.kernel.errors import Malformed, TooLarge

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_STRING_OR_SPACE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+')
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]')
_SPACED = re.compile(rb'"[ \t\r\n]+:')
_HEAD = re.compile(rb'\{[ \t]*"resourceType"[ \t]*:[ \t]*"[A-Za-z]+"(?:([ \t]*,[ \t]*"id"[ \t]*:[ \t]*)("[^"\\]*"))?')
_META = re.compile(rb'[ \t]*,[ \t]*"meta"[ \t]*:[ \t]*(?=\{)')
_STRING_OR_BRACE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]')

_EMPTY = (None,)
"""What stands for the inside of an empty object or array, which is a level as well."""


def decode(raw: bytes | str) -> Any:
    """JSON text as dict, list, str, bool, None, int and Decimal.

    Raises Malformed for what RFC 8259 or FHIR (R4 2.6.2) does not allow: invalid UTF-8, a lone surrogate, NaN, U+0000,
    two members of one name, nesting deeper than MAX_DEPTH; TooLarge above MAX_BYTES.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(data) > MAX_BYTES:
        raise TooLarge("exact.too-large", limit=MAX_BYTES, size=len(data))
    value = _parse(data)
    members, depth = _measure(value)
    if depth > MAX_DEPTH:
        raise Malformed("exact.too-deep", limit=MAX_DEPTH)
    # Each member shows as `":` once, so equal numbers mean that none was dropped. Strings that hold `":` and blanks
    # before a colon make the numbers differ or prove nothing: then the strings are taken out and the colons counted.
    if (data.count(b'":') != members or _SPACED.search(data)) and _STRING.sub(b"", data).count(b":") != members:
        raise Malformed("exact.duplicate-member", element=_duplicate(data))
    if b"\\u0000" in data:
        _check_nul(value, "")
    return value


def again(text: bytes) -> Any:
    """What ``decode`` has accepted, with other words in some of its strings: nothing that it refuses can be in it."""
    return _decoder.decode(text)


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8; Decimal keeps its digits, members keep their order."""
    return _encoder.encode(value)


def splice(raw: bytes, *, id: str, version: int, updated: str) -> bytes:
    """The text of a resource with its id, meta.versionId and meta.lastUpdated set by the server; the rest as it was.

    ``raw`` is one JSON object that ``decode`` has accepted; ``updated`` is an instant.
    """
    text = one_line(raw)
    quick = _splice_head(text, id, version, updated)
    if quick is not None:
        return quick
    edits: list[tuple[int, int, bytes]] = []
    after_type, id_at, meta_at = text.index(b"{") + 1, None, None
    for name, start, end in _members(text, 0):
        if name == b'"resourceType"':
            after_type = end
        elif name == b'"id"':
            id_at = (start, end)
        elif name == b'"meta"':
            meta_at = (start, end)
        if id_at and meta_at:
            break
    head = b""
    server = b'"versionId":"%d","lastUpdated":"%s"' % (version, updated.encode())
    if id_at:
        edits.append((*id_at, b'"%s"' % id.encode()))
    else:
        head += b'"id":"%s"' % id.encode()
    if meta_at:
        edits.append((*meta_at, _splice_meta(text[meta_at[0] : meta_at[1]], server)))
    else:
        head += (b"," if head else b"") + b'"meta":{' + server + b"}"
    if head:
        if text[after_type - 1 : after_type] == b"{":
            head = head + (b"," if text[after_type:].lstrip()[:1] != b"}" else b"")
        else:
            head = b"," + head
        edits.append((after_type, after_type, head))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _splice_head(text: bytes, id: str, version: int, updated: str) -> bytes | None:
    """The common text: first the type, then perhaps the id, then perhaps meta; None when a name may stand elsewhere."""
    head = _HEAD.match(text)
    if head is None or (head[2] is None and b'"id"' in text):
        return None
    kind = text[: head.start(1) if head[2] is not None else head.end()]
    own = b'"versionId":"%d","lastUpdated":"%s"' % (version, updated.encode())
    behind, meta = head.end(), b"{" + own + b"}"
    given = _META.match(text, behind)
    if given is not None:
        behind = _end_of(text, given.end())
        meta = _splice_meta(text[given.end() : behind], own)
    elif b'"meta"' in text:
        return None
    return b'%s,"id":"%s","meta":%s%s' % (kind, id.encode(), meta, text[behind:])


def _end_of(text: bytes, at: int) -> int:
    """Behind the object that begins at ``at``."""
    depth = 0
    for match in _STRING_OR_BRACE.finditer(text, at):
        first = match[0][0]
        if first == 0x7B:
            depth += 1
        elif first == 0x7D:
            depth -= 1
            if depth == 0:
                return match.end()
    raise AssertionError(text[at : at + 40])


def one_line(raw: bytes) -> bytes:
    """The same JSON without white space outside strings when it had line breaks, so that it is one line of NDJSON."""
    text = raw.strip()
    if b"\n" not in text and b"\r" not in text:
        return text
    return _STRING_OR_SPACE.sub(lambda found: found[0] if found[0][:1] == b'"' else b"", text)


def _splice_meta(meta: bytes, server: bytes) -> bytes:
    """A meta object that begins with the server's members; the client's own two are cut out."""
    if b'"versionId"' not in meta and b'"lastUpdated"' not in meta:
        rest = meta[1:].lstrip()
        return b"{" + server + (b"" if rest == b"}" else b",") + rest
    kept = [
        meta[start:end]
        for name, start, end in _whole_members(meta)
        if name not in (b'"versionId"', b'"lastUpdated"')
    ]
    return b"{" + b",".join([server, *kept]) + b"}"


def _whole_members(text: bytes) -> Iterator[tuple[bytes, int, int]]:
    for name, start, end in _members(text, 0):
        yield name, text.rindex(name, 0, start), end


def _members(text: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """(name token, value start, value end) of each member of the object that begins at ``at``."""
    depth, name, start, last = 0, b"", -1, at
    for match in _TOKEN.finditer(text, at):
        token = match[0]
        first = token[0]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
            if depth == 0:
                if name:
                    yield name, start, last
                return
        elif depth == 1:
            if first == 0x2C:
                yield name, start, last
                name, start = b"", -1
            elif first == 0x3A:
                start = match.end()
                while text[start] in b" \t\r\n":
                    start += 1
            elif start < 0:
                name = token
        if first != 0x2C or depth > 1:
            last = match.end()
        if start >= 0 and depth == 1 and last <= start:
            last = _literal_end(text, start)


def _literal_end(text: bytes, start: int) -> int:
    end = start
    while text[end] not in b",}] \t\r\n":
        end += 1
    return end


def _parse(data: bytes) -> Any:
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise Malformed("exact.too-deep", limit=MAX_DEPTH) from None
    except UnicodeDecodeError as error:
        raise Malformed("exact.not-utf8", byte=error.start) from None
    except (msgspec.DecodeError, ValueError, ArithmeticError) as error:
        raise Malformed("exact.not-json", reason=str(error)) from None


def _measure(value: Any) -> tuple[int, int]:
    """How many members all the objects of a decoded value have, and how deep its objects and arrays are nested."""
    members, depth = 0, -1
    level = [value]
    while level:
        depth += 1
        below: list[Any] = []
        for each in level:
            if each.__class__ is dict:
                members += len(each)
                below += each.values() if each else _EMPTY
            elif each.__class__ is list:
                below += each or _EMPTY
        level = below
    return members, depth


def _duplicate(data: bytes) -> str:
    found: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for name, value in members:
            if name in seen:
                found.append(name)
            seen[name] = value
        return seen

    json.loads(data, object_pairs_hook=pairs, parse_int=str, parse_float=str)
    return found[0] if found else ""


def _check_nul(value: Any, path: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Malformed("exact.nul", element=path)
    elif isinstance(value, dict):
        for name, member in value.items():
            if "\0" in name:
                raise Malformed("exact.nul", element=path)
            _check_nul(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check_nul(member, f"{path}[{index}]")
