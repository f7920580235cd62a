"""The floor: a bare WSGI handler on the same server, doing the same SQL on a copy of the same record, and nothing else.

GET /read/TYPE/PART/ID is one select by key; GET of a planned path one search statement and the texts glued together;
POST /write/NAME inserts the next planned rows under fresh ids; POST /claim/KEY takes a key for whoever asks first. All
wait for the durable commit of their rows, the audit row included; one writer thread commits all that have queued up. No
token, no routing, no parsing, no validation, no check of a reference or a version. So no server in this language on
these tables can do better by much.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from doorstep import process
from doorstep.kernel.postgres_pool import FEW
from doorstep.kernel.sqlite_writer import LOG_PAGES

Rows = dict[str, list[Sequence[Any]]]
Claims = Sequence[tuple[str, str]]
Commit = Callable[[Rows, Claims], set[tuple[str, str]]]
_PLAN = "DOORSTEP_BENCH_PLAN"
_BY_KEY = "SELECT body FROM resource WHERE part = ? AND type = ? AND id = ?"
_CLAIM = "INSERT INTO claim VALUES ('bench', ?, ?, 1, 0) ON CONFLICT DO NOTHING RETURNING key"
_WIDTHS = (128, 32, 8, 1)
_PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "cache_size=-65536",
    f"wal_autocheckpoint={LOG_PAGES}",  # as the product: at 1,000 what many commits touch is copied again and again
)  # fmt: skip


class Plan(msgspec.Struct):
    """``searches``: path and query -> (SQL, values). ``writes``: name -> rows of the resources of each request.

    ``columns``: table -> its columns, in the order of a row; ``audit``: a row of an access, as the product writes it.
    """

    url: str
    dialect: str
    searches: dict[str, tuple[str, list[Any]]]
    writes: dict[str, list[list[Rows]]]
    columns: dict[str, str]
    audit: list[Any]


class Waiting:
    """Rows in the writer's queue, and the lock on which their request waits."""

    __slots__ = ("claim", "done", "error", "rows", "won")

    def __init__(self, rows: Rows, claim: tuple[str, str] | None) -> None:
        self.rows, self.claim, self.won = rows, claim, True
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Writer:
    """One thread that commits whatever has queued up."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: deque[Waiting] = deque()
        self._signal = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def write(self, rows: Rows, claim: tuple[str, str] | None = None) -> bool:
        """Returns when it is durable; false when somebody else had the claim."""
        waiting = Waiting(rows, claim)
        with self._signal:
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._signal.notify()
        waiting.done.acquire()
        if waiting.error is not None:
            raise waiting.error
        return waiting.won

    def _work(self) -> None:
        while True:
            with self._signal:
                while not self._queue:
                    self._signal.wait()
                batch = [self._queue.popleft() for _ in range(min(512, len(self._queue)))]
            self._write(batch)
            for waiting in batch:
                waiting.done.release()

    def _write(self, batch: list[Waiting]) -> None:
        gathered: Rows = {}
        for waiting in batch:
            for table, rows in waiting.rows.items():
                gathered.setdefault(table, []).extend(rows)
        # In one order, so that the writers of two processes do not wait for each other in a circle.
        claims = sorted(waiting.claim for waiting in batch if waiting.claim)
        try:
            won = self._commit(gathered, claims)
        except (sqlite3.Error, psycopg.Error) as error:
            for waiting in batch:
                waiting.error = error
            return
        for waiting in batch:
            waiting.won = waiting.claim is None or waiting.claim in won


class Sqlite:
    """A connection a thread, and one for the writer."""

    def __init__(self, plan: Plan) -> None:
        self._file = Path(plan.url.removeprefix("sqlite:///")) / "doorstep.db"
        self._columns = plan.columns
        self._local = threading.local()
        self._writer = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def ask(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection.execute(sql, params).fetchall()

    def commit(self, gathered: Rows, claims: Claims) -> set[tuple[str, str]]:
        run = self._writer.execute
        run("BEGIN IMMEDIATE")
        for table, rows in gathered.items():
            insert(run, table, self._columns[table], rows)
        found = [run(_CLAIM, claim).fetchall() for claim in claims]
        run("COMMIT")
        return {claim for claim, row in zip(claims, found, strict=True) if row}

    def close(self) -> None:
        self._writer.close()


class Postgres:
    """A pool for reading as large as the product's, and one connection for the writer."""

    def __init__(self, plan: Plan) -> None:
        def configure(connection: psycopg.Connection[Any]) -> None:
            connection.autocommit = True
            connection.prepare_threshold = 3

        self._columns = plan.columns
        self._pool = ConnectionPool(plan.url, min_size=2, max_size=FEW, configure=configure, open=True)
        self._writer = psycopg.connect(plan.url, autocommit=True, prepare_threshold=3)
        self._writer.execute("SET synchronous_commit = on")
        columns = "SELECT table_name, column_name, data_type FROM information_schema.columns"
        found = self._writer.execute(columns).fetchall()
        self._kinds = {(table, column): kind for table, column, kind in found}

    def ask(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection:
            return connection.execute(sql.replace("%", "%%").replace("?", "%s"), params).fetchall()

    def commit(self, gathered: Rows, claims: Claims) -> set[tuple[str, str]]:
        with self._writer.transaction(), self._writer.pipeline():
            for table, rows in gathered.items():
                names = [name.strip() for name in self._columns[table].split(",")]
                arrays = ", ".join(f"%s::{self._kinds[table, name]}[]" for name in names)
                self._writer.execute(
                    f"INSERT INTO {table} ({self._columns[table]}) SELECT * FROM unnest({arrays})",
                    [array(column) for column in zip(*rows, strict=True)],
                )
            found = [self._writer.execute(_CLAIM.replace("?", "%s"), claim) for claim in claims]
        return {claim for claim, cursor in zip(claims, found, strict=True) if cursor.rowcount}

    def close(self) -> None:
        self._pool.close()
        self._writer.close()


def insert(run: Callable[..., Any], table: str, columns: str, rows: list[Sequence[Any]]) -> None:
    """Rows by statements of few widths, each prepared once."""
    at = 0
    one = f"({', '.join('?' * (columns.count(',') + 1))})"
    for width in _WIDTHS:
        while len(rows) - at >= width:
            flat = [value for row in rows[at : at + width] for value in row]
            run(f"INSERT INTO {table} ({columns}) VALUES {', '.join([one] * width)}", flat)
            at += width


def array(values: Sequence[Any]) -> str:
    """An array as PostgreSQL writes it (8.15.6): seven times cheaper than the driver's way with a list."""
    if not isinstance(values[0], str):
        return "{" + ",".join(map(str, values)) + "}"
    return "{" + ",".join(['"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in values]) + "}"


class Rowing:
    """The rows of a request: those that were planned, under fresh ids. Which place in a row is which, the plan says."""

    def __init__(self, plan: Plan) -> None:
        self._writes, self._template = plan.writes, plan.audit
        names = {table: [name.strip() for name in columns.split(",")] for table, columns in plan.columns.items()}
        self._id = {table: some.index("id") for table, some in names.items()}
        self._body, self._part = names["resource"].index("body"), names["resource"].index("part")
        self._audit = [names["audit"].index(name) for name in ("part", "id", "at", "action", "refs")]
        self._number = itertools.count()

    def new_id(self, part: int) -> str:
        number = next(self._number) % 10000
        return f"d{part:03x}-{time.time_ns() // 1000 % 10**11:011d}{os.getpid() % 1000:03d}{number:04d}"

    def audit(self, part: int, action: str, refs: str) -> list[Any]:
        """The row of one access."""
        found = list(self._template)
        values = (part, self.new_id(part), time.time_ns() // 1000, action, refs)
        for place, value in zip(self._audit, values, strict=True):
            found[place] = value
        return found

    def write(self, name: str, turn: int) -> Rows:
        """All rows of the next request of a kind, with an access for each resource."""
        groups = self._writes[name]
        gathered: Rows = {"audit": []}
        for rows in groups[turn % len(groups)]:
            first = rows["resource"][0]
            id_ = self.new_id(first[self._part])
            gathered["audit"].append(self.audit(first[self._part], "create", id_))
            for table, some in self.fresh(rows, id_).items():
                gathered.setdefault(table, []).extend(some)
        return gathered

    def fresh(self, rows: Rows, id: str) -> Rows:
        """The rows of one planned resource under a new id."""
        old = rows["resource"][0][self._id["resource"]]
        found: Rows = {}
        for table, some in rows.items():
            place = self._id[table]
            found[table] = [[*row[:place], id, *row[place + 1 :]] for row in some]
        (resource,) = found["resource"]
        found["resource"] = [[value.replace(old, id) if n == self._body else value for n, value in enumerate(resource)]]
        return found

    def texts(self, gathered: Rows) -> str:
        """The resources among the rows."""
        return "\n".join(row[self._body] for row in gathered["resource"])


def opened(plan: Plan) -> Sqlite | Postgres:
    """The record of a plan."""
    return Sqlite(plan) if plan.dialect == "sqlite" else Postgres(plan)


def make() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The handler of one process; granian calls this."""
    process.take_core()
    plan = msgspec.msgpack.decode(Path(os.environ[_PLAN]).read_bytes(), type=Plan)
    base, rowing, number = opened(plan), Rowing(plan), itertools.count()
    writer = Writer(base.commit)

    def read(path: str) -> bytes:
        _, _, type_number, part, id_ = path.split("/")
        body = base.ask(_BY_KEY, (int(part), int(type_number), id_))[0][0]
        writer.write({"audit": [rowing.audit(int(part), "read", id_)]})
        return body.encode()

    def search(environ: dict[str, Any]) -> bytes:
        sql, params = plan.searches[f"{environ['PATH_INFO'][1:]}?{unquote(environ['QUERY_STRING'])}"]
        found = base.ask(sql, params)[:10]
        writer.write({"audit": [rowing.audit(0, "search-type", " ".join(row[2] for row in found))]})
        entries = ",".join(f'{{"fullUrl":"{row[2]}","resource":{row[5]},"search":{{"mode":"match"}}}}' for row in found)
        return f'{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}'.encode()

    def write(path: str, environ: dict[str, Any]) -> bytes:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        gathered = rowing.write(path.rpartition("/")[2], next(number))
        writer.write(gathered)
        return rowing.texts(gathered).encode()

    def claim(path: str, environ: dict[str, Any]) -> bool:
        holder = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        key = path.rpartition("/")[2]
        return writer.write({"audit": [rowing.audit(0, "claim", key)]}, (key, holder))

    def handler(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, status = environ["PATH_INFO"], "200 OK"
        if path.startswith("/read/"):
            body = read(path)
        elif path.startswith("/claim/"):
            won = claim(path, environ)
            status, body = ("201 Created", path.encode()) if won else ("409 Conflict", b"")
        elif path.startswith("/write/"):
            body = write(path, environ)
        elif path == "/healthz":
            body = b"ok"
        else:
            body = search(environ)
        start_response(status, [("Content-Type", "application/fhir+json"), ("Content-Length", str(len(body)))])
        return [body]

    return handler


def main(plan: str, port: str, workers: str) -> None:
    """Serve on the same gateway, with the same settings, as the product."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[_PLAN] = plan
    Granian(
        "bench.floor:make", address="127.0.0.1", port=int(port), interface=Interfaces.WSGI, workers=int(workers),
        blocking_threads=64, factory=True, websockets=False, log_level=LogLevels.warning, backlog=2048,
        backpressure=256,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
