"""Given search parameters that follow no reference, when another engine reads the same examples, then both agree.

fhirpathpy differs in one way: it refuses ``as`` on several items, which R4's own parameters need.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.fhirpath import compile
from tests.kernel.fhirpath.test_examples import examples

EACH = 4
"""Examples of a type."""
SMALL = 60_000
"""Characters of an example."""
SINGLE_AS = "Expected singleton on left side of 'as'"


def plain(value: Any) -> Any:
    """Without the differences of number classes: the other engine has floats."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value)
    return value


def answer(program: Any, resource: Any) -> tuple[Any, str]:
    """(result, "") or (None, what it complains of); the other engine raises nothing narrower than Exception."""
    try:
        return program(resource), ""
    except Exception as error:  # noqa: BLE001
        return None, str(error)


def test_given_a_sample_when_both_engines_search_it_then_only_as_on_several_items_differs():
    theirs: dict[str, Any] = {}
    taken: dict[str, int] = {}
    compared = refused = 0
    for name, resource in examples():
        type_name = resource["resourceType"]
        if taken.get(type_name, 0) == EACH or len(exact.encode(resource)) > SMALL:
            continue
        text = json.dumps(plain(resource))
        taken[type_name] = taken.get(type_name, 0) + 1
        for parameter in definitions().search[type_name].values():
            expression = parameter.expression
            if not expression or "resolve()" in expression or "hasExtension" in expression:
                continue
            if expression not in theirs:
                theirs[expression] = fhirpathpy.compile(expression, models["r4"])
            ours = compile(expression, base=type_name)(resource)
            other, mistake = answer(theirs[expression], json.loads(text))
            if mistake:
                assert mistake.startswith(SINGLE_AS), (name, expression)
                refused += 1
            else:
                compared += 1
                assert plain(ours) == plain(other), (name, expression)
    assert compared > 6_000
    assert refused < compared / 100
