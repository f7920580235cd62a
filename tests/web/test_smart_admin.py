"""Given whoever guards the rules, when they register an app, then it is checked, written down, and ended when they say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.conftest import Door
from tests.web.vendor import CALLBACK, Vendor, key_pair, key_set, register

SHEET = {"name": "Ward Round", "kind": "public", "redirect_uris": CALLBACK, "ceiling": "openid user/*.rs offline_access"}


@pytest.fixture
def guard(door: Door, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody who guards the rules; their second factor is another test's matter."""
    from doorstep.web.accounts import entering

    monkeypatch.setattr(entering, "needs_factor", lambda role: False)
    door.post_to(("sunli", "alliance", "security-admin"))
    browser = door.enter("sunli")
    browser.post("/me/role/", {"role": "sunli-alliance-security-admin"})
    return browser


def made() -> Any:
    from doorstep.web.smart.models import App

    return App.objects.get(name=SHEET["name"])


def test_given_a_sheet_when_saved_then_the_app_is_there_and_its_registration_written_down(guard: Any, door: Door) -> None:
    assert "empty" in guard.get("/admin/apps/").content.decode()
    answer = guard.post("/admin/apps/new/save/", SHEET)
    app = made()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/apps/{app.client_id}/")
    assert (app.client_type, app.authorization_grant_type, app.algorithm) == ("public", "authorization-code", "RS256")
    assert app.client_id in guard.get("/admin/apps/").content.decode()
    (row,) = door.rows("app-registered")
    assert row[0] == "sunli" and app.client_id in row[2] and CALLBACK in row[2]
    assert Vendor(door.enter("zhangmin"), app).connect()["scope"] == "openid user/*.rs"


def test_given_an_app_with_a_secret_when_registered_then_it_is_shown_once_and_kept_as_a_hash(guard: Any, door: Door) -> None:
    page = guard.post("/admin/apps/new/save/", {**SHEET, "kind": "secret"}).content.decode()
    secret = re.findall(r'<b class="mono">([\w-]{40,})</b>', page)[-1]
    app = made()
    assert secret not in app.client_secret and secret not in guard.get(f"/admin/apps/{app.client_id}/").content.decode()
    vendor = Vendor(door.enter("zhangmin"), app)
    assert vendor.redeem(vendor.code(), basic=f"{app.client_id}:{secret}").status_code == 200
    again = guard.post(f"/admin/apps/{app.client_id}/secret/").content.decode()
    other = re.findall(r'<b class="mono">([\w-]{40,})</b>', again)[-1]
    assert other != secret
    assert vendor.redeem(vendor.code(), basic=f"{app.client_id}:{secret}").status_code == 401
    assert vendor.redeem(vendor.code(), basic=f"{app.client_id}:{other}").status_code == 200


WRONG = [
    ({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"kind": "other"}, "kind"), ({"redirect_uris": ""}, "redirect_uris"),
    ({"redirect_uris": "http://app.example/cb"}, "redirect_uris"), ({"redirect_uris": "https://app.example/#x"}, "redirect_uris"),
    ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"), ({"redirect_uris": "data:text/html,x"}, "redirect_uris"),
    ({"redirect_uris": "https://u@app.example/"}, "redirect_uris"), ({"redirect_uris": f"{CALLBACK} ftp://x.y/"}, "redirect_uris"),
    ({"launch_url": "javascript:alert(1)"}, "launch_url"), ({"launch_url": "com.app:/x"}, "launch_url"), ({"ceiling": ""}, "ceiling"),
    ({"ceiling": "user/Planet.rs"}, "ceiling"), ({"ceiling": "user/Observation.rs?category=x"}, "ceiling"), ({"ceiling": "system/*.rs"}, "ceiling"),
    ({"keys": "{}"}, "keys"), ({"kind": "key"}, "keys"), ({"kind": "key", "keys": "{}"}, "keys"),
    ({"kind": "key", "keys_url": "https://10.0.0.1/jwks"}, "keys_url"), ({"kind": "key", "keys_url": "http://keys.example/"}, "keys_url"),
    ({"kind": "backend"}, "institution"), ({"institution": "Organization/nobody"}, "institution"),
]  # fmt: skip


@pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
def test_given_a_sheet_with_something_wrong_when_saved_then_the_box_says_so_and_nothing_is_kept(guard: Any) -> None:
    from doorstep.web.smart.models import App

    for change, box in WRONG:
        answer = guard.post("/admin/apps/new/save/", {**SHEET, **change})
        page = answer.content.decode()
        assert answer.status_code == 422, change
        assert f'id="{box}-wrong"' in page or box in ("kind",), change
    assert App.objects.count() == 0


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/cb", "http://localhost/cb", "http://[::1]:9/cb", "org.example.app:/cb"])
@pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
def test_given_a_native_app_when_registered_then_its_addresses_on_the_machine_are_taken(guard: Any, address: str) -> None:
    assert guard.post("/admin/apps/new/save/", {**SHEET, "redirect_uris": address}).status_code == 302


def test_given_a_service_when_registered_then_it_has_a_key_and_an_institution(guard: Any) -> None:
    sheet = {**SHEET, "kind": "backend", "redirect_uris": "", "ceiling": "system/*.rs", "keys": key_set(key_pair())}
    assert guard.post("/admin/apps/new/save/", {**sheet, "institution": "Organization/shiqiao"}).status_code == 302
    assert (made().kind, made().authorization_grant_type) == ("backend", "client-credentials")


def test_given_a_connected_app_when_disabled_then_all_ends_at_once_and_it_can_come_back(guard: Any, door: Door) -> None:
    guard.post("/admin/apps/new/save/", SHEET)
    vendor = Vendor(door.enter("zhangmin"), made(), "openid offline_access user/*.rs")
    vendor.connect()
    switch = f"/admin/apps/{vendor.app.client_id}/switch/"
    assert guard.post(switch, {"disabled": "yes"}).status_code == 302
    assert vendor.fhir(door.store, "Organization").status == 401
    assert vendor.refresh().status_code in (400, 401) and vendor.ask().status_code == 400
    guard.post(switch, {"disabled": "no"})
    assert vendor.refresh().status_code == 400
    vendor.connect()
    assert [row[0] for row in door.rows("app-disabled") + door.rows("app-enabled")] == ["sunli", "sunli"]


def test_given_a_smaller_ceiling_when_saved_then_what_was_given_before_ends(guard: Any, door: Door) -> None:
    guard.post("/admin/apps/new/save/", SHEET)
    vendor = Vendor(door.enter("zhangmin"), made(), "openid user/*.rs")
    vendor.connect()
    guard.post(f"/admin/apps/{vendor.app.client_id}/save/", {**SHEET, "ceiling": "openid user/Patient.rs", "kind": "backend"})
    assert vendor.fhir(door.store, "Organization").status == 401
    assert made().kind == "public", "what an app is does not change"
    assert vendor.connect()["scope"] == "openid user/Patient.rs"


@pytest.mark.parametrize(("method", "path"), [
    ("get", "/admin/apps/"), ("get", "/admin/apps/new/"), ("get", "/admin/apps/{}/"), ("post", "/admin/apps/new/save/"),
    ("post", "/admin/apps/{}/save/"), ("post", "/admin/apps/{}/switch/"), ("post", "/admin/apps/{}/secret/"),
])  # fmt: skip
@pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
def test_given_somebody_else_when_they_come_to_the_apps_then_they_are_refused(door: Door, method: str, path: str) -> None:
    app = register("secret")
    doctor = door.enter("zhangmin")
    assert getattr(doctor, method)(path.format(app.client_id), SHEET if method == "post" else {}).status_code == 403
    assert getattr(door.client(), method)(path.format(app.client_id)).headers["Location"].startswith("/sign-in/")


def test_given_a_form_without_its_token_when_posted_then_nothing_is_registered(guard: Any, door: Door) -> None:
    strict = door.client(enforce_csrf_checks=True)
    strict.cookies = guard.cookies
    assert strict.post("/admin/apps/new/save/", SHEET).status_code == 403
