"""Given resources that refer to each other, when a search goes along the references, then it ends where it should."""

from __future__ import annotations

import pytest

from doorstep.kernel.errors import BadRequest, NotSupported, Refusal, TooCostly
from tests.kernel.search.record import Record
from tests.kernel.search.ward import SERVER_ID, observation, patient

WANGS = "glu-5.45 glu-unit logical undated"

CHAINS = [
    ("Observation", "subject:Patient.name=wang&_sort=_id", WANGS),
    ("Observation", "subject.name=wang&_sort=_id", WANGS),
    ("Observation", "patient.name=wang&_sort=_id", WANGS),
    ("Observation", "patient.gender=male&code=15074-8&status=amended", "glu-5.45"),
    ("Observation", "patient.gender:not=female&_sort=_id", WANGS),
    ("Observation", "patient.birthdate=lt1970&code=8251-1", "note"),
    ("Observation", "patient.organization.name=county&_sort=_id", WANGS),
    ("Observation", "patient.organization.partof.name=alliance&_sort=_id", WANGS),
    ("Observation", "subject:Patient.organization.partof.partof.name=alliance&code=8251-1", "note"),
    ("Observation", "subject:Group.characteristic=gender", "of-group"),
    ("Observation", "subject:Group._id=diabetes", "of-group"),
    ("Observation", "patient._id=wang&_sort=_id", WANGS),
    ("Observation", "patient.identifier=500104196103141234&code=8251-1", "note"),
    ("Observation", "patient._tag=vip&code=883-9", "group"),
    ("Observation", "encounter.location.name=room", "glu-5.4"),
    ("Observation", "encounter.location.partof.partof.name=building", "glu-5.4"),
    ("Observation", "performer:Practitioner.name=zhang", "glu-5.4"),
    ("Observation", "performer.name=zhang", "glu-5.4"),
    ("Observation", "patient.name=nobody", ""),
    ("Observation", "patient.active:missing=true", ""),
    ("Provenance", "target:Observation.patient.name=陈", "prov"),
    ("Provenance", "target:Observation.component-code-value-quantity=8480-6$gt100", "prov"),
    ("Patient", "_has:Observation:patient:code=8251-1", "chen"),
    ("Patient", "_has:Observation:subject:status=amended", "wang"),
    ("Patient", "_has:Observation:patient:code=15074-8&_has:Encounter:subject:class=AMB", "wang"),
    ("Patient", "_has:Observation:patient:_has:Provenance:target:agent=Practitioner/zhang", "chen"),
    ("Patient", "_has:Observation:patient:performer.name=zhang", "chen"),
    ("Patient", "_has:Observation:patient:date=ge2024-06", "wang"),
    ("Patient", "_has:Group:member:_id=diabetes", "chen"),
    ("Patient", "_has:List:item:_id=round&_sort=_id", f"{SERVER_ID} wang"),
    ("Patient", "_has:Observation:patient:value-quantity=gt50", "chen"),
    ("Patient", "gender=male&_has:Observation:patient:code=15074-8", "wang"),
    ("Encounter", "patient._has:Group:member:_id=diabetes", "in-room"),
    ("Practitioner", "_has:Observation:performer:patient.name=陈", "zhang"),
    ("QuestionnaireResponse", "questionnaire.status=active", "qr"),
    ("QuestionnaireResponse", "questionnaire:Questionnaire.url=http://example.org/q", "qr"),
    ("QuestionnaireResponse", "questionnaire.status=retired", ""),
    ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:patient=chen", "q"),
    ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:patient.name=陈", "q"),
    ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:patient=wang", ""),
    ("Observation", "patient:Patient._has:Encounter:patient:class=AMB&_sort=_id", WANGS),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "asked", "expected"), CHAINS)
def test_a_chain_ends_where_it_should(ward: Record, type_name: str, asked: str, expected: str) -> None:
    assert ward.ids(type_name, asked) == expected.split()


def test_what_was_deleted_is_no_link(ward: Record) -> None:
    assert ward.ids("Patient", "_has:Observation:patient:date=2024-05-01&_id=gone") == []
    assert ward.ids("Observation", "patient.name=wang&_id=gone-too") == []


def test_a_reference_to_what_was_deleted_leads_nowhere(record: Record) -> None:
    record.put(patient("a", gender="male"), observation("o", of="a"))
    assert record.ids("Observation", "patient.gender=male") == ["o"]
    record.bury("Patient", "a")
    assert record.ids("Observation", "patient.gender=male") == []
    assert record.ids("Observation", "patient=a") == ["o"]


def test_a_chain_finds_ids_of_both_kinds(record: Record) -> None:
    """The part of a target is in an id of ours, in the locator for others: both ways must lead to it."""
    record.put(
        {"resourceType": "Location", "id": "d7ff-0123456789zzyyxxww", "name": "Ours"},
        {"resourceType": "Location", "id": "d7ff-0123456789zzyyxxwwu", "name": "Theirs"},
        {"resourceType": "Slot", "id": "s", "schedule": {"reference": "Schedule/a"}},
        {"resourceType": "Schedule", "id": "a", "actor": [{"reference": "Location/d7ff-0123456789zzyyxxww"}]},
        {"resourceType": "Schedule", "id": "b", "actor": [{"reference": "Location/d7ff-0123456789zzyyxxwwu"}]},
    )
    for name, found in (("ours", ["a"]), ("theirs", ["b"])):
        assert record.ids("Schedule", f"actor:Location.name={name}") == found
        assert record.ids("Schedule", f"actor:Location.name={name}&_id=a,b") == found
        assert record.ids("Schedule", f"actor:Location.name:contains={name}") == found
    assert record.ids("Slot", "schedule.actor:Location.name=ours") == ["s"]


REFUSED: list[tuple[str, str, type[Refusal], str]] = [
    ("Observation", "patient.nonsense=1", BadRequest, "search.unknown-in-chain"),
    ("Observation", "patient.name:nonsense=1", NotSupported, "search.unknown-modifier"),
    ("Observation", "patient:Group.name=1", BadRequest, "search.chain-to-wrong-type"),
    ("Observation", "status.name=1", BadRequest, "search.chain-needs-reference"),
    ("Observation", "patient:Patient.=1", BadRequest, "search.unknown-in-chain"),
    ("Patient", "_has:Observation=1", BadRequest, "search.bad-has"),
    ("Patient", "_has:Observation:patient=1", BadRequest, "search.bad-has"),
    ("Patient", "_has:Observation:patient:=1", BadRequest, "search.bad-has"),
    ("Patient", "_has:Nonsense:patient:code=1", BadRequest, "search.bad-has"),
    ("Patient", "_has:Observation:code:code=1", BadRequest, "search.bad-has"),
    ("Patient", "_has:Observation:patient:nonsense=1", BadRequest, "search.unknown-in-chain"),
    ("Patient", "_has:Observation:encounter:code=1", BadRequest, "search.chain-to-wrong-type"),
    ("Observation", "patient._content=1", NotSupported, "search.text-in-chain"),
    ("Organization", "partof." * 9 + "name=a", TooCostly, "search.chain-too-deep"),
    ("Organization", "partof." * 20 + "name=a", TooCostly, "search.chain-too-deep"),
    ("Organization", "_has:Organization:partof:" * 20 + "name=a", TooCostly, "search.chain-too-deep"),
    ("Provenance", "target._id=1", TooCostly, "search.chain-too-wide"),
]


@pytest.mark.parametrize(("type_name", "asked", "refusal", "key"), REFUSED)
def test_a_chain_that_leads_nowhere_is_refused_by_name(
    ward: Record, type_name: str, asked: str, refusal: type[Refusal], key: str
) -> None:
    name = asked.partition("=")[0]
    with pytest.raises(refusal) as raised:
        ward.page(type_name, asked, strict=False)
    assert raised.value.key == key
    assert raised.value.elements == (name,)


def test_a_chain_as_long_as_the_limit_is_answered(ward: Record) -> None:
    assert ward.ids("Organization", "partof." * 8 + "name=a") == []
