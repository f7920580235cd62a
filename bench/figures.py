"""What a benchmark found out: one line each, and the same as JSON for those who draw."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_HEAD = (
    f"{'what':<44}{'engine':<12}{'conn':>5}{'figure':>12}  {'unit':<12}{'floor':>10}{'RATIO':>8}"
    f"{'cpu ms':>9}{'floor':>8}{'p50 ms':>9}{'p99 ms':>9}{'MB':>6}"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. ``ratio`` is what counts, the higher the better. Times in milliseconds; ``cpu`` a request."""

    what: str
    engine: str
    connections: int
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    cpu: float | None = None
    floor_cpu: float | None = None
    p50: float | None = None
    p99: float | None = None
    megabytes: float | None = None
    note: str = ""

    def beside(self, floor: Figure, ratio: float) -> Figure:
        """The same with another figure as its floor."""
        return replace(self, floor=floor.value, ratio=ratio, floor_cpu=floor.cpu)

    def line(self) -> str:
        """The measurement as one line of the table."""
        cells = (
            f"{self.what:<44}{self.engine:<12}{self.connections or '':>5}{_number(self.value):>12}  {self.unit:<12}"
            f"{_number(self.floor):>10}{_number(self.ratio, 2):>8}{_number(self.cpu, 3):>9}"
            f"{_number(self.floor_cpu, 3):>8}{_number(self.p50, 2):>9}{_number(self.p99, 2):>9}"
            f"{_number(self.megabytes):>6}"
        )
        return f"{cells}  {self.note}".rstrip()


class Table:
    """Prints each figure when it is there, and keeps all."""

    def __init__(self, file: Path | None = None) -> None:
        self.figures: list[Figure] = []
        self._file = file

    def section(self, title: str) -> None:
        """A heading, with the state of the machine, which others may share."""
        busy = f"{os.getloadavg()[0]:.1f} of {os.cpu_count()} cores busy before"
        print(f"\n# {title} ({busy})\n{_HEAD}", flush=True)

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(figure.line(), flush=True)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")


def _number(value: float | None, digits: int | None = None) -> str:
    if value is None:
        return ""
    if digits is None:
        digits = 0 if abs(value) >= 20 else 2
    return f"{value:,.{digits}f}"
