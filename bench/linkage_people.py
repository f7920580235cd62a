"""People with planted second entries: slips, swapped digits, old numbers, shared telephones, twins, rare names."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date

from doorstep.demo.people import Resident, resident, rng_of
from doorstep.terms.identifiers import identity_check, identity_number
from doorstep.terms.likeness import Features, sound

DAY = date(2026, 11, 1)
_NOBODY = Features("", "", "", "", "", "")
SHARE = 0.12
"""Of this share of the people there is a second entry."""
TWINS = 0.01
_RARE = "\u4a2e\u5586\U00020bb7\u3447\u9f98"


@dataclass(frozen=True, slots=True)
class People:
    """Entries, and the pairs that are one person with the error that was planted."""

    entries: list[Features]
    true: dict[tuple[str, str], str]
    raw: dict[str, str]
    """Identity numbers as they were written, where that is not how they are kept."""


def people(count: int, seed: int = 7) -> People:
    """``count`` residents of the demo's generator and their second entries."""
    found: list[Features] = []
    true: dict[tuple[str, str], str] = {}
    raw: dict[str, str] = {}
    rng, before = random.Random(seed), _NOBODY
    for index in range(count):
        one = _entry(resident(rng_of(seed, index), index, DAY), f"p{index}", rng)
        if before.id and rng.random() < 0.3:
            one = replace(one, phones=before.phones, address=before.address)  # a family at one telephone
        before = one
        found.append(one)
        if rng.random() < TWINS:
            found.append(_twin(one, rng))
        if rng.random() < SHARE:
            kind = rng.choice(sorted(_ERRORS))
            again = replace(_ERRORS[kind](one, rng), id=f"q{index}")
            if kind == "old number" and again.number[6:8] == "19":
                raw[again.id] = again.number[:6] + again.number[8:17]
                again = replace(again, number=identity_number(raw[again.id]).number)
            found.append(again)
            true[one.id, again.id] = kind
    return People(found, true, raw)


def _entry(who: Resident, id_: str, rng: random.Random) -> Features:
    name = who.name if rng.random() > 0.01 else who.name[:1] + rng.choice(_RARE) + who.name[2:]
    street = f"{who.town}{who.village}{rng.randrange(1, 400)}"
    return Features(id_, name, sound(name), who.born.isoformat(), who.sex, who.number, (), (who.phone,), street)


def _twin(one: Features, rng: random.Random) -> Features:
    given = rng.choice("\u521a\u5f3a\u7ea2\u971e\u4f1f\u82b3")
    name = one.name[:-1] + given
    number = one.number and one.number[:16] + str((int(one.number[16]) + 2) % 10)
    number = number and number + identity_check(number)
    return replace(one, id=f"t{one.id}", name=name, sound=sound(name), number=number)


def _typo_in_name(one: Features, rng: random.Random) -> Features:
    place = rng.randrange(1, len(one.name))
    name = one.name[:place] + rng.choice("\u534e\u660e\u4e3d\u519b\u6587\u6c5f\u5e73\u51e4") + one.name[place + 1 :]
    return replace(one, name=name, sound=sound(name))


def _heard(one: Features, rng: random.Random) -> Features:
    """Another character of the same sound."""
    alike = {
        "\u654f": "\u6c11",
        "\u4f1f": "\u7ef4",
        "\u82b3": "\u623f",
        "\u7ea2": "\u5b8f",
        "\u519b": "\u541b",
        "\u660e": "\u9e23",
        "\u534e": "\u82b1",
        "\u5e73": "\u840d",
        "\u6797": "\u9716",
        "\u71d5": "\u8273",
        "\u5b87": "\u96e8",
        "\u6d01": "\u6770",
    }
    name = "".join(alike.get(letter, letter) for letter in one.name)
    return replace(one, name=name, sound=sound(name), number="" if rng.random() < 0.5 else one.number)


def _swapped(one: Features, rng: random.Random) -> Features:
    """Two neighbouring digits of the number changed places."""
    if not one.number:
        return one
    place = rng.randrange(6, 16)
    number = one.number
    return replace(one, number=number[:place] + number[place + 1] + number[place] + number[place + 2 :])


def _old_number(one: Features, rng: random.Random) -> Features:
    """Fifteen digits as issued before 1999, in the entry of an old system."""
    return one


def _no_number(one: Features, rng: random.Random) -> Features:
    return replace(one, number="", address="")


def _birthday(one: Features, rng: random.Random) -> Features:
    """No number, and one digit of the birthday wrong."""
    day = str((int(one.born[9]) + 1) % 9 + 1)
    return replace(one, number="", born=one.born[:9] + day)


def _moved(one: Features, rng: random.Random) -> Features:
    """Another telephone and another address."""
    return replace(one, phones=(f"127{rng.randrange(10**8):08d}",), address=f"{one.address}-{rng.randrange(90)}")


def _moved_without_number(one: Features, rng: random.Random) -> Features:
    """Name and birthday are all that is left."""
    return replace(_moved(one, rng), number="")


def _two(one: Features, rng: random.Random) -> Features:
    first, second = rng.sample((_typo_in_name, _heard, _swapped, _no_number, _birthday, _moved), 2)
    return second(first(one, rng), rng)


_ERRORS = {
    "typo in the name": _typo_in_name, "name by ear": _heard, "swapped digits": _swapped, "old number": _old_number,
    "no number": _no_number, "no number, birthday wrong": _birthday, "moved": _moved,
    "moved, no number": _moved_without_number, "two errors": _two,
}  # fmt: skip
