"""Given resources with something wrong anywhere in them, when they are indexed, then nothing fails: what fits is indexed."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from doorstep.kernel.index import extract, home_resident, sensitivity
from tests.kernel.index.examples import clinical

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, "", "x", "#", "Patient/1", "2024", "\u00e9" * 300, [], [[]], [None], ["x"], [{}], {}, {"value": {}},
    {"coding": [[{}]]}, {"reference": 5}, {"start": []}, {"system": {}, "code": {}},
)  # fmt: skip
WHOLE = ("resourceType",)


@pytest.mark.parametrize("seed", range(4))
def test_no_wrong_value_makes_indexing_fail(seed: int) -> None:
    chance = random.Random(seed)
    for resource in list(clinical().values())[seed::4]:
        for _ in range(6):
            broken = copy.deepcopy(resource)
            for _ in range(chance.randint(1, 6)):
                spoil(broken, chance)
            extract(broken)
            home_resident(broken)
            sensitivity(broken)


def spoil(resource: dict[str, Any], chance: random.Random) -> None:
    """Put something else in a random place, the type's name aside."""
    node: Any = resource
    while True:
        keys = [key for key in (node if isinstance(node, dict) else range(len(node))) if key not in WHOLE]
        if not keys:
            return
        key = chance.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.3:
            node[key] = copy.deepcopy(chance.choice(JUNK))
            return
        node = node[key]
