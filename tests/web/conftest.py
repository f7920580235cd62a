"""A server in this process, over the demo district on each engine in turn, and people who are signed in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from doorstep.demo.browser import Browser
from doorstep.demo.people import data
from doorstep.kernel.store import Store
from doorstep.server import Settings, make_wsgi
from doorstep.web.wsgi import prepare
from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

PASSWORD = "correct horse 电池"


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
