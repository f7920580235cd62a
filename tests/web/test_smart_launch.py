"""Given an app opened for a resident, by our page or by itself, when it connects, then it knows of that resident alone."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doorstep.kernel.access import SYSTEM
from tests.district import opened, who
from tests.web.conftest import PASSWORD, Door
from tests.web.vendor import FHIR, Vendor, boxes, register, told

SCOPE = "openid launch launch/encounter patient/*.rs"
ALONE = "launch/patient patient/*.rs"


@pytest.fixture
def doctor(door: Door) -> Any:
    return door.enter("zhangmin")


@pytest.fixture
def vendor(doctor: Any) -> Vendor:
    return Vendor(doctor, register(launch_url="https://app.example/launch"), SCOPE)


def launched(vendor: Vendor, patient: str, encounter: str = "", browser: Any = None) -> dict[str, str]:
    """What the app is told when our page opens it."""
    answer = (browser or vendor.browser).post(f"/smart/launch/{vendor.app.client_id}/", {"patient": patient, "encounter": encounter})
    assert answer.status_code == 200, answer.content.decode()
    address = re.search(r'content="0;url=([^"]*)"', answer.content.decode())
    assert address
    return {name: values[0] for name, values in parse_qs(urlsplit(address[1].replace("&amp;", "&")).query).items()}


def found(vendor: Vendor, **asked: str) -> Any:
    """The page after somebody was looked for."""
    return vendor.browser.post(vendor.address(), {"step": "find", **asked})


# -- opened from our page


def test_given_a_launch_when_the_app_connects_then_its_token_names_resident_and_visit_and_sees_nobody_else(vendor: Vendor, door: Door) -> None:
    encounter = opened(door.store)
    opened(door.store, 1)
    given = launched(vendor, who().id, encounter)
    assert given["iss"] == FHIR
    token = vendor.connect(other={"launch": given["launch"]})
    assert (token["patient"], token["encounter"], token["need_patient_banner"]) == (who().id, encounter, True)
    assert vendor.fhir(door.store, f"Patient/{who().id}").status == 200
    assert vendor.fhir(door.store, f"Patient/{who(1).id}").status == 404
    assert vendor.fhir(door.store, "Patient").ids == [who().id]
    assert vendor.fhir(door.store, "Encounter").ids and encounter in vendor.fhir(door.store, "Encounter").ids
    assert door.rows("app-launch") and door.rows("app-authorize")


def test_given_a_launch_when_it_comes_again_or_from_somebody_else_then_the_app_is_told_no(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    given = launched(vendor, who().id)["launch"]
    other = Vendor(door.enter("hejing"), vendor.app, SCOPE)
    assert told(other.ask(launch=given).headers["Location"])["error"] == "invalid_request"
    foreign = Vendor(vendor.browser, register(name="Other"), SCOPE)
    assert told(foreign.ask(launch=given).headers["Location"])["error"] == "invalid_request"
    assert vendor.ask(launch=given).status_code == 200, "looking at the page uses nothing up"
    vendor.connect(other={"launch": given})
    assert told(vendor.ask(launch=given).headers["Location"])["error"] == "invalid_request"


def test_given_a_launch_when_its_time_has_passed_then_the_app_is_told_no(vendor: Vendor, door: Door) -> None:
    from doorstep.web.smart.models import Launch

    opened(door.store)
    given = launched(vendor, who().id)["launch"]
    Launch.objects.update(expires=0)
    assert told(vendor.ask(launch=given).headers["Location"])["error"] == "invalid_request"
    assert given not in [row.hash for row in Launch.objects.all()]


def test_given_a_resident_whom_somebody_may_not_see_when_an_app_is_opened_then_there_is_no_launch(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    stranger = door.enter("hejing")
    path = f"/smart/launch/{vendor.app.client_id}/"
    assert stranger.post(path, {"patient": who().id}).status_code == 404
    assert vendor.browser.post(path, {"patient": who().id, "encounter": "none"}).status_code == 404
    assert vendor.browser.post("/smart/launch/nobody/", {"patient": who().id}).status_code == 404
    assert vendor.browser.get(path).status_code == 405
    strict = door.client(enforce_csrf_checks=True)
    strict.cookies = vendor.browser.cookies
    assert strict.post(path, {"patient": who().id}).status_code == 403


def test_given_apps_when_a_residents_page_is_shown_then_it_has_a_button_for_those_that_can_be_opened(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    register(name="Never from here")
    page = vendor.browser.get(f"/r/{who().id}/").content.decode()
    assert f"/smart/launch/{vendor.app.client_id}/" in page and "Never from here" not in page


# -- opened by itself


def test_given_staff_when_an_app_asks_for_a_resident_then_they_find_one_exactly(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    vendor.scope = ALONE
    page = vendor.ask().content.decode()
    assert 'name="number"' in page and who().name not in page
    answer = found(vendor, number=who().number).content.decode()
    assert who().name in answer and boxes(answer)["choice"]
    page = vendor.browser.post(vendor.address(), boxes(answer))
    token = vendor.connect(page=page)
    assert token["patient"] == who().id
    assert vendor.fhir(door.store, "Patient").ids == [who().id]


@pytest.mark.parametrize("asked", [{"number": "500000199001010000"}, {"number": "x"}, {"phone": "1"}, {"phone": "139", "name": "x"}, {}])
def test_given_staff_when_nobody_is_found_then_the_page_says_so_and_nobody_is_chosen(vendor: Vendor, asked: dict[str, str]) -> None:
    vendor.scope = ALONE
    answer = found(vendor, **asked)
    assert answer.status_code == 200
    assert 'name="choice"' not in answer.content.decode() and 'role="alert"' in answer.content.decode() or "wrong" in answer.content.decode()


@pytest.mark.parametrize("choice", ["", "made-up", "WyJ4Il0:1x:y"])
def test_given_a_choice_that_was_not_signed_here_when_posted_then_there_is_no_code(vendor: Vendor, choice: str) -> None:
    vendor.scope = ALONE
    answer = vendor.browser.post(vendor.address(), {"choice": choice, "decision": "allow", "scope": ["patient/*.rs"]})
    assert answer.status_code == 200 and 'name="number"' in answer.content.decode()


def test_given_a_choice_of_somebody_else_when_brought_then_it_is_not_taken(vendor: Vendor, door: Door) -> None:
    opened(door.store)
    vendor.scope = ALONE
    mine = boxes(found(vendor, number=who().number).content.decode())["choice"]
    other = Vendor(door.enter("hejing"), vendor.app, ALONE)
    answer = other.browser.post(other.address(), {"choice": mine, "decision": "allow", "scope": ["patient/*.rs"]})
    assert answer.status_code == 200 and 'name="number"' in answer.content.decode()


def test_given_a_visit_asked_for_when_agreed_then_only_a_running_one_of_this_resident_is_told(vendor: Vendor, door: Door) -> None:
    encounter = opened(door.store)
    foreign = opened(door.store, 1)
    vendor.scope = f"{ALONE} launch/encounter"
    page = vendor.browser.post(vendor.address(), boxes(found(vendor, number=who().number).content.decode()))
    assert f'value="{encounter}"' in page.content.decode() and foreign not in page.content.decode()
    assert vendor.connect(page=page, encounter=encounter)["encounter"] == encounter
    again = vendor.browser.post(vendor.address(), boxes(found(vendor, number=who().number).content.decode()))
    assert "encounter" not in vendor.connect(page=again, encounter=foreign)


def test_given_a_resident_when_an_app_asks_then_it_is_told_of_themselves_without_a_question(vendor: Vendor, door: Door) -> None:
    from doorstep.web.accounts.models import Account

    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    vendor = Vendor(door.enter("resident"), vendor.app, f"fhirUser openid {ALONE}")
    token = vendor.connect()
    assert token["patient"] == who().id
    assert vendor.fhir(door.store, "Patient").ids == [who().id]
    answer = vendor.browser.get("/smart/userinfo/", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert answer.json()["fhirUser"] == f"{FHIR}/Patient/{who().id}"


def test_given_a_guardian_when_an_app_asks_then_it_is_told_of_the_ward_and_sees_nobody_else(vendor: Vendor, door: Door) -> None:
    from doorstep.web.accounts.models import Account

    ward = f"Patient/{who(1).id}"
    door.store.run(SYSTEM, lambda tx: tx.update({
        "resourceType": "RelatedPerson", "id": "ward-guardian", "active": True, "patient": {"reference": ward}, "name": [{"text": "M"}]}))
    door.store.run(SYSTEM, lambda tx: tx.grant(
        resident=who(1).id, person="RelatedPerson/ward-guardian", reason="guardian", source="RelatedPerson/ward-guardian"))
    Account.objects.make("ward-guardian", PASSWORD, "RelatedPerson/ward-guardian")
    vendor = Vendor(door.enter("ward-guardian"), vendor.app, "user/*.rs launch/patient")
    token = vendor.connect()
    assert token["patient"] == who(1).id
    assert vendor.fhir(door.store, "Patient").ids == [who(1).id]
