"""Index rows of typical resources: the compiled function against the FHIRPath engine, in the same run.

``python -m bench.extract`` prints microseconds per resource. Every resource is there in 400 variants (other names,
dates, values, ids), so that what is remembered from one to the next is what a real load would remember. Decoding the
resource's JSON in the same run says how fast the machine is just now.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from doorstep.kernel import exact
from doorstep.kernel.definitions import definitions
from doorstep.kernel.index import IndexRows, extract, extractor
from doorstep.kernel.index.interpret import interpret
from doorstep.kernel.index.rules import indexed

VARIANTS = 400
ROUNDS = 7
SURNAMES, GIVEN = "王李张刘陈杨黄赵周吴单曾仇任", "伟芳娜敏静丽强磊军洋勇艳杰涛明超"


def patient(n: int) -> dict[str, Any]:
    """A registered resident."""
    family, given = SURNAMES[n % len(SURNAMES)], GIVEN[n % len(GIVEN)] + GIVEN[n * 7 % len(GIVEN)]
    number = f"500112{1940 + n % 80}0{1 + n % 9}{10 + n % 18}{n:04d}"[:18]
    return {
        "resourceType": "Patient",
        "id": f"d0a1-{n:018d}",
        "identifier": [
            {"use": "official", "system": "http://example.org/resident-id", "value": number,
             "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NI"}]}},
            {"use": "usual", "system": "http://example.org/record-number", "value": f"R{n:08d}"},
        ],
        "active": True,
        "name": [{"use": "official", "text": family + given, "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": f"138{n:08d}", "use": "mobile"}],
        "gender": "female" if n % 2 else "male",
        "birthDate": f"{1940 + n % 80}-0{1 + n % 9}-{10 + n % 18}",
        "address": [{"use": "home", "text": f"重庆市渝北区回兴街道{n}号", "line": [f"回兴街道{n}号"], "city": "重庆市",
                     "district": "渝北区", "postalCode": "401120"}],
        "managingOrganization": {"reference": "Organization/centre-1", "display": "回兴街道社区卫生服务中心"},
        "generalPractitioner": [{"reference": f"Practitioner/gp-{n % 30}", "display": "张医生"}],
    }  # fmt: skip


def observation(n: int) -> dict[str, Any]:
    """A laboratory result."""
    return {
        "resourceType": "Observation",
        "id": f"d0a1-{n:018d}",
        "identifier": [{"system": "http://example.org/result", "value": f"L{n:09d}"}],
        "basedOn": [{"reference": f"ServiceRequest/d0a1-{n:018d}"}],
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                  "code": "laboratory", "display": "Laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "15074-8",
                             "display": "Glucose [Moles/volume] in Blood"}], "text": "血糖"},
        "subject": {"reference": f"Patient/d0a1-{n:018d}", "display": "王芳"},
        "encounter": {"reference": f"Encounter/d0a1-{n:018d}"},
        "effectiveDateTime": f"2025-03-{1 + n % 28:02d}T08:{n % 60:02d}:10+08:00",
        "issued": f"2025-03-{1 + n % 28:02d}T09:{n % 60:02d}:10.123+08:00",
        "performer": [{"reference": "Organization/lab-1"}],
        "valueQuantity": {"value": Decimal(n).scaleb(-2), "unit": "mmol/L", "system": "http://unitsofmeasure.org",
                          "code": "mmol/L"},
        "interpretation": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
                                        "code": "H"}]}],
        "specimen": {"reference": f"Specimen/d0a1-{n:018d}"},
        "referenceRange": [{"low": {"value": Decimal("3.9"), "unit": "mmol/L"},
                            "high": {"value": Decimal("6.1"), "unit": "mmol/L"}}],
    }  # fmt: skip


def encounter(n: int) -> dict[str, Any]:
    """A visit."""
    return {
        "resourceType": "Encounter",
        "id": f"d0a1-{n:018d}",
        "identifier": [{"system": "http://example.org/visit", "value": f"V{n:09d}"}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "185349003", "display": "Check up"}]}],
        "subject": {"reference": f"Patient/d0a1-{n:018d}"},
        "participant": [{"individual": {"reference": f"Practitioner/gp-{n % 30}"}}],
        "period": {"start": f"2025-03-{1 + n % 28:02d}T08:{n % 60:02d}:00+08:00",
                   "end": f"2025-03-{1 + n % 28:02d}T09:{n % 60:02d}:00+08:00"},
        "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10",
                                    "display": "原发性高血压"}]}],
        "location": [{"location": {"reference": "Location/room-3"}}],
        "serviceProvider": {"reference": "Organization/centre-1"},
    }  # fmt: skip


def medication_request(n: int) -> dict[str, Any]:
    """A line of a prescription."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"d0a1-{n:018d}",
        "identifier": [{"system": "http://example.org/prescription", "value": f"P{n:09d}"}],
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://example.org/drugs", "code": f"XC08CA{n % 90:02d}",
                                                  "display": "苯磺酸氨氯地平片"}], "text": "苯磺酸氨氯地平片 5mg"},
        "subject": {"reference": f"Patient/d0a1-{n:018d}", "display": "王芳"},
        "encounter": {"reference": f"Encounter/d0a1-{n:018d}"},
        "authoredOn": f"2025-03-{1 + n % 28:02d}T08:{n % 60:02d}:10+08:00",
        "requester": {"reference": f"Practitioner/gp-{n % 30}", "display": "张医生"},
        "groupIdentifier": {"system": "http://example.org/prescription-group", "value": f"G{n // 3:09d}"},
        "dosageInstruction": [{"text": "口服 每日一次",
                               "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                               "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg", "code": "mg"}}]}],
        "dispenseRequest": {"quantity": {"value": 28, "unit": "片"}},
    }  # fmt: skip


def narrated(make: Callable[[int], dict[str, Any]]) -> Callable[[int], dict[str, Any]]:
    """The same with a narrative of 1 KB, as other vendors' systems send."""
    row = "<tr><td>Item</td><td><b>Glucose</b> in blood</td><td>6.3 mmol/L &amp; high</td></tr>"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><table>{row * 12}</table></div>'
    return lambda n: {**make(n), "text": {"status": "generated", "div": div}}


def interpreted(resource: dict[str, Any]) -> IndexRows:
    """All parameters by way of the FHIRPath engine."""
    rows, table = IndexRows(), definitions()
    for parameter in table.search[resource["resourceType"]].values():
        if indexed(parameter):
            interpret(parameter, resource, rows, table)
    return rows


def compiled(resource: dict[str, Any]) -> IndexRows:
    """All parameters by the compiled function."""
    rows = IndexRows()
    extractor(resource["resourceType"])(resource, rows)
    return rows


def best(work: Callable[[Any], object], resources: Sequence[Any], rounds: int = ROUNDS) -> float:
    """Microseconds of CPU per resource in the best round."""
    times = []
    for _ in range(rounds):
        started = time.process_time_ns()
        for resource in resources:
            work(resource)
        times.append(time.process_time_ns() - started)
    return min(times) / len(resources) / 1000


LISTS = ("token", "reference", "string", "date", "number", "quantity", "uri", "composite")
KINDS: tuple[tuple[str, Callable[[int], dict[str, Any]]], ...] = (
    ("Patient", patient),
    ("Observation", observation),
    ("Encounter", encounter),
    ("MedicationRequest", medication_request),
    ("Observation, narrative", narrated(observation)),
)


def main() -> None:
    """Print the table."""
    head = f"{'resource':<24}{'rows':>6}{'decode us':>11}{'index us':>10}{'parameters us':>15}"
    print(f"{head}{'FHIRPath us':>13}{'RATIO':>7}")
    gc.disable()
    for name, make in KINDS:
        resources = [make(n) for n in range(VARIANTS)]
        rows = compiled(resources[0])
        count = sum(len(getattr(rows, kind)) for kind in LISTS)
        decoded = best(exact.decode, [exact.encode(resource) for resource in resources])
        whole, fast = best(extract, resources), best(compiled, resources)
        slow = best(interpreted, resources[:40], 3)
        line = f"{name:<24}{count:>6}{decoded:>11.1f}{whole:>10.1f}{fast:>15.1f}{slow:>13.0f}{slow / fast:>7.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
