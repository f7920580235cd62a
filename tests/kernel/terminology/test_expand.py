"""Given a value set, when it is expanded, then its codes come in order, by pages, filtered and named as asked."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.errors import BadRequest, Invalid, NotFound, NotSupported, TooCostly
from doorstep.kernel.terminology import expand, members, system
from doorstep.kernel.terminology.members import MAX_IMPORTS
from doorstep.kernel.validate import validate
from tests.kernel.terminology.shelf import DEPARTMENTS, SHELF, lookup

AT = "2026-01-01T08:00:00+08:00"
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
BIG = "http://dicom.nema.org/resources/ontology/DCM"


def codes(value_set: Any, **asked: Any) -> list[str]:
    answer = expand(value_set, at=AT, lookup=lookup, **asked)
    assert validate(answer) == []
    return [entry["code"] for entry in answer["expansion"].get("contains", [])]


def compose(**include: Any) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "status": "active",
        "compose": {"include": [{"system": DEPARTMENTS, **include}]},
    }


def where(name: str, op: str, value: str) -> dict[str, Any]:
    return compose(filter=[{"property": name, "op": op, "value": value}])


def test_a_value_set_of_the_package_is_listed_in_its_order_with_displays() -> None:
    answer = expand(GENDER, at=AT)
    assert answer["expansion"]["total"] == 4
    assert answer["expansion"]["contains"][0] == {
        "system": "http://hl7.org/fhir/administrative-gender",
        "code": "male",
        "display": "Male",
    }
    assert validate(answer) == []


def test_a_version_after_the_url_is_no_obstacle() -> None:
    assert codes(f"{GENDER}|4.0.1") == ["male", "female", "other", "unknown"]


def test_a_stored_value_set_takes_the_whole_of_a_stored_system() -> None:
    assert codes("http://example.org/ValueSet/all") == ["med", "card", "neph", "surg", "ortho", "lab", "old"]


def test_the_store_goes_before_the_package() -> None:
    own = {"resourceType": "ValueSet", "status": "active", "url": GENDER, "compose": {"include": []}}
    assert expand(GENDER, at=AT, lookup={GENDER: own}.get)["expansion"]["total"] == 0


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", "med", ["med", "card", "neph"]),
        ("concept", "descendent-of", "med", ["card", "neph"]),
        ("concept", "is-not-a", "med", ["surg", "ortho", "lab", "old"]),
        ("concept", "generalizes", "card", ["med", "card"]),
        ("concept", "in", "card, lab", ["card", "lab"]),
        ("concept", "not-in", "card,lab", ["med", "neph", "surg", "ortho", "old"]),
        ("parent", "=", "surg", ["ortho"]),
        ("child", "=", "ortho", ["surg"]),
        ("beds", "exists", "true", ["med", "surg"]),
        ("beds", "=", "40", ["med"]),
        ("beds", "in", "40,30", ["med", "surg"]),
        ("display", "=", "Laboratory", ["lab"]),
        ("concept", "is-a", "nothing", []),
    ],
)
def test_filters(name: str, op: str, value: str, expected: list[str]) -> None:
    assert codes(where(name, op, value)) == expected


def test_a_regex_filter_is_refused_by_name() -> None:
    with pytest.raises(NotSupported) as refusal:
        codes(where("code", "regex", "(a+)+$"))
    assert refusal.value.params["op"] == "regex"


def test_exclusions_and_imports_are_reckoned_up() -> None:
    value_set = compose(valueSet=["http://example.org/ValueSet/wards"])
    assert codes(value_set) == ["med", "surg"]
    value_set["compose"]["exclude"] = [{"system": DEPARTMENTS, "concept": [{"code": "surg"}]}]
    assert codes(value_set) == ["med"]


def test_codes_named_one_by_one_keep_their_own_display() -> None:
    value_set = compose(concept=[{"code": "card", "display": "Heart"}, {"code": "lab"}, {"code": "unheard"}])
    contains = expand(value_set, at=AT, lookup=lookup)["expansion"]["contains"]
    assert [(entry["code"], entry.get("display")) for entry in contains] == [
        ("card", "Heart"),
        ("lab", "Laboratory"),
        ("unheard", None),
    ]


def test_pages_neither_repeat_nor_skip() -> None:
    whole = codes("http://example.org/ValueSet/all")
    assert sum((codes("http://example.org/ValueSet/all", offset=at, count=2) for at in range(0, 8, 2)), []) == whole
    assert codes("http://example.org/ValueSet/all", offset=100, count=2) == []


def test_a_count_of_nothing_answers_the_total() -> None:
    answer = expand("http://example.org/ValueSet/all", at=AT, lookup=lookup, count=0)
    assert answer["expansion"]["total"] == 7
    assert "contains" not in answer["expansion"]


@pytest.mark.parametrize("asked", [{"offset": -1}, {"count": -1}])
def test_pages_before_the_beginning_are_refused(asked: dict[str, int]) -> None:
    with pytest.raises(BadRequest):
        codes(GENDER, **asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CARD", ["card"]),
        ("心内", ["card"]),
        ("ogy", ["card", "neph"]),
        ("neph 肾", ["neph"]),
        ("ＣＡＲＤ", ["card"]),
        ("%", []),
    ],
)
def test_a_filter_finds_codes_displays_and_designations(text: str, expected: list[str]) -> None:
    assert codes("http://example.org/ValueSet/all", filter=text) == expected


def test_names_come_in_the_language_that_is_asked() -> None:
    answer = expand("http://example.org/ValueSet/all", at=AT, lookup=lookup, language="zh", designations=True)
    by_code = {entry["code"]: entry for entry in answer["expansion"]["contains"]}
    assert by_code["card"]["display"] == "心内科"
    assert by_code["card"]["designation"] == [{"language": "zh-Hans", "value": "心内科"}]
    assert by_code["lab"]["display"] == "Laboratory"
    assert validate(answer) == []


def test_groups_and_retired_codes_are_marked_and_can_be_left_out() -> None:
    answer = expand("http://example.org/ValueSet/all", at=AT, lookup=lookup)
    by_code = {entry["code"]: entry for entry in answer["expansion"]["contains"]}
    assert by_code["old"]["inactive"] is True
    assert by_code["surg"]["abstract"] is True
    assert "old" not in codes("http://example.org/ValueSet/all", active_only=True)


def test_what_cannot_be_listed_is_refused_with_what_is_missing() -> None:
    with pytest.raises(NotSupported) as refusal:
        expand("http://hl7.org/fhir/ValueSet/mimetypes", at=AT)
    assert "urn:ietf:bcp:13" in refusal.value.params["missing"]


def test_an_unknown_value_set_is_not_found_and_a_system_is_told_apart() -> None:
    with pytest.raises(NotFound) as refusal:
        expand("http://example.org/none", at=AT)
    assert refusal.value.key == "terminology.unknown-value-set"
    with pytest.raises(NotFound) as refusal:
        expand("http://hl7.org/fhir/administrative-gender", at=AT)
    assert refusal.value.key == "terminology.not-a-value-set"


def test_a_circle_of_imports_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        codes("http://example.org/ValueSet/circle-a")
    assert refusal.value.key == "terminology.circular-value-set"


def test_a_long_row_of_imports_is_refused() -> None:
    def endless(url: str) -> dict[str, Any]:
        head, _, number = url.rpartition("/")
        return {
            "resourceType": "ValueSet",
            "url": url,
            "compose": {"include": [{"valueSet": [f"{head}/{int(number) + 1}"]}]},
        }

    with pytest.raises(TooCostly) as refusal:
        expand("http://example.org/1", at=AT, lookup=endless)
    assert refusal.value.params["limit"] == MAX_IMPORTS


def test_a_very_large_value_set_is_asked_for_by_pages() -> None:
    many = {"resourceType": "CodeSystem", "content": "complete", "url": "http://example.org/many"}
    many["concept"] = [{"code": f"c{number}"} for number in range(10_001)]
    value_set = {"resourceType": "ValueSet", "compose": {"include": [{"system": "http://example.org/many"}]}}
    with pytest.raises(TooCostly):
        expand(value_set, at=AT, lookup={"http://example.org/many": many}.get)
    page = expand(value_set, at=AT, lookup={"http://example.org/many": many}.get, count=10, offset=10_000)
    assert [entry["code"] for entry in page["expansion"]["contains"]] == ["c10000"]


def test_a_stored_expansion_serves_where_there_is_no_definition() -> None:
    nested = [
        {"system": "a", "code": "1", "abstract": True, "contains": [{"system": "a", "code": "2"}]},
        {"display": "x"},
    ]
    value_set = {"resourceType": "ValueSet", "status": "active", "expansion": {"timestamp": AT, "contains": nested}}
    assert codes(value_set) == ["1", "2"]


def test_every_value_set_of_the_package_is_either_listed_or_says_what_it_lacks() -> None:
    from doorstep.kernel.definitions import definitions

    listed = 0
    for url in definitions().value_sets():
        found = members(url, lookup)
        assert not set(found.missing) & set(SHELF)
        listed += not found.missing
    assert listed > 1_200


def test_a_hierarchy_of_the_package_is_known() -> None:
    act = system("http://terminology.hl7.org/CodeSystem/v3-ActCode", lookup)
    assert act is not None
    assert "IMP" in act.below("_ActEncounterCode")
    assert act.above("IMP")[0] == "_ActEncounterCode"
