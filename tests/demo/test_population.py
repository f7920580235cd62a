"""Given a seed and a day, when the district is generated, then it is the same again, valid, and clearly invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from doorstep.demo.people import SYNTHETIC, main_resident, resident, rng_of
from doorstep.demo.population import DAY, SEED, owned, population
from doorstep.kernel import exact
from doorstep.kernel.tx import checked
from doorstep.terms import systems
from doorstep.terms.identifiers import credit_code, identity_number

PEOPLE = 60


def texts(n: int, **given: Any) -> list[bytes]:
    return [exact.encode(each) for each in population(n, **given)]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def test_the_same_seed_and_day_give_the_same_district() -> None:
    assert texts(20) == texts(20)
    assert texts(20, seed=1) != texts(20)
    assert texts(20, today=date(2026, 12, 1)) != texts(20)


def test_a_larger_district_begins_with_the_smaller_one() -> None:
    small, large = texts(10), texts(20)
    assert large[: len(small)] == small


def test_everything_is_valid_and_points_only_to_what_came_before() -> None:
    seen: set[str] = set()
    dangling = []
    for resource in population(PEOPLE):
        checked(resource)
        dangling += [each for each in references(resource) if each not in seen]
        seen.add(f"{resource['resourceType']}/{resource['id']}")
    assert dangling == []


def test_a_resident_has_about_25_resources() -> None:
    counts = Counter(each["resourceType"] for each in population(400))
    assert 22 <= sum(counts.values()) / 400 <= 29
    assert {"Patient", "Encounter", "Condition", "Observation", "MedicationRequest", "ServiceRequest", "DiagnosticReport",
            "AllergyIntolerance"} <= counts.keys()


def test_everything_says_that_it_is_invented() -> None:
    assert [each["id"] for each in population(PEOPLE) if SYNTHETIC not in each["meta"]["tag"]] == []


def test_numbers_belong_to_nobody_and_have_right_check_digits() -> None:
    people = [each for each in population(PEOPLE) if each["resourceType"] == "Patient"]
    numbers = [entry["value"] for each in people for entry in each["identifier"] if entry["system"] == systems.IDENTITY_NUMBER]
    assert len(numbers) == PEOPLE - 2  # the newborn has none, nor has the entry that somebody made twice
    assert [n for n in numbers if not n.startswith("509900") or identity_number(n).number != n] == []
    assert [each for each in people if not each["telecom"][0]["value"].startswith("126")] == []
    institutions = [each for each in population(0) if each["resourceType"] == "Organization" and "identifier" in each]
    assert [credit_code(each["identifier"][0]["value"]) for each in institutions]


def test_number_birth_date_and_sex_agree() -> None:
    for each in population(PEOPLE):
        if each["resourceType"] == "Patient" and each["identifier"][0]["system"] == systems.IDENTITY_NUMBER:
            read = identity_number(each["identifier"][0]["value"])
            assert (read.born.isoformat(), read.sex) == (each["birthDate"], each["gender"])


def test_hard_names_are_among_them() -> None:
    names = [each["name"][0]["text"] for each in population(8) if each["resourceType"] == "Patient"]
    assert any(any(ord(character) > 0xFFFF for character in name) for name in names)
    assert any("\N{MIDDLE DOT}" in name for name in names)
    assert [name for name, count in Counter(names).items() if count == 2] != []


def test_the_wide_district_has_fourteen_centres_and_begins_with_the_cast() -> None:
    wide = list(population(60, wide=True))
    kinds = Counter(each["type"][0]["coding"][0]["code"] for each in wide if each["resourceType"] == "Organization")
    assert (kinds["township"], kinds["maternal"], kinds["hospital"]) == (14, 1, 2)
    cast = [each["name"][0]["text"] for each in wide if each["resourceType"] == "Patient"][:11]
    assert cast == [each["name"][0]["text"] for each in population(11) if each["resourceType"] == "Patient"]
    assert len({each["managingOrganization"]["reference"] for each in wide if each["resourceType"] == "Patient"}) > 8
    seen: set[str] = set()
    for resource in wide:
        checked(resource)
        assert [each for each in references(resource) if each not in seen] == []
        seen.add(f"{resource['resourceType']}/{resource['id']}")


def test_somebody_stands_in_the_register_twice() -> None:
    first, second = resident(rng_of(SEED, 8), 8, DAY), resident(rng_of(SEED, 9), 9, DAY)
    assert (first.name, first.born, first.sex, first.phone) == (second.name, second.born, second.sex, second.phone)
    assert (bool(first.number), bool(second.number), first.file != second.file) == (True, False, True)


def test_each_institution_owns_what_it_wrote() -> None:
    owners = Counter(owner for owner, _ in owned(PEOPLE))
    assert {"alliance", "shiqiao", "zhuxi", "bailin", "hospital", "laboratory"} == owners.keys()
    for owner, resource in owned(PEOPLE):
        if resource["resourceType"] == "Encounter":
            assert resource["serviceProvider"]["reference"] == f"Organization/{owner}"


def test_the_one_of_the_main_line_is_the_first() -> None:
    first = next(each for each in population(1) if each["resourceType"] == "Patient")
    assert main_resident(DAY, seed=SEED).id == first["id"]
