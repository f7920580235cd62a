"""Read, search, create and transactions over HTTP, each beside its floor, run in turn on copies of one record."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import data, floor_plan, product, wrk
from bench.engines import Engine, engine
from bench.figures import Figure, Table
from bench.processes import Process, free_port, python
from doorstep.kernel.definitions import definitions

RESIDENTS = 300
CONNECTIONS = (1, 16, 64)
_WRITES = {"create": 1, "bundle20": 20, "bundle100": 100}
KINDS = ("read", "search", *_WRITES)
_NAMES = {
    "read": "read by id",
    "search": "search patient+code+date, sorted, 10 found",
    "create": "create, 16 index rows",
}
_LONGER = {"bundle20": 2, "bundle100": 4}
"""So many times longer a run: at 64 connections an answer to a large Bundle takes seconds."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers, what each kind of request is to it, and what it puts off."""

    process: Process
    headers: dict[str, str]
    files: dict[str, Path]
    pids: list[int]
    settled: Callable[[], object]

    def load(self, kind: str, *, connections: int, seconds: float) -> wrk.Run:
        return wrk.load(self.process.base, self.files[kind], self.headers, connections=connections,
                        seconds=seconds * _LONGER.get(kind, 1), pids=self.pids, settled=self.settled)  # fmt: skip


def bench(table: Table, folder: Path, *, engine_name: str, kinds: Sequence[str], seconds: float, rounds: int) -> None:
    """Every kind at every number of connections on one engine."""
    wrk.check()
    with engine(engine_name, folder) as home:
        with ExitStack() as stack:
            ours, floor = _start(stack, home, folder / engine_name, kinds)
            table.section(f"requests on {engine_name}: {RESIDENTS} residents with {data.MANY} observations each")
            for kind in kinds:
                for side in (ours, floor):
                    side.load(kind, connections=4, seconds=1)
                for connections in CONNECTIONS:
                    runs = [
                        [side.load(kind, connections=connections, seconds=seconds) for side in (ours, floor)]
                        for _ in range(rounds)
                    ]
                    table.add(_figure(kind, engine_name, connections, *map(_best, zip(*runs, strict=True))))


def _start(stack: ExitStack, home: Engine, folder: Path, kinds: Sequence[str]) -> tuple[Side, Side]:
    residents = [data.Resident(number) for number in range(RESIDENTS)]
    file = folder / "residents.ndjson"
    data.write(file, range(RESIDENTS), observations=data.MANY)
    url = home.new("product")
    product.load(url, folder, file)
    copy = home.copy(url, "floor")
    ids = [(each["resourceType"], each["id"]) for each in map(json.loads, file.read_text("utf-8").splitlines()[2::7])]
    searches = [data.search(each).replace("|", "%7C") for each in residents]
    bodies = {kind: _bodies(residents, size) for kind, size in _WRITES.items() if kind in kinds}
    ours = {"read": [(f"/fhir/{name}/{id_}", "") for name, id_ in ids],
            "search": [(f"/fhir/{path}", "") for path in searches]}  # fmt: skip
    for kind, some in bodies.items():
        ours[kind] = [("/fhir/Observation" if kind == "create" else "/fhir", body) for body in some]
    headers = product.token(url, folder)
    home.settle(url)
    server = stack.enter_context(product.server(url, folder))
    floor = bare(stack, home, copy, folder, ids=ids, searches=searches if "search" in kinds else [], bodies=bodies)
    side = Side(server, headers, _files(folder, "product", ours), [server.pid, *home.pids],
                lambda: product.sealed(home, url))  # fmt: skip
    _look(side, ours, kinds)
    return side, floor


def bare(
    stack: ExitStack, home: Engine, url: str, folder: Path, *, ids: Sequence[tuple[str, str]], searches: Sequence[str],
    bodies: dict[str, list[str]],
) -> Side:  # fmt: skip
    """The floor on a copy of the record: reads of these, these searches, and writes of these bodies."""
    plan = floor_plan.make(
        url, folder / "plan", searches=[path.replace("%7C", "|") for path in searches],
        writes={kind: [_as_stored(body) for body in some] for kind, some in bodies.items()},
    )  # fmt: skip
    numbers = definitions().number
    lines = {"read": [(f"/read/{numbers[name]}/{int(id_[1:4], 16)}/{id_}", "") for name, id_ in ids],
             "search": [(f"/{path}", "") for path in searches]}  # fmt: skip
    lines |= {kind: [(f"/write/{kind}", body) for body in some] for kind, some in bodies.items()}
    home.settle(url)
    port = free_port()
    floor = Process(python("-m", "bench.floor", str(plan), str(port), str(product.workers(url))), port=port,
                    log=folder / "floor.log")  # fmt: skip
    stack.callback(floor.stop)
    files = _files(folder, "floor", {kind: some for kind, some in lines.items() if some})
    return Side(floor, {}, files, [floor.pid, *home.pids], lambda: None)


def _files(folder: Path, name: str, kinds: dict[str, list[tuple[str, str]]]) -> dict[str, Path]:
    return {kind: wrk.requests_file(folder / f"{name}-{kind}", lines) for kind, lines in kinds.items()}


def _bodies(residents: list[data.Resident], size: int) -> list[str]:
    if size == 1:
        return [data.new_observation(each, each.number) for each in residents]
    return [data.transaction(each, size) for each in residents[: 1000 // size]]


def _as_stored(body: str) -> list[str]:
    return floor_plan.plain(body) if body.startswith('{"resourceType": "Bundle"') else [body]


def _look(side: Side, requests: dict[str, list[tuple[str, str]]], kinds: Sequence[str]) -> None:
    """One request of each kind, and whether its answer is what the measurement is about."""
    for kind in kinds:
        path, body = requests[kind][0]
        status, answer = wrk.fetch(side.process.base + path, side.headers, body)
        told = json.loads(answer)
        expected = {"read": 0, "search": 10, "create": 0}.get(kind, _WRITES.get(kind, 0))
        if status not in (200, 201) or len(told.get("entry", [])) != expected:
            raise RuntimeError(f"{kind}: {status} {answer[:2000]!r}")


def _best(runs: Sequence[wrk.Run]) -> wrk.Run:
    """The round that the rest of the machine disturbed least."""
    return max(runs, key=lambda run: run.rate)


def _figure(kind: str, engine_name: str, connections: int, ours: wrk.Run, floor: wrk.Run) -> Figure:
    size = _WRITES.get(kind, 1)
    what = _NAMES.get(kind, f"transaction of {size}")
    if connections == 1:
        value, low, unit, ratio = ours.p50, floor.p50, "ms p50", floor.p50 / ours.p50
    else:
        value, low, ratio = ours.rate * size, floor.rate * size, ours.rate / floor.rate
        unit = "resources/s" if size > 1 else "/s"
    return Figure(
        what, engine_name, connections, value, unit, low, ratio, ours.cpu, floor.cpu, ours.p50, ours.p99, ours.own
    )
