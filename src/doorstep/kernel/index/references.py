"""References as rows (R4 3.1.1.4.12): literal ones by type and id, others by their address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from doorstep.kernel.index.text import bounded

Target = tuple[str, str]
"""(type, id) of a relative reference; ("", address) of any other."""

_RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")
_TYPED = re.compile(r"(?:.*/)?([A-Za-z]+)/[^/]+(?:/_history/[^/]*)?\Z", re.DOTALL)
"""The type that any address names before its id, on this server or another."""


def relative(text: Any) -> Target | None:
    """(type, id) of "Type/id" or "Type/id/_history/n"; None for anything else."""
    match = _RELATIVE.match(text) if text.__class__ is str else None
    return None if match is None else (match[1], match[2])


def target(reference: Any) -> Target | None:
    """What the row of a Reference says; None when there is no literal reference, or a contained one."""
    text = reference.get("reference") if reference.__class__ is dict else None
    if text.__class__ is not str or not text or text[0] == "#":
        return None
    match = _RELATIVE.match(text)
    return ("", bounded(text)) if match is None else (match[1], match[2])


def leads_to(reference: Any, resource: dict[str, Any]) -> str:
    """The type that a Reference (or an address by itself) leads to; "" when unknown.

    It is known from the form of the address, from the contained resource, or without an address from Reference.type.
    """
    text = reference.get("reference") if reference.__class__ is dict else reference
    if text.__class__ is not str:
        named = reference.get("type") if reference.__class__ is dict else None
        return named if named.__class__ is str else ""
    match = _RELATIVE.match(text)
    if match:
        return match[1]
    if text[:1] == "#":
        return _contained(text[1:], resource)
    match = _TYPED.match(text)
    return match[1] if match else ""


def address(value: Any) -> Sequence[Target]:
    """Of a canonical or uri: the address without its |version, and with it; one that is "Type/id" also as such."""
    if value.__class__ is not str or not value:
        return ()
    bare = value.partition("|")[0]
    local = _RELATIVE.match(bare)
    found = [(local[1], local[2])] if local else []
    found.append(("", bounded(bare)))
    if bare != value:
        found.append(("", bounded(value)))
    return found


def addresses(value: Any) -> Sequence[str]:
    """The same for a parameter of kind uri."""
    return [text for type_name, text in address(value) if not type_name]


def _contained(id_: str, resource: dict[str, Any]) -> str:
    contained = resource.get("contained")
    if contained.__class__ is list:
        for item in contained:
            if item.__class__ is dict and item.get("id") == id_ and item.get("resourceType").__class__ is str:
                return str(item["resourceType"])
    return str(resource.get("resourceType", "")) if not id_ else ""
