"""Rules in code of our own: those that nearly every write meets, and those whose expression grows with the square.

Each says the same as its expression in the standard; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.validate import narrative

_LINKS = frozenset(("canonical", "uri", "url"))


def contained_are_referred_to(resource: dict[str, Any]) -> bool:
    """dom-3: each contained resource is named by "#id" somewhere, or itself names its container by "#"."""
    inner = resource.get("contained")
    if not inner:
        return True
    named = set(_local(resource, resource["resourceType"]))
    return all(f"#{each.get('id', '')}" in named or "#" in _local(each, each["resourceType"]) for each in inner)


def _local(value: dict[str, Any], type_name: str) -> Iterator[str]:
    """References and links that begin with "#", at any depth."""
    waiting = [(value, type_name)]
    while waiting:
        holder, name = waiting.pop()
        elements = definitions().types[holder.get("resourceType", name)].elements
        for member, content in holder.items():
            element = elements.get(member)
            of = element.type if element else "Element" if member[:1] == "_" else ""
            for item in content if isinstance(content, list) else (content,):
                if isinstance(item, dict) and of:
                    waiting.append((item, of))
                elif isinstance(item, str) and item[:1] == "#" and (of in _LINKS or member == "reference"):
                    yield item


def contained_have_no_version(resource: dict[str, Any]) -> bool:
    """dom-4"""
    metas = [each.get("meta", {}) for each in resource.get("contained", ())]
    return not any(
        f"{mark}{name}" in meta for meta in metas for name in ("versionId", "lastUpdated") for mark in ("", "_")
    )


def contained_have_no_label(resource: dict[str, Any]) -> bool:
    """dom-5"""
    return not any("security" in each.get("meta", {}) for each in resource.get("contained", ()))


def has_narrative(resource: dict[str, Any]) -> bool:
    """dom-6"""
    return "div" in resource.get("text", ())


def narrative_shows_something(div: str | None) -> bool:
    """txt-2, of Narrative.div"""
    return div is None or not narrative.is_blank(div)


def no_component_repeats_the_code(observation: dict[str, Any]) -> bool:
    """obs-7: where there is a value, no component has a coding of the Observation's own code."""
    parts = observation.get("component")
    codings = observation.get("code", {}).get("coding")
    if not parts or not codings or not any(name.startswith(("value", "_value")) for name in observation):
        return True
    own = {exact.encode(_sorted(coding)) for coding in codings}
    return not any(
        exact.encode(_sorted(coding)) in own for part in parts for coding in part.get("code", {}).get("coding", ())
    )


def guide_groups_exist(definition: dict[str, Any]) -> bool:
    """ig-1, of ImplementationGuide.definition: every groupingId is the id of a grouping."""
    known = {grouping.get("id") for grouping in definition.get("grouping", ())}
    return all(each["groupingId"] in known for each in definition.get("resource", ()) if "groupingId" in each)


def guide_versions_are_its_own(guide: dict[str, Any]) -> bool:
    """ig-2: every fhirVersion of a resource is one of the guide."""
    known = set(guide.get("fhirVersion", ()))
    listed = guide.get("definition", {}).get("resource", ())
    return all(version in known for each in listed for version in each.get("fhirVersion", ()) if version)


def _sorted(coding: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(coding.items()))


BY_HEART: Mapping[str, Callable[[Any], bool]] = {
    "dom-3": contained_are_referred_to,
    "dom-4": contained_have_no_version,
    "dom-5": contained_have_no_label,
    "dom-6": has_narrative,
    "txt-2": narrative_shows_something,
    "ig-1": guide_groups_exist,
    "ig-2": guide_versions_are_its_own,
    "obs-7": no_component_repeats_the_code,
}
"""Each takes the JSON value of the element that the rule sits on."""
