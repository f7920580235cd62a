"""A record on each engine that the tests of a file share, and the interface over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests import postgres
from tests.conftest import ADMIN, open_fast
from tests.rest.client import Client


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty record at first; the tests of a file fill it together."""
    if request.param == "sqlite":
        directory = tmp_path_factory.mktemp("record")
        shutil.copy(request.getfixturevalue("sqlite_template"), directory / "doorstep.db")
        url = f"sqlite:///{directory}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_template"))
    opened = open_fast(url)
    yield opened
    opened.close()
    if request.param == "postgresql":
        postgres.drop_database(url)


@pytest.fixture
def client(store: Store) -> Client:
    """An administrator's client of an empty record."""
    return Client(make_app(store), store.issue_token("admin", ADMIN, ttl=3600))
