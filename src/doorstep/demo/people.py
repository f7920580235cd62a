"""Who lives in the demo district: names, ages and numbers that belong to nobody.

Identity numbers begin with an area that was never given out, telephones with a range that no operator has; every
resource carries the tag HTEST (v3 ActReason: test health data).
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.kernel.refs import Actor
from doorstep.terms.identifiers import identity_check

SYNTHETIC: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST", "display": "test health data",
}  # fmt: skip
TOWNS: Final = ("shiqiao", "zhuxi", "bailin")
_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PARTS: Final = 4095


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented person. ``number`` is "" for somebody who has none yet; ``part`` is the bucket of all their ids."""

    id: str
    part: int
    name: str
    family: str
    given: str
    sex: str
    born: date
    number: str
    file: str
    """The number of their health record."""
    phone: str
    town: str
    village: str
    ills: tuple[str, ...]
    allergy: int | None
    steady: bool
    """Comes always for the last of their ills, and is always tested: the one whom the main line is about."""


@cache
def data(name: str) -> Any:
    """One of the data files beside this module."""
    return json.loads(files(__package__).joinpath(f"data/{name}.json").read_text("utf-8"))


def actor(account: str) -> Actor:
    """One of the demo's staff as an actor."""
    row = next(row for row in data("district")["staff"] if row["id"] == account)
    return Actor(f"Practitioner/{account}", row["role"], f"Organization/{row['organization']}", "TREAT", account)


def rng_of(seed: int, index: int) -> random.Random:
    """The resident's own source of chance, so that the first thousand of a million are the thousand."""
    return random.Random(f"{seed}/{index}")


def resident(rng: random.Random, index: int, today: date, towns: Sequence[str] = TOWNS) -> Resident:
    """The resident with this place in the district; the first few are the cast that stories are told about."""
    cast = data("cast")
    known: dict[str, Any] = cast[index] if index < len(cast) else _anybody(rng, towns)
    part = rng.randrange(_PARTS) + 1
    born = _birth(rng, known["age"], today, known.get("days"))
    return Resident(
        id=new_id(rng, part), part=part, name=known["name"], family=known["family"], given=known["given"],
        sex=known["sex"], born=born, number="" if known.get("unnumbered") else _number(rng, born, known["sex"]),
        file=f"50990000{index:08d}", phone=f"126{known.get('phone', index):08d}", town=known["town"],
        village=rng.choice(data("names")["villages"].split()),
        ills=tuple(known["ills"]), allergy=known["allergy"], steady=known.get("steady", False),
    )  # fmt: skip


def new_id(rng: random.Random, part: int) -> str:
    """An id of the shape that the record gives out, from the generator's own chance."""
    return f"d{part:03x}-" + "".join(rng.choices(_DIGITS, k=18))


def main_resident(today: date, *, seed: int) -> Resident:
    """The one whom the main line is about."""
    return resident(rng_of(seed, 0), 0, today)


def _anybody(rng: random.Random, towns: Sequence[str]) -> dict[str, Any]:
    names = data("names")
    sex = rng.choice(("male", "female"))
    family, given = rng.choice(names["surnames"].split()), rng.choice(names[sex].split())
    age = min(96, max(0, int(rng.triangular(0, 95, 52))))
    chronic = data("clinical")["chronic"]
    ills = [code for code, ill in chronic.items() if age >= ill["from"] and rng.random() < ill["share"] * 1.6]
    return {
        "name": family + given, "family": family, "given": given, "sex": sex, "age": age,
        "town": towns[int(rng.random() * len(towns))],  # as much chance for three towns as for fourteen
        "ills": ills, "allergy": rng.randrange(4) if rng.random() < 0.12 else None,
    }  # fmt: skip


def _birth(rng: random.Random, age: int, today: date, days: int | None) -> date:
    since = rng.randrange(1, 364) if days is None else days
    return today - timedelta(days=age * 365 + age // 4 + since)


def _number(rng: random.Random, born: date, sex: str) -> str:
    order = rng.randrange(0, 500) * 2 + (sex == "male")
    first17 = f"{data('district')['area']}{born:%Y%m%d}{order:03d}"
    return first17 + identity_check(first17)
