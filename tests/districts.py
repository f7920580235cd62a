"""Fixtures: a record with the demo district in it, on each engine, copied from a template that is made once a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep import workflows
from doorstep.kernel.store import Store
from tests import postgres
from tests.conftest import KeptDatabase, open_fast
from tests.district import put_district

RESIDENTS = 8


@pytest.fixture(scope="session")
def district_on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("district")
    shutil.copy(sqlite_template, directory / "doorstep.db")
    _fill(f"sqlite:///{directory}")
    return directory / "doorstep.db"


@pytest.fixture(scope="session")
def district_on_postgresql(postgres_template: str) -> Iterator[str]:
    url = postgres.new_database(postgres_template)
    _fill(url)
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def district_database(district_on_postgresql: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(district_on_postgresql)
    yield kept
    kept.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def district_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of a record that holds the district."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("district_on_sqlite"), tmp_path / "doorstep.db")
        yield f"sqlite:///{tmp_path}"
    else:
        kept: KeptDatabase = request.getfixturevalue("district_database")
        yield kept.url
        kept.empty()


@pytest.fixture
def district_on_one_engine(district_on_sqlite: Path, tmp_path: Path) -> str:
    """The url of a record that holds the district, on SQLite: for what is the same on every engine."""
    shutil.copy(district_on_sqlite, tmp_path / "doorstep.db")
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def district(district_url: str) -> Iterator[Store]:
    """A record that holds the district; its deadlines are watched when a test moves the clock."""
    store = KeptDatabase.open(district_url) or open_fast(district_url)
    workflows.register(store.runner)
    yield store
    store.close()


def _fill(url: str) -> None:
    store = open_fast(url)
    put_district(store, RESIDENTS)
    store.close()
