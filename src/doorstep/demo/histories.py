"""What happened to an invented resident: visits with findings, diagnoses, prescriptions, tests and their results."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from doorstep.demo.district import doctor_of, town_of
from doorstep.demo.people import SYNTHETIC, Resident, data, new_id
from doorstep.kernel.clock import HOME
from doorstep.terms import systems
from doorstep.terms.catalogue import Analyte, Test, analytes, tests
from doorstep.terms.identifiers import age
from doorstep.workflows.measure import quantity

Resource = dict[str, Any]
Owned = tuple[str, Resource]
"""A resource and the institution that wrote it."""

_ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_VERIFIED = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_DIAGNOSTIC = "http://terminology.hl7.org/CodeSystem/v2-0074"


class History:
    """Makes the resources of one resident; all of them get ids in the resident's part."""

    def __init__(self, rng: random.Random, resident: Resident, today: date) -> None:
        self._rng = rng
        self._resident = resident
        self._today = today
        self._subject = {"reference": f"Patient/{resident.id}"}

    def all(self) -> Iterator[Owned]:
        """The resident, what is known of them, and their visits from the oldest to the newest."""
        who = self._resident
        yield who.town, self._patient()
        if who.allergy is not None:
            yield who.town, self._allergy(data("clinical")["allergies"][who.allergy])
        chronic = data("clinical")["chronic"]
        for code in who.ills:
            yield who.town, self._problem(chronic[code])
        count = self._rng.choice((2, 2, 3)) + (len(who.ills) + 1) // 2
        for days in sorted(self._rng.sample(range(5, 900), count), reverse=True):
            if who.born < self._today - timedelta(days=days):
                yield from self._visit(self._today - timedelta(days=days))

    def _patient(self) -> Resource:
        who, district, town = self._resident, data("district")["district"], town_of(self._resident.town)
        numbers = [{"system": systems.HEALTH_RECORD, "value": who.file}]
        if who.number:
            numbers.insert(0, {"use": "official", "system": systems.IDENTITY_NUMBER, "value": who.number})
        return self._made(
            "Patient", id=who.id, identifier=numbers, active=True,
            name=[{"use": "official", "text": who.name, "family": who.family, "given": [who.given]}],
            telecom=[{"system": "phone", "value": who.phone, "use": "mobile"}],
            gender=who.sex, birthDate=who.born.isoformat(),
            address=[{"use": "home", "district": district, "city": town, "text": f"{district}{town}{who.village}"}],
            managingOrganization={"reference": f"Organization/{who.town}"},
        )  # fmt: skip

    def _allergy(self, known: dict[str, str]) -> Resource:
        return self._made(
            "AllergyIntolerance",
            clinicalStatus=_coded(_ALLERGY_CLINICAL, "active"),
            verificationStatus=_coded(_ALLERGY_VERIFIED, "confirmed"),
            code={"text": known["text"]}, patient=self._subject,
            reaction=[{"manifestation": [{"text": known["reaction"]}]}],
        )  # fmt: skip

    def _problem(self, ill: dict[str, Any]) -> Resource:
        since = self._today - timedelta(days=self._rng.randrange(900, 3000))
        return self._condition(ill, "problem-list-item", "confirmed", self._moment(since))

    def _visit(self, day: date) -> Iterator[Owned]:
        rng, who = self._rng, self._resident
        clinical = data("clinical")
        ill, chronic = self._why()
        place = "hospital" if rng.random() < 0.15 else who.town
        doctor = {"reference": f"Practitioner/{doctor_of(place)}"}
        start = self._moment(day)
        ambulatory: Resource = {"class": {"system": systems.ACT_CODE, "code": "AMB", "display": "ambulatory"}}
        encounter = self._made(
            "Encounter", status="finished", **ambulatory, subject=self._subject,
            participant=[{"type": [_coded(systems.PARTICIPATION, "PPRF")], "individual": doctor}],
            period={"start": _text(start), "end": _text(start + timedelta(minutes=rng.randrange(8, 40)))},
            reasonCode=[{"text": rng.choice(ill["complaints"])}],
            serviceProvider={"reference": f"Organization/{place}"},
        )  # fmt: skip
        yield place, encounter
        visit = {"reference": f"Encounter/{encounter['id']}"}
        if not chronic:
            yield place, self._condition(ill, "encounter-diagnosis", "confirmed", start, encounter=visit)
        for sign in self._signs(ill):
            yield place, self._made("Observation", status="final", **sign, subject=self._subject, encounter=visit,
                                    effectiveDateTime=_text(start), performer=[doctor])  # fmt: skip
        for drug in ill["drugs"]:
            yield place, self._prescription(clinical["drugs"][drug], start, visit, doctor)
        if who.steady or rng.random() < 0.75:
            test = ill["tests"][0] if who.steady else rng.choice(ill["tests"])
            yield from self._tested(place, tests()[test], start, visit, doctor)

    def _why(self) -> tuple[dict[str, Any], bool]:
        """What a visit is about, and whether that is one of the resident's lasting ills."""
        rng, who, clinical = self._rng, self._resident, data("clinical")
        if who.steady:
            return clinical["chronic"][who.ills[-1]], True
        if who.ills and rng.random() < 0.7:
            return clinical["chronic"][rng.choice(who.ills)], True
        return rng.choice(clinical["acute"]), False

    def _signs(self, ill: dict[str, Any]) -> Iterator[Resource]:
        rng, known = self._rng, analytes()
        category = [_coded(systems.OBSERVATION_CATEGORY, "vital-signs")]
        if age(self._resident.born, self._today) >= 14:
            high = 18 if "hypertension" in self._resident.ills else 0
            upper, lower = rng.gauss(124 + high, 9), rng.gauss(78 + high / 2, 6)
            parts = [_measured(known["8480-6"], upper), _measured(known["8462-4"], lower)]
            yield {"category": category, "code": _coded(systems.LOINC, "85354-9"), "component": parts}
        if ill["icd"].startswith("J"):
            yield {"category": category, **_measured(known["8310-5"], rng.gauss(37.4, 0.6))}
        else:
            yield {"category": category, **_measured(known["8867-4"], rng.gauss(76, 8))}

    def _prescription(
        self, drug: dict[str, Any], start: datetime, visit: dict[str, str], doctor: dict[str, str]
    ) -> Resource:
        return self._made(
            "MedicationRequest", status="completed", intent="order",
            medicationCodeableConcept={"coding": [{"system": systems.ATC, "code": drug["atc"]}], "text": drug["text"]},
            subject=self._subject, encounter=visit, authoredOn=_text(start), requester=doctor,
            dosageInstruction=[{"text": drug["dose"]}],
            dispenseRequest={"expectedSupplyDuration": {"value": drug["days"], "unit": "d", "system": systems.UCUM,
                                                        "code": "d"}},
        )  # fmt: skip

    def _tested(
        self, place: str, test: Test, start: datetime, visit: dict[str, str], doctor: dict[str, str]
    ) -> Iterator[Owned]:
        loinc = {"system": systems.LOINC, "code": test.loinc}
        code = {"coding": [test.concept.coding(), loinc], "text": test.concept.zh}
        order = self._made(
            "ServiceRequest", status="completed", intent="order", priority="routine", code=code, subject=self._subject,
            encounter=visit, authoredOn=_text(start), requester=doctor,
            performer=[{"reference": "Organization/laboratory"}],
            category=[{"coding": [{"system": systems.SNOMED, "code": "108252007", "display": "Laboratory procedure"}]}],
        )  # fmt: skip
        yield place, order
        common: Resource = {
            "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}], "subject": self._subject, "encounter": visit,
            "effectiveDateTime": _text(start), "issued": _text(start + timedelta(hours=3)),
            "performer": [{"reference": "Organization/laboratory"}],
        }  # fmt: skip
        results = []
        for analyte in test.analytes:
            results.append(self._made("Observation", status="final",
                                      category=[_coded(systems.OBSERVATION_CATEGORY, "laboratory")],
                                      **_measured(analyte, self._value(analyte)), **common))  # fmt: skip
            yield "laboratory", results[-1]
        yield "laboratory", self._made(
            "DiagnosticReport", status="final", category=[_coded(_DIAGNOSTIC, "LAB")], code=code,
            result=[{"reference": f"Observation/{each['id']}"} for each in results], **common,
        )  # fmt: skip

    def _value(self, analyte: Analyte) -> float:
        clinical, code = data("clinical"), analyte.concept.code
        mean, spread = clinical["usual"][code]
        for ill in self._resident.ills:
            mean, spread = clinical["ill"].get(ill, {}).get(code, (mean, spread))
        return max(self._rng.gauss(mean, spread), float(mean) * 0.3)

    def _condition(
        self, ill: dict[str, Any], category: str, verified: str, recorded: datetime, encounter: Any = None
    ) -> Resource:
        found = self._made(
            "Condition", clinicalStatus=_coded(systems.CONDITION_CLINICAL, "resolved" if encounter else "active"),
            verificationStatus=_coded(systems.CONDITION_VERIFIED, verified),
            category=[_coded(systems.CONDITION_CATEGORY, category)],
            code={**_coded(systems.ICD10, ill["icd"], ill["text"]), "text": ill["text"]},
            subject=self._subject, recordedDate=_text(recorded),
        )  # fmt: skip
        if encounter:
            found["encounter"] = encounter
        return found

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, time(8 + self._rng.randrange(9), self._rng.randrange(60)), HOME)

    def _made(self, type_name: str, **members: Any) -> Resource:
        return {
            "resourceType": type_name, "id": new_id(self._rng, self._resident.part), "meta": {"tag": [SYNTHETIC]},
            **members,
        }  # fmt: skip


def _coded(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def _measured(analyte: Analyte, value: float) -> Resource:
    number = Decimal(f"{value:.{analyte.digits}f}")
    return {"code": {"coding": [analyte.concept.coding()]}, **quantity(analyte, number)}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
