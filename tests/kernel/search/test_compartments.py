"""Given a resident's record, when it is asked for as a whole or by its newest findings, then it is that, filtered as asked."""

from __future__ import annotations

import pytest

from doorstep.kernel.errors import BadRequest, Refusal
from doorstep.kernel.search import everything, lastn
from tests.conftest import ADMIN
from tests.kernel.search.record import KEY, Record
from tests.kernel.search.ward import BP, GLUCOSE, LOINC, observation, patient

COMPARTMENTS = [
    (("Patient", "wang"), "Observation", "", "glu-5.45 glu-unit logical undated"),
    (("Patient", "wang"), "Observation", "status=amended", "glu-5.45"),
    (("Patient", "wang"), "Observation", "code=http://loinc.org|15074-8&_sort=-date&_count=2", "glu-5.45 logical glu-unit undated"),
    (("Patient", "wang"), "Patient", "", "wang"),
    (("Patient", "chen"), "Group", "", "diabetes"),
    (("Patient", "chen"), "DocumentReference", "", "doc-new doc-old"),
    (("Patient", "wang"), None, "", "glu-5.45 glu-unit logical on-floor undated wang"),
    (("Patient", "wang"), None, "_type=Encounter,Patient", "on-floor wang"),
    (("Patient", "wang"), None, "_lastUpdated=gt2100", ""),
    (("Patient", "nobody"), "Observation", "", ""),
    (("Patient", "gone"), "Observation", "", ""),
    (("Patient", "chen"), "Observation", "patient=wang", ""),
    (("Patient", "chen"), "Observation", "patient=chen&code=8251-1", "note"),
    (("Encounter", "in-room"), "Observation", "", "glu-5.4"),
    (("Encounter", "in-room"), "Encounter", "", "in-room"),
    (("Encounter", "in-room"), None, "", "glu-5.4 in-room"),
    (("Practitioner", "zhang"), "Observation", "", "glu-5.4"),
    (("Practitioner", "zhang"), None, "", "chen glu-5.4 prov zhang"),
    (("Device", "none"), "Observation", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("compartment", "type_name", "asked", "expected"), COMPARTMENTS)
def test_a_compartment_holds_what_names_its_owner(
    ward: Record, compartment: tuple[str, str], type_name: str | None, asked: str, expected: str
) -> None:
    found = ward.ids(type_name, asked, compartment=compartment)
    assert (found if "_sort" in asked else sorted(found)) == expected.split()
    assert ward.page(type_name, [("_summary", "count"), *[tuple(each.split("=", 1)) for each in asked.split("&") if each]],
                     compartment=compartment).total == len(found)  # fmt: skip


def test_others_who_are_named_have_it_in_their_compartment_but_not_as_their_own(record: Record) -> None:
    record.put(patient("mother"), patient("child"), observation("o", of="child", performer=[{"reference": "Patient/mother"}]))
    assert record.ids("Observation", "", compartment=("Patient", "mother")) == ["o"]
    assert record.ids("Observation", "", compartment=("Patient", "child")) == ["o"]
    assert record.ids("Observation", "patient=mother") == []
    assert record.ids("Observation", "patient=child") == ["o"]
    assert record.ids("Observation", "performer=Patient/mother") == ["o"]


@pytest.mark.parametrize(("compartment", "type_name", "asked", "key"), [
    (("Nonsense", "1"), "Observation", "", "search.no-compartment"),
    (("Organization", "1"), "Observation", "", "search.no-compartment"),
    (("Patient", "1"), "Organization", "", "search.not-in-compartment"),
    (("Patient", "1"), None, "_type=Organization", "search.not-in-compartment"),
])  # fmt: skip
def test_what_no_compartment_holds_is_refused(
    ward: Record, compartment: tuple[str, str], type_name: str | None, asked: str, key: str
) -> None:
    with pytest.raises(BadRequest) as raised:
        ward.page(type_name, asked, compartment=compartment)
    assert raised.value.key == key


def test_a_cursor_of_one_compartment_is_none_of_another(ward: Record) -> None:
    cursor = ward.page("Observation", "_count=1", compartment=("Patient", "wang")).next_cursor
    with pytest.raises(BadRequest):
        ward.page("Observation", "_count=1", compartment=("Patient", "chen"), cursor=cursor)


# -- $everything


def whole(record: Record, patient_id: str, *filters: tuple[str, str]) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = everything(record.reader, patient_id, filters, ADMIN, cursor=cursor, key=KEY)
        found += record.refs(page.matches)
        cursor = page.next_cursor
        if cursor is None:
            return found


CHENS = [
    "AllergyIntolerance/nuts", "DocumentReference/doc-new", "DocumentReference/doc-old", "Encounter/in-room",
    "Group/diabetes", "Observation/bp", "Observation/glu-5.4", "Observation/glu-98", "Observation/group",
    "Observation/note", "Patient/chen", "QuestionnaireResponse/qr", "RiskAssessment/risk",
]  # fmt: skip


def test_everything_is_everything_once(ward: Record) -> None:
    assert sorted(whole(ward, "chen")) == CHENS
    assert sorted(whole(ward, "chen", ("_count", "2"))) == CHENS
    assert sorted(whole(ward, "chen", ("_type", "Observation,Patient"))) == [
        each for each in CHENS if each.startswith(("Observation/", "Patient/"))
    ]


def test_everything_takes_the_directory_along_but_no_other_residents(record: Record) -> None:
    record.put(
        {"resourceType": "Organization", "id": "o", "name": "O"}, {"resourceType": "Practitioner", "id": "p"},
        patient("a", managingOrganization={"reference": "Organization/o"}), patient("b"),
        observation("oa", of="a", focus=[{"reference": "Patient/b"}], performer=[{"reference": "Practitioner/p"}]),
        observation("ob", of="b"), observation("linked", of="b", on="2024-02-02"),
        observation("from-b", of="a", on="2024-03-03", derivedFrom=[{"reference": "Observation/linked"}]),
    )  # fmt: skip
    page = everything(record.reader, "a", [], ADMIN, key=KEY)
    assert sorted(record.refs(page.matches)) == ["Observation/from-b", "Observation/oa", "Patient/a"]
    assert sorted(record.refs(page.includes)) == ["Organization/o", "Practitioner/p"]
    page = everything(record.reader, "a", [("_type", "Observation")], ADMIN, key=KEY)
    assert page.includes == []


def test_everything_in_a_time_keeps_what_has_no_time(ward: Record) -> None:
    undated = {"AllergyIntolerance/nuts", "DocumentReference/doc-new", "DocumentReference/doc-old", "Group/diabetes",
               "Patient/chen", "QuestionnaireResponse/qr", "RiskAssessment/risk"}  # fmt: skip
    found = set(whole(ward, "chen", ("start", "2024-05-02"), ("end", "2024-05-02")))
    assert found == undated | {"Encounter/in-room", "Observation/glu-98"}
    assert set(whole(ward, "chen", ("start", "2024-05-05"))) == undated | {"Observation/note"}
    assert set(whole(ward, "chen", ("end", "2023"))) == undated | {"Observation/group"}


def test_everything_since_a_moment_is_what_changed_since(record: Record) -> None:
    record.put(patient("a"), updated=1_600_000_000_000_000)
    record.put(observation("new", of="a"), updated=1_700_000_000_000_000)
    assert whole(record, "a", ("_since", "2023")) == ["Observation/new"]
    assert sorted(whole(record, "a", ("_since", "2020-09-13T12:26:40Z"))) == ["Observation/new", "Patient/a"]


@pytest.mark.parametrize("pair", [
    ("nonsense", "1"), ("start", "soon"), ("end", "x"), ("_since", "x"), ("_type", "Nonsense"), ("_count", "x"), ("start", "\0"),
])  # fmt: skip
def test_a_filter_of_everything_that_is_not_understood_is_refused(ward: Record, pair: tuple[str, str]) -> None:
    with pytest.raises(Refusal) as raised:
        everything(ward.reader, "chen", [pair], ADMIN, key=KEY)
    assert raised.value.elements == (pair[0],)


# -- $lastn


def test_the_newest_of_each_code(ward: Record) -> None:
    page = lastn(ward.reader, [("patient", "Patient/chen")], ADMIN)
    assert sorted(row.id for row in page.matches) == ["bp", "glu-98", "group", "note"]
    page = lastn(ward.reader, [("subject", "Patient/chen"), ("max", "2")], ADMIN)
    assert sorted(row.id for row in page.matches) == ["bp", "glu-5.4", "glu-98", "group", "note"]
    page = lastn(ward.reader, [("patient", "chen"), ("code", f"{LOINC}|{GLUCOSE}"), ("max", "3")], ADMIN)
    assert [row.id for row in page.matches] == ["glu-98", "glu-5.4"], "newest first"
    page = lastn(ward.reader, [("patient", "chen"), ("date", "lt2024-05-02")], ADMIN)
    assert sorted(row.id for row in page.matches) == ["bp", "glu-5.4", "group"], "the newest among what is asked for"


def test_an_observation_of_two_codings_stands_once(record: Record) -> None:
    both = {"coding": [{"system": LOINC, "code": BP}, {"system": "urn:local", "code": "BP"}]}
    record.put(patient("a"), observation("one", of="a", code=both), observation("two", of="a", code=both, on="2024-06-01"))
    page = lastn(record.reader, [("patient", "a")], ADMIN)
    assert [row.id for row in page.matches] == ["two"]
    page = lastn(record.reader, [("patient", "a"), ("max", "5")], ADMIN)
    assert [row.id for row in page.matches] == ["two", "one"]


@pytest.mark.parametrize(("asked", "key"), [
    ([], "search.lastn-needs-patient"),
    ([("code", "1")], "search.lastn-needs-patient"),
    ([("subject", "Group/diabetes")], "search.lastn-needs-patient"),
    ([("patient", "chen"), ("max", "0")], "search.bad-count"),
    ([("patient", "chen"), ("max", "x")], "search.bad-count"),
    ([("patient", "chen"), ("max", "1"), ("max", "2")], "search.bad-count"),
    ([("patient", "chen"), ("nonsense", "1")], "search.unknown-parameter"),
])  # fmt: skip
def test_lastn_without_a_patient_or_with_nonsense_is_refused(ward: Record, asked: list[tuple[str, str]], key: str) -> None:
    with pytest.raises(BadRequest) as raised:
        lastn(ward.reader, asked, ADMIN, strict=True)
    assert raised.value.key == key
