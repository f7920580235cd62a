"""Given a registered app, when a person lets it in, then it gets what they agreed to, once, and loses it at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jwcrypto import jwk, jwt

from doorstep.kernel.access import SYSTEM
from doorstep.rest import scopes as ceiling
from tests.district import opened, who
from tests.web.conftest import Door
from tests.web.vendor import CALLBACK, FHIR, ORIGIN, Vendor, key_pair, key_set, register, signed, told
from tests.web.vendor import assertion as sign

ONE_ENGINE = pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
"""For what never reaches the record."""


@pytest.fixture
def doctor(door: Door) -> Any:
    return door.enter("zhangmin")


@pytest.fixture
def vendor(doctor: Any) -> Vendor:
    return Vendor(doctor, register())


# -- the flow


def test_given_consent_when_the_code_is_redeemed_then_the_app_sees_what_its_holder_sees(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    token = vendor.connect()
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "openid fhirUser user/*.rs")
    assert "refresh_token" not in token and token["smart_style_url"] == f"{ORIGIN}/smart/style.json"
    assert vendor.fhir(door.store, f"Patient/{who().id}").status == 200
    assert vendor.fhir(door.store, f"Patient/{who(7).id}").status in (200, 404)
    assert vendor.fhir(door.store, "Patient", "wrong").status == 401


def test_given_openid_when_connected_then_the_id_token_says_who_and_is_signed(vendor: Vendor, doctor: Any) -> None:
    vendor.scope = "openid fhirUser profile user/Patient.rs"
    token = vendor.connect(other={"nonce": "n0nce"})
    keys = jwk.JWKSet.from_json(doctor.get("/.well-known/jwks.json").content)
    claims = json.loads(jwt.JWT(jwt=token["id_token"], key=keys, expected_type="JWS").claims)
    assert claims["iss"] == ORIGIN and claims["aud"] == vendor.app.client_id and claims["nonce"] == "n0nce"
    assert claims["fhirUser"] == f"{FHIR}/Practitioner/zhangmin" and claims["name"]
    answer = doctor.get("/smart/userinfo/", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert answer.json() == {"sub": claims["sub"], "fhirUser": claims["fhirUser"], "name": claims["name"]}


def test_given_the_discovery_documents_when_read_then_they_agree(doctor: Any, door: Door) -> None:
    smart = Vendor(doctor, None).fhir(door.store, ".well-known/smart-configuration", "none").json
    openid = doctor.get("/.well-known/openid-configuration").json()
    assert smart["issuer"].startswith("http://") and openid["issuer"] == ORIGIN
    for name in ("authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint", "jwks_uri"):
        assert smart[name].partition("//")[2].partition("/")[2] == openid[name].removeprefix(ORIGIN + "/")
    assert smart["code_challenge_methods_supported"] == openid["code_challenge_methods_supported"] == ["S256"]
    assert openid["authorization_endpoint"] == f"{ORIGIN}/smart/authorize/"
    statement = Vendor(doctor, None).fhir(door.store, "metadata", "none").json["rest"][0]["security"]
    assert statement["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    uris = {each["url"]: each["valueUri"] for each in statement["extension"][0]["extension"]}
    assert uris["token"] == smart["token_endpoint"] and uris["authorize"] == smart["authorization_endpoint"]


def test_given_wishes_taken_out_when_agreed_then_the_token_has_the_others_only(vendor: Vendor, door: Door) -> None:
    vendor.scope = "openid user/Patient.rs user/Observation.rs"
    assert vendor.connect(without=("user/Observation.rs",))["scope"] == "openid user/Patient.rs"
    assert vendor.fhir(door.store, "Observation").key == ceiling.INSUFFICIENT


def test_given_a_wish_that_was_not_asked_when_posted_then_it_is_not_given(vendor: Vendor) -> None:
    vendor.scope = "user/Patient.r"
    assert vendor.connect(scope=["user/Patient.r", "user/*.cruds"])["scope"] == "user/Patient.r"


def test_given_a_ceiling_when_more_is_asked_then_it_is_cut_down(doctor: Any) -> None:
    app = register(ceiling="openid user/Patient.rs user/Observation.r")
    assert Vendor(doctor, app, "openid fhirUser user/*.cruds").connect()["scope"] == "openid user/Patient.rs user/Observation.r"


@ONE_ENGINE
@pytest.mark.parametrize(("asked", "said"), [
    ("user/Observation.rs?category=laboratory", "granular"), ("user/Planet.rs", "unknown"), ("fhir_complete", "unknown"),
    ("system/Patient.rs", ""), ("", ""),
])  # fmt: skip
def test_given_a_scope_that_is_not_offered_when_asked_then_the_app_is_told(vendor: Vendor, asked: str, said: str) -> None:
    vendor.scope = asked
    answer = told(vendor.ask().headers["Location"])
    assert (answer["error"], answer["state"]) == ("invalid_scope", "st4te")
    assert said in answer.get("error_description", "")


def test_given_a_refusal_when_pressed_then_the_app_is_told_and_nothing_is_kept(vendor: Vendor) -> None:
    answer = told(vendor.agree(decision="deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st4te", ORIGIN)
    assert vendor.ask().status_code == 200


# -- what is wrong with a request


@ONE_ENGINE
@pytest.mark.parametrize("wrong", [
    {"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": None}, {"code_challenge_method": "plain"},
    {"code_challenge": "short"}, {"state": None}, {"aud": None}, {"aud": "https://elsewhere.example/fhir"}, {"aud": FHIR + "x"},
    {"response_type": "token"}, {"response_type": "id_token token"}, {"response_type": None},
    {"scope": "launch user/Patient.r"}, {"scope": "launch user/Patient.r", "launch": "made-up"},
])  # fmt: skip
def test_given_a_request_that_is_wrong_when_asked_then_the_app_is_told_and_nobody_is_asked(vendor: Vendor, wrong: dict[str, Any]) -> None:
    answer = told(vendor.ask(**wrong).headers["Location"])
    assert answer["error"] in ("invalid_request", "unauthorized_client", "unsupported_response_type")
    assert "code" not in answer


@ONE_ENGINE
@pytest.mark.parametrize("redirect", [
    CALLBACK + "/", CALLBACK + "?x=1", "https://app.example/other", "http://app.example/callback", "https://app.example:8443/callback",
    "https://APP.example/callback", "https://app.example@evil.example/callback", "https://evil.example/", "javascript:alert(1)", "//app.example/callback",
])  # fmt: skip
def test_given_an_address_that_was_not_registered_when_asked_then_nothing_is_sent_there(vendor: Vendor, redirect: str) -> None:
    answer = vendor.ask(redirect_uri=redirect)
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert "evil" not in answer.content.decode().partition("<main")[2]


def test_given_an_app_that_is_not_known_or_disabled_when_asked_then_nothing_is_sent(vendor: Vendor) -> None:
    assert vendor.ask(client_id="nobody").status_code == 400
    vendor.app.disabled = True
    vendor.app.save()
    assert vendor.ask().status_code == 400


def test_given_nobody_signed_in_when_asked_then_they_sign_in_and_come_back(vendor: Vendor, door: Door) -> None:
    vendor.browser = door.client()
    answer = vendor.ask()
    assert answer.headers["Location"].startswith("/sign-in/?next=%2Fsmart%2Fauthorize%2F%3F")
    assert told(vendor.ask(prompt="none").headers["Location"])["error"] == "login_required"


def test_given_a_consent_without_the_forms_token_when_posted_then_it_is_refused(vendor: Vendor, door: Door) -> None:
    browser = door.enter("zhangmin")
    strict = door.client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post(vendor.address(), {"decision": "allow", "scope": "user/*.rs"}).status_code == 403


def test_given_the_consent_page_when_shown_then_no_frame_holds_it_and_its_form_leads_to_the_app_alone(vendor: Vendor) -> None:
    headers = vendor.ask().headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Frame-Options"] == "DENY"
    assert "form-action 'self' https://app.example;" in headers["Content-Security-Policy"]


# -- codes


def test_given_a_code_when_it_comes_again_then_it_is_refused_and_what_it_gave_ends(vendor: Vendor, door: Door) -> None:
    vendor.scope = "openid offline_access user/*.rs"
    code = vendor.code()
    vendor.token = vendor.redeem(code).json()
    assert vendor.fhir(door.store, "Organization").status == 200
    assert (vendor.redeem(code).status_code, vendor.redeem(code).json()["error"]) == (400, "invalid_grant")
    assert vendor.fhir(door.store, "Organization").status == 401
    assert vendor.refresh().json()["error"] == "invalid_grant"
    assert ("zhangmin", 400) in [row[:2] for row in door.rows("app-code-again")]


@ONE_ENGINE
@pytest.mark.parametrize("wrong", [
    {"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": "https://app.example/other"}, {"code": "made-up"},
    {"client_id": "nobody"},
])  # fmt: skip
def test_given_a_code_when_something_does_not_fit_then_there_is_no_token(vendor: Vendor, wrong: dict[str, Any]) -> None:
    answer = vendor.redeem(vendor.code(), **wrong)
    assert answer.status_code in (400, 401) and "access_token" not in answer.json()


def test_given_a_code_of_one_app_when_another_brings_it_then_there_is_no_token(vendor: Vendor, doctor: Any) -> None:
    other = Vendor(doctor, register(name="Other"), verifier=vendor.verifier)
    assert other.redeem(vendor.code()).json()["error"] == "invalid_grant"


def test_given_a_code_when_its_minute_has_passed_then_there_is_no_token(vendor: Vendor) -> None:
    from datetime import timedelta

    from oauth2_provider.models import get_grant_model

    code = vendor.code()
    grant = get_grant_model().objects.get(code=code)
    assert (grant.expires - grant.created).total_seconds() <= 61
    grant.expires -= timedelta(seconds=62)
    grant.save()
    assert vendor.redeem(code).json()["error"] == "invalid_grant"


# -- apps that show who they are


def test_given_an_app_with_a_secret_when_it_redeems_then_only_in_the_header_and_only_the_right_one(doctor: Any) -> None:
    vendor = Vendor(doctor, register("secret"))
    name = vendor.app.client_id
    assert vendor.redeem(vendor.code()).status_code == 401
    assert vendor.redeem(vendor.code(), client_secret="s3cret").status_code == 401
    assert vendor.redeem(vendor.code(), basic=f"{name}:wrong").status_code == 401
    assert vendor.redeem(vendor.code(), basic=f"{name}:s3cret").status_code == 200
    assert "s3cret" not in vendor.app.client_secret


def test_given_an_app_with_a_key_when_it_redeems_then_its_assertion_is_checked(doctor: Any) -> None:
    key, other = key_pair(), key_pair()
    vendor = Vendor(doctor, register("key", keys=key_set(key)))
    name = vendor.app.client_id
    assert vendor.redeem(vendor.code()).status_code == 401
    assert vendor.redeem(vendor.code(), basic=f"{name}:x").status_code == 401
    assert vendor.redeem(vendor.code(), **signed(sign(other, name))).status_code == 401
    assert vendor.redeem(vendor.code(), **signed(sign(key, name))).status_code == 200
    assert vendor.redeem(vendor.code(), client_id=None, **signed(sign(key, name))).status_code == 200


# -- going on, and ending


@pytest.fixture
def offline(vendor: Vendor) -> Vendor:
    vendor.scope = "openid offline_access user/*.rs"
    vendor.connect()
    return vendor


def test_given_a_refresh_token_when_used_then_both_are_new_and_the_old_ones_end(offline: Vendor, door: Door) -> None:
    before = offline.token
    offline.token = offline.refresh().json()
    assert offline.token["access_token"] != before["access_token"] and offline.token["refresh_token"] != before["refresh_token"]
    assert offline.fhir(door.store, "Organization").status == 200
    assert offline.fhir(door.store, "Organization", before["access_token"]).status == 401
    assert offline.token["scope"] == before["scope"] and "id_token" in offline.token


def test_given_a_refresh_token_when_it_comes_again_then_the_whole_family_ends(offline: Vendor, door: Door) -> None:
    stolen = offline.token["refresh_token"]
    offline.token = offline.refresh().json()
    assert offline.refresh(stolen).json()["error"] == "invalid_grant"
    assert offline.fhir(door.store, "Organization").status == 401
    assert offline.refresh().json()["error"] == "invalid_grant"
    assert door.rows("app-refresh-refused")


def test_given_a_refresh_when_less_is_asked_then_less_is_given_and_more_is_refused(offline: Vendor) -> None:
    narrow = offline.refresh(scope="user/*.rs").json()
    assert narrow["scope"] == "user/*.rs"
    offline.token = narrow
    assert offline.refresh(scope="user/*.cruds").json()["error"] == "invalid_scope"
    assert offline.refresh().json()["scope"] == "openid offline_access user/*.rs"


def test_given_another_apps_refresh_token_when_brought_then_it_is_refused(offline: Vendor, doctor: Any) -> None:
    other = Vendor(doctor, register(name="Other"))
    assert other.refresh(offline.token["refresh_token"]).json()["error"] == "invalid_grant"


def test_given_an_online_app_when_its_holder_signs_out_then_it_cannot_go_on(vendor: Vendor) -> None:
    vendor.scope = "online_access user/*.rs"
    vendor.connect()
    vendor.token = vendor.refresh().json()
    assert "refresh_token" in vendor.token
    vendor.browser.post("/sign-out/")
    assert vendor.refresh().json()["error"] == "invalid_grant"


def test_given_an_app_when_revoked_by_either_token_then_all_ends_at_once(offline: Vendor, door: Door) -> None:
    for name in ("access_token", "refresh_token"):
        offline.connect()
        assert offline.post("/smart/revoke/", client_id=offline.app.client_id, token=offline.token[name]).status_code == 200
        assert offline.fhir(door.store, "Organization").status == 401
        assert offline.refresh().json()["error"] == "invalid_grant"


def test_given_another_apps_token_when_revoked_then_it_goes_on(offline: Vendor, doctor: Any, door: Door) -> None:
    other = Vendor(doctor, register(name="Other"))
    assert other.post("/smart/revoke/", client_id=other.app.client_id, token=offline.token["access_token"]).status_code == 200
    assert offline.fhir(door.store, "Organization").status == 200


def test_given_my_apps_when_i_end_one_then_it_ends_at_once_and_asks_again(offline: Vendor, door: Door) -> None:
    page = offline.browser.get("/me/apps/").content.decode()
    assert "Ward Round" in page and "查阅" in page
    assert offline.browser.post(f"/me/apps/{offline.app.client_id}/end/").status_code == 302
    assert offline.fhir(door.store, "Organization").status == 401
    assert offline.refresh().json()["error"] == "invalid_grant"
    assert offline.ask().status_code == 200
    assert offline.browser.post("/me/apps/nobody/end/").status_code == 404


def test_given_what_was_agreed_before_when_asked_again_then_nobody_is_asked_but_for_more_they_are(offline: Vendor) -> None:
    assert "code" in told(offline.ask().headers["Location"])
    assert offline.ask(scope="openid user/*.cruds").status_code == 200
    page = offline.browser.get(offline.address(), headers={"Referer": f"{ORIGIN}/sign-in/"})
    assert page.status_code == 200, "a browser would not follow a form of ours further than its policy says"


@pytest.mark.parametrize("change", ["dismissed", "another role", "disabled", "another password"])
def test_given_a_connection_when_its_holder_changes_then_it_ends_at_once(offline: Vendor, door: Door, change: str) -> None:
    from doorstep.web.accounts.models import Account

    account = Account.objects.get(username="zhangmin")
    if change == "disabled":
        account.is_active = False
        account.save()
    elif change == "another password":
        account.set_password("another one 9")
        account.save()
    else:
        def alter(tx: Any) -> None:
            role = tx.read("PractitionerRole", "zhangmin-shiqiao")
            tx.update({**role, "active": False} if change == "dismissed" else {**role, "code": [{"text": "x"}]})

        door.store.run(SYSTEM, alter)
        assert offline.fhir(door.store, "Organization").status == 401
    assert offline.refresh().json()["error"] == "invalid_grant"


# -- introspection


def test_given_a_token_when_its_own_app_asks_then_it_is_told_and_nobody_else(doctor: Any, door: Door) -> None:
    vendor = Vendor(doctor, register("secret"), "openid offline_access user/*.rs")
    name = vendor.app.client_id
    vendor.token = vendor.redeem(vendor.code(), basic=f"{name}:s3cret").json()

    def ask(basic: str, token: str) -> Any:
        return vendor.post("/smart/introspect/", basic=basic, token=token)

    answer = ask(f"{name}:s3cret", vendor.token["access_token"]).json()
    assert answer["active"] and answer["client_id"] == name and answer["scope"] == vendor.token["scope"]
    assert answer["exp"] - answer["iat"] == 3600 and answer["fhirUser"].endswith("/Practitioner/zhangmin")
    assert ask(f"{name}:s3cret", vendor.token["refresh_token"]).json()["active"] is True
    assert ask(f"{name}:s3cret", "made-up").json() == {"active": False}
    assert ask(f"{name}:wrong", vendor.token["access_token"]).status_code == 401
    other = register("secret", name="Other")
    assert ask(f"{other.client_id}:s3cret", vendor.token["access_token"]).json() == {"active": False}
    vendor.post("/smart/revoke/", basic=f"{name}:s3cret", token=vendor.token["access_token"])
    assert ask(f"{name}:s3cret", vendor.token["access_token"]).json() == {"active": False}


def test_given_the_accounts_database_when_read_then_no_token_stands_in_it(offline: Vendor) -> None:
    from oauth2_provider.models import get_access_token_model, get_refresh_token_model

    assert [row.token for row in get_access_token_model().objects.all()] == [""]
    assert [row.token for row in get_refresh_token_model().objects.all()] == [""]


@pytest.mark.parametrize("which", ["others", "all", "this app"])
def test_given_the_list_of_devices_when_they_are_ended_there_then_apps_end_too(offline: Vendor, door: Door, which: str) -> None:
    mine = door.store.sessions.of("zhangmin")
    device = next(each.id for each in mine if each.client == offline.app.client_id)
    offline.browser.post("/me/devices/end/", {"device": device if which == "this app" else which})
    assert offline.fhir(door.store, "Organization").status == 401
    assert offline.refresh().json()["error"] == "invalid_grant"


def test_given_two_connections_of_an_app_when_i_look_then_my_apps_say_all_that_it_may_do(offline: Vendor) -> None:
    offline.connect(other={"scope": "openid user/Patient.cruds"})
    page = offline.browser.get("/me/apps/").content.decode()
    assert page.count("<li>") >= 4 and "个人基本信息" in page and "全部档案" in page
    assert offline.ask(scope="openid offline_access user/Patient.cruds").status_code == 302
