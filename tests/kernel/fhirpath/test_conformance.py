"""The rules of FHIRPath 2.0.0 and of R4's additions, one line each: ``expression => JSON result`` in conformance/*.txt.

``=> !key`` is a refusal. ``@@name`` on a line of its own chooses the resource of the lines that follow (resources.py).
"""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from doorstep.kernel import exact
from doorstep.kernel.fhirpath import FhirPathError, compile
from tests.kernel.fhirpath.resources import resource

HERE = Path(__file__).parent / "conformance"
NOW = datetime(2024, 2, 29, 23, 59, 58, 120_000, tzinfo=timezone(timedelta(hours=8)))


def cases() -> list[tuple[str, str, str, str]]:
    found = []
    for path in sorted(HERE.glob("*.txt")):
        subject = "patient"
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@@"):
                subject = line[2:].strip()
            elif line.strip() and not line.startswith("#"):
                expression, _, expected = line.rpartition(" => ")
                found.append((path.stem, subject, expression.strip(), expected.strip()))
    return found


CASES = cases()


def test_given_the_tables_when_counted_then_there_are_enough_and_none_twice():
    assert len(CASES) >= 300
    assert len(set(CASES)) == len(CASES)


@pytest.mark.parametrize(("section", "subject", "expression", "expected"), CASES, ids=[f"{c[0]}: {c[2]}" for c in CASES])
def test_given_a_rule_when_evaluated_then_the_result_is_exactly_that(section, subject, expression, expected):
    if expected.startswith("!"):
        with pytest.raises(FhirPathError) as refused:
            compile(expression)(resource(subject), now=NOW)
        assert refused.value.key == f"fhirpath.{expected[1:]}"
    else:
        found = compile(expression)(resource(subject), now=NOW)
        assert exact.encode(found).decode() == exact.encode(exact.decode(expected)).decode(), json.dumps(found, default=str)
