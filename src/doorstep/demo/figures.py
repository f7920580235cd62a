"""The reports' figures in the demo's records: ratios and unit values as printed, counts at a scale that is said.

Up and down, half a year: 723 and 366 (shown at 1 to 3: 241 and 122, the same ratio). Recognitions: 1,427, each of
121.90 yuan (shown at 1 to 10). Beds in use 81.4 %, cured or better 97.3 %: the same at every scale. Pictures that the
centre read for the townships: 4,000 (1 to 40). Children seen by the hospital that the plan supports: 21,683, 61.42 %
more (1 to 106). Outpatients of a large hospital: half of 733,900 a year, 25.14 % more (1 to 1,676). Content 95 %, two
points more than a year before: of a hundred answers each. All of it lies in the last whole half-year before the day,
and what it is compared with in the one before or a year before.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from doorstep.demo import films, plays
from doorstep.demo.district import centres, directory, doctor_of, known
from doorstep.demo.histories import History
from doorstep.demo.moulds import Foundry, Mould, Owned, foundry
from doorstep.demo.people import Resident, data, resident, rng_of
from doorstep.demo.stage import keep_library
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME
from doorstep.kernel.store import Store

SHOWN, FULL = "shown", "full"
_LONG = 200 * 86_400_000_000
FIRST, LEAST = 60, 100
"""Residents before the first have a part in the scenes; in a district of fewer than the least there are no cases."""
_TRIES = 200
_YOUNGEST, _SMALL, _CHILD = 30, 1, 14
"""Years: grown people of the cases, and children; of these none who was not born at the time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many cases are there to be; ``late`` referrals come back after the half-year, the others end otherwise."""

    since: date
    until: date
    up: int
    down: int
    recognitions: int
    images: int
    children: tuple[int, int]
    visits: tuple[int, int]
    """In the half-year and in the one before it, as the children."""

    @property
    def code(self) -> str:
        """The half-year as the figures' pages call it."""
        return f"{self.since.year}-H{1 if self.since.month == 1 else 2}"

    @property
    def before(self) -> date:
        """The first day of the half-year before."""
        return date(self.since.year - (self.since.month == 1), 7 if self.since.month == 1 else 1, 1)

    @property
    def late(self) -> int:
        return (self.up - self.down) * 2 // 5

    @property
    def days(self) -> int:
        return (self.until - self.since).days


def wanted(today: date, scale: str = SHOWN) -> Wanted:
    """What there is to be in the last whole half-year."""
    said, ends = data("figures"), date(today.year, 7 if today.month > 6 else 1, 1)
    begins = date(ends.year - (ends.month == 1), 7 if ends.month == 1 else 1, 1)
    by = said[scale]
    scaled = (_scaled(said[name], by[name]) for name in ("recognitions", "images", "children", "visits"))
    return Wanted(begins, ends, said["up"] // by["referrals"], said["down"] // by["referrals"], *scaled)


def _scaled(said: Any, by: int) -> Any:
    return tuple(round(each / by) for each in said) if isinstance(said, list) else round(said / by)


def cases(residents: int, seed: int, *, today: date, wide: bool, scale: str = SHOWN) -> Iterator[Owned]:
    """Every case of the figures; none in a district without people for them."""
    if residents < LEAST:
        return
    ask, rng = wanted(today, scale), random.Random(f"{seed}/figures")
    people = _People(rng, seed, today, centres(wide), residents)
    with foundry(resident(rng_of(seed, 0), 0, today), lambda store: _put(store, seed, today)) as made:
        yield from _referrals(made, ask, people, rng)
        yield from _recognitions(made, ask, people, rng)
        yield from _stays(made, ask, people, rng)
        yield from _images(made, ask, people, rng)
        yield from _answers(made, ask, people, rng)
        if wide:
            yield from _visits(made, ask, people, rng)


def weight(residents: int, *, today: date, scale: str = SHOWN) -> int:
    """As much work as the cases are, in residents: a case is about one, a visit a tenth."""
    ask = wanted(today, scale)
    many = ask.up + ask.recognitions + ask.images + sum(ask.children + ask.visits) // 10
    return many if residents >= LEAST else 0


class _People:
    """Grown-ups of the district by chance, and what stands for their town in a case that was played in Shiqiao."""

    def __init__(self, rng: random.Random, seed: int, today: date, towns: Sequence[str], count: int) -> None:
        self._rng, self._seed, self._today, self._towns, self._count = rng, seed, today, towns, count
        self._names = {f"Organization/{row['id']}": row["name"] for row in known(True)["organizations"]}
        self._names |= {f"Practitioner/{row['id']}": row["name"] for row in known(True)["staff"]}

    def one(self) -> tuple[Resident, dict[str, str]]:
        """Somebody grown up, and what stands for their town."""
        who = self.known(self.pick()[1])
        return who, self.at_home(who.town)

    def pick(self, *, young: bool = False) -> tuple[int, int]:
        """(part, index) of somebody grown up, or of a child as far as a small district has any."""
        tried = 0
        while True:
            index, tried = self._rng.randrange(FIRST, self._count), tried + 1
            who = self.known(index)
            years = (self._today - who.born).days // 365
            if who.number and (_SMALL < years < _CHILD if young and tried < _TRIES else years > _YOUNGEST):
                return who.part, index

    def known(self, index: int) -> Resident:
        return resident(rng_of(self._seed, index), index, self._today, self._towns)

    def at_home(self, town: str) -> dict[str, str]:
        """What stands for the institution and its doctor."""
        doctor = f"Practitioner/{doctor_of(town)}"
        other = {"Organization/shiqiao": f"Organization/{town}", "Practitioner/zhangmin": doctor}
        return other | {self._names[old]: self._names[new] for old, new in other.items()}


def _put(store: Store, seed: int, today: date) -> None:
    rng = rng_of(seed, 0)
    entries = [*directory(), *(each for _, each in History(rng, resident(rng, 0, today), today).all())]
    store.run(SYSTEM, lambda tx: [tx.update(each) for each in entries])
    keep_library(store)


def _referrals(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    back, arranged, withdrawn = (made.mould(each) for each in (plays.returned, plays.arranged, plays.withdrawn))
    lasted = back.lasted.days + 1
    others = ask.up - ask.down - ask.late
    for mould, count, first, last in (
        (back, ask.down, 0, ask.days - lasted), (back, ask.late, ask.days - 3, ask.days),
        (arranged, others // 2, 0, ask.days - 1), (withdrawn, others - others // 2, 0, ask.days - 1),
    ):  # fmt: skip
        for _ in range(count):
            yield from mould.cast(rng, *_with(people.one(), _at(ask, rng.randrange(first, last), rng)))


def _recognitions(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    mould = made.mould(plays.recognised)
    for _ in range(ask.recognitions):
        yield from mould.cast(rng, *_with(people.one(), _at(ask, rng.randrange(ask.days - 2), rng)))


def _stays(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    """Beds filled one after the other, until as many nights as the share asks for are slept in each house."""
    lengths, beds = data("figures")["nights"], [row for row in known()["places"] if row["kind"] == "bd"]
    moulds = {(outcome, nights): made.mould(plays.stayed(outcome, nights, bed=_own(beds)))
              for outcome in ("cured", "improved", "unhealed") for nights in lengths}  # fmt: skip
    shares = _shares(beds, ask.days)
    plan = [(bed, first, nights) for bed in beds
            for first, nights in _nights(ask.days, shares[bed["id"]], lengths, rng)]  # fmt: skip
    while not _tells(len(plan)):  # one more stay in the same nights
        bed, first, nights = plan.pop(next(place for place, each in enumerate(plan) if each[2] >= 2 * min(lengths)))
        plan += [(bed, first, min(lengths)), (bed, first + min(lengths), nights - min(lengths))]
    worse = _worse(len(plan))
    rng.shuffle(plan)
    for place, (bed, first, nights) in enumerate(plan):
        outcome = "unhealed" if place < worse else "cured" if place % 3 else "improved"
        who, _ = people.one()
        yield from moulds[outcome, nights].cast(rng, who, _at(ask, first, rng), _house(beds, bed))


def _images(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    mould = made.mould(plays.imaged)
    for _ in range(ask.images):
        yield from films.developed(mould, rng, *_with(people.one(), _at(ask, rng.randrange(ask.days - 1), rng)))


def _answers(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    """How content people are, now and a year before."""
    said = data("figures")["answers"]
    moulds = {}
    for score in said["now"]:
        made.store.advance_clock(_LONG)  # nobody is asked again soon
        moulds[score] = made.mould(plays.heard(score))
    for when, since in (("now", ask.since), ("before", ask.since.replace(year=ask.since.year - 1))):
        for score, many in said[when].items():
            for _ in range(many):
                at = _at(replace(ask, since=since), rng.randrange(ask.days - 4), rng)
                yield from moulds[score].cast(rng, *_with(people.one(), at))


def _visits(made: Foundry, ask: Wanted, people: _People, rng: random.Random) -> Iterator[Owned]:
    """People seen at the two hospitals where nobody else is: so many, and so many more than before.

    They come in the order in which the record keeps them: written as they fall, a large record is sought through for
    each.
    """
    for name, house, (now, before) in (("children", "mch", ask.children), ("visits", "tcm", ask.visits)):
        mould = made.mould(partial(plays.seen, complaint=data("plays")["seen"][name]))
        for since, many in ((ask.since, now), (ask.before, before)):
            begun = replace(ask, since=since)
            drawn = ((people.pick(young=name == "children"), rng.randrange(ask.days - 4)) for _ in range(many))
            for (_part, index), day in sorted(drawn):
                yield from mould.cast(rng, people.known(index), _at(begun, day, rng), people.at_home(house))


def _worse(stays: int) -> int:
    """How many of so many stays end without being better."""
    return stays - round(stays * data("figures")["better"] / 1000)


def _tells(stays: int) -> bool:
    """Whether so many stays can have the share that the report prints, to the digit that it prints."""
    return round((stays - _worse(stays)) / stays * 1000) == data("figures")["better"]


def _shares(beds: Sequence[Mapping[str, Any]], days: int) -> dict[str, int]:
    """How many nights each bed is slept in: those of a house together as much as the report says."""
    found: dict[str, int] = {}
    for house in dict.fromkeys(bed["organization"] for bed in beds):
        own = [bed["id"] for bed in beds if bed["organization"] == house]
        nights = round(days * len(own) * data("figures")["occupancy"] / 1000)
        found |= {bed: nights // len(own) + (place < nights % len(own)) for place, bed in enumerate(own)}
    return found


def _nights(days: int, left: int, lengths: Sequence[int], rng: random.Random) -> list[tuple[int, int]]:
    """(first day, nights) of the stays in one bed, ``left`` nights together."""
    found = []
    while left:
        nights = left if left in lengths else rng.choice([each for each in lengths if left - each >= min(lengths)])
        found.append(nights)
        left -= nights
    free, first, plan = days - sum(found) - 1, 0, []
    for place, nights in enumerate(found):
        gap = rng.randrange(free // (len(found) - place) + 1)
        first, free = first + gap, free - gap
        plan.append((first, nights))
        first += nights
    return plan


def _house(beds: Sequence[Mapping[str, Any]], bed: Mapping[str, Any]) -> dict[str, str]:
    """What stands for the bed, and for the hospital and its doctor, of the play."""
    there, doctor = bed["organization"], doctor_of(bed["organization"])
    names = {row["id"]: row["name"] for row in [*known()["staff"], *known()["organizations"]]}
    return {
        f"Location/{_own(beds)}": f"Location/{bed['id']}", "Organization/hospital": f"Organization/{there}",
        "Practitioner/chenzhiyuan": f"Practitioner/{doctor}", names["chenzhiyuan"]: names[doctor],
        names["hospital"]: names[there],
    }  # fmt: skip


def _own(beds: Sequence[Mapping[str, Any]]) -> str:
    return str(next(bed["id"] for bed in beds if bed["organization"] == "hospital"))


def _at(ask: Wanted, days: int, rng: random.Random) -> datetime:
    minutes = timedelta(minutes=rng.randrange(8 * 60, 11 * 60))
    return datetime.combine(ask.since, time(), HOME) + timedelta(days=days) + minutes


def _with(one: tuple[Resident, dict[str, str]], at: datetime) -> tuple[Resident, datetime, dict[str, str]]:
    return one[0], at, one[1]


__all__ = ["FULL", "SHOWN", "Mould", "Wanted", "cases", "wanted"]
