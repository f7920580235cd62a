"""How the same questions fare when the record grows: latency, load rate and bytes a resource at each size.

One record is loaded further and further; at each size the server is started and asked for things of residents drawn
from all that are there, so that the larger record is also the colder one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
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


def bench(table: Table, folder: Path, *, engine_name: str, sizes: Sequence[int], seconds: float) -> list[Point]:
    """Every size on one engine; the points of the curves."""
    wrk.check()
    points: list[Point] = []
    with engine(engine_name, folder) as home:
        place = folder / engine_name
        url = home.new("product")
        headers = product.token(url, place)
        empty = home.size(url)
        smaller = resources = 0
        table.section(f"growth on {engine_name}; floor: the smallest size")
        first: dict[tuple[str, int], Figure] = {}
        for size in sizes:
            file = place / f"{size}.ndjson"
            added = data.write(file, range(smaller, size), observations=data.FEW)
            done = timed(doorstep("load", *product.where(url, place), str(file)), place / "log")
            file.unlink()
            smaller, resources = size, resources + added
            home.settle(url)
            rate, bytes_each = added / done.seconds, (home.size(url) - empty) / resources
            table.add(_against(first, Figure(f"load to {size:,} residents", engine_name, 0, rate, "resources/s",
                                             cpu=done.cpu / added * 1e3, megabytes=done.megabytes)))  # fmt: skip
            table.add(_against(first, Figure(f"disk at {size:,} residents", engine_name, 0, bytes_each, "bytes each",
                                             note=f"{resources:,} resources")))  # fmt: skip
            points += [Point("load", engine_name, size, rate), Point("disk", engine_name, size, bytes_each)]
            for kind, figure in _ask(home, url, place, headers, size, seconds):
                table.add(_against(first, figure))
                curve = f"{QUESTIONS[kind]}, {engine_name}"
                if figure.connections == 1:
                    points.append(Point("latency", curve, size, figure.p50 or 0))
                else:
                    points.append(Point("tail", curve, size, figure.p99 or 0))
                    points.append(Point("cpu", curve, size, figure.cpu or 0))
    return points


def _against(first: dict[tuple[str, int], Figure], figure: Figure) -> Figure:
    """The figure with the same one at the smallest size as its floor."""
    key = (figure.what.rpartition(" at ")[0] or figure.what.partition(" ")[0], figure.connections)
    floor = first.setdefault(key, figure)
    more_is_better = figure.unit.endswith("/s")
    return figure.beside(floor, figure.value / floor.value if more_is_better else floor.value / figure.value)


def _ask(
    home: Engine, url: str, place: Path, headers: dict[str, str], size: int, seconds: float
) -> Iterator[tuple[str, Figure]]:
    residents = [data.Resident(number) for number in random.Random(size).sample(range(size), min(size, ASKED))]
    paths = {
        "read": [f"Patient/{each.id}" for each in residents],
        "search": [data.search(each, since="2025-01-01").replace("|", "%7C") for each in residents],
        "identifier": [f"Patient?identifier={data.IDENTITY}%7C{each.identifier}" for each in residents],
        "name": [f"Patient?name={quote(each.family + each.given)}" for each in residents],
    }
    with product.server(url, place) as server:
        pids = [server.pid, *home.pids]
        for kind, what in QUESTIONS.items():
            requests = wrk.requests_file(place / kind, [(f"/fhir/{path}", "") for path in paths[kind]])
            for connections in (1, 16):
                run = wrk.load(
                    server.base, requests, headers, connections=connections, seconds=seconds, pids=pids,
                    settled=lambda: product.sealed(home, url),
                )  # fmt: skip
                value, unit = (run.p50, "ms p50") if connections == 1 else (run.rate, "/s")
                yield kind, Figure(f"{what} at {size:,}", home.name, connections, value, unit, cpu=run.cpu,
                                   p50=run.p50, p99=run.p99, megabytes=run.own)  # fmt: skip


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
