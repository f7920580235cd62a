"""What every test shares: one ``store`` on each engine, from a template so that a test costs milliseconds."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.refs import Actor
from tests import postgres

if TYPE_CHECKING:
    from doorstep.kernel.store import Store

pytest_plugins = ["tests.postgres", "tests.districts"]

settings.register_profile("suite", deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
settings.load_profile("suite")

ADMIN = Actor("Practitioner/admin", "administrator", "Organization/alliance", "HOPERAT", "admin")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from doorstep.kernel.sqlite import SqliteEngine

    directory = tmp_path_factory.mktemp("template")
    SqliteEngine(directory, synchronous="OFF").close()
    return directory / "doorstep.db"


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    from doorstep.kernel.postgres import migrate

    url = postgres.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
    yield url
    postgres.drop_database(url)


class KeptEngine(PostgresEngine):
    """Its connections outlive the store of a test: making them, and planning every statement anew, costs more than most tests."""

    def close(self) -> None:
        """What is waiting is written and nothing more taken, but the connections stay."""
        with self._signal:
            self._closing = True
            self._signal.notify()
        self._thread.join()

    def again(self) -> KeptEngine:
        """For the store of the next test."""
        if self._closing:
            self._closing = False
            self._thread = threading.Thread(target=self._write_audits, name="doorstep-audit", daemon=True)
            self._thread.start()
        return self

    def end(self) -> None:
        super().close()


class KeptDatabase:
    """One database for all tests of a worker, emptied after each: making one costs a hundred times as much.

    A test that changed the schema, or left a transaction open, gets its successor a new one.
    """

    _all: dict[str, KeptDatabase] = {}

    def __init__(self, template: str) -> None:
        self._template = template
        self._make()

    def _make(self) -> None:
        self.url = postgres.new_database(self._template)
        self._all[self.url] = self
        self._engine: KeptEngine | None = None
        self._connection = psycopg.connect(self.url, autocommit=True, options="-c lock_timeout=500")
        self._tables, self._numbers = self._present(), self._steps()
        self._since = self._keep([table for table in self._tables if table != "migration"])

    def _keep(self, tables: list[str]) -> str:
        """Make the function that leaves the rows of the template and no others; the transaction that made those rows."""
        run = self._connection.execute
        run("CREATE SCHEMA kept")
        steps = []
        for table in tables:
            steps.append(f"DELETE FROM {table} WHERE age(xmin) < age(since)")
            (rows,) = run(f"SELECT count(*) FROM {table}").fetchone() or (0,)
            if rows:
                run(f"CREATE TABLE kept.{table} AS TABLE {table}")
                missing = f"INSERT INTO {table} SELECT * FROM kept.{table} EXCEPT ALL SELECT * FROM {table}"
                steps.append(f"IF (SELECT count(*) FROM {table}) <> {rows} THEN {missing}; END IF")
        run(f"CREATE FUNCTION kept.restore(since xid) RETURNS xid LANGUAGE plpgsql AS $$ BEGIN {'; '.join(steps)};"
            " RETURN pg_current_xact_id()::xid; END $$")
        return str((run("SELECT pg_current_xact_id()::xid").fetchone() or ("",))[0])

    @classmethod
    def open(cls, url: str) -> Store | None:
        """A store over the connections that are kept, if this is the url of a kept database."""
        from doorstep.kernel.store import Store

        kept = cls._all.get(url)
        if kept is None:
            return None
        if kept._engine is None:
            kept._engine = KeptEngine(url, size=24)
        return Store(kept._engine.again())

    def empty(self) -> None:
        """As it was when it was made: without rows, or with those of its template."""
        try:
            if (self._present(), self._steps()) != (self._tables, self._numbers):
                raise psycopg.errors.DuplicateTable
            restored = self._connection.execute("SELECT kept.restore(%s::xid)", [self._since]).fetchone()
            self._since = str((restored or ("",))[0])
        except psycopg.Error:
            self.drop()
            self._make()

    def drop(self) -> None:
        if self._engine is not None:
            self._engine.end()
        self._connection.close()
        postgres.drop_database(self._all.pop(self.url).url)

    def _present(self) -> list[str]:
        sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
        return [name for (name,) in self._connection.execute(sql)]

    def _steps(self) -> list[int]:
        return [number for (number,) in self._connection.execute("SELECT number FROM migration ORDER BY number")]


@pytest.fixture(scope="session")
def postgres_database(postgres_template: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(postgres_template)
    yield kept
    kept.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of an empty record on each engine in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "doorstep.db")
        yield f"sqlite:///{tmp_path}"
    else:
        kept: KeptDatabase = request.getfixturevalue("postgres_database")
        yield kept.url
        kept.empty()


def open_fast(url: str) -> Store:
    """A record without fsync: what a test proves here is not durability. A second one beside that of the fixture."""
    from doorstep.kernel import store as stores

    return stores.open(url, synchronous="OFF") if url.startswith("sqlite") else stores.open(url, size=24)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty record on each engine in turn."""
    opened = KeptDatabase.open(store_url) or open_fast(store_url)
    yield opened
    opened.close()


@pytest.fixture
def admin() -> Actor:
    return ADMIN
