"""Given a second factor, when somebody knows the password alone, then they do not get in."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from doorstep.web.accounts import adapters, factors, throttle
from doorstep.web.accounts.models import Account, Tries
from tests.web.conftest import PASSWORD, Door


def code_of(secret: str, step: int = 0) -> str:
    """What an authenticator shows now, or some steps of 30 seconds later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def enrolled(door: Door, name: str = "zhangmin") -> tuple[str, list[str]]:
    """(secret, recovery codes) of an account that has set up an authenticator by the page."""
    client = door.enter(name)
    secret = re.search(r'<span class="mono">([A-Z2-7]{32})</span>', client.get("/me/factors/").content.decode())[1]
    shown = client.post("/me/factors/add/", {"code": code_of(secret)}).content.decode()
    codes = re.findall(r"<li>(\d{8})</li>", shown)
    assert len(codes) == 10
    client.post("/sign-out/")
    return secret, codes


def first_step(door: Door, name: str = "zhangmin"):
    client = door.client()
    assert client.post("/sign-in/", {"username": name, "password": PASSWORD, "next": "/w/mine/"})["Location"] == "/sign-in/factor/"
    return client


def test_password_and_code_let_in_and_lead_where_they_wanted(door: Door) -> None:
    secret, _ = enrolled(door)
    client = first_step(door)
    assert client.get("/clinic/")["Location"].startswith("/sign-in/?")
    before = client.cookies["doorstep"].value
    assert client.post("/sign-in/factor/", {"code": code_of(secret, 1)})["Location"] == "/w/mine/"
    assert client.cookies["doorstep"].value != before
    assert client.get("/clinic/").status_code == 200
    assert door.rows("sign-in")[-1] == ("zhangmin", 200, "factor=totp")


def test_a_code_is_good_once(door: Door) -> None:
    secret, _ = enrolled(door)
    code = code_of(secret, 1)
    assert first_step(door).post("/sign-in/factor/", {"code": code}).status_code == 302
    assert first_step(door).post("/sign-in/factor/", {"code": code}).status_code == 403


def test_a_recovery_code_is_good_once(door: Door) -> None:
    _, codes = enrolled(door)
    assert first_step(door).post("/sign-in/factor/", {"code": codes[0]}).status_code == 302
    assert first_step(door).post("/sign-in/factor/", {"code": codes[0]}).status_code == 403
    assert factors.codes_left(Account.objects.get(username="zhangmin")) == 9


def test_guessing_codes_waits_like_guessing_passwords(door: Door) -> None:
    secret, _ = enrolled(door)
    client = first_step(door)
    assert [client.post("/sign-in/factor/", {"code": "000000"}).status_code for _ in range(6)] == [403] * 5 + [429]
    assert client.post("/sign-in/factor/", {"code": code_of(secret, 1)}).status_code == 429
    Tries.objects.all().delete()
    assert client.post("/sign-in/factor/", {"code": code_of(secret, 1)}).status_code == 302


def test_the_second_step_alone_is_no_step(door: Door) -> None:
    secret, _ = enrolled(door)
    assert door.client().post("/sign-in/factor/", {"code": code_of(secret, 1)})["Location"] == "/sign-in/"


def test_the_first_step_is_forgotten_after_a_while(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.web.accounts import entering

    secret, _ = enrolled(door)
    client = first_step(door)
    real = entering.real_now
    monkeypatch.setattr(entering, "real_now", lambda: real() + 11 * 60_000_000)
    assert client.post("/sign-in/factor/", {"code": code_of(secret, 1)})["Location"] == "/sign-in/"


def test_one_factor_of_another_account_opens_nothing(door: Door) -> None:
    enrolled(door)
    secret, codes = enrolled(door, "hejing")
    client = first_step(door)
    for code in (code_of(secret, 1), codes[0]):
        assert client.post("/sign-in/factor/", {"code": code}).status_code == 403


def test_in_place_the_code_is_asked_for_too(door: Door) -> None:
    secret, _ = enrolled(door)
    client, script = door.client(), {"Accept": "application/json"}
    asked = client.post("/sign-in/again/", {"username": "zhangmin", "password": PASSWORD}, headers=script)
    assert (asked.status_code, asked.json()) == (401, {"second": True})
    right = {"username": "zhangmin", "password": PASSWORD, "code": code_of(secret, 1)}
    assert client.post("/sign-in/again/", right, headers=script).status_code == 200


def test_secrets_are_encrypted_where_they_lie(door: Door) -> None:
    secret, codes = enrolled(door)
    kept = repr(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert not [code for code in codes if code in kept]
    assert adapters.Factors().decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret


def test_an_administrator_acts_only_after_a_second_factor(door: Door) -> None:
    client = door.enter("fengkai")
    assert client.get("/admin/accounts/")["Location"] == "/me/factors/"
    secret = re.search(r'<span class="mono">([A-Z2-7]{32})</span>', client.get("/me/factors/").content.decode())[1]
    client.post("/me/factors/add/", {"code": code_of(secret)})
    assert client.get("/admin/accounts/").status_code == 200
    kept = Authenticator.objects.get(type="totp", user__username="fengkai")
    assert client.post("/me/factors/remove/", {"id": kept.pk}).status_code == 422
    assert factors.kinds(Account.objects.get(username="fengkai"))


def test_a_doctor_may_take_their_last_factor_away_and_codes_go_with_it(door: Door) -> None:
    enrolled(door)
    account = Account.objects.get(username="zhangmin")
    client = first_step(door)
    client.post("/sign-in/factor/", {"code": factors.new_codes(account)[0]})
    kept = Authenticator.objects.get(type="totp", user=account)
    assert client.post("/me/factors/remove/", {"id": kept.pk}).status_code == 302
    assert (factors.listed(account), factors.codes_left(account)) == ([], 0)
    assert client.post("/me/factors/codes/").status_code == 422


def test_nobody_removes_another_ones_factor(door: Door) -> None:
    enrolled(door)
    kept = Authenticator.objects.get(type="totp", user__username="zhangmin")
    assert door.enter("hejing").post("/me/factors/remove/", {"id": kept.pk}).status_code == 404
    assert factors.kinds(kept.user)


@pytest.mark.parametrize("credential", ["x", "{}", "[]", "null", '{"id": "x", "response": {}}', '"text"', "1"])
def test_a_forged_key_is_refused_in_words(door: Door, credential: str) -> None:
    enrolled(door)
    assert first_step(door).post("/sign-in/factor/", {"credential": credential}).status_code == 403
    client = door.enter("hejing")
    client.get("/me/factors/")
    assert client.post("/me/factors/add/", {"credential": credential}).status_code == 422
    assert throttle.waits(throttle.of_name("hejing")) == 0
