"""Given another identity provider, when it names somebody, then only an account that was linked before opens."""

import json
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from django.test import override_settings

from doorstep.kernel.errors import Unavailable
from doorstep.web.accounts import adapters, elsewhere, factors
from doorstep.web.accounts.models import Account
from tests.web.conftest import Door

ENTRY = {"id": "hospital", "name": "Hospital", "server": "https://id.example", "client_id": "doorstep",
         "secret": "shared", "claim": "employee"}
KNOWN = {
    "issuer": "https://id.example", "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token", "userinfo_endpoint": "https://id.example/me",
    "jwks_uri": "https://id.example/keys", "token_endpoint_auth_methods_supported": ["client_secret_post"],
}


class Provider:
    """The other side, as far as our server talks to it."""

    def __init__(self) -> None:
        self.employee, self.audience, self.sent, self.down = "0815", "doorstep", {}, False

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def get(self, url: str, **_: object):
        return self._answer(KNOWN if "well-known" in url else {"employee": self.employee})

    def post(self, url: str, **more):
        return self.request("POST", url, **more)

    def request(self, method: str, url: str, *, data=None, **_: object):
        if method == "GET":
            return self.get(url)
        self.sent = dict(data or {})
        claims = {"iss": KNOWN["issuer"], "aud": self.audience, "sub": "x", "exp": 4_000_000_000, "iat": 1}
        token = jwt.encode(claims, "only-this-test-signs-with-it-and-nobody-else", algorithm="HS256")
        return self._answer({"access_token": "a", "id_token": token, "token_type": "Bearer"})

    def _answer(self, said: dict):
        if self.down:
            raise requests.ConnectionError
        return SimpleNamespace(status_code=200, json=lambda: said, text=json.dumps(said), headers={"content-type": "application/json"},
                               raise_for_status=lambda: None)


@pytest.fixture
def provider(door: Door, tmp_path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / elsewhere.FILE).write_text(json.dumps([ENTRY]), "utf-8")
    made = Provider()
    monkeypatch.setattr(adapters.Elsewhere, "get_requests_session", lambda self: made)
    Account.objects.filter(username="zhangmin").update(external="hospital:0815")
    with override_settings(SOCIALACCOUNT_PROVIDERS=elsewhere.read(tmp_path)):
        yield made


def leave(client) -> dict[str, str]:
    """What our server sends the browser to the provider with."""
    answer = client.post("/sign-in/with/hospital/", {"next": "/w/mine/"})
    where = answer["Refresh"].removeprefix("0;url=")
    assert where.startswith("https://id.example/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}


def come_back(client, state: str):
    return client.get("/sign-in/from/hospital/", {"code": "c", "state": state})


def test_a_linked_account_signs_in_and_goes_where_it_wanted(door: Door, provider: Provider) -> None:
    client = door.client()
    assert "/sign-in/with/hospital/" in client.get("/sign-in/").content.decode()
    asked = leave(client)
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", "http://localhost/sign-in/from/hospital/")
    assert come_back(client, asked["state"])["Location"] == "/w/mine/"
    assert provider.sent["code_verifier"]
    assert client.get("/clinic/").status_code == 200


def test_somebody_without_a_linked_account_gets_none(door: Door, provider: Provider) -> None:
    provider.employee, before = "4711", Account.objects.count()
    client = door.client()
    assert come_back(client, leave(client)["state"]).status_code == 403
    assert (Account.objects.count(), client.get("/clinic/").status_code) == (before, 302)


def test_a_closed_account_stays_closed(door: Door, provider: Provider) -> None:
    Account.objects.filter(username="zhangmin").update(is_active=False)
    client = door.client()
    assert come_back(client, leave(client)["state"]).status_code == 403


def test_the_second_factor_is_asked_for_unless_the_provider_does(door: Door, provider: Provider) -> None:
    account = Account.objects.get(username="zhangmin")
    factors.totp.TOTP.activate(account, "JBSWY3DPEHPK3PXP")
    client = door.client()
    assert come_back(client, leave(client)["state"])["Location"] == "/sign-in/factor/"
    assert client.get("/clinic/").status_code == 302


@pytest.mark.parametrize("wrong", ["state", "audience", "down", "error"])
def test_a_forged_or_failed_answer_is_refused_in_words(door: Door, provider: Provider, wrong: str) -> None:
    client = door.client()
    state = leave(client)["state"]
    provider.audience = "another" if wrong == "audience" else provider.audience
    provider.down = wrong == "down"
    if wrong == "error":
        answer = client.get("/sign-in/from/hospital/", {"error": "access_denied", "state": state})
    else:
        answer = come_back(client, "forged" if wrong == "state" else state)
    assert answer.status_code == (503 if wrong == "down" else 403)
    assert client.get("/clinic/").status_code == 302


def test_a_provider_that_does_not_answer_is_said_so(door: Door, provider: Provider) -> None:
    provider.down = True
    assert door.client().post("/sign-in/with/hospital/").status_code == 503


def test_an_answer_of_another_browser_is_refused(door: Door, provider: Provider) -> None:
    state = leave(door.client())["state"]
    assert come_back(door.client(), state).status_code == 403


@pytest.mark.parametrize("text", ["{", "{}", '[{"id": "x"}]', "[1]"])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path, text: str) -> None:
    (tmp_path / elsewhere.FILE).write_text(text, "utf-8")
    if text == "{}":
        assert elsewhere.read(tmp_path)["openid_connect"]["APPS"] == []
        return
    with pytest.raises(Unavailable) as refused:
        elsewhere.read(tmp_path)
    assert refused.value.key == "accounts.providers-unreadable"
