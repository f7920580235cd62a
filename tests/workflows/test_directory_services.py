"""Given centres and agreements, when they begin and end, then routing and lists say so for every day."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.workflows import directory_services as services
from doorstep.workflows.affiliation import partners, require
from doorstep.workflows.directory_institutions import Details, open_institution
from tests.directory import (
    ALLIANCE,
    DOCTOR,
    HOME,
    HOSPITAL,
    LABORATORY,
    RULES,
    SHIQIAO,
    UNIVERSITY,
    ZHUXI,
    put_directory,
    refused,
    today,
)

SERVICE = "HealthcareService/laboratory-service"


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def serving(store: Store, **asked) -> list[str]:
    with store.snapshot(DOCTOR) as reads:
        return partners(reads, **({"member": SHIQIAO, "role": "laboratory"} | asked))


def test_a_centre_opens_and_serves_a_member_with_some_items(here: Store) -> None:
    made = here.run(RULES, services.open_service, institution=HOSPITAL, role="laboratory", name="医院检验科")
    here.run(RULES, services.serve, service=str(made.ref), member=SHIQIAO, items=("RFT",), on=today(here).isoformat())
    assert serving(here, item="RFT") == [HOSPITAL, LABORATORY]
    assert serving(here, item="CBC") == [LABORATORY]
    assert serving(here, item="RFT", on=today(here) - timedelta(days=1)) == [LABORATORY]


def test_a_specialty_narrows_where_a_referral_may_go(here: Store) -> None:
    made = here.run(RULES, services.open_service, institution=UNIVERSITY, role="referral", name="上级转诊")
    here.run(RULES, services.serve, service=str(made.ref), member=SHIQIAO, specialty=("cardiology",))
    assert serving(here, role="referral", specialty="cardiology") == [HOSPITAL, UNIVERSITY]
    assert serving(here, role="referral", specialty="neurology") == [HOSPITAL]
    with here.snapshot(DOCTOR) as reads, pytest.raises(Refusal) as caught:
        require(reads, member=SHIQIAO, partner=UNIVERSITY, role="referral", specialty="neurology")
    assert caught.value.key == "workflows.not-affiliated"


def test_an_ended_service_stops_routing_at_once_and_stays_true_of_the_days_before(here: Store) -> None:
    here.run(RULES, services.end_affiliation, affiliation="OrganizationAffiliation/shiqiao-laboratory", reason="contract")
    assert serving(here) == []
    assert serving(here, on=today(here) - timedelta(days=1)) == [LABORATORY]
    here.run(RULES, services.serve, service=SERVICE, member=SHIQIAO, on=(today(here) + timedelta(days=3)).isoformat())
    assert (serving(here), serving(here, on=today(here) + timedelta(days=3))) == ([], [LABORATORY])


@pytest.mark.parametrize(("boxes", "key"), [
    ({"member": LABORATORY}, "directory.serves-itself"), ({"member": SHIQIAO}, "directory.affiliated"),
    ({"member": "Organization/shiqiao-d-general"}, "directory.not-an-institution"), ({"member": ""}, "workflows.empty-box"),
    ({"service": "HealthcareService/none"}, "directory.not-there"), ({"items": ("NONE",)}, "directory.unknown-code"),
    ({"specialty": ("none",)}, "directory.unknown-code"), ({"on": "2025-05-01", "until": "2025-04-01"}, "directory.ends-before"),
])
def test_a_wrong_service_is_refused(here: Store, boxes: dict, key: str) -> None:
    refused(key, here, RULES, services.serve, **({"service": SERVICE, "member": UNIVERSITY} | boxes))


def test_services_are_the_alliances(here: Store) -> None:
    for who in (HOME, DOCTOR):
        refused("directory.alliance-only", here, who, services.serve, service=SERVICE, member=UNIVERSITY)
        refused("directory.alliance-only", here, who, services.end_affiliation, affiliation="OrganizationAffiliation/shiqiao-laboratory", reason="contract")
    refused("directory.service-used", here, RULES, services.close_service, service=SERVICE, reason="closed")
    refused("directory.service-there", here, RULES, services.open_service, institution=LABORATORY, role="laboratory", name="x")
    refused("directory.unknown-code", here, RULES, services.open_service, institution=LABORATORY, role="member", name="x")


def test_a_member_is_served_once_by_a_centre_however_many_try(here: Store) -> None:
    outcomes: list[str] = []

    def go() -> None:
        try:
            outcomes.append(str(here.run(RULES, services.serve, service=SERVICE, member=UNIVERSITY).ref))
        except Refusal as refusal:
            outcomes.append(refusal.key)

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum("/" in each for each in outcomes) == 1, outcomes


def test_a_centre_ends_when_nobody_is_served(here: Store) -> None:
    for member in ("shiqiao", "zhuxi", "bailin", "hospital"):
        here.run(RULES, services.end_affiliation, affiliation=f"OrganizationAffiliation/{member}-laboratory", reason="closed")
    here.run(RULES, services.close_service, service=SERVICE, reason="closed")
    refused("directory.not-running", here, RULES, services.serve, service=SERVICE, member=SHIQIAO)
    refused("directory.not-running", here, RULES, services.close_service, service=SERVICE, reason="closed")


def test_members_join_and_agreements_have_kind_number_parties_and_term(here: Store) -> None:
    refused("directory.affiliated", here, RULES, services.join, alliance=ALLIANCE, member=ZHUXI)
    refused("workflows.empty-box", here, RULES, services.agree, party=ALLIANCE, partner=UNIVERSITY, kind="referral", number="", until="")
    terms = {"party": ALLIANCE, "partner": UNIVERSITY, "kind": "referral", "number": "YL-1", "on": "2025-01-01", "until": "2999-12-31"}
    made = here.run(RULES, services.agree, **terms)
    refused("directory.affiliated", here, RULES, services.agree, **terms)
    refused("directory.unknown-code", here, RULES, services.agree, **{**terms, "kind": "friendship", "number": "2"})
    with here.snapshot(DOCTOR) as reads:
        assert len(services.running(reads, code=services.AGREEMENT, on=today(here), member=ALLIANCE)) == 2
        assert len(services.running(reads, code=services.MEMBER, on=today(here), member=ALLIANCE)) == 5
        assert services.running(reads, code=services.AGREEMENT, on=date(2024, 1, 1), member=ALLIANCE) == []
    here.run(RULES, services.end_affiliation, affiliation=str(made.ref), reason="contract")
    refused("directory.not-running", here, RULES, services.end_affiliation, affiliation=str(made.ref), reason="contract")


def test_partners_are_counted_by_district_and_ownership(here: Store) -> None:
    near = here.run(RULES, open_institution, name="私立口腔医院", details=Details(kind="outside", ownership="private", district="500103"))
    here.run(RULES, services.agree, party=ALLIANCE, partner=str(near.ref), kind="technical", number="A", until="2999-12-31")
    with here.snapshot(DOCTOR) as reads:
        assert services.counted(reads, party=ALLIANCE, on=today(here)) == services.Counts(0, 0, 1, 1)
        assert services.counted(reads, party=HOSPITAL, on=today(here)) == services.Counts()
