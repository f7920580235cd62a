"""A record on each engine: ``record`` is fresh for each test, ``ward`` is filled once and only read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.sqlite import SqliteEngine
from tests import postgres
from tests.kernel.search.record import Record
from tests.kernel.search.ward import fill

ENGINES = ["sqlite", "postgresql"]


@pytest.fixture
def record(store_url: str) -> Iterator[Record]:
    """An empty record on each engine in turn."""
    if store_url.startswith("sqlite"):
        engine: SqliteEngine | PostgresEngine = SqliteEngine(
            Path(store_url.removeprefix("sqlite:///")), synchronous="OFF"
        )
    else:
        engine = PostgresEngine(store_url, size=2)
    yield Record(engine)
    engine.close()


@pytest.fixture(scope="session")
def ward_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Record]]:
    """The small ward of ``ward.py`` on both engines, filled once; tests only read it."""
    directory = tmp_path_factory.mktemp("ward")
    shutil.copy(request.getfixturevalue("sqlite_template"), directory / "doorstep.db")
    url = postgres.new_database(request.getfixturevalue("postgres_template"))
    engines = {"sqlite": SqliteEngine(directory, synchronous="OFF"), "postgresql": PostgresEngine(url, size=2)}
    records = {name: Record(engine) for name, engine in engines.items()}
    for each in records.values():
        fill(each)
    yield records
    for engine in engines.values():
        engine.close()
    postgres.drop_database(url)


@pytest.fixture(params=ENGINES)
def ward(request: pytest.FixtureRequest, ward_of: dict[str, Record]) -> Record:
    """The ward on each engine in turn."""
    return ward_of[request.param]
