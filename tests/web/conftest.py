"""A server in this process, over the demo district on each engine in turn, and people who are signed in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from tempfile import TemporaryDirectory
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from doorstep.demo.browser import Browser
from doorstep.demo.people import data
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.server import Settings, make_wsgi
from doorstep.terms import systems
from doorstep.web.accounts.hashing import Argon2
from doorstep.web.settings import configure
from doorstep.web.wsgi import prepare

_SOMEWHERE = TemporaryDirectory(prefix="doorstep-web-")
configure(Path(_SOMEWHERE.name))  # so that a test may import models; each test moves it to a folder of its own

PASSWORD = "correct horse 电池"

COST = (Argon2.memory_cost, Argon2.time_cost, Argon2.parallelism)
"""What a try of a password costs where people sign in. The thousand of the tests are made cheap."""
Argon2.memory_cost, Argon2.time_cost = 8, 1


@dataclass(frozen=True, slots=True)
class Site:
    """A running server: its address, its record, and where its accounts are."""

    base: str
    store: Store
    folder: Path

    def enter(self, account: str) -> Browser:
        """Somebody who has signed in with their password."""
        browser = Browser(self.base)
        page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": account, "password": PASSWORD})
        assert page.status == 200, page.text
        return browser


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *given: Any) -> None:
        """Nothing: a test's output is its failures."""


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An accounts database with one account for each of the staff."""
    folder = tmp_path_factory.mktemp("accounts")
    prepare(folder)
    from django.db import connections

    from doorstep.web.accounts.models import Account

    for row in data("district")["staff"]:
        Account.objects.make(row["id"], PASSWORD, f"Practitioner/{row['id']}")
    connections.close_all()
    return folder / "accounts.db"


def serve(store: Store, folder: Path, accounts: Path, *, demo: bool) -> Iterator[Site]:
    folder.mkdir(exist_ok=True)
    shutil.copy(accounts, folder / "accounts.db")
    server = make_server("127.0.0.1", 0, make_wsgi(store, Settings("", str(folder), 0, demo=demo)), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}", store, folder)
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(district: Store, tmp_path: Path, accounts: Path) -> Iterator[Site]:
    """A server as an institution runs it."""
    yield from serve(district, tmp_path / "site", accounts, demo=False)


@pytest.fixture
def demo_site(district: Store, tmp_path: Path, accounts: Path) -> Iterator[Site]:
    """A server of the demo: role buttons on the sign-in page."""
    yield from serve(district, tmp_path / "site", accounts, demo=True)


class Door:
    """The pages without a network: Django's own client over a record, and what it needs to be somebody."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def client(self, **more: Any) -> Any:
        """A browser of its own; forms need their token only when asked for."""
        from django.test import Client

        return Client(**{"doorstep.store": self.store, "doorstep.demo": False, "SERVER_NAME": "localhost", **more})

    def enter(self, account: str, **more: Any) -> Any:
        client = self.client(**more)
        answer = client.post("/sign-in/", {"username": account, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return client

    def post_to(self, *roles: tuple[str, str, str]) -> None:
        """(practitioner, institution, role) of further postings."""
        self.store.run(SYSTEM, lambda tx: [tx.update(posting(*each)) for each in roles])

    def rows(self, action: str) -> list[tuple[Any, ...]]:
        """(account, outcome, query) of what the audit says of an action, in order."""
        sql = "SELECT account, outcome, query FROM audit WHERE action = ? ORDER BY at, id"
        return self.store.engine.once(sql, [action])

    def prove_factors(self) -> None:
        """As if everybody who is signed in had shown a second factor."""
        self.store.engine.write([("UPDATE session SET factor = 'test'", [])])

    def age(self, column: str, minutes: int) -> None:
        """Let every session's moment be longer ago."""
        assert column in ("seen", "proved", "expires")
        self.store.engine.write([(f"UPDATE session SET {column} = {column} - ?", [minutes * 60_000_000])])


def posting(practitioner: str, organization: str, role: str) -> dict[str, Any]:
    return {"resourceType": "PractitionerRole", "id": f"{practitioner}-{organization}-{role}", "active": True,
            "practitioner": {"reference": f"Practitioner/{practitioner}"},
            "organization": {"reference": f"Organization/{organization}"},
            "code": [{"coding": [{"system": systems.STAFF_ROLE, "code": role}]}]}  # fmt: skip


@pytest.fixture
def door(district: Store, tmp_path: Path, accounts: Path) -> Door:
    folder = tmp_path / "door"
    folder.mkdir()
    shutil.copy(accounts, folder / "accounts.db")
    prepare(folder)
    return Door(district)
