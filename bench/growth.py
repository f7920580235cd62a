"""How the same questions fare when the record grows: latency, load rate and bytes a resource at each size.

Asked is for residents drawn from all that are there, so that the larger record is also the colder one. All sizes are
measured in one run, in turn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import product as product_of
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench import data, product, wrk
from bench.bulk import timed
from bench.curves import Curve, draw
from bench.engines import ENGINES, Engine, engine
from bench.figures import Figure, Table
from bench.grown import Grown
from bench.processes import doorstep

USUAL = (1_000, 10_000)
LARGE = (*USUAL, 100_000)
ASKED = 5_000
"""Residents at most about whom a size is asked."""
MORE = 1_000
"""Residents loaded into a record of each size, to measure how fast it takes them."""
_FAR = 10_000_000
"""Their first number, beyond any size."""
QUESTIONS = {
    "read": "read by id",
    "search": "search patient+code+date",
    "identifier": "search patient by identifier",
    "name": "search patient by name",
}
PICTURES = {
    "latency": ("Latency at 1 connection, median", "ms"),
    "tail": ("Latency at 1 connection, 99 of 100 below", "ms"),
    "cpu16": ("Processor time of the server a request, 16 connections", "ms"),
    "load": (f"Loading {MORE:,} residents more", "resources/s"),
    "disk": ("Disk", "bytes a resource"),
}


_CALLED = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Point(NamedTuple):
    """A point of a curve: which picture of which engine, which curve in it, residents, value."""

    picture: str
    engine: str
    curve: str
    residents: int
    value: float


def bench(
    table: Table, folder: Path, *, engine_name: str, sizes: Sequence[int], seconds: float, rounds: int,
    kept: Path | None = None, measure: bool = True,
) -> list[Point]:  # fmt: skip
    """Every size on one engine; the points of the curves. ``kept`` is where the records stay for the next run."""
    wrk.check()
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    place = (kept or folder) / engine_name
    points: list[Point] = []
    with engine(engine_name, kept or folder, keep=kept is not None) as home:
        table.section(f"growth on {engine_name}; floor: the smallest size")
        records = Grown(home, place)
        urls = records.fill(sizes)
        first: dict[tuple[str, int], Figure] = {}
        points += _made(table, records, engine_name, sizes, first)
        if not measure:
            return points
        for kind, size, figure in _ask(home, urls, place, folder, seconds, rounds):
            table.add(_against(first, figure))
            if figure.connections == 1:
                points.append(Point("latency", engine_name, QUESTIONS[kind], size, figure.p50 or 0))
                points.append(Point("tail", engine_name, QUESTIONS[kind], size, figure.p99 or 0))
            points.append(Point(f"cpu{figure.connections}", engine_name, QUESTIONS[kind], size, figure.cpu or 0))
        for size, figure in _more(home, urls, place, folder, rounds):
            table.add(_against(first, figure))
            points.append(Point("load", engine_name, "loading", size, figure.value))
    return points


def _made(
    table: Table, records: Grown, engine_name: str, sizes: Sequence[int], first: dict[tuple[str, int], Figure]
) -> list[Point]:
    """What making the records cost, whenever that was, and what they are on disk."""
    for size, step in records.rates(sizes).items():
        table.add(Figure(f"load from {step.start:,} to {size:,} residents", engine_name, 0,
                         step.resources / step.seconds, "resources/s", cpu=step.cpu / step.resources * 1e3,
                         megabytes=step.megabytes, note=f"{step.busy:.1f} cores busy then"))  # fmt: skip
    points = []
    for size in sizes:
        found = records.journal.sizes[size]
        each = found.bytes / found.resources
        table.add(_against(first, Figure(f"disk at {size:,} residents", engine_name, 0, each, "bytes each",
                                         note=f"{found.resources:,} resources")))  # fmt: skip
        points.append(Point("disk", engine_name, "a resource", size, each))
    return points


def _more(home: Engine, urls: dict[int, str], place: Path, folder: Path, rounds: int) -> Iterator[tuple[int, Figure]]:
    """The same residents more into a copy of each size, in turn: how fast a record of that size takes them."""
    left = home.find("more")  # of a run that was interrupted
    if left is not None:
        home.drop(left)
    file = folder / "more.ndjson"
    count = data.write(file, range(_FAR, _FAR + MORE), observations=data.FEW)
    best: dict[int, Figure] = {}
    for _, (size, url) in product_of(range(rounds), urls.items()):
        copy = home.copy(url, "more")
        done = timed(doorstep("load", *product.where(copy, place), str(file)), folder / "log")
        home.drop(copy)
        figure = Figure(f"load of {MORE:,} residents at {size:,}", home.name, 0, count / done.seconds, "resources/s",
                        cpu=done.cpu / count * 1e3, megabytes=done.megabytes)  # fmt: skip
        best[size] = max(figure, best.get(size, figure), key=lambda each: each.value)
    yield from best.items()


def _against(first: dict[tuple[str, int], Figure], figure: Figure) -> Figure:
    """The figure with the same one at the smallest size as its floor."""
    key = (figure.what.rpartition(" at ")[0] or figure.what.partition(" ")[0], figure.connections)
    floor = first.setdefault(key, figure)
    more_is_better = figure.unit.endswith("/s")
    return figure.beside(floor, figure.value / floor.value if more_is_better else floor.value / figure.value)


def _ask(
    home: Engine, urls: dict[int, str], place: Path, folder: Path, seconds: float, rounds: int
) -> Iterator[tuple[str, int, Figure]]:
    """All sizes are served at once and asked in turn, so that what else the machine does falls on each alike.

    Before the clock runs each is asked the same at 16 connections: measured is a record that is in use.
    """
    with ExitStack() as stack:
        headers = {size: product.token(url, place) for size, url in urls.items()}
        servers = {size: stack.enter_context(product.server(url, place, core=0)) for size, url in urls.items()}
        files = {size: _questions(folder / f"asked{size}", size) for size in urls}

        def ask(kind: str, size: int, connections: int) -> wrk.Run:
            return wrk.load(
                servers[size].base, files[size][kind], headers[size], connections=connections, seconds=seconds,
                pids=[servers[size].pid, *home.pids], settled=partial(product.sealed, home, urls[size]),
            )  # fmt: skip

        for kind, what in QUESTIONS.items():
            for size in urls:
                ask(kind, size, 16)
            for connections in (1, 16):
                runs: dict[int, list[wrk.Run]] = {size: [] for size in urls}
                for _, size in product_of(range(rounds), urls):
                    runs[size].append(ask(kind, size, connections))
                for size in urls:
                    run = max(runs[size], key=lambda run: run.rate)
                    value, unit = (run.p50, "ms p50") if connections == 1 else (run.rate, "/s")
                    yield kind, size, Figure(f"{what} at {size:,}", home.name, connections, value, unit, cpu=run.cpu,
                                             p50=run.p50, p99=run.p99, megabytes=run.own)  # fmt: skip


def _questions(folder: Path, size: int) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    residents = [data.Resident(number) for number in random.Random(size).sample(range(size), min(size, ASKED))]
    paths = {
        "read": [f"Patient/{each.id}" for each in residents],
        "search": [data.search(each, since="2025-01-01").replace("|", "%7C") for each in residents],
        "identifier": [f"Patient?identifier={data.IDENTITY}%7C{each.identifier}" for each in residents],
        "name": [f"Patient?name={quote(each.family + each.given)}" for each in residents],
    }
    return {kind: wrk.requests_file(folder / kind, [(f"/fhir/{path}", "") for path in paths[kind]]) for kind in paths}


def pictures(points: Sequence[Point], folder: Path, command: str) -> list[Path]:
    """The curves as SVG files, those of each engine apart: their scales differ."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for engine_name, (name, (title, unit)) in product_of(ENGINES, PICTURES.items()):
        curves: dict[str, Curve] = {}
        for point in points:
            if (point.picture, point.engine) == (name, engine_name):
                curves.setdefault(point.curve, Curve(point.curve, [])).points.append((point.residents, point.value))
        if curves:
            file = folder / f"growth-{name}-{engine_name}.svg"
            called = f"{_CALLED[engine_name]}: {title}"
            text = draw(list(curves.values()), title=called, unit=unit, across="residents", command=command)
            file.write_text(text, "utf-8")
            drawn.append(file)
    return drawn
