"""Given somebody who guesses, when they try again and again, then they wait, and learn nothing about who has an account."""

import re

import pytest
from django.contrib.auth.hashers import identify_hasher

from doorstep.terms.policies import Policy
from doorstep.web.accounts import hashing, limits, throttle
from doorstep.web.accounts.models import Tries
from tests.web.conftest import PASSWORD, Door

TOKEN = re.compile(r'name="(csrfmiddlewaretoken|username)" value="[^"]*"|value="[^"]*" autocomplete="username"|id="username"[^>]*|data-now="[^"]*"')


def attempt(door: Door, name: str, password: str = "wrong", address: str = "10.0.0.1"):
    return door.client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password})


def test_after_five_failures_even_the_right_password_waits(door: Door) -> None:
    assert [attempt(door, "zhangmin").status_code for _ in range(6)] == [403] * 5 + [429]
    refused = attempt(door, "zhangmin", PASSWORD)
    assert (refused.status_code, int(refused["Retry-After"]) > 0) == (429, True)
    Tries.objects.update(until=0)
    assert attempt(door, "zhangmin", PASSWORD).status_code == 302
    assert not Tries.objects.filter(key=throttle.of_name("zhangmin")).exists()


def test_each_further_failure_waits_twice_as_long_up_to_a_limit(door: Door) -> None:
    waits = []
    for _ in range(14):
        throttle.failed("zhangmin", "10.0.0.1")
        waits.append(round(throttle.waits(throttle.of_name("zhangmin")) / 60e6))
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_day_without_failures_begins_a_new_count(door: Door) -> None:
    for _ in range(5):
        throttle.failed("zhangmin", "10.0.0.1")
    Tries.objects.update(last=0, until=0)
    throttle.failed("zhangmin", "10.0.0.1")
    assert throttle.waits(throttle.of_name("zhangmin")) == 0


def test_an_address_that_tries_many_names_waits_for_all_of_them(door: Door) -> None:
    assert {attempt(door, f"somebody{n}").status_code for n in range(20)} == {403}
    assert attempt(door, "zhangmin", PASSWORD).status_code == 429
    assert attempt(door, "zhangmin", PASSWORD, address="10.0.0.2").status_code == 302


def test_without_the_limit_guessing_goes_on(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: it is the limit that stops them."""
    def lenient(key: str) -> Policy:
        found = limits.limit(key)
        return Policy(key, 1000, found.unit, found.since, None, "", "") if "tries-of" in key else found

    monkeypatch.setattr(throttle, "limit", lenient)
    assert {attempt(door, "zhangmin").status_code for _ in range(8)} == {403}
    assert attempt(door, "zhangmin", PASSWORD).status_code == 302


def test_a_name_that_nobody_has_is_answered_like_one_that_somebody_has(door: Door) -> None:
    for _ in range(7):
        known, unknown = attempt(door, "zhangmin", address="10.1.0.1"), attempt(door, "nobody-here", address="10.1.0.2")
        assert known.status_code == unknown.status_code
        texts = [TOKEN.sub("", answer.content.decode()) for answer in (known, unknown)]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("name", ["zhangmin", "nobody-here", "closed"])
def test_every_try_costs_one_hash(door: Door, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.web.accounts.models import Account

    closed = Account.objects.make("closed", PASSWORD, "Practitioner/liuyang")
    closed.is_active = False
    closed.save()
    hashed = []
    for method in ("encode", "verify"):
        plain = getattr(hashing.Argon2, method)
        monkeypatch.setattr(hashing.Argon2, method, lambda self, *a, _plain=plain, **k: hashed.append(1) or _plain(self, *a, **k))
    assert attempt(door, name, PASSWORD if name == "closed" else "wrong").status_code == 403
    assert len(hashed) == 1


def test_tries_are_written_down_without_what_may_be_a_password(door: Door) -> None:
    attempt(door, "zhangmin")
    attempt(door, "my secret pass phrase")
    assert [(account, outcome) for account, outcome, _ in door.rows("sign-in")] == [("zhangmin", 401), ("?", 401)]
    assert b"secret pass phrase" not in repr(list(Tries.objects.values_list())).encode()


def test_one_name_however_it_is_typed(door: Door) -> None:
    for spelled in ("ZhangMin", " zhangmin ", "\N{FULLWIDTH LATIN SMALL LETTER Z}hangmin"):
        assert attempt(door, spelled, PASSWORD).status_code == 302


def test_an_old_hash_is_renewed_at_the_next_sign_in(door: Door) -> None:
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    from doorstep.web.accounts.models import Account

    account = Account.objects.get(username="zhangmin")
    account.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 10)
    account.save()
    assert attempt(door, "zhangmin", PASSWORD).status_code == 302
    account.refresh_from_db()
    assert identify_hasher(account.password).algorithm == "argon2"
