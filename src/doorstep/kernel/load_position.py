"""How far the load of a file has come, and which of its lines were refused so far.

It is kept in the record by the file's content. Refused lines are tried again at the next run, so that none is ever
passed over in silence because a run that met it was killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Position:
    """``done``: all lines up to this number are written or among ``refused``."""

    done: int = 0
    refused: set[int] = field(default_factory=set)

    @classmethod
    def parse(cls, text: str) -> Position:
        """Of "1500" or "1500 3,7-9"."""
        done, _, refused = text.partition(" ")
        return cls(int(done), set(_numbers(refused)))

    def __str__(self) -> str:
        return f"{self.done} {','.join(_runs(self.refused))}".strip()

    def wants(self, number: int) -> bool:
        return number > self.done or number in self.refused

    def settle(self, numbers: Iterable[int], refused: Iterable[int]) -> None:
        """These lines were dealt with, and of them these were refused."""
        taken = set(numbers)
        self.done = max(self.done, *taken)
        self.refused = (self.refused - taken) | set(refused)


def _numbers(text: str) -> Iterator[int]:
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _runs(numbers: Iterable[int]) -> Iterator[str]:
    """Ascending numbers, neighbours as "first-last": a file that is wrong from end to end is a short text too."""
    first = last = 0
    for number in sorted(numbers):
        if first and number == last + 1:
            last = number
            continue
        if first:
            yield _run(first, last)
        first = last = number
    if first:
        yield _run(first, last)


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
