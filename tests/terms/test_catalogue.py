"""Given the catalogue, when a page or a command looks something up, then code, both names and unit are there."""

from decimal import Decimal

from doorstep.terms import catalogue
from doorstep.terms.catalogue import analytes, designation, reasons, specialties, titles


def test_everything_has_a_name_in_both_languages_and_one_code() -> None:
    concepts = [each.concept for each in analytes().values()] + [each.concept for each in catalogue.tests().values()]
    concepts += [*specialties().values(), *titles().values()]
    concepts += [each for act in ("order.reject", "order.withdraw", "referral.decline", "referral.withdraw", "plan.miss", "visit.cancel")
                 for each in reasons(act).values()]
    assert [each.code for each in concepts if not each.zh or not each.en or each.zh == each.en] == []
    assert len({(each.system, each.code) for each in concepts}) == len(concepts)
    assert [each.code for each in concepts if designation(each.system, each.code) != each] == []


def test_what_a_test_measures_has_unit_and_range() -> None:
    assert [each.concept.code for test in catalogue.tests().values() for each in test.analytes if not each.unit or each.low is None] == []


def test_a_value_is_flagged_against_its_range() -> None:
    potassium = analytes()["2823-3"]
    assert [potassium.flag(Decimal(value)) for value in ("3.4", "3.5", "5.3", "5.31")] == ["L", "N", "N", "H"]
    assert analytes()["29463-7"].flag(Decimal(70)) == ""


def test_what_is_not_ours_has_no_designation() -> None:
    assert designation("http://loinc.org", "0-0") is None


def test_studies_have_a_kind_a_modality_and_both_names_and_are_no_laboratory_tests() -> None:
    studies = catalogue.studies()
    assert {each.kind for each in studies.values()} == {"ecg", "imaging"}
    assert {each.kind for each in catalogue.tests().values()} == {"laboratory"}
    assert [code for code, each in studies.items() if not each.modality or each.concept.zh == each.concept.en] == []
    assert set(catalogue.orderables()) == {*catalogue.tests(), *studies}
    assert [code for code, each in studies.items() if designation(each.concept.system, code) != each.concept] == []
