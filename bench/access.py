"""What the access rule costs: the same questions to the same record with the rule and without it.

A district of 100,000 residents with ten observations each, 25 institutions that wrote them, and one or two grants a
resident; a doctor of one institution asks. The administrator's answer, for whom the rule is no condition at all, is the
floor. Patient-centred questions are nearly all of the work; those over the whole population show what the planner does.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bench import engines
from bench.figures import Figure, Table
from doorstep.kernel import exact, index, rows, search
from doorstep.kernel.clock import FOREVER
from doorstep.kernel.definitions import definitions, param_key
from doorstep.kernel.puts import put_of
from doorstep.kernel.refs import Actor, part_of_resident, system_hash
from doorstep.kernel.store import Store
from doorstep.kernel.store import open as open_store

RESIDENTS, EACH, INSTITUTIONS, CODES = 100_000, 10, 25, 20
NOW = 1_780_000_000_000_000
DAY = 86_400_000_000
SYSTEM = "urn:oid:2.16.156.10011.2.2"
_SYSTEM_HASH = system_hash(SYSTEM)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
_TABLES = {
    **rows.INDEX_TABLES, "resource": rows.RESOURCE_COLUMNS, "subject": rows.SUBJECT_COLUMNS,
    "access_grant": rows.GRANT_COLUMNS, "locator": "type, id, part",
}  # fmt: skip

DOCTOR = Actor("Practitioner/bench", "doctor", "Organization/i7", "TREAT", "bench", NOW)
ADMINISTRATOR = Actor("Device/bench", "administrator", "Organization/i0", "HOPERAT", "bench", NOW)

Rows = dict[str, list[tuple[Any, ...]]]


class District:
    """The rows of the record, a few thousand residents at a time."""

    def __init__(self, residents: int) -> None:
        self._chance = random.Random("doorstep/access")
        self._residents = residents
        self._prototypes = [_observation(code) for code in range(CODES)]

    def batches(self) -> Any:
        """Rows by table."""
        found: Rows = defaultdict(list)
        for number in range(self._residents):
            self._resident(number, found)
            if number % 4000 == 3999:
                yield found
                found = defaultdict(list)
        yield found

    def _resident(self, number: int, found: Rows) -> None:
        chance, id_ = self._chance, f"x{number}"
        part = part_of_resident(id_)
        patient = {"resourceType": "Patient", "id": id_, "birthDate": "1961-04-05", "gender": "female",
                   "name": [{"family": chance.choice(_SURNAMES), "given": [f"g{number % 997}"]}]}  # fmt: skip
        put = put_of(patient, None, part=part, id=id_, expected=0, updated=NOW - DAY, method="PUT",
                     custodian=f"Organization/i{chance.randrange(INSTITUTIONS)}")  # fmt: skip
        found["resource"].append(rows.resource_row(put, 1))
        found["locator"].append((put.type, id_, part))
        found["subject"] += rows.subject_rows(put)
        for table, some in rows.index_rows(put):
            found[table] += some
        for place in range(EACH):
            self._measurement(part, id_, number * EACH + place, found)
        for org in chance.sample(range(INSTITUTIONS), chance.choice((1, 2, 2, 2))):
            found["access_grant"].append((
                part, id_, f"g{number}-{org}", f"Organization/i{org}", "", 2, "", "visit", f"Encounter/{id_}", None,
                NOW - DAY, FOREVER, 1, "", 0, "",
            ))  # fmt: skip

    def _measurement(self, part: int, resident: str, number: int, found: Rows) -> None:
        chance = self._chance
        code = chance.randrange(CODES)
        type_, body, extracted = self._prototypes[code]
        id_, moment, custodian = f"y{number}", NOW - chance.randrange(730 * DAY), chance.randrange(INSTITUTIONS)
        found["resource"].append((part, type_, id_, 1, 1, moment, f"Organization/i{custodian}", 2, 0, "PUT",
                                  index.INDEX_VERSION, body % (id_, resident), "", 0))  # fmt: skip
        found["locator"].append((type_, id_, part))
        found["subject"].append((part, resident, type_, f"10{code:02d}-3", _SYSTEM_HASH, moment, id_, 1, part, ""))
        key = (part, type_, id_)
        found["ix_token"] += [(*key, *row) for row in extracted.token]
        for number_, rtype, _ in extracted.reference:
            found["ix_reference"].append((*key, number_, rtype, resident))
        found["ix_date"].append((*key, param_key("Observation", "date"), moment, moment + 1))


def _observation(code: int) -> tuple[int, str, Any]:
    """Type number, text with places for id and resident, and the rows of one observation."""
    resource = {
        "resourceType": "Observation", "id": "%s", "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": f"10{code:02d}-3"}]},
        "subject": {"reference": "Patient/%s"}, "valueQuantity": {"value": 5, "unit": "mmol/L"},
    }  # fmt: skip
    known = index.extract({**resource, "id": "y", "subject": {"reference": "Patient/x"}})
    known.token[:] = dict.fromkeys(known.token)
    return definitions().number["Observation"], exact.encode(resource).decode(), known


def fill(url: str, residents: int) -> float:
    """Write the rows past the store; the seconds it took."""
    open_store(url).close()
    start = time.monotonic()
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite:///")) / "doorstep.db", isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        for batch in District(residents).batches():
            connection.execute("BEGIN")
            for table, found in batch.items():
                marks = ", ".join("?" * len(found[0]))
                connection.executemany(f"INSERT INTO {table} ({_TABLES[table]}) VALUES ({marks})", found)
            connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.close()
        return time.monotonic() - start
    with psycopg.connect(url) as server:
        for batch in District(residents).batches():
            for table, found in batch.items():
                with server.cursor().copy(f"COPY {table} ({_TABLES[table]}) FROM STDIN") as copy:
                    for row in found:
                        copy.write_row(row)
    return time.monotonic() - start


def questions(residents: int) -> dict[str, Callable[[random.Random], tuple[str, list[tuple[str, str]]]]]:
    """What is asked: the security goal sheet's six."""

    def somebody(chance: random.Random) -> str:
        return f"Patient/x{chance.randrange(residents)}"

    def code(number: int) -> str:
        return f"{SYSTEM}|10{number:02d}-3"

    def some_code(chance: random.Random) -> str:
        return code(chance.randrange(CODES))

    return {
        "one resident's 50 latest": lambda chance: (
            "Observation", [("patient", somebody(chance)), ("_sort", "-date"), ("_count", "50")]),
        "one resident's code and date": lambda chance: (
            "Observation", [("patient", somebody(chance)), ("code", code(3)), ("date", "ge2025"),
                            ("_sort", "-date")]),
        "residents by family name": lambda chance: (
            "Patient", [("family", chance.choice(_SURNAMES)), ("given", f"g{chance.randrange(997)}")]),
        "a code, chained to a family name": lambda chance: (
            "Observation", [("code", some_code(chance)), ("patient.family", chance.choice(_SURNAMES)),
                            ("_count", "20")]),
        "the latest 50 of a code over all": lambda chance: (
            "Observation", [("code", some_code(chance)), ("_sort", "-date"), ("_count", "50")]),
        "count of a code, capped": lambda chance: (
            "Observation", [("code", some_code(chance)), ("_summary", "count")]),
        "residents who have a code": lambda chance: (
            "Patient", [("_has:Observation:patient:code", some_code(chance)), ("_count", "20")]),
    }  # fmt: skip


def bench(table: Table, folder: Path, *, engine_name: str, residents: int = RESIDENTS, repeat: int = 40) -> None:
    """Every question as a doctor and as an administrator, in turn, on one engine."""
    with engines.engine(engine_name, folder) as engine:
        url = engine.new("access")
        took = fill(url, residents)
        engine.settle(url)
        table.section(f"access rule on {engine_name}: {residents:,} residents, {residents * EACH:,} observations, "
                      f"written in {took:.0f} s")  # fmt: skip
        store = open_store(url)
        try:
            for what, make in questions(residents).items():
                _question(table, store, engine_name, what, make, repeat)
        finally:
            store.close()


def _question(table: Table, store: Store, engine_name: str, what: str, make: Any, repeat: int) -> None:
    chance = random.Random(what)
    spent: dict[str, list[float]] = {"doctor": [], "administrator": []}
    shown = 0
    for _ in range(repeat + 5):
        type_name, pairs = make(chance)
        for actor in (ADMINISTRATOR, DOCTOR):
            query = search.parse(type_name, pairs, strict=True)
            with store.engine.reader(actor) as reader:
                start = time.perf_counter()
                page = search.run(reader, query, actor, key=store.secret)
                spent[actor.role].append(1000 * (time.perf_counter() - start))
            shown += len(page.matches) * (actor is DOCTOR)
    ruled, plain = (statistics.median(spent[role][5:]) for role in ("doctor", "administrator"))
    worst = sorted(spent["doctor"][5:])[-max(1, repeat // 100)]
    floor = Figure(what, engine_name, 1, plain, "ms p50")
    note = f"{shown / (repeat + 5):.1f} shown to the doctor"
    figure = Figure(what, engine_name, 1, ruled, "ms p50", p50=ruled, p99=worst, note=note)
    table.add(figure.beside(floor, plain / ruled))
