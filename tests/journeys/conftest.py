"""A demo of the wide district in this process, copied for each journey from one that is made once a session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep import workflows
from doorstep.demo import keeping
from doorstep.demo.opening import begin
from doorstep.kernel import store as stores
from tests.conftest import open_fast
from tests.journeys.acting import Journey
from tests.web.browsing import chromium
from tests.web.conftest import serve

RESIDENTS = 60


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The district as ``doorstep demo`` keeps it."""
    folder = tmp_path_factory.mktemp("district") / keeping.KEPT
    keeping.keep(folder, residents=RESIDENTS)
    return folder


@pytest.fixture(scope="session")
def begun(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo in which people have begun their day."""
    folder = tmp_path_factory.mktemp("begun")
    for file in kept.iterdir():
        shutil.copy(file, folder / file.name)
    store = stores.open(f"sqlite:///{folder}")
    begin(store)
    store.close()
    return folder


@pytest.fixture
def journey(begun: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Journey]:
    """A demo of one's own, with a browser in front of it. What must not be seen on any page is looked for at the end."""
    for file in begun.iterdir():
        shutil.copy(file, tmp_path / file.name)
    store = open_fast(f"sqlite:///{tmp_path}")
    workflows.register(store.runner)
    serving = serve(store, tmp_path, begun / "accounts.db", demo=True)
    site = next(serving)
    engine = request.getfixturevalue("engine") if "engine" in request.fixturenames else ()
    with chromium(*engine) as browser:
        made = Journey(browser, site.base, store, os.environ.get("DOORSTEP_SHOTS", ""), request.node.name)
        yield made
        wrong = made.wrong
    for _ in serving:
        raise AssertionError("a server ends once")
    store.close()
    assert wrong == []
