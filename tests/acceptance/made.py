"""Ten synthetic patients that another generator (carebundle) made: one transaction each, the same at every run."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from carebundle import generate_cohort, to_json

SEED = 11
COUNT = 10


@cache
def bundles() -> tuple[bytes, ...]:
    """Transactions of some forty resources whose references name each other by urn:uuid."""
    return tuple(to_json(each).encode() for each in generate_cohort(count=COUNT, seed=SEED))


def resources(text: bytes) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(text)["entry"]]
