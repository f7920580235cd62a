"""Slots that many want at once: 2,000 slots, each asked for by four patients in a row, over 128 connections.

Three ways to book, one after the other on slots of their own: the claim alone; the claim and the Appointment in one
command (both by the route of bench/claims_app.py, since REST has no verb for a claim); and plain REST, an Appointment
created under If-None-Exist on its slot. Afterwards the record is asked: no slot may be held twice, and whoever was told
201 must hold theirs.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import data, floor_plan, product, wrk
from bench.claims_app import appointment
from bench.engines import Engine, engine
from bench.figures import Figure, Table
from bench.processes import Process, cpu_seconds, free_port, idle, memory, python
from doorstep.kernel.definitions import definitions

SLOTS, ASKED, CONNECTIONS, PATIENTS = 2_000, 4, 128, 200
WAYS = {
    "take": "claim",
    "book": "claim and Appointment",
    "rest": "Appointment, If-None-Exist",
}

Asked = tuple[str, str, str]
"""Path, body and If-None-Exist of one request."""


@dataclass(frozen=True, slots=True)
class Result:
    """What wrk heard; ``sold`` are the (slot, patient) that were acknowledged."""

    rate: float
    sold_rate: float
    p50: float
    p99: float
    cpu: float
    megabytes: float
    sold: list[tuple[str, str]]


def bench(table: Table, folder: Path, *, engine_name: str) -> None:
    """All ways on one engine."""
    wrk.check()
    with engine(engine_name, folder) as home:
        place = folder / engine_name
        url = home.new("product")
        patients = [data.Resident(number) for number in range(PATIENTS)]
        product.load(url, place, _record(place / "slots.ndjson", patients))
        copy = home.copy(url, "floor")
        headers = product.token(url, place)
        table.section(f"claims on {engine_name}: {SLOTS:,} slots, each wanted by {ASKED}, {CONNECTIONS} connections")
        bare = _floor(home, copy, place, patients)
        port = free_port()
        options = [url, str(port), str(product.workers(url))]
        server = Process(python("-m", "bench.claims_app", *options), port=port, log=place / "claims.log")
        try:
            for way, what in WAYS.items():
                lines = _requests(way, patients)
                pids = [server.pid, *home.pids]
                result = _run(server.base, place / way, lines, headers, pids)
                wrong = _wrong(home, url, way, result.sold)
                table.add(Figure(
                    what, engine_name, CONNECTIONS, result.rate, "asked/s", bare, result.rate / bare, result.cpu,
                    p50=result.p50, p99=result.p99, megabytes=result.megabytes,
                    note=f"{result.sold_rate:,.0f} sold/s, {len(result.sold):,} sold, {wrong} sold twice or lost",
                ))  # fmt: skip
        finally:
            server.stop()


def _record(file: Path, patients: Sequence[data.Resident]) -> Path:
    lines = [*data.directory(), *(next(each.texts(observations=0)) for each in patients)]
    actor = f'{{"reference":"Practitioner/{data.PRACTITIONER}"}}'
    schedule = "d000-0000000000000sch01"
    lines.append(f'{{"resourceType":"Schedule","id":"{schedule}","actor":[{actor}]}}')
    times = '"start":"2025-12-01T09:00:00+08:00","end":"2025-12-01T09:10:00+08:00"'
    for way in WAYS:
        lines += [
            f'{{"resourceType":"Slot","id":"{_slot(way, number)}","schedule":{{"reference":"Schedule/{schedule}"}},'
            f'"status":"free",{times}}}' for number in range(SLOTS)
        ]  # fmt: skip
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def _slot(way: str, number: int) -> str:
    return f"d000-00000000{way.replace('o', '0').replace('i', '1')}{number:06d}"


def _requests(way: str, patients: Sequence[data.Resident]) -> list[Asked]:
    """Every request, the four that want one slot next to each other."""
    chance = random.Random(way)
    found = []
    for number in chance.sample(range(SLOTS), SLOTS):
        slot = _slot(way, number)
        for patient in chance.sample(patients, ASKED):
            if way == "rest":
                body = json.dumps(appointment(slot, patient.id), separators=(",", ":"))
                found.append(("/fhir/Appointment", body, f"slot=Slot/{slot}"))
            else:
                found.append((f"/{way}/{slot}", json.dumps({"patient": patient.id}), ""))
    return found


def _run(base: str, stem: Path, requests: Sequence[Asked], headers: dict[str, str], pids: list[int]) -> Result:
    """Every request once."""
    file, heard = stem.with_suffix(".requests"), stem.with_suffix(".sold")
    with file.open("w", encoding="utf-8") as out:
        for asked in [requests[0], *requests]:
            out.write("\t".join(asked) + "\n")
        out.write("/healthz\n")
    before = cpu_seconds(pids)
    told = wrk.run(base, "claims.lua", [str(file), str(heard), str(len(requests)), *wrk.lines(headers)],
                   connections=CONNECTIONS, seconds=300, until='"statuses"')  # fmt: skip
    idle(pids)
    cpu = cpu_seconds(pids) - before
    sold = [_read(line) for line in heard.read_text("utf-8").splitlines()]
    odd = {status: count for status, count in told["statuses"].items() if status not in ("200", "201", "409", "412")}
    if odd or told["requests"] != len(requests):
        raise RuntimeError(f"{told['requests']} of {len(requests)} answered; what nobody expected: {odd}")
    seconds = told["micros"] / 1e6
    return Result(len(requests) / seconds, len(sold) / seconds, told["p50"] / 1e3, told["p99"] / 1e3,
                  cpu / len(requests) * 1e3, memory(pids)[1], sold)  # fmt: skip


def _read(line: str) -> tuple[str, str]:
    """(slot, patient) of an answer."""
    if not line.startswith("{"):
        slot, _, patient = line.partition(" ")
        return slot, patient
    return _of(json.loads(line))


def _of(made: dict[str, Any]) -> tuple[str, str]:
    slot, patient = made["slot"][0]["reference"], made["participant"][0]["actor"]["reference"]
    return slot.partition("/")[2], patient.partition("/")[2]


def _wrong(home: Engine, url: str, way: str, sold: list[tuple[str, str]]) -> int:
    """Slots that were promised or given to two, and promises that the record does not know of."""
    held = set(home.ask(url, "SELECT key, holder FROM claim WHERE kind = 'slot'"))
    if way != "take":
        number = definitions().number["Appointment"]
        bodies = home.ask(url, f"SELECT body FROM resource WHERE type = {number} AND deleted = 0")
        booked = [_of(json.loads(row[0])) for row in bodies]
        held = set(booked) if way == "rest" else held & set(booked)
        sold = [*sold, *(pair for pair in booked if pair not in sold and pair[0].startswith(_slot(way, 0)[:-6]))]
    twice = sum(count > 1 for count in Counter(slot for slot, _ in sold).values())
    return twice + sum(pair not in held for pair in sold)


def _floor(home: Engine, url: str, place: Path, patients: Sequence[data.Resident]) -> float:
    """Claims a second of the bare handler, asked in the same order."""
    plan = floor_plan.make(url, place / "plan", searches=[], writes={})
    port = free_port()
    server = Process(python("-m", "bench.floor", str(plan), str(port), str(product.workers(url))), port=port,
                     log=place / "floor.log")  # fmt: skip
    try:
        requests = [(path.replace("/take/", "/claim/"), body, "") for path, body, _ in _requests("take", patients)]
        return _run(server.base, place / "floor", requests, {}, [server.pid, *home.pids]).rate
    finally:
        server.stop()
