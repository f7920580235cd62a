"""One walk through a whole resource: every literal reference, and every text for ``_text`` and ``_content``."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from doorstep.kernel.index.references import relative
from doorstep.kernel.index.rows import IndexRows

MOST = 200_000
"""Characters of text that are kept for one resource; search looks no further."""

_TAG = re.compile(r"<[^>]*>")
_SPECIAL = frozenset(("reference", "div", "data", "valueBase64Binary"))
"""Members that are not text like others; the last two hold base 64, and nothing is found in it."""

_FREE = frozenset(
    ("text", "display", "title", "name", "family", "given", "city", "line", "conclusion", "valueString", "description",
     "comment", "value")
)  # fmt: skip
"""Members that hold words even when they are one word. Codes, dates, addresses and ids are no content: they have
parameters of their own, and keeping them here doubled the table."""

Place = tuple[int, str, int]
"""(number of the parent node, member, place in its array or -1)."""


def survey(resource: dict[str, Any], rows: IndexRows) -> None:
    """Fill ``references``, ``urns`` and ``text``.

    References inside the entries of a Bundle belong to the Bundle's own world and are left out (R4 2.36.4.1).
    """
    nodes: list[dict[str, Any]] = [resource]
    places: list[Place] = [(-1, "", -1)]
    texts: list[str] = []
    found: list[tuple[str, int]] = []
    narrative = ""
    for number, node in enumerate(nodes):
        for name, value in node.items():
            kind = value.__class__
            if kind is str:
                if name not in _SPECIAL:
                    if name in _FREE or " " in value or not value.isascii():
                        texts.append(value)
                elif name == "reference":
                    found.append((value, number))
                elif name == "div":
                    narrative = f"{narrative}\n{_plain(value)}" if narrative else _plain(value)
            elif kind is dict:
                nodes.append(value)
                places.append((number, name, -1))
            elif kind is list:
                for place, item in enumerate(value):
                    if item.__class__ is dict:
                        nodes.append(item)
                        places.append((number, name, place))
                    elif item.__class__ is str and (name in _FREE or " " in item or not item.isascii()):
                        texts.append(item)
    for text, number in found:
        _refer(text, number, nodes, places, rows)
    if texts or narrative:
        content = "\n".join(texts).lower()
        rows.text = narrative[:MOST], (f"{narrative}\n{content}" if narrative else content)[:MOST]


def _refer(text: str, number: int, nodes: list[dict[str, Any]], places: list[Place], rows: IndexRows) -> None:
    literal = relative(text)
    if (literal is None and not text.startswith("urn:")) or _is_uri_element(number, nodes, places):
        return
    path = _path(number, nodes[0], places)
    if path.startswith("Bundle.entry["):
        return
    if literal:
        rows.references.append((path, f"{literal[0]}/{literal[1]}"))
    else:
        rows.urns.append((path, text))


def _is_uri_element(number: int, nodes: list[dict[str, Any]], places: list[Place]) -> bool:
    """Whether "reference" is not a Reference's: DetectedIssue, Immunization.education, Expression have such a uri."""
    return number == 0 or places[number][1] == "education" or "language" in nodes[number]


def _path(number: int, resource: dict[str, Any], places: list[Place]) -> str:
    root = str(resource.get("resourceType", ""))
    above, name, place = places[number]
    if above == 0:
        return f"{root}.{name}" if place < 0 else f"{root}.{name}[{place}]"
    parts: list[str] = []
    while number:
        number, name, place = places[number]
        parts.append(name if place < 0 else f"{name}[{place}]")
    parts.append(root)
    return ".".join(reversed(parts))


def _plain(div: str) -> str:
    text = _TAG.sub(" ", div)
    return " ".join((unescape(text) if "&" in text else text).lower().split())
