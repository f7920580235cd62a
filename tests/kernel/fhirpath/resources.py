"""Made-up resources that the tests ask about."""

from typing import Any

from doorstep.kernel import exact

_TEXTS = {
    "patient": """{
        "resourceType": "Patient", "id": "p1", "meta": {"versionId": "3", "tag": [{"system": "urn:tags", "code": "vip"}]},
        "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">Wang Fang</div>"},
        "contained": [
            {"resourceType": "Organization", "id": "station", "name": "Community Station 3"},
            {"resourceType": "Patient", "id": "inner", "active": false}
        ],
        "extension": [
            {"url": "urn:ext:village", "valueString": "Liuzhuang"},
            {"url": "urn:ext:visits", "valueInteger": 4},
            {"url": "urn:ext:nested", "extension": [{"url": "part", "valueDecimal": 1.50}]}
        ],
        "identifier": [{"use": "official", "system": "urn:id", "value": "A-1"}, {"use": "old", "system": "urn:old", "value": "7"}],
        "active": true,
        "name": [
            {"use": "official", "family": "Wang", "given": ["Fang", "Lei"]},
            {"use": "usual", "given": ["Fang"]},
            {"use": "maiden", "family": "Zhao", "given": ["Fang", null, "Lei"],
             "_given": [null, {"extension": [{"url": "urn:ext:unknown", "valueCode": "masked"}]}, {"id": "third"}]}
        ],
        "telecom": [
            {"system": "phone", "value": "0532-1", "use": "home", "rank": 1},
            {"system": "phone", "value": "139", "use": "mobile", "rank": 2},
            {"system": "email", "value": "w@example.org"}
        ],
        "gender": "female",
        "birthDate": "1974-12-25",
        "_birthDate": {"extension": [{"url": "urn:ext:birthTime", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
        "_deceasedBoolean": {"extension": [{"url": "urn:ext:unknown", "valueCode": "unknown"}]},
        "multipleBirthInteger": 2,
        "contact": [{"name": {"family": "Li"}, "gender": "male"}, {"name": {"family": "Sun"}}],
        "generalPractitioner": [
            {"reference": "Practitioner/dr1"}, {"reference": "#station"}, {"reference": "http://x.example/fhir/PractitionerRole/9"},
            {"reference": "#missing"}, {"type": "Organization", "identifier": {"value": "o"}}, {"display": "somebody"}
        ],
        "managingOrganization": {"reference": "Organization/o1/_history/2"}
    }""",
    "observation": """{
        "resourceType": "Observation", "id": "o1", "status": "final",
        "category": [{"coding": [{"system": "urn:cat", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body Weight"}], "text": "weight"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-01T08:30:00+08:00",
        "issued": "2024-03-01T00:31:00.250Z",
        "valueQuantity": {"value": 72.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
        "component": [
            {"code": {"text": "a"}, "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}},
            {"code": {"text": "b"}, "valueString": "clear"},
            {"code": {"text": "c"}, "valueQuantity": {"value": 2, "comparator": "<", "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}},
            {"code": {"text": "d"}, "valueQuantity": {"value": 3, "unit": "tablets"}},
            {"code": {"text": "e"}, "valueQuantity": {"value": 6, "system": "http://unitsofmeasure.org", "code": "a"}},
            {"code": {"text": "f"}, "valueQuantity": {"value": 5, "system": "urn:own", "code": "x"}},
            {"code": {"text": "g"}, "valueTime": "08:05:00"},
            {"code": {"text": "h"}, "valuePeriod": {"start": "2024-01", "end": "2024-02-03"}},
            {"code": {"text": "i"}, "dataAbsentReason": {"text": "none"}}
        ]
    }""",
    "questionnaire": """{
        "resourceType": "Questionnaire", "id": "q1", "status": "active", "subjectType": ["Patient"],
        "item": [
            {"linkId": "1", "type": "group", "item": [
                {"linkId": "1.1", "type": "string", "code": [{"code": "x"}]},
                {"linkId": "1.2", "type": "group", "item": [{"linkId": "1.2.1", "type": "boolean"}]}
            ]},
            {"linkId": "2", "type": "integer", "required": true, "code": [{"code": "x"}]}
        ]
    }""",
    "bundle": """{
        "resourceType": "Bundle", "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "b1", "active": true}},
            {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "Encounter", "status": "finished", "subject": {"reference": "urn:uuid:1"}}},
            {"fullUrl": "urn:uuid:3", "resource": {"resourceType": "Observation", "status": "final", "code": {"text": "t"},
                "subject": {"reference": "urn:uuid:9"}}}
        ]
    }""",
    "parameters": """{
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "valueUuid": "urn:uuid:1"}, {"name": "b", "valueMarkdown": "*x*"}, {"name": "c", "valuePositiveInt": 3},
            {"name": "d", "valueAge": {"value": 3, "system": "http://unitsofmeasure.org", "code": "a"}},
            {"name": "e", "resource": {"resourceType": "Basic", "id": "z"}}
        ]
    }""",
}


def resource(name: str) -> dict[str, Any]:
    """A fresh copy."""
    found: dict[str, Any] = exact.decode(_TEXTS[name])
    return found
