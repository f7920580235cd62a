"""Given a number on a certificate, when it is typed, then it is judged as far as it can be, and no further."""

import pytest

from doorstep.terms.catalogue import designation, table
from doorstep.terms.identifiers import (
    IdentifierError,
    credit_check,
    credit_remarks,
    document_number,
    identity_check,
    identity_number,
    institution_code,
    licence_number,
)


def coded(first17: str) -> str:
    return first17 + credit_check(first17)


@pytest.mark.parametrize(("code", "remarks"), [
    ("91110000600037341L", ()),
    (coded("A2509900MB0000001"), ()),
    (coded("32509900MB0000001"), ("terms.credit-authority",)),
    ("91110000600037341M", ("terms.credit-check",)),
    ("911100006000*7341L", ("terms.credit-shape",)),
])
def test_a_credit_code_gets_remarks_and_no_verdict(code: str, remarks: tuple[str, ...]) -> None:
    assert credit_remarks(code) == remarks


@pytest.mark.parametrize(("area", "holder"), [("500105", ""), ("911156", "foreign"), ("810000", "hmt"), ("830000", "hmt")])
def test_a_number_says_which_kind_of_holder_it_is_for(area: str, holder: str) -> None:
    first17 = f"{area}19880808002"
    assert identity_number(first17 + identity_check(first17)).holder == holder


@pytest.mark.parametrize(("read", "text", "kept"), [
    (licence_number, "pdy 10012350010512a1001", "PDY10012350010512A1001"),
    (institution_code, "12345678-9500105a1001234"[:23], "123456789500105A100123"),
    (institution_code, "123456789-500105A100123", "123456789500105A100123"),
])
def test_licences_and_institution_codes_are_read(read, text: str, kept: str) -> None:
    assert read(text) == kept


@pytest.mark.parametrize(("read", "text", "key"), [
    (licence_number, "许可证", "terms.licence-shape"), (institution_code, "123", "terms.institution-code-shape"),
])
def test_what_cannot_be_one_is_refused(read, text: str, key: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        read(text)
    assert refused.value.key == key


@pytest.mark.parametrize(("kind", "text", "kept"), [
    ("01", "360426910101007", "360426199101010071"), ("03", "e12345678", "E12345678"), ("06", "H1234567890", "H1234567890"),
    ("07", "12345678", "12345678"), ("04", "军字第", ""), ("06", "X123", ""), ("01", "12", ""), ("42", "12345", ""),
])
def test_every_kind_of_document_has_its_own_reading(kind: str, text: str, kept: str) -> None:
    if kept:
        assert document_number(kind, text) == kept
        return
    with pytest.raises(IdentifierError):
        document_number(kind, text)


@pytest.mark.parametrize("name", ["institution-class", "hospital-level", "identity-document", "title-level", "bed-status", "agreement"])
def test_the_code_tables_have_both_languages(name: str) -> None:
    assert table(name)
    for concept in table(name).values():
        assert concept.zh and concept.en and designation(concept.system, concept.code) == concept
