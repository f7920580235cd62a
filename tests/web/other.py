"""The other system of an institution, for the tests of opening residents from it: its people, its screen, its button."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import make_server

import pytest

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import outbound
from doorstep.server import Settings, make_wsgi
from doorstep.terms import systems
from doorstep.terms.identifiers import identity_check
from doorstep.workflows import other_systems, visit
from tests.conftest import open_fast
from tests.district import DOCTOR
from tests.web.conftest import Door, _Quiet, _Server
from tests.web.vendor import boxes, register
from tests.workflows.clinic import MANAGER, SHIQIAO

OWN = "urn:example:his:patient"
NEW_NUMBER = "11010519620704011" + identity_check("11010519620704011")
BACK = "http://localhost/open/back/"
KEEPER = Actor("Device/doorstep", "administrator", SHIQIAO, "HOPERAT", "his")


@dataclass
class Other:
    """The other system: a record of its own with people under numbers of its own, and its screen."""

    store: Store
    origin: str
    app: Any
    screen: Any = None

    @property
    def iss(self) -> str:
        return f"{self.origin}/fhir"

    def patient(self, id_: str, *, number: str = "", own: str = "", name: str = "", **more: Any) -> None:
        """Somebody on its screen now."""
        said = [(systems.IDENTITY_NUMBER, number), (OWN, own), ("urn:example:his:room", "7")]
        self.store.run(KEEPER, lambda tx: tx.update({
            "resourceType": "Patient", "id": id_, "active": True, "name": [{"text": name}], "gender": "female",
            "identifier": [{"system": system, "value": value} for system, value in said if value], **more}))  # fmt: skip
        self.store.run(DOCTOR, visit.open_visit, resident=f"Patient/{id_}", complaint="乏力", presence="identity")

    def button(self, patient: str) -> str:
        """Where its button leads."""
        return leads(self.screen.post(f"/smart/launch/{self.app.client_id}/", {"patient": patient, "encounter": ""}))

    def agree(self, address: str, decision: str = "allow") -> str:
        """Its doctor lets us in; where the browser is sent."""
        page = self.screen.get(path_of(address))
        if page.status_code == 302:
            return str(page.headers["Location"])
        given = boxes(page.content.decode())
        return str(self.screen.post(path_of(address), {**given, "decision": decision}).headers["Location"])


def leads(page: Any) -> str:
    """Where a page that only leads on leads."""
    assert page.status_code == 200, main(page)
    found = re.search(r'content="0;url=([^"]*)"', page.content.decode())
    assert found, main(page)
    return unescape(found[1])


def main(page: Any) -> str:
    """What a page says, without what is around it."""
    return str(page.content.decode().partition("<main")[2].partition("</main>")[0])


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


@pytest.fixture
def other(door: Door, tmp_path: Path, district_on_sqlite: Path) -> Iterator[Other]:
    (tmp_path / "other").mkdir()
    shutil.copy(district_on_sqlite, tmp_path / "other" / "doorstep.db")
    store = open_fast(f"sqlite:///{tmp_path / 'other'}")
    server = make_server("127.0.0.1", 0, make_wsgi(store, Settings("", str(tmp_path / "door"), 0)), _Server, _Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made = Other(store, f"http://127.0.0.1:{server.server_port}", register(redirect_uris=BACK, launch_url="http://localhost/open/launch/"))
    there = Door(store)
    made.screen = there.enter("zhangmin", HTTP_HOST=f"127.0.0.1:{server.server_port}")
    outbound.allow(door.store, made.origin, private=True)
    yield made
    server.shutdown()
    server.server_close()
    store.close()


def registered(store: Store, issuer: str, client: str = "doorstep", **more: str) -> str:
    given = {"name": "县医院 HIS", "kind": "public", "own": OWN, **more}
    return store.run(MANAGER, other_systems.register, issuer=issuer, client=client, **given).id


def through(here: Any, other: Other, patient: str) -> Any:
    """The whole way from the other system's button to our page."""
    asked = here.get(path_of(other.button(patient)))
    return here.get(path_of(other.agree(leads(asked))))


def said(answer: Any, *texts: str) -> None:
    page = answer.content.decode()
    assert all(text in page for text in texts), main(answer)
    assert "launch." not in page and "persons." not in page
