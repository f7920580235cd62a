"""Narrative.div: well-formed XHTML of the harmless kind (R4 2.4.2, rule txt-1).

Only the elements and attributes that the rule names may occur: no script, form, frame, object, handler, foreign
namespace, document type or processing instruction; links and images only by schemes that cannot run anything.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Any
from xml.parsers import expat

from doorstep.kernel.validate.findings import MAX_FINDINGS, Context, Finding, Findings, clip, found, wrong_json

XHTML = "http://www.w3.org/1999/xhtml"

ELEMENTS = frozenset(
    "a abbr acronym address area b big blockquote br caption center cite code col colgroup dd del dfn div dl dt em"
    " font h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small span strike strong sub sup table tbody td"
    " tfoot th thead tr tt u ul var".split()
)
ATTRIBUTES = frozenset(
    "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff cite class clear color colspan"
    " compact coords dir face frame headers height href hreflang hspace id lang longdesc name noshade nohref nowrap rel"
    " rev rowspan rules scope shape size span src start style summary tabindex title type usemap valign value vspace"
    " width".split()
) | {"http://www.w3.org/XML/1998/namespace lang", "http://www.w3.org/XML/1998/namespace space"}

_ALLOWED = frozenset(f"{XHTML} {name}" for name in ELEMENTS)
_ROOT, _IMAGE = f"{XHTML} div", f"{XHTML} img"
_LINKS = frozenset(("href", "src", "cite", "longdesc", "usemap"))
_SCHEMES = frozenset(("http", "https", "mailto", "tel", "ftp", "urn", "cid", "fax", "sms"))
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|gif|jpeg|jpg|bmp|webp)[;,]", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e]")
_STYLE = re.compile(
    r"\\|/\*|@|<|expression\s*\(|script\s*:|behaviou?r\s*:|binding\s*:"
    r"|url\s*\(\s*[\"']?\s*(?!data:\s*image/(?:png|gif|jpeg)|https?:|[^:)]*\))",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CONTENT = re.compile(r">[^<]*[^\s<]")


class _Enough(Exception):
    """Thrown out of the parser once there is nothing more to learn."""


class _Reader:
    """Receives the parser's events and keeps what is wrong."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.first = True

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.first:
            self.first = False
            if name != _ROOT:
                self.add("validate.narrative-root", given=name.replace(f"{XHTML} ", ""), expected=XHTML)
                raise _Enough
        if name not in _ALLOWED:
            self.add("validate.narrative-element", given=_shown(name))
        for attribute, value in attributes.items():
            self.attribute(name, attribute, value)

    def attribute(self, name: str, attribute: str, value: str) -> None:
        if attribute not in ATTRIBUTES:
            self.add("validate.narrative-attribute", given=_shown(attribute), on=_shown(name))
        elif attribute in _LINKS:
            if not _harmless(value, picture=name == _IMAGE):
                self.add("validate.narrative-link", given=clip(value))
        elif attribute == "style" and _STYLE.search(value):
            self.add("validate.narrative-style", given=clip(value))

    def doctype(self, *_: Any) -> None:
        self.add("validate.narrative-doctype")
        raise _Enough

    def instruction(self, target: str, _: str) -> None:
        self.add("validate.narrative-instruction", given=clip(target))

    def add(self, key: str, **params: Any) -> None:
        self.findings.append(("", "value", key, params))
        if len(self.findings) >= MAX_FINDINGS:
            raise _Enough


def check(value: Any, _: Context) -> Findings:
    """Findings about one Narrative.div."""
    if type(value) is not str:
        return wrong_json("string", value)
    if not value.strip():
        return found("structure", "validate.empty-string")
    text = value.strip()
    if "&" in text:
        unknown = _unknown_entity(text)
        if unknown:
            return found("value", "validate.narrative-entity", given=unknown)
        text = _ENTITY.sub(_as_number, text)
    reader = _Reader()
    try:
        _parse(text, reader)
    except _Enough:
        return reader.findings
    except (expat.ExpatError, UnicodeEncodeError) as error:
        return [*reader.findings, *found("value", "validate.narrative-malformed", reason=clip(str(error)))]
    return reader.findings or None


def is_blank(text: str) -> bool:
    """Whether a well-formed div shows nothing (rule txt-2): neither a picture nor a character."""
    return "<img" not in text and not _CONTENT.search(_COMMENT.sub("", text))


def _parse(text: str, reader: _Reader) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    parser.Parse(text, True)


def _harmless(link: str, *, picture: bool) -> bool:
    """Whether following or showing a link can run nothing; browsers ignore blanks and controls inside a scheme."""
    bare = _IGNORED_IN_URLS.sub("", link)
    scheme = _SCHEME.match(bare)
    if scheme is None:
        return not bare.startswith("&")
    if scheme[1].lower() == "data":
        return picture and _PICTURE.match(bare) is not None
    return scheme[1].lower() in _SCHEMES


def _unknown_entity(text: str) -> str:
    for match in _ENTITY.finditer(text):
        if match[1] not in _XML_ENTITIES and match[1] not in name2codepoint:
            return clip(match[0])
    return ""


def _as_number(match: re.Match[str]) -> str:
    """XHTML's own entities as character references, which need no document type; XML's five stay."""
    return match[0] if match[1] in _XML_ENTITIES else f"&#{name2codepoint[match[1]]};"


def _shown(name: str) -> str:
    return clip(name.rpartition(" ")[2] if name.startswith((XHTML, "http://www.w3.org/XML/")) else name)
