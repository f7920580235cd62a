"""Given texts, when they are made comparable, then case, accents, width and white space no longer tell them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.index import bounded, fold, norm
from doorstep.kernel.index.text import MAX_BYTES, system_key
from doorstep.kernel.refs import system_hash

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Smith", "smith"),
        ("  van   der\tBerg\n", "van der berg"),
        ("Bénédicte", "benedicte"),
        ("Be\u0301ne\u0301dicte", "benedicte"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ＡＢＣ１２３", "abc123"),
        ("单雄信", "单雄信"),
        ("張　三", "張 三"),
        ("がぎ", "がぎ"),
        ("한국", "한국"),
        ("Å", "a"),
        ("100 %", "100 %"),
        ("", ""),
    ],
)
def test_case_accents_and_white_space_do_not_count(text: str, expected: str) -> None:
    assert norm(text) == expected


@given(TEXTS)
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert norm(norm(text)) == norm(text)


@given(TEXTS)
def test_no_text_outgrows_an_index_page(text: str) -> None:
    long = text * 50
    assert len(norm(long).encode()) <= MAX_BYTES
    assert len(bounded(long).encode()) <= MAX_BYTES
    assert len(fold(long).encode()) <= 3 * MAX_BYTES


def test_a_long_text_is_found_by_its_beginning() -> None:
    text = "Öffentliche Gesundheit " * 100
    assert norm(text).startswith(norm(text[:120]))


def test_long_texts_that_differ_at_their_end_stay_apart() -> None:
    assert bounded("a" * 5000 + "b") != bounded("a" * 5000 + "c")
    assert bounded("a" * 5000 + "b") == bounded("a" * 5000 + "b")


def test_a_text_that_fits_is_kept_as_written() -> None:
    assert bounded("Straße 5.40 单") == "Straße 5.40 单"
    assert bounded("x" * MAX_BYTES) == "x" * MAX_BYTES


def test_a_system_has_the_number_that_the_tables_use() -> None:
    assert system_key("http://loinc.org") == system_hash("http://loinc.org")
    assert system_key("") == 0
    assert system_key("urn:" + "x" * 10_000) == system_hash("urn:" + "x" * 10_000)
