"""Given a number with a check digit, when it is read, then its date and sex are known, and one wrong digit shows."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.terms.identifiers import (
    IdentifierError,
    age,
    credit_check,
    credit_code,
    identity_check,
    identity_number,
)

RIGHT = ["360426199101010071", "500113196203151240", "500112199001010017", "500105198808080026", "500157202602010036"]
FIRST17 = st.builds(
    lambda area, born, order: f"{area:06d}{born:%Y%m%d}{order:03d}",
    st.integers(0, 999_999), st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999),
)


@pytest.mark.parametrize("number", RIGHT)
def test_right_numbers_are_read_whatever_their_area(number: str) -> None:
    assert identity_number(number).number == number


def test_a_number_says_when_somebody_was_born_and_which_sex_is_registered() -> None:
    read = identity_number("500113196203151240")
    assert (read.born, read.sex, read.tail) == (date(1962, 3, 15), "female", "1240")


def test_small_x_blanks_and_the_old_form_of_fifteen_digits_are_understood() -> None:
    first17 = "50990019800320631"
    number = next(first17[:16] + str(n) + "X" for n in range(10) if identity_check(first17[:16] + str(n)) == "X")
    assert identity_number(f" {number[:6]} {number[6:].lower()} ").number == number
    assert identity_number("360426910101007").number == "360426199101010071"


@pytest.mark.parametrize(("number", "key"), [
    ("", "terms.identity-shape"),
    ("36042619910101007", "terms.identity-shape"),
    ("36042619910101007Y", "terms.identity-shape"),
    ("３60426199101010071", "terms.identity-shape"),
    ("360426199101010072", "terms.identity-check"),
    ("36042619910230007" + identity_check("36042619910230007"), "terms.identity-date"),
])
def test_a_wrong_number_is_refused_with_its_reason(number: str, key: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        identity_number(number)
    assert refused.value.key == key


def test_nobody_is_born_tomorrow() -> None:
    first17 = "50990020300101001"
    with pytest.raises(IdentifierError):
        identity_number(first17 + identity_check(first17), today=date(2026, 11, 1))


@given(FIRST17, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(first17: str, place: int, by: int) -> None:
    wrong = first17[:place] + str((int(first17[place]) + by) % 10) + first17[place + 1 :]
    assert identity_check(wrong) != identity_check(first17)


@given(FIRST17, st.integers(0, 15))
def test_two_neighbours_swapped_are_always_seen(first17: str, place: int) -> None:
    swapped = first17[:place] + first17[place + 1] + first17[place] + first17[place + 2 :]
    assert swapped == first17 or identity_check(swapped) != identity_check(first17)


def test_a_credit_code_is_read_and_a_wrong_one_refused() -> None:
    assert credit_code("91110000600037341l") == "91110000600037341L"
    for wrong, key in (("91110000600037341M", "terms.credit-check"), ("9111000060003734OL", "terms.credit-shape")):
        with pytest.raises(IdentifierError) as refused:
            credit_code(wrong)
        assert refused.value.key == key


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_every_credit_code_with_its_check_character_is_read(first17: str) -> None:
    assert credit_code(first17 + credit_check(first17))


def test_a_birthday_makes_somebody_older_on_the_day() -> None:
    born = date(2000, 2, 29)
    assert [age(born, day) for day in (date(2026, 2, 28), date(2026, 3, 1))] == [25, 26]
