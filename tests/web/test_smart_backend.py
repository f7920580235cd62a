"""Given a service with a key, when it signs for itself, then it acts for its institution, a few minutes at a time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from doorstep.kernel.errors import Invalid
from doorstep.rest import scopes as ceiling
from tests.district import opened, who
from tests.web.conftest import Door
from tests.web.vendor import ORIGIN, TOKEN, Vendor, key_pair, key_set, register, signed
from tests.web.vendor import assertion as sign

EC = key_pair()


@pytest.fixture
def service(door: Door) -> Vendor:
    return Vendor(door.client(), register("backend", keys=key_set(EC)), "system/*.rs")


def ask(vendor: Vendor, assertion: str, **other: str | None) -> Any:
    return vendor.post(TOKEN, **{"grant_type": "client_credentials", "scope": vendor.scope, **signed(assertion), **other})


def test_given_a_signed_assertion_when_sent_then_the_service_acts_for_its_institution(service: Vendor, door: Door) -> None:
    opened(door.store)
    answer = ask(service, sign(EC, service.app.client_id))
    assert answer.status_code == 200, answer.content
    service.token = answer.json()
    assert (service.token["expires_in"], service.token["scope"]) == (300, "system/*.rs")
    assert "refresh_token" not in service.token and "id_token" not in service.token
    found = door.store.account(service.token["access_token"])
    assert found is not None
    assert (found.role, found.organization, found.scopes) == ("gateway", "Organization/shiqiao", "system/*.rs")
    assert service.fhir(door.store, f"Patient/{who().id}").status == 200
    assert ("", 200) not in door.rows("app-token") and door.rows("app-token")


def test_given_an_rsa_key_when_it_signs_then_it_is_taken_too(door: Door) -> None:
    key = key_pair("RSA", "r1")
    vendor = Vendor(door.client(), register("backend", keys=key_set(EC, key)), "system/Patient.rs")
    assert ask(vendor, sign(key, vendor.app.client_id, alg="RS384")).json()["scope"] == "system/Patient.rs"


def test_given_scopes_when_the_service_asks_beyond_them_then_it_is_refused(door: Door) -> None:
    vendor = Vendor(door.client(), register("backend", keys=key_set(EC), ceiling="system/Patient.rs"), "system/*.cruds user/*.rs openid")
    vendor.token = ask(vendor, sign(EC, vendor.app.client_id)).json()
    assert vendor.token["scope"] == "system/Patient.rs"
    refused = vendor.fhir(door.store, "Observation")
    assert refused.key == ceiling.INSUFFICIENT and 'scope="system/Observation.s"' in refused.headers["www-authenticate"]
    vendor.scope = "user/Patient.rs"
    assert ask(vendor, sign(EC, vendor.app.client_id)).json()["error"] == "invalid_scope"


NOW = int(time.time())
FORGED: dict[str, dict[str, Any]] = {
    "of another audience": {"aud": "https://elsewhere.example/token"},
    "of another path": {"aud": ORIGIN},
    "without audience": {"aud": None},
    "that has run out": {"exp": NOW - 60},
    "that holds an hour": {"exp": NOW + 3600},
    "without an end": {"exp": None},
    "with an end that is no number": {"exp": "tomorrow"},
    "that is true for ever": {"exp": True},
    "of tomorrow": {"nbf": NOW + 86400},
    "about somebody else": {"sub": "other"},
    "from somebody else": {"iss": "other"},
    "from nobody": {"iss": None, "sub": None},
    "without a number": {"jti": None},
    "with an empty number": {"jti": ""},
}


@pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
def test_given_an_assertion_with_something_wrong_when_sent_then_there_is_no_token(service: Vendor) -> None:
    name = service.app.client_id
    found = {case: ask(service, sign(EC, name, **claims)).status_code for case, claims in FORGED.items()}
    assert found == dict.fromkeys(FORGED, 401)
    text = sign(EC, name)
    head, body, end = text.split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    broken = [sign(key_pair(), name), f"{head}.{body}.", f"{unsigned}.{body}.", f"{unsigned}.{body}.{end}", "x", "..", "a.b.c",
              head + "." + body[:-2] + "AA." + end, "x" * 9000, sign(EC, name, kid="other")]  # fmt: skip
    assert [ask(service, each).status_code for each in broken] == [401] * len(broken)
    assert ask(service, text, client_assertion_type="other").status_code == 401
    assert ask(service, text, client_id="other").status_code == 401
    assert service.post(TOKEN, grant_type="client_credentials", scope="system/*.rs", basic=f"{name}:x").status_code == 401
    assert ask(service, text).status_code == 200


def test_given_an_assertion_when_it_comes_again_then_it_is_refused(service: Vendor) -> None:
    text = sign(EC, service.app.client_id)
    assert [ask(service, text).status_code for _ in range(3)] == [200, 401, 401]


def test_given_an_assertion_when_many_bring_it_at_once_then_one_gets_a_token(service: Vendor) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    text = sign(EC, service.app.client_id)

    def send(_: int) -> int:
        try:
            return int(ask(service, text).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [200] + [401] * 5


def test_given_a_service_when_disabled_then_its_tokens_end_at_once(service: Vendor, door: Door) -> None:
    from doorstep.web.smart import connections

    service.token = ask(service, sign(EC, service.app.client_id)).json()
    assert service.fhir(door.store, "Organization").status == 200
    service.app.disabled = True
    service.app.save()
    connections.end_of_app(door.store, service.app)
    assert service.fhir(door.store, "Organization").status == 401
    assert ask(service, sign(EC, service.app.client_id)).status_code == 401


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code", ""])
@pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
def test_given_a_service_when_it_asks_in_another_way_then_there_is_no_token(service: Vendor, grant: str) -> None:
    answer = ask(service, sign(EC, service.app.client_id), grant_type=grant, username="zhangmin", password="x", code="x", refresh_token="x")
    assert answer.status_code in (400, 401) and "access_token" not in answer.content.decode()


# -- keys at an address


class Fetcher:
    """Answers with a set of keys and counts how often it is asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), 0

    def fetch(self, url: str) -> tuple[Any, int]:
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return json.loads(answer), 3600


@pytest.fixture
def listed(door: Door, monkeypatch: pytest.MonkeyPatch) -> str:
    """A host that the operator has listed."""
    from django.conf import settings

    from doorstep.web.smart import keys

    monkeypatch.setattr(settings, "SMART_KEY_HOSTS", ("keys.example",))
    monkeypatch.setattr(keys, "_kept", {})
    return "https://keys.example/jwks.json"


def test_given_an_address_when_keys_are_fetched_then_they_are_kept_and_asked_for_again_only_for_a_new_name(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.web.smart import keys

    old, new = key_set(EC), key_set(EC, key_pair(kid="k2"))
    fetcher = Fetcher(old, new)
    assert len(keys.fetched(listed, "k1", fetcher=fetcher)) == 1
    assert len(keys.fetched(listed, "k1", fetcher=fetcher)) == 1
    assert len(keys.fetched(listed, "k2", fetcher=fetcher)) == 1, "not more than once a minute"
    assert fetcher.asked == 1
    monkeypatch.setattr(keys, "_kept", {url: (when - 61, kept) for url, (when, kept) in keys._kept.items()})
    assert len(keys.fetched(listed, "k2", fetcher=fetcher)) == 2
    assert fetcher.asked == 2


def test_given_an_address_that_does_not_answer_when_asked_again_then_it_is_left_in_peace_a_minute(listed: str) -> None:
    from oauth2_provider.cimd import CIMDError

    from doorstep.web.smart import keys

    fetcher = Fetcher(CIMDError("down"))
    for _ in range(3):
        with pytest.raises(Invalid) as refused:
            keys.fetched(listed, "k1", fetcher=fetcher)
        assert refused.value.key == "smart.keys-not-there"
    assert fetcher.asked == 1


@pytest.mark.parametrize("url", [
    "http://keys.example/jwks", "https://other.example/jwks", "https://127.0.0.1/jwks", "https://[::1]/jwks", "https://localhost/jwks",
    "https://keys.example.evil.example/jwks", "https://user@keys.example/jwks", "https://169.254.169.254/latest", "file:///etc/passwd",
    "https://keys.example/jwks#x", "https://10.0.0.1/jwks", "https://2130706433/jwks", "",
])  # fmt: skip
def test_given_an_address_that_is_not_listed_when_asked_then_nothing_is_sent(listed: str, url: str) -> None:
    from doorstep.web.smart import keys

    fetcher = Fetcher(key_set(EC))
    with pytest.raises(Invalid):
        keys.fetched(url, "k1", fetcher=fetcher)
    assert fetcher.asked == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "100.64.0.1"])
def test_given_a_listed_host_that_leads_into_our_own_networks_when_asked_then_nothing_is_sent(listed: str, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Also when only one of its addresses does: what was looked up is what is connected to."""
    import socket

    from doorstep.web.smart import keys

    connected: list[Any] = []
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443)) for found in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: answer)
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: connected.append(to))
    with pytest.raises(Invalid):
        keys.fetched(listed, "k1")
    assert connected == []


@pytest.mark.parametrize(("text", "key"), [
    ("", "smart.bad-keys"), ("{}", "smart.bad-keys"), ('{"keys": []}', "smart.bad-keys"), ('{"keys": [1]}', "smart.bad-keys"), ("[]", "smart.bad-keys"),
])  # fmt: skip
def test_given_a_text_that_is_no_key_set_when_read_then_it_is_refused(text: str, key: str) -> None:
    from doorstep.web.smart import keys

    with pytest.raises(Invalid) as refused:
        keys.read(text)
    assert refused.value.key == key


def test_given_private_weak_or_nameless_keys_when_read_then_they_are_refused(door: Door) -> None:
    from jwcrypto import jwk

    from doorstep.web.smart import keys

    def key_of(found: Any) -> str:
        with pytest.raises(Invalid) as refused:
            keys.read(json.dumps({"keys": [found]}))
        return str(refused.value.key)

    assert key_of(EC.export_private(as_dict=True)) == "smart.private-key"
    assert key_of({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}) == "smart.private-key"
    assert key_of(jwk.JWK.generate(kty="EC", crv="P-256", kid="x").export_public(as_dict=True)) == "smart.weak-key"
    assert key_of(jwk.JWK.generate(kty="RSA", size=1024, kid="x").export_public(as_dict=True)) == "smart.weak-key"
    assert key_of(jwk.JWK.generate(kty="EC", crv="P-384").export_public(as_dict=True)) == "smart.weak-key"
