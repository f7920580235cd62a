"""How the same questions fare when the record grows: latency, load rate and bytes a resource at each size.

One record is loaded further and further, and copied at each size. Asked is for residents drawn from all that are there,
so that the larger record is also the colder one.
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
from bench.engines import Engine, engine
from bench.figures import Figure, Table
from bench.processes import doorstep

USUAL = (1_000, 10_000)
LARGE = (*USUAL, 100_000)
ASKED = 5_000
"""Residents at most about whom a size is asked."""
QUESTIONS = {
    "read": "read by id",
    "search": "search patient+code+date",
    "identifier": "search patient by identifier",
    "name": "search patient by name",
}
PICTURES = {
    "latency": ("Latency at 1 connection, median", "ms"),
    "tail": ("Latency at 16 connections, 99 of 100 below", "ms"),
    "cpu": ("Processor time of the server a request, 16 connections", "ms"),
    "load": ("Loading", "resources/s"),
    "disk": ("Disk", "bytes a resource"),
}


class Point(NamedTuple):
    """A point of a curve: which picture, which curve in it, residents, value."""

    picture: str
    curve: str
    residents: int
    value: float


def bench(
    table: Table, folder: Path, *, engine_name: str, sizes: Sequence[int], seconds: float, rounds: int
) -> list[Point]:
    """Every size on one engine; the points of the curves."""
    wrk.check()
    with engine(engine_name, folder) as home:
        table.section(f"growth on {engine_name}; floor: the smallest size")
        points, urls, headers = _load(table, home, folder / engine_name, sizes)
        first: dict[tuple[str, int], Figure] = {}
        for kind, size, figure in _ask(home, urls, folder / engine_name, headers, seconds, rounds):
            table.add(_against(first, figure))
            curve = f"{QUESTIONS[kind]}, {engine_name}"
            if figure.connections == 1:
                points.append(Point("latency", curve, size, figure.p50 or 0))
            else:
                points.append(Point("tail", curve, size, figure.p99 or 0))
                points.append(Point("cpu", curve, size, figure.cpu or 0))
    return points


def _load(
    table: Table, home: Engine, place: Path, sizes: Sequence[int]
) -> tuple[list[Point], dict[int, str], dict[str, str]]:
    """One record loaded further and further, and a copy of it at each size but the last."""
    url = home.new("product")
    headers = product.token(url, place)
    empty, smaller, resources = home.size(url), 0, 0
    points: list[Point] = []
    urls: dict[int, str] = {}
    first: dict[tuple[str, int], Figure] = {}
    for size in sizes:
        file = place / f"{size}.ndjson"
        added = data.write(file, range(smaller, size), observations=data.FEW)
        done = timed(doorstep("load", *product.where(url, place), str(file)), place / "log")
        file.unlink()
        smaller, resources = size, resources + added
        home.settle(url)
        rate, bytes_each = added / done.seconds, (home.size(url) - empty) / resources
        table.add(_against(first, Figure(f"load to {size:,} residents", home.name, 0, rate, "resources/s",
                                         cpu=done.cpu / added * 1e3, megabytes=done.megabytes)))  # fmt: skip
        table.add(_against(first, Figure(f"disk at {size:,} residents", home.name, 0, bytes_each, "bytes each",
                                         note=f"{resources:,} resources")))  # fmt: skip
        points += [Point("load", home.name, size, rate), Point("disk", home.name, size, bytes_each)]
        urls[size] = url if size == sizes[-1] else home.copy(url, f"at{size}")
    return points, urls, headers


def _against(first: dict[tuple[str, int], Figure], figure: Figure) -> Figure:
    """The figure with the same one at the smallest size as its floor."""
    key = (figure.what.rpartition(" at ")[0] or figure.what.partition(" ")[0], figure.connections)
    floor = first.setdefault(key, figure)
    more_is_better = figure.unit.endswith("/s")
    return figure.beside(floor, figure.value / floor.value if more_is_better else floor.value / figure.value)


def _ask(
    home: Engine, urls: dict[int, str], place: Path, headers: dict[str, str], seconds: float, rounds: int
) -> Iterator[tuple[str, int, Figure]]:
    """All sizes are served at once and asked in turn, so that what else the machine does falls on each alike."""
    with ExitStack() as stack:
        servers = {}
        for size, url in urls.items():
            (place / str(size)).mkdir()
            servers[size] = stack.enter_context(product.server(url, place / str(size)))
        files = {size: _questions(place / str(size), size) for size in urls}
        for kind, what in QUESTIONS.items():
            for connections in (1, 16):
                runs: dict[int, list[wrk.Run]] = {size: [] for size in urls}
                for _, (size, url) in product_of(range(rounds), urls.items()):
                    runs[size].append(wrk.load(
                        servers[size].base, files[size][kind], headers, connections=connections, seconds=seconds,
                        pids=[servers[size].pid, *home.pids], settled=partial(product.sealed, home, url),
                    ))  # fmt: skip
                for size in urls:
                    run = max(runs[size], key=lambda run: run.rate)
                    value, unit = (run.p50, "ms p50") if connections == 1 else (run.rate, "/s")
                    yield kind, size, Figure(f"{what} at {size:,}", home.name, connections, value, unit, cpu=run.cpu,
                                             p50=run.p50, p99=run.p99, megabytes=run.own)  # fmt: skip


def _questions(folder: Path, size: int) -> dict[str, Path]:
    residents = [data.Resident(number) for number in random.Random(size).sample(range(size), min(size, ASKED))]
    paths = {
        "read": [f"Patient/{each.id}" for each in residents],
        "search": [data.search(each, since="2025-01-01").replace("|", "%7C") for each in residents],
        "identifier": [f"Patient?identifier={data.IDENTITY}%7C{each.identifier}" for each in residents],
        "name": [f"Patient?name={quote(each.family + each.given)}" for each in residents],
    }
    return {kind: wrk.requests_file(folder / kind, [(f"/fhir/{path}", "") for path in paths[kind]]) for kind in paths}


def pictures(points: Sequence[Point], folder: Path, command: str) -> list[Path]:
    """The curves as SVG files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, (title, unit) in PICTURES.items():
        curves: dict[str, Curve] = {}
        for point in points:
            if point.picture == name:
                curves.setdefault(point.curve, Curve(point.curve, [])).points.append((point.residents, point.value))
        if curves:
            file = folder / f"{name}.svg"
            text = draw(list(curves.values()), title=title, unit=unit, across="residents", command=command)
            file.write_text(text, "utf-8")
            drawn.append(file)
    return drawn
