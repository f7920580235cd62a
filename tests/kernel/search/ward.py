"""A small ward: few resources, each there because some row of the tables in these tests tells it from the others."""

from __future__ import annotations

from typing import Any

from tests.kernel.search.record import Record

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ID_CARD = "urn:oid:2.16.156.1"
BP, SYSTOLIC, GLUCOSE, BLOOD_GROUP, NOTE = "85354-9", "8480-6", "15074-8", "883-9", "8251-1"
SERVER_ID = "d0ab-0000000000aaaaaaaa"


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **more}


def observation(id_: str, code: str = GLUCOSE, *, of: str = "chen", on: str = "2024-05-01", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Observation", "id": id_, "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": f"display of {code}"}]},
        "subject": {"reference": f"Patient/{of}" if "/" not in of else of},
    }  # fmt: skip
    if on:
        made["effectiveDateTime"] = on
    return {**made, **more}


def quantity(value: Any, code: str = "mmol/L", unit: str | None = None) -> dict[str, Any]:
    made = {"value": value, "system": UCUM, "code": code}
    return {**made, "unit": unit} if unit else made


def people() -> list[dict[str, Any]]:
    return [
        patient(
            "chen", active=True, gender="female", birthDate="1961-03-14", identifier=[
                {"system": ID_CARD, "value": "500104196103141234", "type": {"coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NI"}], "text": "ID card"}},
                {"value": "H-77|x,y$z\\"},
            ],
            name=[{"family": "陈", "given": ["小明"]}, {"text": "Chén O'Neil 100%_sure"}],
            telecom=[{"system": "phone", "value": "138-0013-8000"}], managingOrganization={"reference": "Organization/town"},
            generalPractitioner=[{"reference": "Practitioner/zhang", "display": "Doctor Zhang"}],
            maritalStatus={"coding": [{"code": "M"}]},
            meta={"tag": [{"system": "urn:tags", "code": "vip"}], "profile": ["http://example.org/fhir/StructureDefinition/p"],
                  "security": [{"code": "N"}], "source": "http://his.example.org/a"},
        ),
        patient("wang", active=False, gender="male", birthDate="1990", name=[{"family": "Wang", "given": ["Lei"]}],
                managingOrganization={"reference": "Organization/hospital"}),
        patient(SERVER_ID, gender="male", birthDate="1990-12", name=[{"family": "Müller", "given": ["Änne", "Wanglei"]}],
                deceasedDateTime="2024-01-02T03:04:05Z"),
        {"resourceType": "Practitioner", "id": "zhang", "name": [{"family": "Zhang"}], "gender": "male"},
        {"resourceType": "Organization", "id": "alliance", "name": "Alliance"},
        {"resourceType": "Organization", "id": "hospital", "name": "County Hospital",
         "partOf": {"reference": "Organization/alliance"}},
        {"resourceType": "Organization", "id": "town", "name": "Town Centre", "partOf": {"reference": "Organization/hospital"}},
    ]  # fmt: skip


def places() -> list[dict[str, Any]]:
    return [
        {"resourceType": "Location", "id": "building", "name": "Building", "position": {"latitude": 29.48, "longitude": 106.48}},
        {"resourceType": "Location", "id": "floor", "name": "Floor", "partOf": {"reference": "Location/building"}},
        {"resourceType": "Location", "id": "room", "name": "Room", "partOf": {"reference": "Location/floor"},
         "position": {"latitude": 29.50, "longitude": 106.50}},
        {"resourceType": "Encounter", "id": "in-room", "status": "in-progress", "class": {"code": "IMP"},
         "subject": {"reference": "Patient/chen"}, "location": [{"location": {"reference": "Location/room"}}],
         "period": {"start": "2024-05-01T08:00:00+08:00", "end": "2024-05-03T10:00:00+08:00"}},
        {"resourceType": "Encounter", "id": "on-floor", "status": "finished", "class": {"code": "AMB"},
         "subject": {"reference": "Patient/wang"}, "location": [{"location": {"reference": "Location/floor"}}],
         "period": {"start": "2024-05-10"}},
    ]  # fmt: skip


def findings() -> list[dict[str, Any]]:
    return [
        observation("glu-5.4", on="2024-05-01T08:30:00+08:00", valueQuantity=quantity(5.4, unit="mmol per litre"),
                    performer=[{"reference": "Practitioner/zhang"}], encounter={"reference": "Encounter/in-room"}),
        observation("glu-98", on="2024-05-02", valueQuantity=quantity(98, "mg/dL")),
        observation("glu-5.45", on="2024-06", of="wang", valueQuantity=quantity(5.45), status="amended"),
        observation("glu-unit", on="2023", of="wang", valueQuantity={"value": 7, "unit": "mmol/L"}),
        observation("undated", on="", of="wang", dataAbsentReason={"text": "not asked"}),
        observation("bp", BP, on="2024-05-01T08:31:00+08:00", component=[
            {"code": {"coding": [{"system": LOINC, "code": SYSTOLIC}]}, "valueQuantity": quantity(150, "mm[Hg]")},
            {"code": {"coding": [{"system": LOINC, "code": "8462-4"}]}, "valueQuantity": quantity(90, "mm[Hg]")},
        ]),
        observation("group", BLOOD_GROUP, on="2022-02-03", valueCodeableConcept={
            "coding": [{"system": "http://snomed.info/sct", "code": "112144000"}], "text": "Blood group A"}),
        observation("note", NOTE, on="2024-05-05", valueString="Patient feels well",
                    text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Quiet <b>night</b></div>'}),
        observation("of-group", of="Group/diabetes", on="2024-05-06"),
        observation("logical", on="2024-05-07", of="wang", performer=[
            {"identifier": {"system": "urn:staff", "value": "A7"}, "display": "Nurse Zhao"}]),
        {"resourceType": "Group", "id": "diabetes", "type": "person", "actual": True,
         "member": [{"entity": {"reference": "Patient/chen"}}],
         "characteristic": [{"code": {"text": "x", "coding": [{"code": "gender"}]},
                             "valueCodeableConcept": {"coding": [{"code": "female"}]}, "exclude": False}]},
        {"resourceType": "RiskAssessment", "id": "risk", "status": "final", "subject": {"reference": "Patient/chen"},
         "prediction": [{"probabilityDecimal": 0.25}, {"probabilityRange": {"low": {"value": 0.5}, "high": {"value": 0.8}}}]},
        {"resourceType": "Provenance", "id": "prov", "target": [{"reference": "Observation/bp"}],
         "recorded": "2024-05-01T08:40:00+08:00", "agent": [{"who": {"reference": "Practitioner/zhang"}}]},
        {"resourceType": "List", "id": "round", "status": "current", "mode": "working",
         "entry": [{"item": {"reference": "Patient/wang"}}, {"item": {"reference": f"Patient/{SERVER_ID}"}}]},
        {"resourceType": "AllergyIntolerance", "id": "nuts", "patient": {"reference": "Patient/chen"},
         "clinicalStatus": {"coding": [
             {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "resolved"}]}},
        {"resourceType": "ValueSet", "id": "vs", "status": "active", "url": "http://example.org/fhir/ValueSet/vs"},
        {"resourceType": "ValueSet", "id": "vs-deep", "status": "active", "url": "http://example.org/fhir/ValueSet/vs/deep",
         "name": "Deep"},
        {"resourceType": "Questionnaire", "id": "q", "status": "active", "url": "http://example.org/q",
         "item": [{"linkId": "1", "type": "choice", "answerValueSet": "http://example.org/fhir/ValueSet/vs"}]},
        {"resourceType": "QuestionnaireResponse", "id": "qr", "status": "completed",
         "questionnaire": "http://example.org/q|2.0", "subject": {"reference": "Patient/chen"}},
        {"resourceType": "DocumentReference", "id": "doc-old", "status": "superseded", "content": [{"attachment": {}}],
         "subject": {"reference": "Patient/chen"}},
        {"resourceType": "DocumentReference", "id": "doc-new", "status": "current", "content": [{"attachment": {}}],
         "subject": {"reference": "Patient/chen"},
         "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/doc-old"}}]},
    ]  # fmt: skip


def fill(record: Record) -> None:
    """Put the whole ward into a record; one patient and one observation are deleted again."""
    record.put(*people())
    record.put(*places())
    record.put(*findings())
    record.put(patient("gone", name=[{"family": "Wang"}], gender="female"), observation("gone-too", of="gone", on="2024-05-01"))
    record.delete("Observation", "gone-too")
    record.delete("Patient", "gone")
