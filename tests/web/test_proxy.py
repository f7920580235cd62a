"""Given one account and several people to act for, when its holder switches, then each page is that person's, as far as agreed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.web import people
from doorstep.web.accounts.models import Account
from doorstep.workflows import relations
from doorstep.workflows.coordination import day
from tests.district import who
from tests.web.conftest import PASSWORD, Door
from tests.workflows.clinic import opened_clinic

DAUGHTER = 4


def text(answer: Any) -> str:
    return str(answer.content.decode())


def named(door: Door, index: int, scope: str) -> str:
    """A resident of the cast names the daughter; the id of the relation."""
    mine = f"Patient/{who(index).id}"
    until = (day(door.store.clock.now()) + timedelta(days=90)).isoformat()
    return door.store.run(
        Actor(mine, "resident", "", "PATRQT", who(index).id), relations.name_proxy, resident=mine, scope=scope,
        until=until, relationship="CHILD", number=who(DAUGHTER).number, name=who(DAUGHTER).name).id


@pytest.fixture
def daughter(door: Door) -> Any:
    named(door, 0, "reports-booking")
    named(door, 1, "booking")
    Account.objects.make("daughter", PASSWORD, f"Patient/{who(DAUGHTER).id}")
    return door.enter("daughter")


def switch(client: Any, to: str) -> Any:
    return client.post("/me/role/", {"role": to, "next": ""})


def seen(door: Door, index: int) -> dict[str, int]:
    """How many of each kind of entry the daughter is shown as the proxy of somebody."""
    found = next(each for each in people.choices(door.store, "daughter", f"Patient/{who(DAUGHTER).id}")
                 if each.acting_for == f"Patient/{who(index).id}")
    with door.store.snapshot(found.actor, audited=False) as reads:
        return {kind: len(reads.search(kind, [("patient", f"Patient/{who(index).id}")]))
                for kind in ("DiagnosticReport", "Observation", "Condition", "MedicationRequest", "Encounter", "Consent")}


def test_one_account_acts_for_itself_and_for_each_who_named_it(door: Door, daughter: Any) -> None:
    choice = text(daughter.get("/me/role/"))
    for name in (who(0).name, who(1).name, who(DAUGHTER).name):
        assert name in choice
    assert switch(daughter, f"for:Patient/{who(0).id}").status_code == 302
    page = text(daughter.get("/me/booking/"))
    assert f"代 {who(0).name} 办理" in page and 'href="/me/role/"' in page
    assert switch(daughter, f"for:Patient/{who(1).id}").status_code == 302
    page = text(daughter.get("/me/booking/"))
    assert f"代 {who(1).name} 办理" in page and who(0).name not in page
    assert switch(daughter, "self").status_code == 302
    assert "办理" not in text(daughter.get("/me/booking/")).partition("<main")[0].partition("acting")[2]
    assert switch(daughter, f"for:Patient/{who(2).id}").status_code == 404


def test_a_proxy_sees_exactly_what_was_agreed(door: Door, daughter: Any) -> None:
    father = seen(door, 0)
    assert father["DiagnosticReport"] and father["Observation"]
    assert [father[kind] for kind in ("Condition", "MedicationRequest", "Encounter", "Consent")] == [0, 0, 0, 0]
    assert set(seen(door, 1).values()) == {0}
    switch(daughter, f"for:Patient/{who(0).id}")
    for address, status in (("/me/booking/", 200), ("/me/record/", 200), ("/me/home/", 200), ("/me/consents/", 403),
                            ("/me/items/", 403), ("/me/proxies/", 403), ("/me/readers/", 403)):
        assert daughter.get(address).status_code == status, address
    menu = re.findall(r'href="(/me/[a-z]+/)"', text(daughter.get("/me/booking/")).partition("tab-bar")[2])
    assert {"/me/booking/", "/me/record/"} <= set(menu) and "/me/consents/" not in menu
    switch(daughter, f"for:Patient/{who(1).id}")
    assert (daughter.get("/me/booking/").status_code, daughter.get("/me/record/").status_code) == (200, 403)


def test_what_is_restricted_stays_closed_within_the_agreed(door: Door, daughter: Any) -> None:
    before = seen(door, 0)["DiagnosticReport"]

    def restrict(tx: Any) -> None:
        found = tx.search("DiagnosticReport", [("patient", f"Patient/{who(0).id}")])[0]
        found.setdefault("meta", {})["security"] = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}]
        tx.update(found)

    door.store.run(SYSTEM, restrict)
    assert seen(door, 0)["DiagnosticReport"] == before - 1


def test_without_the_ceiling_a_proxy_would_see_more(door: Door, daughter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(relations, "_CEILINGS", dict.fromkeys(relations.SCOPES, ""))
    assert seen(door, 0)["Condition"] > 0


def test_each_act_is_the_proxys_and_the_end_is_explained(door: Door, daughter: Any) -> None:
    clinic, _ = opened_clinic(door.store)
    switch(daughter, f"for:Patient/{who(0).id}")
    page = f"/me/booking/{clinic.partition('/')[2]}/"
    slot = re.findall(rf"{page}([^/\"]+)/", text(daughter.get(page)))[0]
    assert daughter.post(f"{page}{slot}/").status_code == 302
    with door.store.snapshot(SYSTEM) as reads:
        made = reads.search("Appointment", [("patient", f"Patient/{who(0).id}"), ("status", "booked")])[0]
        act = reads.search("Provenance", [("target", f"Appointment/{made['id']}")])[0]["agent"][0]
        related = relations.of_resident(reads, resident=f"Patient/{who(0).id}")[0]
    assert (act["who"]["reference"], act["role"][0]["coding"][0]["code"]) == (f"RelatedPerson/{related.id}", "proxy")
    rows = door.store.engine.once("SELECT person, role FROM audit WHERE refs LIKE ?", [f"%Appointment/{made['id']}%"])
    assert ("proxy" in {role for _, role in rows}) and f"RelatedPerson/{related.id}" in {person for person, _ in rows}
    father = f"Patient/{who(0).id}"
    door.store.run(Actor(father, "resident", "", "PATRQT", "x"), relations.end, related=f"RelatedPerson/{related.id}")
    gone = daughter.get("/me/booking/")
    assert gone["Location"].startswith("/sign-in/"), "it holds at the next request"
    assert "代办的授权已到期或被取消" in text(daughter.get(gone["Location"]))
    again = door.enter("daughter")
    left = text(again.get("/me/role/"))
    assert who(1).name in left and f"for:{father}" not in left
    assert "代办的授权" not in text(door.client().get("/sign-in/"))
