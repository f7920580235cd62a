"""Given the alliance's own rule, when a limit is asked for on a day, then it comes before the default, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from doorstep.kernel.refs import Actor
from doorstep.kernel.roles import ROLES
from doorstep.kernel.store import Store
from doorstep.terms.policies import own_id, policy
from doorstep.workflows.directory import changes
from doorstep.workflows.directory_policies import end_override, override
from tests.directory import DOCTOR, HOME, RULES, put_directory, refused, today

KEY = "referral.answer.routine"


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def holds(store: Store, days: int = 0, who: Actor = DOCTOR) -> tuple[int, str]:
    with store.snapshot(who) as reads:
        found = policy(KEY, on=today(store) + timedelta(days=days), reads=reads)
        assert ("Library", own_id(KEY)) not in reads.seen
    return found.amount, found.unit


def rule(store: Store, days: int = 0, until: int | None = None, amount: str = "4", **boxes: str) -> dict[str, str]:
    return {"key": KEY, "amount": amount, "unit": "h", "since": (today(store) + timedelta(days=days)).isoformat(), "basis": "医共体转诊管理办法第九条",
            "until": (today(store) + timedelta(days=until)).isoformat() if until else ""} | boxes


def test_a_rule_holds_from_its_day_until_its_end_for_every_role(here: Store) -> None:
    here.run(RULES, override, **rule(here, 0, 10))
    here.run(RULES, override, **rule(here, 10, amount="6"))
    assert [holds(here, days) for days in (0, 9, 10, 400)] == [(4, "h"), (4, "h"), (6, "h"), (6, "h")]
    assert policy(KEY, on=today(here)).amount == 24
    for role in ROLES:
        assert holds(here, who=Actor("Practitioner/zhangmin", role, "Organization/shiqiao")) == (4, "h"), role
    assert [change.act for change in changes(here, HOME, f"Library/{own_id(KEY)}")] == ["override", "override"]


def test_a_referral_goes_by_the_rule(district: Store) -> None:
    from tests.district import opened, sent, task

    district.run(RULES, override, **rule(district, amount="5"))
    found = task(district, sent(district, opened(district)))
    from doorstep.workflows.coordination import moment

    assert moment(found["restriction"]["period"]["end"]) - moment(found["authoredOn"]) == 5 * 3600 * 1_000_000


def test_an_ended_rule_gives_way_and_one_that_has_not_begun_is_taken_back(here: Store) -> None:
    here.run(RULES, override, **rule(here))
    here.run(RULES, override, **{**rule(here), "key": "visit.access", "amount": "14", "unit": "d"})
    here.run(RULES, end_override, key=KEY, since=today(here).isoformat(), reason="rule")
    assert holds(here) == (24, "h")
    here.run(RULES, override, **rule(here, 5))
    here.run(RULES, end_override, key=KEY, since=rule(here, 5)["since"], reason="mistake")
    assert holds(here, 6) == (24, "h")
    refused("directory.not-there", here, RULES, end_override, key=KEY, since=rule(here, 5)["since"], reason="mistake")
    with here.snapshot(DOCTOR) as reads:
        assert policy("visit.access", on=today(here), reads=reads).amount == 14


@pytest.mark.parametrize(("boxes", "key"), [
    ({"key": "no.such"}, "directory.no-policy"), ({"key": "sign-in.tries"}, "directory.no-policy"),
    ({"amount": "0"}, "directory.not-an-amount"), ({"amount": "-3"}, "directory.not-an-amount"), ({"amount": "1e9"}, "directory.not-an-amount"),
    ({"amount": ""}, "workflows.empty-box"), ({"unit": "weeks"}, "directory.unknown-code"), ({"kind": "whim"}, "directory.unknown-code"),
    ({"basis": " "}, "workflows.empty-box"), ({"since": "2020-01-01"}, "directory.policy-past"), ({"since": "x"}, "directory.not-a-day"),
    ({"until": "2020-01-01"}, "directory.ends-before"),
])
def test_a_wrong_rule_is_refused(here: Store, boxes: dict, key: str) -> None:
    refused(key, here, RULES, override, **(rule(here) | boxes))


def test_rules_are_the_alliances_do_not_overlap_and_are_not_overwritten(here: Store) -> None:
    for who in (HOME, DOCTOR):
        refused("directory.alliance-only", here, who, override, **rule(here))
    here.run(RULES, override, **rule(here))
    refused("directory.policy-overlaps", here, RULES, override, **rule(here, 3))
    refused("directory.changed-meanwhile", here, RULES, end_override, key=KEY, since=today(here).isoformat(), reason="rule", version="7")
