"""Given a day's audit, when it is gone through, then looks that care does not explain are found, and only those."""

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Forbidden, NotFound
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import alarms, messages
from doorstep.workflows.coordination import boxes, state_of
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rights.people import DAY, HERE, HOME, look_up, patient, put_people, tasks

LOOKED = {"action": "read", "type": "Condition"}


def look(store: Store, actor: Actor, *indexes: int) -> None:
    """Rows as reading the record leaves them."""
    for index in indexes:
        store.audit(Access(actor, "read", "Condition", resident=who(index).id))


def found(store: Store) -> dict[str, list[alarms.Alarm]]:
    now = store.clock.now()
    raised = store.run(SYSTEM, lambda tx: alarms.found(tx, since=0, until=now + 1))
    return {kind: [alarm for alarm in raised if alarm.kind == kind] for kind in {alarm.kind for alarm in raised}}


def person(store: Store, actor: Actor, **members: object) -> None:
    id_ = actor.person.removeprefix("Practitioner/")
    store.run(SYSTEM, lambda tx: tx.update({**tx.read("Practitioner", id_), **members}))


def test_care_raises_nothing(district: Store) -> None:
    opened(district)
    look(district, DOCTOR, 0)
    assert found(district) == {}


def test_a_look_at_somebody_of_the_same_family_name_without_an_entry(district: Store) -> None:
    person(district, STRANGER, name=[{"text": "李静", "family": "李", "given": ["静"]}])
    look(district, STRANGER, 0, 1)
    alarm = found(district)["same-name"][0]
    assert (alarm.person, alarm.residents) == (STRANGER.person, (who(0).id,))


def test_a_look_at_a_colleague(district: Store) -> None:
    person(district, DOCTOR, telecom=[{"system": "phone", "value": who(1).phone}])
    look(district, STRANGER, 1)
    assert [alarm.residents for alarm in found(district)["colleague"]] == [(who(1).id,)]


def test_a_look_at_a_neighbour(district: Store) -> None:
    address = "石桥镇一组 7 号"
    district.run(SYSTEM, lambda tx: tx.update({**tx.read("Patient", who(0).id), "address": [{"text": address}]}))
    person(district, STRANGER, address=[{"use": "home", "text": "石桥镇一组7号"}])
    look(district, STRANGER, 0, 1)
    assert [alarm.residents for alarm in found(district)["neighbour"]] == [(who(0).id,)]


def test_a_look_at_somebody_under_special_protection(district: Store) -> None:
    put_people(district)
    look_up(district, HOME)
    district.run(HOME, messages.flag, resident=patient(), code=messages.WATCHED)
    look(district, STRANGER, 0)
    assert [alarm.person for alarm in found(district)["watched"]] == [STRANGER.person]


def test_views_that_leave_no_entry(district: Store) -> None:
    look(district, STRANGER, 0, 1, 2, 3)
    assert "idle" not in found(district)
    look(district, STRANGER, 4)
    assert found(district)["idle"][0].count == 5


def test_far_more_residents_than_the_role_looks_at(district: Store) -> None:
    def row(actor: Actor, count: int) -> None:
        for place in range(count):
            district.audit(Access(actor, "read", "Condition", resident=f"r{place}"))

    for place in range(5):
        row(Actor(f"Practitioner/p{place}", "nurse", "Organization/hospital"), 10 + place)
    busy = Actor("Practitioner/busy", "nurse", "Organization/hospital")
    row(busy, 30)
    assert "volume" not in found(district)
    row(busy, 31)
    volume = found(district)["volume"]
    assert [(alarm.person, alarm.count, alarm.limit) for alarm in volume] == [(busy.person, 31, 30)]


def test_a_burst_of_refusals_and_too_many_look_ups(district: Store) -> None:
    for _ in range(9):
        district.audit(Access(STRANGER, "read", "Patient", outcome=404))
    assert "refused" not in found(district)
    district.audit(Access(STRANGER, "read", "Patient", outcome=404))
    assert found(district)["refused"][0].count == 10
    for _ in range(31):
        district.audit(Access(STRANGER, "search-type", "Patient", resident=who(0).id, query="identify-number"))
    assert found(district)["look-ups"][0].count == 31


def test_every_day_a_task_for_the_officer_with_the_evidence_and_nobody_else_sees_it(district: Store) -> None:
    put_people(district)
    district.run(SYSTEM, alarms.arm)
    district.run(SYSTEM, alarms.arm)
    look(district, STRANGER, 0, 1, 2, 3, 4)
    district.advance_clock(DAY + 1_000_000)
    raised = tasks(district, "alarm")
    assert [boxes(task["input"])["kind"] for task in raised] == ["idle"]
    task = raised[0]["id"]
    assert [each["id"] for each in alarms.waiting(district, HERE)] == [task]
    assert alarms.waiting(district, HOME) == []
    for actor in (STRANGER, HERE):
        with district.snapshot(actor) as reads:
            assert not reads.exists("Task", task)
    with pytest.raises(Forbidden):
        alarms.waiting(district, STRANGER)
    with pytest.raises(Forbidden):
        district.run(STRANGER, alarms.clear, task=task, note="x")
    with pytest.raises(Forbidden):
        district.run(HOME, alarms.clear, task=task, note="x")
    with pytest.raises(NotFound):
        district.run(HERE, alarms.clear, task="nothing", note="x")
    district.run(HERE, alarms.confirm, task=task, note="约谈本人")
    assert state_of(tasks(district, "alarm")[0]) == "confirmed"
    row = district.engine.once("SELECT person, role FROM audit WHERE refs LIKE ? AND action = 'update'", [f"Task/{task}/%"])
    assert row[-1] == (HERE.person, "auditor")
    district.advance_clock(DAY)
    assert len(tasks(district, "alarm")) == 1


def test_an_alarm_about_the_officer_goes_above_them(district: Store) -> None:
    put_people(district)
    look(district, HERE, 0, 1, 2, 3, 4)
    district.run(SYSTEM, lambda tx: alarms.scan(tx, since=0, until=tx.now + 1))
    assert [task["restriction"]["recipient"][0]["reference"] for task in tasks(district, "alarm")] == ["Organization/alliance"]
