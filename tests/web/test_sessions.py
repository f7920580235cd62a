"""Given an open session, when it ends anywhere, then the cookie opens nothing at the next request; when it idles, it is shown again to its holder."""

import json

import pytest
from django.test import override_settings

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.terms import policies
from doorstep.web.accounts import administer
from doorstep.web.accounts.models import Account
from doorstep.web.settings import _values
from doorstep.workflows.coordination import day
from doorstep.workflows.directory_policies import override
from tests.web.conftest import PASSWORD, Door, posting

OTHER = "another long 密码 here"


def replay(door: Door, client):
    """A second browser with the cookie of the first."""
    thief = door.client()
    thief.cookies["doorstep"] = client.cookies["doorstep"].value
    return thief


def is_out(client) -> bool:
    answer = client.get("/clinic/")
    return answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def dismissed(door: Door, **change) -> None:
    door.store.run(SYSTEM, lambda tx: tx.update({**tx.read("PractitionerRole", "zhangmin-shiqiao"), **change}))


@pytest.mark.parametrize("ending", ["sign-out", "password", "posting ends", "posting over", "person closed",
                                    "account closed", "invitation used", "factors reset", "all devices"])
def test_what_ends_a_session_holds_at_the_next_request_of_every_copy(door: Door, ending: str) -> None:
    client = door.enter("zhangmin")
    token = door.store.sessions.start("dsb_x", door.store.sessions.of("zhangmin")[0].actor, account="zhangmin",
                                      posting="zhangmin-shiqiao", kind="bearer", ttl=600)
    thief = replay(door, client)
    assert (thief.get("/clinic/").status_code, token.kind) == (200, "bearer")
    account = Account.objects.get(username="zhangmin")
    if ending == "sign-out":
        client.post("/sign-out/")
    elif ending == "password":
        client.post("/me/password/", {"old": PASSWORD, "new": OTHER, "repeat": OTHER})
    elif ending == "posting ends":
        dismissed(door, active=False)
    elif ending == "posting over":
        dismissed(door, period={"end": "2020-01-01"})
    elif ending == "person closed":
        door.store.run(SYSTEM, lambda tx: tx.update({**tx.read("Practitioner", "zhangmin"), "active": False}))
    elif ending == "account closed":
        administer.set_active(door.store, account, False, by=SYSTEM)
    elif ending == "invitation used":
        administer.accept(door.store, administer.invite(door.store, account, by=SYSTEM), OTHER)
    elif ending == "factors reset":
        administer.reset_factors(door.store, account, by=SYSTEM)
    elif ending == "all devices":
        client.post("/me/devices/end/", {"device": "all"})
    answer = thief.get("/clinic/")
    assert (answer.status_code, answer["Location"].partition("?")[0]) in {(302, "/sign-in/"), (302, "/me/role/")}
    if ending not in ("sign-out", "person closed"):
        assert door.store.account("dsb_x") is None


def test_another_role_code_ends_what_was_opened_in_the_old_one(door: Door) -> None:
    client = door.enter("zhangmin")
    dismissed(door, code=posting("x", "y", "nurse")["code"])
    assert is_out(client)


def test_changing_the_password_keeps_this_device_under_another_cookie(door: Door) -> None:
    client, other = door.enter("zhangmin"), door.enter("zhangmin")
    before = client.cookies["doorstep"].value
    assert client.post("/me/password/", {"old": PASSWORD, "new": OTHER, "repeat": OTHER}).status_code == 302
    assert client.cookies["doorstep"].value != before
    assert client.get("/clinic/").status_code == 200
    assert is_out(other)


@pytest.mark.parametrize(("old", "new", "repeat"), [
    ("wrong", OTHER, OTHER), (PASSWORD, "short", "short"), (PASSWORD, OTHER, OTHER + "x"),
    (PASSWORD, "1234567890", "1234567890"), (PASSWORD, "zhangmin12", "zhangmin12"), (PASSWORD, "iloveyou123", "iloveyou123x"),
])
def test_a_weak_or_mistyped_password_is_refused_in_words(door: Door, old: str, new: str, repeat: str) -> None:
    client = door.enter("zhangmin")
    answer = client.post("/me/password/", {"old": old, "new": new, "repeat": repeat})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert door.enter("zhangmin")


def test_a_cookie_that_somebody_planted_is_another_after_signing_in(door: Door) -> None:
    planted = door.enter("hejing").cookies["doorstep"].value
    victim = door.client()
    victim.cookies["doorstep"] = planted
    victim.post("/sign-in/", {"username": "zhangmin", "password": PASSWORD})
    assert victim.cookies["doorstep"].value != planted
    thief = door.client()
    thief.cookies["doorstep"] = planted
    assert is_out(thief)


def test_the_cookie_itself_is_kept_nowhere(door: Door) -> None:
    from django.contrib.sessions.models import Session

    cookie = door.enter("zhangmin").cookies["doorstep"].value
    assert cookie not in repr(list(Session.objects.values_list()))
    assert cookie not in repr(door.store.engine.once("SELECT * FROM session"))


def test_one_device_can_be_ended_and_another_ones_cannot(door: Door) -> None:
    here, there, stranger = door.enter("zhangmin"), door.enter("zhangmin"), door.enter("hejing")
    shown = here.get("/me/devices/").content.decode()
    assert shown.count('name="device"') == 4
    theirs = door.store.sessions.of("hejing")[0].id
    here.post("/me/devices/end/", {"device": theirs})
    assert stranger.get("/clinic/").status_code == 200
    here.post("/me/devices/end/", {"device": "others"})
    assert (here.get("/clinic/").status_code, is_out(there)) == (200, True)


def test_cookies_are_for_this_host_and_tls_alone(door: Door, tmp_path) -> None:
    values = _values(tmp_path, True, False, ("record.example",))
    assert (values["SESSION_COOKIE_NAME"], values["CSRF_COOKIE_NAME"]) == ("__Host-doorstep", "__Host-doorstep-form")
    with override_settings(**{name: values[name] for name in values if "COOKIE" in name}):
        client = door.client()
        client.get("/sign-in/", secure=True)
        client.post("/sign-in/", {"username": "zhangmin", "password": PASSWORD}, secure=True)
        for name in ("__Host-doorstep", "__Host-doorstep-form"):
            cookie = client.cookies[name]
            assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")
            assert cookie["samesite"] == "Lax"


def test_a_foreign_host_name_is_refused(door: Door) -> None:
    assert door.client().get("/sign-in/", headers={"Host": "evil.example"}).status_code == 400
    assert door.client().get("/sign-in/", headers={"Host": "localhost"}).status_code == 200


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"])
def test_no_step_of_signing_in_leads_elsewhere(door: Door, where: str) -> None:
    client = door.enter("zhangmin")
    for address, data in (("/me/role/", {"role": "zhangmin-shiqiao", "next": where}),
                          ("/sign-in/again/", {"password": PASSWORD, "next": where}),
                          ("/sign-in/again/", {"password": PASSWORD, "to": where})):
        answer = client.post(address, data)
        assert (answer.status_code, answer["Location"]) == (302, "/clinic/"), address


def test_an_idle_session_is_locked_for_pages_fragments_and_scripts(door: Door) -> None:
    client = door.enter("zhangmin")
    door.age("seen", 16)
    page = client.get("/clinic/")
    assert (page.status_code, page["Location"]) == (302, "/sign-in/again/?next=%2Fclinic%2F")
    fragment = client.get("/clinic/find/?number=1", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Trigger"], fragment["HX-Reswap"]) == (401, "doorstep:locked", "none")
    form = client.get("/sign-in/again/", headers={"HX-Request": "true"})
    assert "<html" not in form.content.decode()
    wrong = client.post("/sign-in/again/", {"password": "x"}, headers={"HX-Request": "true"})
    assert (wrong.status_code, 'role="alert"' in wrong.content.decode()) == (422, True)
    before = client.cookies["doorstep"].value
    right = client.post("/sign-in/again/", {"password": PASSWORD}, headers={"HX-Request": "true"})
    assert (right.status_code, right["HX-Trigger"]) == (204, "doorstep:unlocked")
    assert client.cookies["doorstep"].value != before
    assert client.get("/clinic/").status_code == 200


def test_the_alliances_own_limit_locks_sooner(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "_FRESH", 0.0)  # else the old one holds for another second
    rules = Actor("Practitioner/zhangmin", "security-admin", "Organization/alliance", "HOPERAT", "rules")
    today = day(door.store.clock.now()).isoformat()
    client = door.enter("zhangmin")
    door.age("seen", 6)
    assert client.get("/clinic/").status_code == 200
    door.store.run(rules, override, key="session.idle", amount="5", unit="min", since=today, basis="x" * 20)
    door.age("seen", 6)
    assert client.get("/clinic/")["Location"].startswith("/sign-in/again/")


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(door: Door) -> None:
    client = door.enter("wanglei")
    door.age("seen", 14)
    client.get("/w/orders/?shown=x", headers={"HX-Request": "true"})
    client.get("/now/", headers={"HX-Request": "true"})
    door.age("seen", 2)
    assert client.get("/w/orders/").status_code == 302


def test_somebody_who_works_is_not_locked(door: Door) -> None:
    client = door.enter("wanglei")
    for _ in range(3):
        door.age("seen", 14)
        assert client.get("/w/orders/").status_code == 200


def test_a_whole_form_comes_back_with_what_was_typed(door: Door) -> None:
    client = door.enter("zhangmin")
    door.age("seen", 16)
    asked = client.post("/clinic/open/somebody/", {"complaint": "乏力 <b>三周</b>"})
    text = asked.content.decode()
    assert asked.status_code == 401
    assert 'name="kept.complaint" value="乏力 &lt;b&gt;三周&lt;/b&gt;"' in text
    resumed = client.post("/sign-in/again/", {"password": PASSWORD, "to": "/clinic/open/somebody/", "kept.complaint": "乏力"})
    text = resumed.content.decode()
    assert 'action="/clinic/open/somebody/"' in text
    assert 'name="complaint" value="乏力"' in text


def test_a_dialog_over_a_page_unlocks_in_place(door: Door) -> None:
    client = door.enter("zhangmin")
    door.age("seen", 16)
    script = {"Accept": "application/json"}
    wrong = client.post("/sign-in/again/", {"password": "x"}, headers=script)
    assert (wrong.status_code, bool(json.loads(wrong.content)["sentence"])) == (403, True)
    right = client.post("/sign-in/again/", {"password": PASSWORD}, headers=script)
    said = json.loads(right.content)
    assert (right.status_code, said["account"], len(said["token"])) == (200, "zhangmin", 64)
    assert client.get("/clinic/").status_code == 200


def test_a_dialog_after_the_session_has_ended_signs_in_anew(door: Door) -> None:
    client = door.enter("zhangmin")
    door.store.sessions.end_all("zhangmin")
    script = {"Accept": "application/json"}
    assert client.post("/sign-in/again/", {"username": "zhangmin", "password": "x"}, headers=script).status_code == 403
    assert client.post("/sign-in/again/", {"username": "zhangmin", "password": PASSWORD}, headers=script).status_code == 200
    assert client.get("/clinic/").status_code == 200


def test_a_shift_is_the_longest(door: Door) -> None:
    client = door.enter("zhangmin")
    door.age("expires", 13 * 60)
    assert is_out(client)


def test_sensitive_acts_ask_again(door: Door) -> None:
    client = door.enter("zhangmin")
    assert client.get("/me/factors/").status_code == 200
    door.age("proved", 11)
    assert client.get("/me/factors/")["Location"] == "/sign-in/again/?next=%2Fme%2Ffactors%2F"
    client.post("/sign-in/again/", {"password": PASSWORD})
    assert client.get("/me/factors/").status_code == 200
