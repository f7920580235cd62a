"""R4's additions to FHIRPath (R4 2.9.1.3) that need only the resource."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.html import acceptable
from doorstep.kernel.fhirpath.members import member
from doorstep.kernel.fhirpath.nodes import Items, Node, system
from doorstep.kernel.fhirpath.references import resolved
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import FALSE, NONE, boolean, string

_extensions = member("extension")


@eager("extension", 1)
def extension(env: Env, items: Items, url: Items) -> Items:
    wanted = string(url, "extension")
    found = _extensions(env, NONE, items)
    return [each for each in found if each.value.__class__ is dict and each.value.get("url") == wanted]


@eager("hasExtension", 1)
def has_extension(env: Env, items: Items, url: Items) -> Items:
    """An R4 search parameter (questionnaireresponse-item-subject) uses it; the standard describes it nowhere."""
    return boolean(bool(extension(env, items, url)))


@eager("hasValue")
def has_value(env: Env, items: Items) -> Items:
    """Whether the input is one primitive with a value, and not only extensions."""
    return boolean(len(items) == 1 and _primitive(items[0]))


@eager("getValue")
def get_value(env: Env, items: Items) -> Items:
    """System value of the one primitive."""
    return [system(items[0])] if len(items) == 1 and _primitive(items[0]) else NONE


def _primitive(item: Any) -> bool:
    return item.__class__ is not Node or (item.value is not None and not isinstance(item.value, dict | list))


@eager("resolve")
def resolve(env: Env, items: Items) -> Items:
    """What references lead to; those that lead nowhere fall away."""
    return [node for item in items for node in resolved(env, item)]


@eager("htmlChecks")
def html_checks(env: Env, items: Items) -> Items:
    """Whether a narrative holds only what R4 2.4 allows, and something to see."""
    text = string(items, "htmlChecks")
    return NONE if text is None else (boolean(acceptable(text)) if text else FALSE)
