"""Given a page of matches, when includes are asked for, then what they lead to comes along, each once, and only that."""

from __future__ import annotations

import pytest

from doorstep.kernel.errors import BadRequest, NotSupported, Refusal, TooCostly
from doorstep.kernel.search import follow, limits
from tests.kernel.search.record import Record
from tests.kernel.search.ward import SERVER_ID, observation, patient

ROWS = [
    ("Observation", "_id=glu-5.4&_include=Observation:patient", "Patient/chen"),
    ("Observation", "_id=glu-5.4&_include=Observation:subject:Patient", "Patient/chen"),
    ("Observation", "_id=glu-5.4&_include=Observation:subject:Group", ""),
    ("Observation", "_id=glu-5.4,bp&_include=Observation:patient", "Patient/chen"),
    ("Observation", "_id=glu-5.4&_include=Observation:patient&_include=Observation:performer",
     "Patient/chen Practitioner/zhang"),
    ("Observation", "_id=glu-5.4&_include=Observation:*", "Encounter/in-room Patient/chen Practitioner/zhang"),
    ("Observation", "_id=glu-5.4&_include=*", "Encounter/in-room Patient/chen Practitioner/zhang"),
    ("Observation", "_id=glu-5.4&_include=Observation:patient&_include=Patient:organization", "Patient/chen"),
    ("Observation", "_id=glu-5.4&_include=Observation:patient&_include:iterate=Patient:organization",
     "Patient/chen Organization/town"),
    ("Observation", "_id=glu-5.4&_include=Observation:patient&_include:iterate=Patient:organization"
     "&_include:iterate=Organization:partof",
     "Patient/chen Organization/town Organization/hospital Organization/alliance"),
    ("Observation", "_id=glu-5.4&_include:recurse=Patient:organization&_include=Observation:patient",
     "Patient/chen Organization/town"),
    ("Patient", "_id=wang&_revinclude=Observation:patient",
     "Observation/glu-5.45 Observation/glu-unit Observation/logical Observation/undated"),
    ("Patient", "_id=wang&_revinclude=Encounter:subject:Patient", "Encounter/on-floor"),
    ("Patient", "_id=wang&_revinclude=Encounter:*", "Encounter/on-floor"),
    ("Patient", "_id=chen&_revinclude=Observation:patient&_revinclude:iterate=Provenance:target",
     "Observation/bp Observation/glu-5.4 Observation/glu-98 Observation/group Observation/note Provenance/prov"),
    ("Observation", "_id=bp&_revinclude=Provenance:target&_include:iterate=Provenance:agent",
     "Provenance/prov Practitioner/zhang"),
    ("QuestionnaireResponse", "_id=qr&_include=QuestionnaireResponse:questionnaire", "Questionnaire/q"),
    ("Questionnaire", "_id=q&_revinclude=QuestionnaireResponse:questionnaire", "QuestionnaireResponse/qr"),
    ("Questionnaire", "_id=q&_revinclude=QuestionnaireResponse:*", "QuestionnaireResponse/qr"),
    ("List", "_id=round&_include=List:item", f"Patient/{SERVER_ID} Patient/wang"),
    ("List", "_id=round&_include=List:item:Patient", f"Patient/{SERVER_ID} Patient/wang"),
    ("Patient", "_id=nobody&_revinclude=Observation:patient", ""),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "asked", "expected"), ROWS)
def test_an_include_brings_what_it_names(ward: Record, type_name: str, asked: str, expected: str) -> None:
    page = ward.page(type_name, asked)
    assert sorted(ward.refs(page.includes)) == sorted(expected.split())
    assert {row.mode for row in page.matches} <= {"match"}
    assert {row.mode for row in page.includes} <= {"include"}


def test_a_match_is_not_included_again(record: Record) -> None:
    record.put(*[
        {"resourceType": "Organization", "id": name, "name": "X", "partOf": {"reference": f"Organization/{over}"}}
        for name, over in (("a", "b"), ("b", "c"), ("c", "a"))
    ])  # fmt: skip
    page = record.page("Organization", "name=x&_include:iterate=Organization:partof&_revinclude=Organization:partof")
    assert sorted(row.id for row in page.matches) == ["a", "b", "c"]
    assert page.includes == []


def test_includes_of_a_circle_end(record: Record) -> None:
    record.put(*[
        {"resourceType": "Organization", "id": name, "name": name, "partOf": {"reference": f"Organization/{over}"}}
        for name, over in (("a", "b"), ("b", "c"), ("c", "a"))
    ])  # fmt: skip
    page = record.page("Organization", "name=a&_include:iterate=Organization:partof")
    assert [row.id for row in page.includes] == ["b", "c"]


def test_the_deleted_are_not_included(record: Record) -> None:
    record.put(patient("a"), observation("o", of="a"), observation("p", of="a"))
    record.delete("Observation", "p")
    page = record.page("Patient", "_id=a&_revinclude=Observation:patient")
    assert record.refs(page.includes) == ["Observation/o"]
    record.bury("Patient", "a")
    assert record.page("Observation", "_include=Observation:patient").includes == []


def test_includes_belong_to_their_page(record: Record) -> None:
    record.put(*[patient(f"p{n}") for n in range(3)], *[observation(f"o{n}", of=f"p{n}", on=f"2024-01-0{n + 1}") for n in range(3)])
    asked = "_include=Observation:patient&_sort=date&_count=1"
    page = record.page("Observation", asked)
    assert record.refs(page.includes) == ["Patient/p0"]
    page = record.page("Observation", asked, cursor=page.next_cursor)
    assert record.refs(page.includes) == ["Patient/p1"]


def test_more_sources_than_one_statement_takes(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "CHUNK", 2)
    record.put(*[patient(f"p{n}") for n in range(5)], *[observation(f"o{n}", of=f"p{n}") for n in range(5)])
    page = record.page("Observation", "_include=Observation:patient")
    assert sorted(row.id for row in page.includes) == [f"p{n}" for n in range(5)]
    page = record.page("Patient", "_revinclude=Observation:patient")
    assert sorted(row.id for row in page.includes) == [f"o{n}" for n in range(5)]


REFUSED: list[tuple[str, str, type[Refusal], str]] = [
    ("Observation", "_include=Observation:nonsense", BadRequest, "search.bad-include"),
    ("Observation", "_include=Observation:status", BadRequest, "search.bad-include"),
    ("Observation", "_include=Nonsense:patient", BadRequest, "search.bad-include"),
    ("Observation", "_include=Observation", BadRequest, "search.bad-include"),
    ("Observation", "_include=", BadRequest, "search.bad-include"),
    ("Observation", "_include=Observation:patient:Nonsense", BadRequest, "search.bad-include"),
    ("Observation", "_include=Observation:patient:Group", BadRequest, "search.bad-include"),
    ("Observation", "_include=a:b:c:d", BadRequest, "search.bad-include"),
    ("Observation", "_include:nonsense=Observation:patient", NotSupported, "search.unknown-modifier"),
    ("Observation", "_revinclude=*", TooCostly, "search.reverse-wildcard"),
]


@pytest.mark.parametrize(("type_name", "asked", "refusal", "key"), REFUSED)
def test_an_include_that_names_nothing_is_refused(
    ward: Record, type_name: str, asked: str, refusal: type[Refusal], key: str
) -> None:
    with pytest.raises(refusal) as raised:
        ward.page(type_name, asked, strict=False)
    assert raised.value.key == key
    assert raised.value.elements == (asked.partition("=")[0],)


def test_too_many_includes_are_refused(ward: Record) -> None:
    codes = ["patient", "subject", "performer", "encounter", "device", "specimen", "focus", "based-on", "part-of"]
    asked = [("_include", f"Observation:{code}") for code in codes] * 4
    assert len(ward.page("Observation", asked).matches) > 0, "the same include twice counts once"
    asked = [("_include", f"Observation:focus:{name}") for name in (
        "Account Appointment AuditEvent Basic Binary Bundle CarePlan CareTeam Claim Communication Composition Condition"
        " Consent Contract Coverage Device Encounter Endpoint Flag Goal Group Immunization Invoice Library List Location"
        " Measure Media Medication Observation Organization Patient Person").split()]  # fmt: skip
    assert len(asked) == limits.MAX_INCLUDES + 1
    with pytest.raises(TooCostly) as raised:
        ward.page("Observation", asked)
    assert raised.value.key == "search.too-many-includes"


def test_includes_that_go_on_too_long_are_refused(record: Record) -> None:
    record.put(*[
        {"resourceType": "Organization", "id": f"o{n}", "name": f"N{n}", "partOf": {"reference": f"Organization/o{n + 1}"}}
        for n in range(limits.MAX_ROUNDS + 3)
    ])  # fmt: skip
    with pytest.raises(TooCostly) as raised:
        record.page("Organization", "name:exact=N0&_include:iterate=Organization:partof")
    assert raised.value.key == "search.too-many-rounds"
    page = record.page("Organization", "name:exact=N3&_include:iterate=Organization:partof")
    assert len(page.includes) == limits.MAX_ROUNDS - 1


def test_too_many_included_resources_are_refused(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_INCLUDED", 3)
    record.put(patient("a"), *[observation(f"o{n}", of="a") for n in range(4)])
    with pytest.raises(TooCostly) as raised:
        record.page("Patient", "_revinclude=Observation:patient")
    assert raised.value.key == "search.too-many-included"
    assert raised.value.elements == ("_revinclude",)
