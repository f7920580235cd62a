"""Given a launch that must not go on, when it comes, then a page names why and what helps; and who may register a system.

What decides here holds on every engine alike, so it is tried on one.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doorstep.gateways.smart_client import signing
from doorstep.kernel.errors import Conflict, Forbidden, Invalid
from doorstep.kernel.refs import Actor
from doorstep.rest import outbound
from doorstep.terms import documents, systems
from doorstep.workflows import other_systems, registration
from tests.district import DOCTOR, STRANGER, who
from tests.web.conftest import Door
from tests.web.other import BACK, NEW_NUMBER, OWN, Other, leads, other, path_of, registered, said, through
from tests.web.vendor import key_pair, key_set, register
from tests.workflows.clinic import MANAGER, SHIQIAO

__all__ = ["other"]


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """Why a launch is refused is the same on every engine."""
    return district_on_one_engine


def test_only_the_system_of_ones_own_institution_and_while_it_is_on(door: Door, other: Other) -> None:
    here = door.enter("zhangmin")
    other.patient("zy-1", number=who(2).number, name=who(2).name)
    said(here.get(path_of(other.button("zy-1"))), "未登记", "管理员")
    id_ = registered(door.store, other.iss, other.app.client_id)
    stranger = door.enter("hejing")
    said(stranger.get(path_of(other.button("zy-1"))), "其他机构", "/me/role/?next=")
    said(here.get(path_of(other.agree(leads(here.get(path_of(other.button("zy-1")))), "deny"))), "未予许可", "重新打开")
    asked = leads(here.get(path_of(other.button("zy-1"))))
    door.store.run(MANAGER, other_systems.switch, system=id_, on="")
    said(here.get(path_of(other.agree(asked))), "已停用")
    said(here.get(path_of(other.button("zy-1"))), "未登记")
    door.store.run(MANAGER, other_systems.switch, system=id_, on="yes")
    assert through(here, other, "zy-1").status_code == 302
    outbound.forbid(door.store, other.origin)
    said(here.get(path_of(other.button("zy-1"))), "未获准访问", "允许名单")
    assert here.get("/open/launch/").status_code == 422
    keeper = door.enter("wangfang")
    said(keeper.get(f"/open/launch/?iss={'x' * 3000}&launch=1"), "没有说明")


def test_with_our_key_the_other_system_knows_us(door: Door, other: Other, tmp_path: Path) -> None:
    shown = door.client().get("/open/keys.json").json()
    assert "d" not in shown["keys"][0] and shown == signing.public(tmp_path / "door")
    app = register("key", redirect_uris=BACK, launch_url="http://localhost/open/launch/", keys=json.dumps(shown))
    other.app = app
    registered(door.store, other.iss, app.client_id, kind="key")
    other.patient("zy-1", number=who(2).number, name=who(2).name)
    here = door.enter("zhangmin")
    assert through(here, other, "zy-1").headers["Location"] == f"/r/{who(2).id}/"
    app.keys = key_set(key_pair())
    app.save()
    said(through(here, other, "zy-1"), "拒绝了授权码")


@dataclass
class Issuer:
    """An issuer that answers as it is told: path -> answer, or what it does with the connection."""

    answers: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    heard: list[str] = field(default_factory=list)

    def good(self, **more: Any) -> None:
        settings = {"authorization_endpoint": f"{self.origin}/authorize", "token_endpoint": f"{self.origin}/token",
                    "code_challenge_methods_supported": ["S256"], "capabilities": ["permission-v2"], **more}
        self.answers = {"/fhir/.well-known/smart-configuration": settings,
                        "/token": {"access_token": "t", "token_type": "Bearer", "patient": "p1"},
                        "/fhir/Patient/p1": {"resourceType": "Patient", "id": "p1", "name": "?", "identifier": [7, {"system": systems.IDENTITY_NUMBER, "value": who(2).number}]}}


@pytest.fixture
def issuer(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    made = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.heard.append(self.path)
            answer = made.answers.get(self.path, 404)
            if callable(answer):
                answer(self)
                return
            body = b"" if isinstance(answer, int) else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            if answer == 302:
                self.send_header("Location", f"{made.origin}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Nothing is said on the test's screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.origin = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    outbound.allow(door.store, made.origin, private=True)
    registered(door.store, f"{made.origin}/fhir")
    yield made
    server.shutdown()
    server.server_close()


def drip(handler: Any) -> None:
    """A byte now and then, for ever: no single wait is long."""
    over = threading.Event()
    try:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b" ")
    except OSError:
        return


def tried(here: Any, issuer: Issuer) -> str:
    """What the page says when this issuer's button is pressed and the browser comes back."""
    asked = here.get(f"/open/launch/?iss={issuer.origin}/fhir/&launch=x")
    if asked.status_code == 200:
        state = parse_qs(urlsplit(leads(asked)).query)["state"][0]
        asked = here.get(f"/open/back/?code=c&state={state}")
    assert asked.status_code in (404, 422, 200), asked.status_code
    said(asked)
    return str(asked.content.decode())


SETTINGS, TOKEN, PATIENT = "/fhir/.well-known/smart-configuration", "/token", "/fhir/Patient/p1"
WRONG: list[tuple[str, Any, str]] = [
    (SETTINGS, 500, "没有提供接入说明"), (SETTINGS, b"[]", "没有提供接入说明"), (SETTINGS, b"{", "没有提供接入说明"), (SETTINGS, 302, "没有提供接入说明"),
    (SETTINGS, b" " * 70_000, "超过 64 KB"), (SETTINGS, drip, "未在时限内"), (TOKEN, 400, "拒绝了授权码"), (TOKEN, {"access_token": "t\r\nx: y", "token_type": "bearer"}, "拒绝了授权码"),
    (TOKEN, {"access_token": "t", "token_type": "bearer"}, "没有说明是哪位患者"), (TOKEN, {"access_token": "t", "token_type": "bearer", "patient": "../x"}, "没有说明是哪位患者"),
    (PATIENT, {"resourceType": "Patient", "id": "p2"}, "未提供该患者"), (PATIENT, lambda handler: handler.connection.close(), "无法连接"),
    (PATIENT, {"resourceType": "Patient", "id": "p1", "name": 7, "identifier": {}}, "未给出可用于查找的号码"),
]  # fmt: skip


def test_an_issuer_that_misbehaves_is_named_and_asked_nothing_more(door: Door, issuer: Issuer) -> None:
    here = door.enter("zhangmin")
    issuer.good()
    assert "姓名不同" in tried(here, issuer), "the control"
    for path, answer, sentence in WRONG:
        issuer.good()
        issuer.answers[path] = answer
        assert sentence in tried(here, issuer), (path, answer)
    issuer.good(code_challenge_methods_supported=["plain"])
    assert "PKCE" in tried(here, issuer)
    for where in ("http://169.254.169.254/token", "http://localhost:1/token", "file:///etc/passwd", 7):
        issuer.good(token_endpoint=where)
        assert re.search("未获准访问|没有提供接入说明", tried(here, issuer)), where
    issuer.good()
    outbound.allow(door.store, issuer.origin, private=False)
    assert "未获准访问" in tried(here, issuer), "a private address that was not listed as private"
    assert "/elsewhere" not in issuer.heard


def test_an_administrator_registers_corrects_and_switches_off_at_home_alone(door: Door) -> None:
    door.enter("fengkai")
    browser = door.enter("fengkai")
    door.prove_factors()
    given = {"name": "县医院 HIS", "issuer": "https://his.example/fhir/", "client": "doorstep", "kind": "public", "identity": "", "own": OWN}
    refused = browser.post("/admin/systems/register/", given)
    assert refused.status_code == 422
    said(refused, "运维人员", "https://his.example:443")
    outbound.allow(door.store, "https://his.example", private=False)
    assert browser.post("/admin/systems/register/", given).status_code == 302
    again = browser.post("/admin/systems/register/", given)
    assert again.status_code == 409
    said(again, "已登记为")
    said(browser.get("/admin/systems/"), "县医院 HIS", "https://his.example/fhir", "http://localhost/open/launch/")
    with door.store.snapshot(MANAGER) as reads:
        (system,) = other_systems.of(reads, SHIQIAO)
    page = f"/admin/systems/{system.id}/"
    assert browser.post(f"{page}change-system/", {**given, "name": "新 HIS"}).status_code == 302
    assert browser.post(f"{page}stop-system/", {}).status_code == 302
    said(browser.get(page), "新 HIS", "启用")
    wrong = [("issuer", "ftp://x"), ("issuer", "http://his.example/fhir"), ("issuer", "https://u@his.example/fhir"), ("kind", "none"), ("own", "a b"), ("client", " ")]
    for box, text in wrong:
        answer = browser.post(f"{page}change-system/", {**given, box: text})
        assert answer.status_code == 422 and f'id="change-system-{box}' in answer.content.decode(), (box, text)
    stranger = Actor("Practitioner/zhenglin", "institution-admin", "Organization/hospital", "HOPERAT", "zhenglin")
    tries: list[Callable[[], Any]] = [
        lambda: door.store.run(stranger, other_systems.switch, system=system.id, on="yes"),
        lambda: door.store.run(DOCTOR, other_systems.register, name="x", issuer="https://y.example", client="c", kind="public"),
    ]
    for each in tries:
        with pytest.raises(Forbidden):
            each()
    with pytest.raises(Conflict):
        door.store.run(MANAGER, other_systems.switch, system=system.id, on="", version="1")
    with pytest.raises(Invalid):
        door.store.run(MANAGER, other_systems.register, name="", issuer="https://y.example", client="c", kind="public")
    other = door.enter("zhenglin")
    door.prove_factors()
    assert other.get(page).status_code == 404


def test_another_institution_cannot_say_whose_a_patient_number_is(door: Door) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": systems.IDENTITY_NUMBER, "value": NEW_NUMBER},
                                                         {"system": documents.own_system(SHIQIAO), "value": "A1"}]}  # fmt: skip
    with pytest.raises(Forbidden) as refused:
        door.store.run(STRANGER, registration.admit_client_patient, resource=patient)
    assert refused.value.key == "persons.own-number"
    before = {"id": "x", "identifier": patient["identifier"][:1]}
    with pytest.raises(Forbidden):
        door.store.run(STRANGER, registration.changed_client_patient, before=before, after={**before, **patient})
    assert door.store.run(DOCTOR, registration.admit_client_patient, resource=patient), "the control: its own institution"
