"""Given somebody who sees a record, when what let them see it ends, then the very next thing they ask shows nothing.

Each way to lose a right is tried against each road that stays open meanwhile: a page's session, a bearer token, an
app's token, a cursor taken before, a subscription with events that wait, an export that is already made. Nothing is
waited for; before each revocation the same roads show the record, so that they are not blind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.kernel import sessions
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.sessions import BEARER
from doorstep.kernel.store import Store
from doorstep.rest import bulk, hooks
from doorstep.rest.app import make_app
from doorstep.workflows import consent, contract, merge
from doorstep.workflows.consent import Terms
from doorstep.workflows.coordination import day
from tests.district import DOCTOR, STRANGER, who
from tests.rest.client import Client
from tests.rights.people import DAY, patient, resident
from tests.web.conftest import PASSWORD, Door, accounts, door
from tests.web.vendor import Vendor, register

__all__ = ["accounts", "door"]
SECRET = "slow-moving-marker"
ZHUXI = STRANGER.organization
POST = "hejing-zhuxi"
GATEWAY = Actor("Device/zhuxi", "gateway", ZHUXI, "TREAT", "gateway-zhuxi")
FAMILY = replace(STRANGER, account="bearer")
Revoke = Callable[[Store], object]


@dataclass
class Open:
    """What the stranger of Zhuxi holds when the right ends."""

    store: Store
    page: Any
    bearer: Client
    app: Client
    gateway: Client
    cursor: str
    polled: str
    files: list[str]

    def seen(self) -> dict[str, bool]:
        """Road -> whether the marked entry comes by it now."""
        record = f"/r/{who().id}/"
        return {
            "page": _shown(self.page.get(record).content), "bearer": _shown(self.bearer.get(QUERY).body),
            "app": _shown(self.app.get(QUERY).body), "cursor": _shown(self.bearer.get(self.cursor).body),
            "subscription": _shown(self.gateway.get(self.polled).body),
            "export": any(_shown(self.gateway.get(file).body) for file in self.files),
        }


QUERY = f"Condition?patient={who().id}"
OF_STAFF = ("page", "bearer", "app", "cursor")


def _shown(body: bytes) -> bool:
    return SECRET.encode() in body


def marked(store: Store) -> None:
    """An entry of the record that the home institution wrote; it comes second in a list by moment of writing."""
    home = Actor("Device/doorstep", "administrator", DOCTOR.organization, "HOPERAT", "owner")
    for text in (SECRET, "newer"):
        store.run(home, lambda tx, text=text: tx.create({
            "resourceType": "Condition", "subject": {"reference": patient()}, "code": {"text": text},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}]}],
            "recordedDate": "2026-10-01",
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}}))


def bearer_of(store: Store, actor: Actor, **more: Any) -> Client:
    store.sessions.start(f"secret-{actor.account}", actor, account=actor.account, kind=BEARER, ttl=600, **more)
    return Client(make_app(store), f"secret-{actor.account}")


@pytest.fixture
def holding(door: Door) -> Callable[[], Open]:
    """Opens every road, once the right is there."""
    store = door.store
    hooks.register(store)
    bulk.register(store)
    app = Vendor(door.enter("hejing"), register())

    def ready() -> Open:
        bearer, gateway = bearer_of(store, FAMILY, posting=POST), bearer_of(store, GATEWAY)
        made = gateway.post("Subscription", {"resourceType": "Subscription", "status": "requested", "reason": "x",
                                             "criteria": "Condition", "channel": {"type": "rest-hook"}})
        while store.runner.run_due():
            pass
        marked(store)
        job = gateway.get("$export?_type=Condition&_purpose=TREAT", prefer="respond-async")
        while store.runner.run_due():
            pass
        newest = store.engine.once("SELECT max(txid) FROM resource")[0][0]
        while store.engine.horizon() <= newest:  # another database of the same server may have a transaction open
            pass
        hooks.tick(store)
        first = bearer.get(f"Condition?patient={who().id}&_sort=-_lastUpdated&_count=1")
        cursor = first.link("next")
        assert cursor is not None
        status = gateway.get(job.headers["content-location"].partition("/fhir/")[2]).json
        page = door.enter("hejing")
        app.connect()
        return Open(store, page, bearer, Client(make_app(store), app.token["access_token"]), gateway, cursor.partition("/fhir/")[2],
                    f"Subscription/{made.json['id']}/$events", [each["url"].partition("/fhir/")[2] for each in status["output"]])

    return ready


def everything(*roads: str) -> dict[str, bool]:
    return {road: not roads or road in roads for road in ("page", "bearer", "app", "cursor", "subscription", "export")}


def consented(store: Store, **more: Any) -> str:
    return store.run(resident(), consent.give, resident=patient(), terms=Terms(ZHUXI, **more)).id


def test_consent_withdrawn(holding: Callable[[], Open], door: Door) -> None:
    given = consented(door.store)
    held = holding()
    assert held.seen() == everything()
    door.store.run(resident(), consent.withdraw, consent=given)
    assert not any(held.seen().values())


def test_consent_that_runs_out_by_the_clock(holding: Callable[[], Open], door: Door) -> None:
    consented(door.store, until=day(door.store.clock.now()) + timedelta(days=1))
    held = holding()
    held.files = []  # files of an export end a day after they were made in any case
    assert held.seen() == everything("page", "bearer", "app", "cursor", "subscription")
    door.store.clock.advance(3 * DAY)  # no runner has run: the grant's own end is what is read
    assert not any(held.seen().values())


def test_the_residents_refusal(holding: Callable[[], Open], door: Door) -> None:
    door.store.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=ZHUXI, level=2, reason="visit", source="Encounter/x"))
    held = holding()
    assert held.seen() == everything()
    door.store.run(resident(), consent.refuse, resident=patient(), to=ZHUXI)
    assert not any(held.seen().values())


def test_a_contract_that_is_ended(holding: Callable[[], Open], door: Door) -> None:
    team = replace(STRANGER, role="family-team")
    consent_first = consented(door.store)
    episode = door.store.run(team, contract.sign, resident=patient(), consent=True).id
    door.store.run(resident(), consent.withdraw, consent=consent_first)
    held = holding()
    assert held.seen() == everything()
    door.store.run(team, contract.end, episode=episode, reason="moved")
    assert not any(held.seen().values())


def change_post(**members: Any) -> Revoke:
    def command(store: Store) -> None:
        with store.snapshot(SYSTEM) as reads:
            posts = reads.search("PractitionerRole", [("practitioner", STRANGER.person)])
        for post in posts:
            store.run(SYSTEM, lambda tx, post=post: tx.update({**post, **members}))

    return command


def inactive(store: Store) -> None:
    with store.snapshot(SYSTEM) as reads:
        person = reads.read(*STRANGER.person.split("/"))
    store.run(SYSTEM, lambda tx: tx.update({**person, "active": False}))


@pytest.mark.parametrize("revoke", [
    change_post(active=False), change_post(period={"end": "2001-01-01"}),
    change_post(code=[{"coding": [{"system": "urn:x", "code": "porter"}]}]), change_post(organization={"reference": "Organization/bailin"}), inactive,
], ids=["dismissed", "contract of work over", "another role", "another institution", "set inactive"])  # fmt: skip
def test_who_no_longer_works_there(holding: Callable[[], Open], door: Door, revoke: Revoke) -> None:
    consented(door.store)
    held = holding()
    assert held.seen() == everything()
    revoke(door.store)
    seen = held.seen()
    assert [road for road in OF_STAFF if seen[road]] == []
    assert (held.bearer.get("Organization").status, held.app.get("Organization").status) == (401, 401)
    assert seen["subscription"] and seen["export"], "the institution's own program goes on: control"


def test_the_bearer_of_an_operator_ends_with_the_person(door: Door) -> None:
    token = door.store.issue_token("bearer", FAMILY, ttl=600)
    client = Client(make_app(door.store), token)
    assert client.get("Organization").status == 200
    inactive(door.store)
    assert client.get("Organization").status == 401


def test_signing_out_everywhere_ends_pages_bearers_and_apps(holding: Callable[[], Open], door: Door) -> None:
    consented(door.store)
    held = holding()
    assert held.page.post("/me/devices/end/", {"device": "all"}).status_code == 302
    assert (held.page.get("/w/mine/").status_code, held.app.get("Organization").status) == (302, 401)
    door.store.revoke("bearer")
    assert held.bearer.get("Organization").status == 401


def test_an_app_that_works_offline_ends_when_second_factors_are_taken_away(door: Door) -> None:
    from doorstep.web.accounts import administer

    vendor = Vendor(door.enter("hejing"), register(), "openid offline_access user/*.rs")
    vendor.connect()
    assert vendor.refresh().status_code == 200
    vendor.token = vendor.connect()
    administer.reset_factors(door.store, administer.find("hejing"), by=SYSTEM)
    assert (vendor.refresh().status_code, vendor.fhir(door.store, "Organization").status) == (400, 401)


def test_a_resident_whose_entry_was_merged_acts_as_the_survivor_and_again_as_themselves(door: Door) -> None:
    from doorstep.web.accounts.models import Account

    store, old, new = door.store, who(1), who(2)
    Account.objects.make("old", PASSWORD, f"Patient/{old.id}")
    page, bearer = door.enter("old"), bearer_of(store, replace(resident(1), account="old-app"))
    assert bearer.get("Patient").ids == [old.id]
    store.run(SYSTEM, merge.merge, survivor=f"Patient/{new.id}", replaced=f"Patient/{old.id}")
    assert page.get("/me/readers/").status_code == 200
    assert {new.id} <= set(bearer.get("Patient").ids) <= {new.id, old.id}
    assert door.enter("old").get("/me/readers/").status_code == 200
    store.run(SYSTEM, merge.unmerge, replaced=f"Patient/{old.id}", note="two people after all")
    assert bearer.get("Patient").ids == [old.id]
    assert page.get("/me/readers/").status_code == 200


@pytest.mark.parametrize("road", ["post", "person"])
def test_the_trial_sees_a_right_that_is_kept(holding: Callable[[], Open], door: Door, road: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controls: without the look at the posting, or at the person, who is gone still sees the record."""
    consented(door.store)
    held = holding()
    if road == "post":
        said = sessions.digest
        kept = {}
        monkeypatch.setattr(sessions, "digest", lambda body, today: kept.setdefault("said", said(body, today)))
        held.bearer.get("Organization")
        change_post(active=False)(door.store)
    else:
        monkeypatch.setattr(sessions.Sessions, "standing", lambda self, actor: actor)
        inactive(door.store)
    assert held.seen()["bearer"]


