"""Given accounts of an institution, when its administrator works on them, then only their own people are touched, and no password is seen."""

import re

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.web.accounts import administer
from doorstep.web.accounts.models import Account, Invitation
from tests.district import who
from tests.web.conftest import PASSWORD, Door

NEW = "freshly chosen 密码"


@pytest.fixture
def head(door: Door):
    """The administrator of Shiqiao, with a second factor."""
    client = door.enter("fengkai")
    door.prove_factors()
    return client


@pytest.fixture
def security(door: Door):
    client = door.enter("wugang")
    door.prove_factors()
    return client


def welcome(text: str) -> str:
    return re.search(r"http://localhost(/welcome/[\w-]+/)", text)[1]


def test_an_administrator_sees_their_own_people_and_no_others(head) -> None:
    text = head.get("/admin/accounts/").content.decode()
    assert "zhangmin" in text
    assert "liuyang" in text
    assert "hejing" not in text
    assert "wugang" not in text


def test_the_security_administrator_sees_everybody_and_finds_by_name(security) -> None:
    text = security.get("/admin/accounts/").content.decode()
    assert all(name in text for name in ("zhangmin", "hejing", "fengkai"))
    found = security.get("/admin/accounts/", {"q": "何静"}).content.decode()
    assert ("hejing" in found, "zhangmin" in found) == (True, False)


@pytest.mark.parametrize("account", ["zhangmin", "zhaoqian", "zhouwei", "xujing"])
def test_nobody_else_opens_the_page(door: Door, account: str) -> None:
    client = door.enter(account)
    door.prove_factors()
    assert client.get("/admin/accounts/").status_code == 403
    for address in ("invite", "disable"):
        assert client.post(f"/admin/accounts/{address}/", {"account": "liuyang"}).status_code == 403


@pytest.mark.parametrize("act", ["disable", "enable", "reset-factors", "unlock", "invite"])
@pytest.mark.parametrize("account", ["hejing", "wugang", "nobody"])
def test_other_institutions_accounts_are_not_there(head, door: Door, act: str, account: str) -> None:
    answer = head.post(f"/admin/accounts/{act}/", {"account": account})
    assert (answer.status_code, Account.objects.filter(is_active=False).count()) == (404, 0)


def test_whoever_also_has_an_administrators_post_is_not_the_institutions(head, door: Door) -> None:
    door.post_to(("liuyang", "shiqiao", "auditor"))
    assert head.post("/admin/accounts/invite/", {"account": "liuyang"}).status_code == 404


def test_whoever_also_works_elsewhere_is_the_security_administrators(head, security, door: Door) -> None:
    door.post_to(("liuyang", "zhuxi", "doctor"))
    assert head.post("/admin/accounts/invite/", {"account": "liuyang"}).status_code == 404
    assert security.post("/admin/accounts/invite/", {"account": "liuyang"}).status_code == 200


def test_nobody_works_on_their_own_account(head, security) -> None:
    assert head.post("/admin/accounts/reset-factors/", {"account": "fengkai"}).status_code == 403
    assert security.post("/admin/accounts/disable/", {"account": "wugang"}).status_code == 403


def test_closing_an_account_ends_what_it_has_open_and_opening_lets_them_in_again(head, door: Door) -> None:
    client = door.enter("zhangmin")
    assert head.post("/admin/accounts/disable/", {"account": "zhangmin"}).status_code == 302
    assert client.get("/clinic/").status_code == 302
    assert door.client().post("/sign-in/", {"username": "zhangmin", "password": PASSWORD}).status_code == 403
    head.post("/admin/accounts/enable/", {"account": "zhangmin"})
    assert door.enter("zhangmin")


def test_an_invited_person_chooses_a_password_once(head, door: Door) -> None:
    Account.objects.filter(username="liuyang").delete()
    shown = head.post("/admin/accounts/invite/", {"person": "Practitioner/liuyang"})
    link = welcome(shown.content.decode())
    made = Account.objects.get(person="Practitioner/liuyang")
    assert (made.username, made.has_usable_password()) == ("ly", False)
    assert link.split("/")[2] not in repr(list(Invitation.objects.values_list()))
    somebody = door.client()
    assert somebody.post(link, {"new": "short", "repeat": "short"}).status_code == 422
    assert somebody.post(link, {"new": NEW, "repeat": NEW})["Location"] == "/sign-in/"
    assert somebody.post("/sign-in/", {"username": "LY", "password": NEW})["Location"] == "/clinic/"
    assert somebody.get(link).status_code == 404
    assert somebody.post(link, {"new": NEW + "x", "repeat": NEW + "x"}).status_code == 404


def test_an_invitation_ends_with_its_time_the_next_one_and_the_account(door: Door) -> None:
    account = Account.objects.get(username="liuyang")
    first = administer.invite(door.store, account, by=SYSTEM)
    second = administer.invite(door.store, account, by=SYSTEM)
    assert (administer.invited(first), administer.invited(second)) == (None, account)
    Invitation.objects.update(expires=0)
    assert administer.invited(second) is None
    third = administer.invite(door.store, account, by=SYSTEM)
    administer.set_active(door.store, account, False, by=SYSTEM)
    assert administer.invited(third) is None


def test_a_name_that_is_taken_and_a_person_whom_nobody_knows_are_refused(security) -> None:
    Account.objects.filter(username="liuyang").delete()
    taken = {"person": "Practitioner/liuyang", "username": "ZhangMin"}
    assert security.post("/admin/accounts/invite/", taken).status_code == 409
    for person in ("Practitioner/nobody", "Organization/shiqiao", "x", ""):
        assert security.post("/admin/accounts/invite/", {"person": person, "username": "new"}).status_code == 404


def test_work_on_accounts_asks_again_and_is_written_down(head, door: Door) -> None:
    door.age("proved", 11)
    asked = head.post("/admin/accounts/unlock/", {"account": "zhangmin"})
    assert (asked.status_code, 'name="kept.account" value="zhangmin"' in asked.content.decode()) == (401, True)
    assert door.rows("account-unlock") == []
    head.post("/sign-in/again/", {"password": PASSWORD})
    head.post("/admin/accounts/unlock/", {"account": "zhangmin"})
    assert door.rows("account-unlock") == [("fengkai", 200, "account=zhangmin")]


def test_whoever_holds_several_roles_chooses_and_switches_and_each_switch_is_written_down(door: Door) -> None:
    door.post_to(("zhangmin", "zhuxi", "nurse"))
    client = door.client()
    answer = client.post("/sign-in/", {"username": "zhangmin", "password": PASSWORD, "next": "/w/sent/"})
    assert answer["Location"] == "/me/role/?next=%2Fw%2Fsent%2F"
    assert client.get("/clinic/")["Location"] == "/me/role/?next=%2Fclinic%2F"
    assert client.post("/me/role/", {"role": "zhangmin-shiqiao", "next": "/w/sent/"})["Location"] == "/w/sent/"
    assert client.get("/clinic/").status_code == 200
    client.post("/me/role/", {"role": "zhangmin-zhuxi-nurse"})
    assert client.get("/clinic/").status_code == 403
    assert [query for _, _, query in door.rows("role-switch")] == ["from=@", "from=doctor@Organization/shiqiao"]
    assert client.post("/me/role/", {"role": "hejing-zhuxi"}).status_code == 404


def test_a_resident_and_whoever_acts_for_one_sign_in(door: Door) -> None:
    resident = who().id
    related = {"resourceType": "RelatedPerson", "id": "mother", "active": True, "name": [{"text": "李娟"}],
               "patient": {"reference": f"Patient/{resident}"}}
    door.store.run(SYSTEM, lambda tx: tx.update(related))
    Account.objects.make("resident", PASSWORD, f"Patient/{resident}")
    Account.objects.make("mother", PASSWORD, "RelatedPerson/mother")
    for name, role, person in (("resident", "resident", f"Patient/{resident}"), ("mother", "proxy", "RelatedPerson/mother")):
        client = door.enter(name)
        assert client.get("/")["Location"] == "/me/home/"
        assert client.get("/me/").status_code == 200
        assert client.get("/clinic/").status_code == 403
        assert client.get("/w/mine/").status_code == 403
        actor = door.store.sessions.of(name)[0].actor
        assert (actor.role, actor.person, actor.purpose, actor.organization) == (role, person, "PATRQT", "")
    assert door.store.sessions.of("mother")[0].actor.patient == resident


def test_the_language_of_the_account_greets_on_any_device(door: Door) -> None:
    door.enter("zhangmin").post("/me/language/", {"language": "en"})
    other = door.enter("zhangmin")
    assert '<html lang="en">' in other.get("/me/").content.decode()
    assert other.post("/me/language/", {"language": "xx"}).status_code == 422


@pytest.mark.parametrize("address", ["/me/", "/me/role/", "/me/password/", "/me/factors/", "/me/devices/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_about_the_account_is_whole_in_both_languages(door: Door, address: str, language: str) -> None:
    client = door.enter("zhangmin")
    client.cookies["doorstep-language"] = language
    text = client.get(address).content.decode()
    assert not re.search(r">\s*(accounts|web|part)\.[a-z-]+", text)
    assert f'<html lang="{"en" if language == "en" else "zh-Hans"}">' in text
