"""NDJSON load and export by the product's commands, beside bare inserts and a bare dump of the same record."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import data, floor, floor_plan, product
from bench.engines import Engine, engine
from bench.figures import Figure, Table
from bench.processes import ROOT, doorstep
from doorstep.kernel import store as stores
from doorstep.kernel.load import prepare

RESIDENTS = 2_000
_FLOOR_RESIDENTS = 400
_CHUNK = 500
"""Resources of one commit, as many as ``doorstep load`` takes."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended: seconds it took, processor seconds, and the largest process of its tree in MB."""

    seconds: float
    cpu: float
    megabytes: float


def timed(arguments: list[str], log: Path) -> Done:
    """A command to its end. Raises with what it said when it failed."""
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with log.open("wb") as out:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(log.read_text("utf-8", errors="replace")[-3000:])
    return Done(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def bench(table: Table, folder: Path, *, engine_name: str, residents: int = RESIDENTS) -> None:
    """Load and export on one engine."""
    with engine(engine_name, folder) as home:
        place = folder / engine_name
        file = place / "residents.ndjson"
        count = data.write(file, range(residents), observations=data.FEW)
        table.section(f"bulk on {engine_name}: {count:,} resources of {residents:,} residents")
        bare = _bare_load(home, file, place)
        url = home.new("product")
        done = timed(doorstep("load", *product.where(url, place), str(file)), place / "log")
        rate = count / done.seconds
        table.add(Figure("load NDJSON", engine_name, 0, rate, "resources/s", bare, rate / bare,
                         done.cpu / count * 1e3, megabytes=done.megabytes))  # fmt: skip
        home.settle(url)
        _export(table, home, url, place, count)


def _export(table: Table, home: Engine, url: str, place: Path, count: int) -> None:
    nothing = home.new("nothing")
    stores.open(nothing).close()
    start = timed(doorstep("export", *product.where(nothing, place), "--out", str(place / "none")), place / "log")
    out = place / "exported"
    done = timed(doorstep("export", *product.where(url, place), "--out", str(out)), place / "log")
    lines = sum(file.read_bytes().count(b"\n") for file in out.glob("*.ndjson"))
    if lines != count:
        raise RuntimeError(f"{lines} of {count} resources were exported")
    rate, bare = count / max(done.seconds - start.seconds, 1e-3), count / _bare_dump(home, url, place / "dump")
    table.add(Figure("export NDJSON", home.name, 0, rate, "resources/s", bare, rate / bare,
                     (done.cpu - start.cpu) / count * 1e3, megabytes=done.megabytes,
                     note=f"besides {start.seconds:.1f} s until the command has started"))  # fmt: skip


def _bare_load(home: Engine, file: Path, place: Path) -> float:
    """Resources a second when rows made beforehand are inserted by one connection, a durable commit a chunk."""
    url = home.new("bare")
    stores.open(url).close()
    commit = _committer(url)
    lines = file.read_bytes().splitlines()[: _FLOOR_RESIDENTS * 25]
    sets = []
    for start in range(0, len(lines), _CHUNK):
        chunk = list(enumerate(lines[start : start + _CHUNK]))
        gathered: floor.Rows = {}
        for put in prepare(chunk, "Organization/bench", 1_760_000_000_000_000)[0]:
            for name, some in floor_plan.resource_rows(put).items():
                gathered.setdefault(name, []).extend(some)
        sets.append(gathered)
    began = time.perf_counter()
    for gathered in sets:
        commit({name: some for name, some in gathered.items() if some}, ())
    return len(lines) / (time.perf_counter() - began)


def _committer(url: str) -> Callable[[floor.Rows, floor.Claims], Any]:
    dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
    return floor.opened(floor.Plan(url, dialect, {}, {}, floor_plan.COLUMNS, floor_plan.audit_row())).commit


def _bare_dump(home: Engine, url: str, file: Path) -> float:
    """Seconds to select every text in order of its key and write it to one file, durably."""
    began = time.perf_counter()
    sql = "SELECT body FROM resource ORDER BY part, type, id"
    with file.open("wb") as out:
        if home.name == "sqlite":
            found: Any = home.ask(url, sql)
        else:
            with psycopg.connect(url) as connection, connection.cursor("dump") as cursor:
                cursor.itersize = 5000
                found = cursor.execute(sql).fetchall()
        out.write(("\n".join([row[0] for row in found]) + "\n").encode())
        out.flush()
        os.fsync(out.fileno())
    return time.perf_counter() - began
