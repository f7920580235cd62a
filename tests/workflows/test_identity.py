"""Given somebody who asks who a person is, when they ask too often, then there is no answer and somebody looks into it."""

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, Invalid
from doorstep.kernel.store import Store
from doorstep.terms import policies
from doorstep.workflows import identity, lookups, visit
from tests.district import DOCTOR, STRANGER, opened, who

OFFICER = actor("xujing")


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of three look-ups a day."""
    known = policies.policy

    def fewer(key: str, **given):
        found = known(key, **given)
        return policies.Policy(found.key, 3, found.unit, found.since, found.until, found.kind, found.basis) if key == "identify.daily" else found

    monkeypatch.setattr(identity, "policy", fewer)


def ask(store: Store, index: int, by=STRANGER):
    return identity.by_number(store, by, number=who(index).number)


def tasks(store: Store) -> list[dict]:
    with store.snapshot(SYSTEM) as reads:
        return reads.search("Task", [("code", "lookup")])


def asked(store: Store, outcome: int) -> int:
    rows = store.engine.once("SELECT count(*) FROM audit WHERE outcome = ? AND query LIKE 'identify%'", [outcome])
    return int(rows[0][0])


def test_beyond_the_limit_there_is_no_answer_and_one_review(district: Store, three: None) -> None:
    assert [ask(district, index).id for index in (0, 1, 2)] == [who(index).id for index in (0, 1, 2)]
    for index in (3, 4):
        with pytest.raises(Forbidden) as refused:
            ask(district, index)
        assert refused.value.key == "persons.too-many-lookups"
    (task,) = tasks(district)
    assert (task["for"]["reference"], task["owner"]["reference"]) == (STRANGER.person, STRANGER.organization)
    assert (asked(district, 200), asked(district, 403)) == (3, 2)
    assert ask(district, 0, DOCTOR), "another person has their own count"


def test_the_same_question_again_counts_once(district: Store, three: None) -> None:
    assert all(ask(district, 0) for _ in range(6))
    assert ask(district, 1)


def test_a_question_that_finds_nobody_counts(district: Store, three: None) -> None:
    for phone in ("1", "2", "3"):
        assert identity.by_phone(district, STRANGER, phone=phone, name="张三") is None
    with pytest.raises(Forbidden):
        ask(district, 0)


def test_who_is_seen_at_the_house_does_not_count(district: Store, three: None) -> None:
    for index in range(6):
        assert ask(district, index)
        district.run(STRANGER, visit.open_visit, resident=f"Patient/{who(index).id}", complaint="头昏", presence="identity")


def test_the_officer_closes_the_review_and_nobody_else(district: Store, three: None) -> None:
    for index in range(3):
        ask(district, index)
    with pytest.raises(Forbidden):
        ask(district, 3)
    (task,) = tasks(district)
    with pytest.raises(Forbidden):
        district.run(STRANGER, lookups.settle, task=task["id"], note="x")
    own = identity.replace(OFFICER, organization=STRANGER.organization)
    with pytest.raises(Invalid):
        district.run(own, lookups.settle, task=task["id"], note=" ")
    district.run(own, lookups.settle, task=task["id"], note="义诊登记，已核实")
    assert tasks(district)[0]["status"] == "completed"


def test_a_card_is_shown_again_only_to_whom_it_was_shown(district: Store) -> None:
    assert identity.by_id(district, STRANGER, id=who().id) is None
    ask(district, 0)
    shown = identity.by_id(district, STRANGER, id=who().id)
    assert shown and shown.tail == who().number[-4:]


def test_a_health_card_is_read_like_a_number(district: Store) -> None:
    with pytest.raises(Invalid):
        identity.by_document(district, STRANGER, kind="card", number="!!")
    assert identity.by_document(district, STRANGER, kind="card", number="99999999") is None


def test_a_visit_makes_nobody_known_beyond_the_house(district: Store) -> None:
    opened(district)
    assert identity.by_id(district, STRANGER, id=who().id) is None
