"""The interface over the record of each engine, and somebody who may use it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.locale_text import LOCALE
from doorstep.rest import hooks
from doorstep.rest.app import make_app
from tests import postgres
from tests.conftest import ADMIN, open_fast
from tests.rest.client import Client
from tests.rest.hearing import Receiver


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """Texts that are newer than the last build are compiled, so that answers can be read."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            made = Path(f"{target}.{os.getpid()}")
            with source.open("rb") as texts, made.open("wb") as compiled:
                write_mo(compiled, read_po(texts))
            made.replace(target)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An administrator's client of a record that the tests of a file share: for what is refused, and what stands alone."""
    if request.param == "sqlite":
        directory = tmp_path_factory.mktemp("shared")
        shutil.copy(request.getfixturevalue("sqlite_template"), directory / "doorstep.db")
        url = f"sqlite:///{directory}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_template"))
    opened = open_fast(url)
    yield Client(make_app(opened), opened.issue_token("admin", ADMIN, ttl=3600))
    opened.close()
    if request.param == "postgresql":
        postgres.drop_database(url)


@pytest.fixture(scope="module")
def nobody(shared: Client) -> Client:
    """The same record, asked without a token."""
    return Client(shared.app)


@pytest.fixture
def token(store: Store, admin: Actor) -> str:
    return store.issue_token("admin", admin, ttl=3600)


@pytest.fixture
def client(store: Store, token: str) -> Client:
    """An administrator's client of the interface with its usual settings."""
    return Client(make_app(store), token)


@pytest.fixture
def anonymous(store: Store) -> Client:
    return Client(make_app(store))


def patient(**members: Any) -> dict[str, Any]:
    """A resident."""
    return {"resourceType": "Patient", "name": [{"family": "张", "given": ["伟"]}], **members}


def observation(subject: str, value: Any = 72, **members: Any) -> dict[str, Any]:
    """A heart rate of somebody."""
    return {
        "resourceType": "Observation", "status": "final", "subject": {"reference": subject},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "valueQuantity": {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        **members,
    }


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def running(district: Store) -> Store:
    """The district with what runs behind Subscriptions."""
    hooks.register(district)
    return district
