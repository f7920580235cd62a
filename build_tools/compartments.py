"""CompartmentDefinitions -> which parameters put a resource into whose compartment (R4 3.4)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ITSELF = "{def}"


def compile_compartments(definitions: list[Json]) -> dict[str, dict[str, tuple[str, ...]]]:
    """For "Patient" {"Observation": ("subject", "performer"), "Patient": ("{def}", "link"), ...}; so for each of five.

    A compartment always holds the resource that it is about, which not every definition says.
    """
    return {it["code"]: _members(it) for it in definitions}


def _members(definition: Json) -> dict[str, tuple[str, ...]]:
    members = {it["code"]: tuple(it["param"]) for it in definition["resource"] if it.get("param")}
    code = definition["code"]
    members[code] = (ITSELF, *(it for it in members.get(code, ()) if it != ITSELF))
    return dict(sorted(members.items()))
