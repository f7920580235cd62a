"""Records of so many residents, kept between runs: one is loaded further and further, and copied at each size.

What has been done stands in a journal beside the records, so that an interrupted run goes on where it was, and a later
one only measures. A step that was interrupted is finished, but its time counts for nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench import data, product
from bench.bulk import timed
from bench.engines import Engine
from bench.processes import doorstep, run

STEP = 60_000
"""Residents at most of one load."""
_GROWING = "growing"


class Step(msgspec.Struct):
    """One load: residents before and after, resources, seconds (0 when it was interrupted), and what else ran."""

    start: int
    stop: int
    resources: int
    seconds: float = 0
    cpu: float = 0
    megabytes: float = 0
    busy: float = 0


class Size(msgspec.Struct):
    """What a record of one size is on disk, without what an empty one is."""

    resources: int
    bytes: int


class Journal(msgspec.Struct):
    """What is there. ``begun`` is the size to which a load has begun that nobody saw end."""

    made_by: str
    empty: int
    begun: int = 0
    steps: list[Step] = []
    sizes: dict[int, Size] = {}

    @property
    def reached(self) -> int:
        return self.steps[-1].stop if self.steps else 0


class Grown:
    """The records of one engine below ``place``."""

    def __init__(self, home: Engine, place: Path) -> None:
        self._home, self._place, self._file = home, place, place / "journal.json"
        if self._file.exists():
            self.journal = msgspec.json.decode(self._file.read_bytes(), type=Journal)
            if self.journal.made_by != _maker():
                raise RuntimeError(f"{place} was made from other synthetic residents: give another folder")
        else:
            half = home.find(_GROWING)
            if half is not None:
                home.drop(half)
            url = home.new(_GROWING)
            product.token(url, place)
            self.journal = Journal(_maker(), home.size(url))
            self._note()

    def fill(self, sizes: Sequence[int]) -> dict[int, str]:
        """A record of each size, made as far as it is not there; size -> URL."""
        for size in sorted(sizes):
            while self.journal.reached < size:
                self._load(min(size, self.journal.reached + STEP))
            if self._at(size) is None:
                self._settle(size, copied=size != max(sizes))
        found = {size: self._at(size) for size in sizes}
        for url in found.values():
            if url is not None:
                run(doorstep("migrate", *product.where(url, self._place)))
        return {size: url for size, url in found.items() if url is not None}

    def rates(self, sizes: Sequence[int]) -> dict[int, Step]:
        """The loads that led from one size to the next, as one; those that were interrupted left out."""
        found, below = {}, 0
        for size in sorted(sizes):
            some = [step for step in self.journal.steps if below <= step.start and step.stop <= size and step.seconds]
            if some:
                found[size] = Step(
                    below, size, sum(step.resources for step in some), sum(step.seconds for step in some),
                    sum(step.cpu for step in some), max(step.megabytes for step in some),
                    sum(step.busy for step in some) / len(some),
                )  # fmt: skip
            below = size
        return found

    def _at(self, size: int) -> str | None:
        """Where the record of a size is: a copy, or the one that grows."""
        if size not in self.journal.sizes:
            return None
        if self.journal.reached == size:
            return self._home.find(_GROWING)
        return self._home.find(f"at{size}")

    def _load(self, stop: int) -> None:
        start, again = self.journal.reached, self.journal.begun
        url = self._home.find(_GROWING)
        assert url is not None
        if start in self.journal.sizes and self._home.find(f"at{start}") is None:
            self._copy(url, start)  # it was the largest, and now grows further
        self.journal.begun = stop = again or stop
        self._note()
        file = self._place / f"{start}-{stop}.ndjson"
        count = data.write(file, data.in_order(range(start, stop)), observations=data.FEW)
        busy = os.getloadavg()[0]
        done = timed(doorstep("load", *product.where(url, self._place), str(file)), self._place / "log")
        file.unlink()
        step = Step(start, stop, count)
        if not again:
            step = Step(start, stop, count, done.seconds, done.cpu, done.megabytes, busy)
        self.journal.steps.append(step)
        self.journal.begun = 0
        self._note()
        told = f"{count / done.seconds:,.0f} resources/s" if not again else "gone on with"
        print(f"loaded to {stop:,} residents on {self._home.name}: {told}", flush=True)

    def _settle(self, size: int, *, copied: bool) -> None:
        url = self._home.find(_GROWING)
        assert url is not None
        if self.journal.reached > size:
            raise RuntimeError(
                f"{self._place} has grown beyond {size:,} residents without that size: give another folder"
            )
        self._home.settle(url)
        count = sum(step.resources for step in self.journal.steps)
        if copied:
            self._copy(url, size)
        self.journal.sizes[size] = Size(count, self._home.size(url) - self.journal.empty)
        self._note()

    def _copy(self, url: str, size: int) -> None:
        """To a name that nobody has, or only a run that was interrupted while it copied."""
        half = self._home.find("half")
        if half is not None:
            self._home.drop(half)
        self._home.rename(self._home.copy(url, "half"), f"at{size}")

    def _note(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self.journal))
        fresh.replace(self._file)


def _maker() -> str:
    """What the residents depend on."""
    return hashlib.sha256("".join(data.Resident(7).texts(observations=data.FEW)).encode()).hexdigest()[:16]
