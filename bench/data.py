"""Synthetic residents as NDJSON, the same at every run: each resident depends on nothing but their number.

The texts come from templates (resident.ndjson), because making a record for a hundred thousand residents must not take
longer than loading it. Ids have the server's own shape, like those of an export that comes back.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

CODES = (
    ("15074-8", "Glucose", "mmol/L", 4.2, 9.6),
    ("14937-7", "Urea nitrogen", "mmol/L", 2.6, 8.4),
    ("14682-9", "Creatinine", "umol/L", 41.0, 120.0),
    ("14647-2", "Cholesterol", "mmol/L", 2.8, 7.2),
    ("8867-4", "Heart rate", "/min", 52.0, 104.0),
)
"""LOINC, display, unit, lowest and highest value of what is measured."""
MANY = 100
"""Observations of a resident in the record that the request benches ask: of each code on 20 days."""
FEW = 13
"""... and of one in a record that is measured for its size: 25 resources in all."""
IDENTITY = "urn:oid:2.16.156.10011.1.3"
"""The system of residents' numbers."""
ORGANIZATION, PRACTITIONER = "d000-00000000000000rg01", "d000-00000000000000dc01"

_LATEST = date(2025, 11, 20)
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂华建国志文玉兰春梅海燕红玲飞鹏宇浩欣怡梓涵子轩雨泽"
_LINES = Path(__file__).with_name("resident.ndjson").read_text("utf-8").splitlines()
_TEMPLATES = {line.split('"', 4)[3]: line for line in _LINES}
_DIRECTORY = {"organization": ORGANIZATION, "practitioner": PRACTITIONER}


class Resident:
    """One synthetic resident. ``texts`` are their resources in an order in which every reference points back."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.rng = random.Random(f"doorstep/{number}")
        self.part = self.rng.randrange(1, 4096)
        self.id = self.new_id()
        self.family, self.given = self.rng.choice(_SURNAMES), "".join(self.rng.choices(_GIVEN, k=2))
        self.identifier = f"5099{number:014d}"

    def new_id(self) -> str:
        """An id in the resident's part."""
        return f"d{self.part:03x}-" + "".join(self.rng.choices(_DIGITS, k=18))

    def text(self, type_name: str, **values: Any) -> str:
        """One resource from its template."""
        own = {"id": self.new_id(), "patient": self.id, "number": f"{self.rng.getrandbits(48):015d}"}
        return _TEMPLATES[type_name] % {**own, **_DIRECTORY, **values}

    def texts(self, *, observations: int) -> Iterator[str]:
        """The Patient, eleven resources around two visits, and ``observations`` Observations."""
        rng = self.rng
        yield self.text(
            "Patient", id=self.id, number=self.identifier, family=self.family, given=self.given,
            phone=f"126{self.number:08d}", gender=rng.choice(("male", "female")), village=rng.randrange(1, 40),
            born=date(1930, 1, 1) + timedelta(days=rng.randrange(32_000)),
        )  # fmt: skip
        visits = [self.new_id(), self.new_id()]
        for visit, day in zip(visits, ("2024-03-04", "2025-03-04"), strict=True):
            yield self.text("Encounter", id=visit, day=day)
            for type_name in ("Condition", "ServiceRequest", "MedicationRequest", "DiagnosticReport"):
                yield self.text(type_name, encounter=f"Encounter/{visit}", day=day)
        yield self.text("Immunization")
        for place in range(observations):
            yield self.observation(place, encounter=f"Encounter/{visits[place % 2]}")

    def observation(self, place: int, *, encounter: str) -> str:
        """A laboratory result: some fifteen index rows. Of each code the latest first, 18 days apart."""
        loinc, display, unit, low, high = CODES[place % len(CODES)]
        day = _LATEST - timedelta(days=18 * (place // len(CODES)))
        return self.text(
            "Observation", encounter=encounter, loinc=loinc, display=display, unit=unit, low=low, high=high,
            moment=f"{day}T08:{self.rng.randrange(60):02d}:00+08:00", value=f"{self.rng.uniform(low, high):.2f}",
        )  # fmt: skip


def directory() -> list[str]:
    """Whom the residents' resources refer to."""
    return [_TEMPLATES[name] % _DIRECTORY for name in ("Organization", "Practitioner")]


def in_order(numbers: Iterable[int]) -> list[int]:
    """Residents in the order of the record's keys: what lies together is written together."""
    return sorted(numbers, key=lambda number: Resident(number).part)


def write(file: Path, residents: Sequence[int], *, observations: int) -> int:
    """Residents into one NDJSON file, the directory before the first resident; how many resources."""
    count = 0
    with file.open("w", encoding="utf-8") as out:
        if 0 in residents:
            out.writelines(f"{text}\n" for text in directory())
            count += len(directory())
        for number in residents:
            for text in Resident(number).texts(observations=observations):
                out.write(text + "\n")
                count += 1
    return count


def search(resident: Resident, *, since: str = "2025-05-01") -> str:
    """The latest ten results of one code since a day; of MANY, twelve match."""
    loinc = CODES[resident.number % len(CODES)][0]
    return f"Observation?patient={resident.id}&code=http://loinc.org|{loinc}&date=ge{since}&_sort=-date&_count=10"


def new_observation(resident: Resident, place: int) -> str:
    """An Observation as a client posts it: without an id, in nobody's visit."""
    found = json.loads(resident.observation(place, encounter="-"))
    del found["id"], found["encounter"]
    return json.dumps(found, ensure_ascii=False)


def transaction(resident: Resident, size: int) -> str:
    """A transaction Bundle: a new Encounter, and ``size - 1`` Observations that refer to it."""
    visit = UUID(int=resident.rng.getrandbits(128), version=4).urn
    encounter = json.loads(resident.text("Encounter", day="2025-11-20"))
    found = [json.loads(resident.observation(place, encounter=visit)) for place in range(size - 1)]
    for each in (encounter, *found):
        del each["id"]
    entries: list[dict[str, Any]] = [
        {"fullUrl": visit, "resource": encounter, "request": {"method": "POST", "url": "Encounter"}},
        *({"resource": each, "request": {"method": "POST", "url": "Observation"}} for each in found),
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, ensure_ascii=False)
