"""Every search parameter and every rule of R4 on the official examples (CC0): all run, and the rules hold.

Of definitions and terminology one in STRIDE is read, of everything else all; STRIDE = 1 takes half a minute and finds the
same. The few Bundles of whole definitions are left out: what they hold is in the package one by one.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from build_tools.package import find_package, read_lock
from doorstep.kernel import exact
from doorstep.kernel.definitions import Invariant, definitions
from doorstep.kernel.fhirpath import FhirPathError, Node, Program, compile
from doorstep.kernel.fhirpath.model import add, below, resource, ways

LOCK = Path(__file__).parents[3] / "definitions.lock"
LARGEST = 400_000
"""Bytes."""
BULK = ("StructureDefinition", "CodeSystem", "ValueSet", "SearchParameter")
STRIDE = 5

BROKEN = {
    ("txt-1", "ActivityDefinition-blood-tubes-supply.json"): "the narrative is an empty div",
    ("txt-1", "ActivityDefinition-heart-valve-replacement.json"): "the narrative is an empty div",
    ("txt-1", "EventDefinition-example.json"): "the narrative is an empty div",
    ("txt-1", "Questionnaire-zika-virus-exposure-assessment.json"): "the narrative is a pre without text",
    ("txt-2", "ActivityDefinition-blood-tubes-supply.json"): "as above: both rules have the same expression",
    ("txt-2", "ActivityDefinition-heart-valve-replacement.json"): "as above",
    ("txt-2", "EventDefinition-example.json"): "as above",
    ("txt-2", "Questionnaire-zika-virus-exposure-assessment.json"): "as above",
    ("sdf-4", "StructureDefinition-Definition.json"): "a logical model that is not abstract and names no base",
    ("sdf-4", "StructureDefinition-Event.json"): "as above",
    ("sdf-4", "StructureDefinition-FiveWs.json"): "as above",
    ("sdf-4", "StructureDefinition-Request.json"): "as above",
}
"""Rules of severity error that examples really break, and why."""

FLAWED = {name for _, name in BROKEN}


@dataclass
class Survey:
    resources: int = 0
    searches: int = 0
    found: int = 0
    rules: int = 0
    refused: list[str] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, resource); the flawed ones always."""
    passed: dict[str, int] = {}
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        for member in package:
            name = member.name.rpartition("/")[2]
            kind = name.partition("-")[0]
            passed[kind] = passed.get(kind, 0) + 1
            if kind in BULK and passed[kind] % STRIDE and name not in FLAWED:
                continue
            file = package.extractfile(member) if name.endswith(".json") and member.size <= LARGEST else None
            content = exact.decode(file.read()) if file else None
            if isinstance(content, dict) and content.get("resourceType") in definitions().number:
                yield name, content


@pytest.fixture(scope="module")
def survey() -> Survey:
    found = Survey()
    searches = {
        name: [compile(each.expression, base=name) for each in parameters.values() if each.expression]
        for name, parameters in definitions().search.items()
    }
    for name, content in examples():
        found.resources += 1
        whole = resource(content)
        for program in searches[whole.type]:
            search(found, name, program, whole)
        walk(found, name, whole, whole, whole)
    return found


def search(found: Survey, name: str, program: Program, whole: Node) -> None:
    found.searches += 1
    try:
        found.found += len(program.typed(whole))
    except FhirPathError as refused:
        found.refused.append(f"{name}: {program.expression}: {refused}")


def walk(found: Survey, name: str, node: Node, whole: Node, root: Node) -> None:
    kind = definitions().types.get(node.type)
    if kind is None:
        return
    for rule in kind.invariants:
        if rule.severity != "error":
            continue
        for focus in places(rule, node):
            found.rules += 1
            program = compile(rule.expression, base=kind.name)
            try:
                if not program.true(whole, context=focus, root=root):
                    found.broken.add((rule.key, name))
            except FhirPathError as refused:
                found.refused.append(f"{name}: {rule.key}: {refused}")
    parts: list[Node] = []
    below(node, parts)
    for part in parts:
        inner = definitions().types.get(part.type)
        if inner is not None and inner.kind == "resource":
            walk(found, name, part, part, part if node.type in ("Bundle.entry", "Parameters.parameter") else root)
        else:
            walk(found, name, part, whole, root)


def places(rule: Invariant, node: Node) -> list[Node]:
    """The nodes that a rule speaks about: the node itself, or its members of one element."""
    if not rule.path:
        return [node]
    found: list[Node] = []
    holder = node.value if isinstance(node.value, dict) else node.element or {}
    for way in ways(node.type, rule.path.rpartition(".")[2].removesuffix("[x]")):
        add(way, holder, found)
    return found


def test_given_all_examples_when_asked_every_search_parameter_and_rule_then_none_is_refused(survey: Survey) -> None:
    assert survey.refused == []


def test_given_all_examples_when_their_rules_run_then_only_known_ones_are_broken(survey: Survey) -> None:
    assert survey.broken == set(BROKEN)


def test_given_all_examples_when_counted_then_the_survey_was_wide(survey: Survey) -> None:
    assert survey.resources > 1_600
    assert survey.searches > 40_000
    assert survey.found > 30_000
    assert survey.rules > 250_000
