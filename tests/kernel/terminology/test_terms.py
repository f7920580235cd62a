"""Given stored terminology, when search asks what is in, above or below, then it gets that or is told that nobody knows."""

from __future__ import annotations

from doorstep.kernel.search.terms import DefinitionTerms, Terms
from doorstep.kernel.terminology import LookedUp
from tests.kernel.terminology.shelf import DEPARTMENTS, lookup

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def test_members_of_a_stored_value_set() -> None:
    found = LookedUp(lookup).members("http://example.org/ValueSet/wards")
    assert list(found or ()) == [(DEPARTMENTS, "med"), (DEPARTMENTS, "surg")]


def test_members_that_cannot_be_listed_are_not_known() -> None:
    terms = LookedUp(lookup)
    assert terms.members("http://example.org/ValueSet/half") is None
    assert terms.members("http://example.org/none") is None
    assert terms.members("http://example.org/ValueSet/circle-a") is None


def test_what_is_above_and_below() -> None:
    terms = LookedUp(lookup)
    assert list(terms.below(DEPARTMENTS, "med") or ()) == ["med", "card", "neph"]
    assert list(terms.above(DEPARTMENTS, "neph") or ()) == ["neph", "med"]
    assert terms.below(DEPARTMENTS, "none") is None
    assert terms.above("http://example.org/wild", "x") is None
    assert terms.below("http://terminology.hl7.org/CodeSystem/service-type", "1") is None


def test_it_serves_where_search_expects_terms_and_agrees_with_the_package() -> None:
    ours: Terms = LookedUp()
    theirs: Terms = DefinitionTerms()
    for code in ("_ActEncounterCode", "IMP"):
        assert set(ours.below(ACT, code) or ()) == set(theirs.below(ACT, code) or ())
        assert set(ours.above(ACT, code) or ()) == set(theirs.above(ACT, code) or ())
