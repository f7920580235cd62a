"""What every test shares: one ``store`` on each engine, from a template so that a test costs milliseconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings

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


class KeptDatabase:
    """One database for all tests of a worker, emptied after each: making one costs a hundred times as much.

    A test that changed the schema, or left a transaction open, gets its successor a new one.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._make()

    def _make(self) -> None:
        self.url = postgres.new_database(self._template)
        with psycopg.connect(self.url) as connection:
            self._tables, self._numbers = self._present(connection), self._steps(connection)
            held = [table for table in self._tables if table != "migration"]
            self._filled = [each for each in held if connection.execute(f"SELECT 1 FROM {each} LIMIT 1").fetchone()]
            connection.execute("CREATE SCHEMA IF NOT EXISTS kept")
            for table in self._filled:
                connection.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")

    def empty(self) -> None:
        """As it was when it was made: without rows, or with those of its template."""
        try:
            with psycopg.connect(self.url, options="-c lock_timeout=500") as connection:
                if (self._present(connection), self._steps(connection)) != (self._tables, self._numbers):
                    raise psycopg.errors.DuplicateTable
                for table in self._tables:
                    if table != "migration":
                        connection.execute(f"DELETE FROM {table}")
                for table in self._filled:
                    connection.execute(f"INSERT INTO {table} SELECT * FROM kept.{table}")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DuplicateTable):
            self.drop()
            self._make()

    def drop(self) -> None:
        postgres.drop_database(self.url)

    @staticmethod
    def _present(connection: psycopg.Connection) -> list[str]:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        return [name for (name,) in found]

    @staticmethod
    def _steps(connection: psycopg.Connection) -> list[int]:
        return [number for (number,) in connection.execute("SELECT number FROM migration ORDER BY number")]


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
    """A record without fsync: what a test proves here is not durability."""
    from doorstep.kernel import store as stores

    return stores.open(url, synchronous="OFF") if url.startswith("sqlite") else stores.open(url, size=24)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty record on each engine in turn."""
    opened = open_fast(store_url)
    yield opened
    opened.close()


@pytest.fixture
def admin() -> Actor:
    return ADMIN
