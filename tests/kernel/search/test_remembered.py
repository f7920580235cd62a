"""What was understood before is not understood again, and means the same; what rests on more than its words is not kept."""

from __future__ import annotations

import pytest

from doorstep.kernel.errors import TooCostly
from doorstep.kernel.search import limits, remembered
from doorstep.kernel.search.parse import parse

_ASKED = [
    [("patient", "Patient/d001-1"), ("code", "http://loinc.org|15074-8"), ("date", "ge2025-05-01"), ("_sort", "-date")],
    [("code", "http://loinc.org|15074-8,http://loinc.org|2160-0"), ("patient", "d001-1")],
    [("date", "ge2025-05-01"), ("code", "http://loinc.org|15074-8"), ("value-quantity", "gt5.40|http://unitsofmeasure.org|mmol/L")],
]  # fmt: skip
YEAR = 365 * 86_400_000_000


@pytest.mark.parametrize("pairs", _ASKED)
def test_given_a_question_when_it_is_asked_again_then_it_is_the_same_question(pairs: list[tuple[str, str]]) -> None:
    remembered._known.clear()
    first = parse("Observation", pairs, strict=True)
    kept = len(remembered._known)
    again = parse("Observation", pairs, strict=True)
    assert kept and len(remembered._known) == kept, "nothing was kept, or it was understood twice"
    assert (again.shape, again.args, again.pairs) == (first.shape, first.args, first.pairs)


def test_given_criteria_in_another_order_when_both_are_asked_then_each_has_its_own_values() -> None:
    one, other = _ASKED[0][:3], _ASKED[0][2::-1]
    parse("Observation", one, strict=True)
    turned = parse("Observation", other, strict=True)
    remembered._known.clear()
    alone = parse("Observation", other, strict=True)
    assert (turned.shape, turned.args) == (alone.shape, alone.args)


def test_given_an_approximate_date_when_time_goes_on_then_it_means_another_span() -> None:
    spans = [parse("Observation", [("date", "ap2020-01-01")], strict=True, now=YEAR * years).args for years in (55, 60)]
    assert spans[0] != spans[1]


def test_given_too_many_values_when_they_are_remembered_then_they_still_count() -> None:
    many = ",".join(f"a{number}" for number in range(30))
    pairs = [("code", many)] * (limits.MAX_VALUES // 30 + 1)
    for _ in range(2):
        with pytest.raises(TooCostly):
            parse("Observation", pairs, strict=True)


def test_given_more_than_is_kept_when_questions_differ_then_it_begins_anew() -> None:
    for number in range(remembered.MOST + 2):
        parse("Observation", [("code", f"x|{number}")], strict=True)
    assert len(remembered._known) <= remembered.MOST
