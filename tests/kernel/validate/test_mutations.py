"""Given a valid example spoilt in one place, when it is checked, then that place is named."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from doorstep.kernel.validate import validate
from tests.kernel.validate.examples import sample
from tests.kernel.validate.mutations import MUTATIONS, Mutation
from tests.kernel.validate.nodes import nodes

PLACES = 1
"""Of each example, places of one element that are spoilt."""


@cache
def spoilt(mutation: Mutation) -> list[tuple[str, Any, str]]:
    cases = []
    for name, resource in sample().items():
        if validate(resource) or len(str(resource)) > 60_000:
            continue
        seen: dict[str, int] = {}
        for node in nodes(resource):
            seen[node.element.path] = seen.get(node.element.path, 0) + 1
            if seen[node.element.path] <= PLACES:
                cases += [(name, case, path) for case, path in mutation(resource, node)]
    return cases


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_spoilt_example_is_refused_at_the_place(mutation: Mutation) -> None:
    cases = spoilt(mutation)
    missed = [
        (name, path, [issue.element for issue in validate(case)][:3])
        for name, case, path in cases
        if path not in [issue.element for issue in validate(case)]
    ]
    assert missed == []
    assert len(cases) >= 20


def test_there_are_thousands_of_them() -> None:
    assert sum(len(spoilt(mutation)) for mutation in MUTATIONS) >= 2_000
