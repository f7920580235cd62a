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

pytest_plugins = ["tests.postgres"]

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


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of an empty record on each engine in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "doorstep.db")
        yield f"sqlite:///{tmp_path}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_template"))
        yield url
        postgres.drop_database(url)


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
