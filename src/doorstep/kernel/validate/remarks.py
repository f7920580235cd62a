"""What a write accepts and $validate remarks on: weaker bindings, unknown codes, extensions that change the meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doorstep.kernel.definitions import Element, definitions
from doorstep.kernel.errors import Issue, Refusal
from doorstep.kernel.fhirpath import Node
from doorstep.kernel.terminology import Lookup, Members, members, nothing, system
from doorstep.kernel.validate.coded import OUTSIDE, SEVERITY, codings, in_words, is_coded, is_member
from doorstep.kernel.validate.findings import MAX_FINDINGS, clip
from doorstep.kernel.validate.instances import Instance, everything


def bindings(resource: dict[str, Any], *, lookup: Lookup = nothing) -> list[Issue]:
    """Warnings and information about a resource that ``validate`` finds right, at most MAX_FINDINGS.

    Extensible bindings warn, preferred ones inform; a code that its own complete system does not have warns; so does a
    modifierExtension, since nobody here knows what it changes (R4 2.4.1).
    """
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in definitions().number:
        return []
    remarks = _Remarks(lookup)
    found: list[Issue] = []
    for element, instance in everything(Instance(Node(name, resource), name)):
        found += remarks.on(element, instance)
        if len(found) >= MAX_FINDINGS:
            limit = Issue("warning", "too-costly", "validate.too-many-issues", {"limit": MAX_FINDINGS}, name)
            return [*found[:MAX_FINDINGS], limit]
    return found


class _Remarks:
    """Value sets are looked up once a run."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._sets: dict[str, Members | None] = {}

    def on(self, element: Element, instance: Instance) -> Iterator[Issue]:
        node = instance.node
        if element.name == "modifierExtension":
            url = clip(node.value.get("url", ""))
            yield Issue("warning", "extension", "validate.unknown-modifier", {"url": url}, instance.path)
        if element.binding and is_coded(node):
            yield from self._bound(*element.binding, instance)
        if node.type == "Coding" and not self._exists(node.value):
            params = {"code": clip(node.value["code"]), "system": clip(node.value["system"])}
            yield Issue("warning", "code-invalid", "validate.unknown-code", params, instance.path)

    def _bound(self, strength: str, url: str, instance: Instance) -> Iterator[Issue]:
        if strength not in ("extensible", "preferred"):
            return
        known = self._members(url)
        if known is not None and codings(instance.node) and is_member(instance.node, known) is False:
            params = {"given": in_words(instance.node), "value_set": url}
            yield Issue(SEVERITY[strength], "code-invalid", OUTSIDE[strength], params, instance.path)

    def _members(self, url: str) -> Members | None:
        if url not in self._sets:
            try:
                self._sets[url] = members(url, self._lookup)
            except Refusal:
                self._sets[url] = None
        return self._sets[url]

    def _exists(self, coding: dict[str, Any]) -> bool:
        url, code = coding.get("system"), coding.get("code")
        known = system(url, self._lookup) if url and code else None
        return known is None or not known.complete or known.find(str(code)) is not None
