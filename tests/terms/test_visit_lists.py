"""Given the lists that a desk writes from, when a hurried hand types, then what is meant comes first."""

from decimal import Decimal

import pytest

from doorstep.terms import diagnoses, formulary, visit_forms
from doorstep.terms.catalogue import orderables
from doorstep.terms.formulary import ASK, REFUSE


@pytest.mark.parametrize(("typed", "code"), [
    ("xt", "R07.4"), ("i20.0", "I20.0"), ("胸痛", "R07.4"), ("gxy", "I10"), ("tnb", "E11.9"), ("chest pain", "R07.4"),
    ("yfxgxy", "I10"), ("yuanfaxinggaoxueya", "I10"),
])  # fmt: skip
def test_a_diagnosis_is_found_by_initials_characters_and_code(typed: str, code: str) -> None:
    found = diagnoses.meant(typed)
    assert found is not None
    assert found.code == code
    assert diagnoses.search(typed)[0].code == code


def test_what_could_be_several_is_offered_and_not_guessed() -> None:
    assert diagnoses.meant("糖尿病") is None
    assert len(diagnoses.search("糖尿病")) > 3
    assert diagnoses.meant("") is None and diagnoses.search(" ") == []
    assert diagnoses.meant("zzzz") is None


@pytest.mark.parametrize(("typed", "code"), [("aldp", "AMLO5"), ("amxl", "AMOX05"), ("二甲双胍", "METF05"), ("metformin 0.5 g", "METF05")])
def test_a_drug_is_found_by_its_generic_name(typed: str, code: str) -> None:
    found = formulary.meant(typed)
    assert found is not None and found.code == code


def test_the_list_of_drugs_is_whole() -> None:
    for drug in formulary.drugs().values():
        assert drug.frequency in formulary.frequencies() and drug.route in formulary.routes(), drug.code
        assert formulary.unit(drug.unit).en and drug.kind in ("western", "patent")
        assert Decimal(0) < drug.dose <= drug.single <= drug.daily, drug.code
        assert drug.dose * formulary.frequencies()[drug.frequency].times <= drug.daily, drug.code
        assert {each.level for each in drug.avoid} <= {REFUSE, ASK} and drug.pregnancy in ("", REFUSE, ASK)
        assert set(drug.groups) | set(drug.crosses) <= formulary.allergy_words().keys()


def test_templates_and_sets_name_what_there_is() -> None:
    for template in visit_forms.templates().values():
        assert set(template.boxes) == set(visit_forms.BOXES)
        assert set(template.diagnoses) <= diagnoses.diagnoses().keys()
        assert all(template.text(box, language) for box in visit_forms.BOXES for language in ("zh", "en"))
    for digit, chosen in visit_forms.order_sets().items():
        assert digit == chosen.digit and chosen.display("en") and chosen.display("zh")
        assert {code for code, _ in chosen.lines} <= orderables().keys()
        assert chosen.template in (*visit_forms.templates(), "")
