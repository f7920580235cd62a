"""What a narrative may hold (R4 2.4.0): formatting, tables, lists, links and images; nothing that acts."""

from __future__ import annotations

import re
from html.entities import name2codepoint
from xml.etree import ElementTree

_SPACE = "{http://www.w3.org/1999/xhtml}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_ELEMENTS = frozenset(
    """div p br hr h1 h2 h3 h4 h5 h6 span b i em strong small big tt dfn q var abbr acronym cite blockquote address
    bdo kbd sub sup code samp pre ins del a img map area ul ol li dl dt dd table caption colgroup col thead tbody tfoot
    tr th td""".split()
)
_ANYWHERE = frozenset(f"title style class id lang dir accesskey tabindex cite {_XML}lang {_XML}space".split())
_ATTRIBUTES = {
    "a": frozenset("href name charset type hreflang rel rev shape coords target".split()),
    "img": frozenset("src alt longdesc height width usemap ismap border".split()),
    "map": frozenset(("name",)),
    "area": frozenset("shape coords href nohref alt".split()),
    "table": frozenset("summary width border frame rules cellspacing cellpadding align bgcolor".split()),
}
_CELLS = frozenset(
    "span width height align valign char charoff abbr axis headers scope rowspan colspan nowrap bgcolor".split()
)
_IN_TABLES = frozenset("col colgroup thead tbody tfoot tr th td".split())
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_ACTING = re.compile(r"\s*(?:javascript|vbscript|data:text)", re.IGNORECASE)
_OF_XML = frozenset(("amp", "lt", "gt", "quot", "apos"))


def acceptable(text: str) -> bool:
    """Whether ``text`` is one well-formed XHTML ``div`` of allowed elements and attributes, with something to see."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return False
    try:
        root = ElementTree.fromstring(_ENTITY.sub(_character, text))
    except (ElementTree.ParseError, ValueError):
        return False
    if root.tag != f"{_SPACE}div":
        return False
    elements = list(root.iter())
    return all(_allowed(element) for element in elements) and _visible(root, elements)


def _character(match: re.Match[str]) -> str:
    """HTML's named characters, which XML does not know."""
    code = name2codepoint.get(match[1])
    return match[0] if code is None or match[1] in _OF_XML else f"&#{code};"


def _allowed(element: ElementTree.Element) -> bool:
    name = element.tag.removeprefix(_SPACE)
    if name not in _ELEMENTS:
        return False
    own = _CELLS if name in _IN_TABLES else _ATTRIBUTES.get(name, frozenset[str]())
    return all(
        (given in _ANYWHERE or given in own) and not _ACTING.match(value) for given, value in element.attrib.items()
    )


def _visible(root: ElementTree.Element, elements: list[ElementTree.Element]) -> bool:
    return any(element.tag == f"{_SPACE}img" for element in elements) or bool("".join(root.itertext()).strip())
