"""Given a district code, when its day is known, then it is said what it meant then and what it has become."""

from datetime import date

import pytest

from doorstep.terms.districts import district_on, districts, successor
from doorstep.terms.identifiers import identity_number

BEFORE, AFTER = date(2025, 12, 4), date(2025, 12, 5)


@pytest.mark.parametrize(("code", "before", "after"), [
    ("500105", "江北区", None), ("500112", "渝北区", None), ("500157", None, "两江新区"), ("500109", "北碚区", "北碚区"),
    ("500112115", "茨竹镇", None), ("500109127", None, "茨竹镇"), ("999999", None, None),
])
def test_a_code_means_what_it_meant_on_its_day(code: str, before: str | None, after: str | None) -> None:
    assert [found.zh if found else None for found in (district_on(code, BEFORE), district_on(code, AFTER))] == [before, after]


@pytest.mark.parametrize(("code", "day", "became"), [
    ("500105", AFTER, "500157"), ("500112", AFTER, "500157"), ("500105", BEFORE, "500105"), ("500157", AFTER, "500157"),
    ("500112117", AFTER, "500109123"), ("500112121", AFTER, "500109124"), ("500112123", AFTER, "500109125"),
    ("500112113", AFTER, "500109126"), ("500112115", AFTER, "500109127"), ("500157", BEFORE, None), ("000000", AFTER, None),
])
def test_an_ended_code_leads_to_what_it_became(code: str, day: date, became: str | None) -> None:
    found = successor(code, day)
    assert (found.code if found else None) == became


def test_every_district_says_what_it_rests_on_and_every_successor_holds_when_its_predecessor_ends() -> None:
    for each in districts().values():
        assert each.basis and each.zh != each.en and each.display("en-us") == each.en
        assert not each.became or districts()[each.became].holds(each.until or AFTER)
        assert each.became == "" or each.until


def test_an_ended_code_stays_good_inside_an_identity_number() -> None:
    assert identity_number("500105198808080026").number[:6] not in {code for code in districts() if district_on(code, AFTER)}
