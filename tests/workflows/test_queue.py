"""Given people who wait, when they are called, passed, sent and come back, then the printed rule holds for everybody."""

import threading
from datetime import datetime, time

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from doorstep.kernel.store import Store
from doorstep.workflows import line, queue, visit
from doorstep.workflows.coordination import moment, state_of
from doorstep.workflows.line import Ticket
from tests.district import DOCTOR, STRANGER, who
from tests.workflows.clinic import NURSE, SHIQIAO, booked, go_to, known, opened_clinic, slots, tomorrow

MINUTE = 60_000_000


def a_ticket(number: int, key: int, **more) -> Ticket:
    return Ticket(f"t{number}", f"{number:03d}", "c", more.pop("room", ""), key, more.pop("state", "waiting"), "李*国", 0, "", "none",
                  "a", "p", 0)


def walked_in(store: Store, clinic: str, index: int) -> str:
    return queue.numbered(store, NURSE, queue.walk_in, clinic=clinic, resident=known(store, index), presence="identity").id


def numbers(store: Store, clinic: str) -> list[str]:
    with store.snapshot(NURSE) as reads:
        return [each.number for each in line.in_order(queue.tickets(reads, institution=SHIQIAO, clinic=clinic))]


def state(store: Store, task: str) -> str:
    with store.snapshot(SYSTEM) as reads:
        return state_of(reads.read("Task", task))


@pytest.mark.parametrize(("name", "shown"), [("李建国", "李*国"), ("李芳", "李*"), ("欧阳建国", "欧**国"), ("阿卜杜拉·买买提", "阿**提"), ("", "*")])
def test_a_public_screen_shows_a_masked_name(name: str, shown: str) -> None:
    assert line.masked(name) == shown


def test_the_rule_by_its_table() -> None:
    start = "2026-11-23T09:30:00+08:00"
    at = moment(start)
    assert line.first_key(start=start, arrived=at - 20 * MINUTE, late=30 * MINUTE, senior=0) == at
    assert line.first_key(start=start, arrived=at + 31 * MINUTE, late=30 * MINUTE, senior=0) == at + 31 * MINUTE
    assert line.first_key(start="", arrived=at, late=30 * MINUTE, senior=20 * MINUTE) == at - 20 * MINUTE
    people = [a_ticket(number, number * MINUTE) for number in range(1, 7)]
    assert 4 * MINUTE < line.down(people, MINUTE, 3) < 5 * MINUTE
    assert line.down(people, 5 * MINUTE, 3) > 6 * MINUTE
    assert line.down([], MINUTE, 3) > MINUTE
    assert MINUTE < line.behind_next(people, 0, 1) < 2 * MINUTE
    assert line.behind_next([], 7, 1) == 7
    assert line.before(people, people[4]) == 4
    rooms = [a_ticket(1, 1, room="1"), a_ticket(2, 2, room="2"), a_ticket(3, 3)]
    assert [each.number for each in line.in_order(rooms, "2")] == ["002", "003"]


def test_booked_before_walked_in_and_old_ahead(district: Store) -> None:
    clinic, schedule = opened_clinic(district)
    mine = booked(district, slots(district, schedule)[0], 2)
    go_to(district, datetime.combine(tomorrow(district), time(7, 59)))
    with district.snapshot(SYSTEM) as reads:
        ages = {index: reads.read("Patient", who(index).id)["birthDate"] for index in (0, 1, 2)}
    assert ages[0] < "1961"  # who is over 65 goes ahead of who came before
    walked_in(district, clinic, 1)
    walked_in(district, clinic, 0)
    queue.numbered(district, NURSE, queue.check_in, appointment=mine, presence="booking")
    assert numbers(district, clinic)[0] == "002"
    with pytest.raises(Conflict):
        walked_in(district, clinic, 1)


def test_being_called_opens_the_visit_and_being_passed_closes_it(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    first = walked_in(district, clinic, 3)
    task = district.run(DOCTOR, queue.call_next, clinic=clinic, room="诊室1")
    assert task.id == first
    with district.snapshot(DOCTOR) as reads:
        encounter = reads.read("Task", first)["encounter"]["reference"].partition("/")[2]
        assert reads.read("Encounter", encounter)["status"] == "in-progress"
    with pytest.raises(NotFound):
        district.run(DOCTOR, queue.call_next, clinic=clinic)
    district.run(DOCTOR, queue.repeat, task=first)
    district.run(DOCTOR, queue.pass_over, task=first)
    with district.snapshot(DOCTOR) as reads:
        assert reads.read("Encounter", encounter)["status"] == "cancelled"


def test_who_is_missed_goes_down_three_and_the_third_time_away(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    tasks = [walked_in(district, clinic, index) for index in (1, 2, 3, 4, 5)]
    order = numbers(district, clinic)
    with district.snapshot(NURSE) as reads:
        late = line.in_order(queue.tickets(reads, institution=SHIQIAO, clinic=clinic))[0].id
    for expected in (3, 4):
        district.run(DOCTOR, queue.call, task=late)
        district.run(DOCTOR, queue.pass_over, task=late)
        assert numbers(district, clinic).index(order[0]) == expected
    district.run(DOCTOR, queue.call, task=late)
    district.run(DOCTOR, queue.pass_over, task=late)
    assert state(district, late) == "away"
    district.run(NURSE, queue.back, task=late)
    assert numbers(district, clinic).index(order[0]) == 1
    assert len(tasks) == 5


def test_back_with_results_is_behind_the_next_and_keeps_its_visit(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    for index in (1, 2, 3):
        walked_in(district, clinic, index)
    task = district.run(DOCTOR, queue.call_next, clinic=clinic).id
    district.run(DOCTOR, queue.send, task=task)
    district.run(NURSE, queue.back, task=task)
    with district.snapshot(NURSE) as reads:
        waiting = line.in_order(queue.tickets(reads, institution=SHIQIAO, clinic=clinic))
    assert (waiting[1].id, waiting[1].flag) == (task, "results")
    before = waiting[1].encounter
    district.run(DOCTOR, queue.call, task=task)
    with district.snapshot(DOCTOR) as reads:
        assert reads.read("Task", task)["encounter"]["reference"] == before
    district.run(DOCTOR, queue.finish, task=task)
    assert state(district, task) == "seen"


def test_a_jump_needs_a_coded_reason_and_is_written_down(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    walked_in(district, clinic, 1)
    last = walked_in(district, clinic, 2)
    for reason in ("", "friend"):
        with pytest.raises(Invalid):
            district.run(NURSE, queue.prefer, task=last, reason=reason)
    district.run(NURSE, queue.prefer, task=last, reason="emergency")
    with district.snapshot(NURSE) as reads:
        first = line.in_order(queue.tickets(reads, institution=SHIQIAO, clinic=clinic))[0]
        told = reads.search("Provenance", [("target", f"Task/{last}")])
    assert (first.id, first.flag) == (last, "preferred")
    assert "queue.prefer.emergency" in str([each.get("reason") for each in told])


def test_rooms_leaving_and_the_end_of_the_day(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    one, two = walked_in(district, clinic, 1), walked_in(district, clinic, 2)
    district.run(DOCTOR, queue.transfer, task=one, room="诊室2")
    with pytest.raises(NotFound):
        district.run(DOCTOR, queue.call_next, clinic="HealthcareService/other")
    district.run(NURSE, queue.leave, task=two, reason="home")
    assert (state(district, one), state(district, two)) == ("waiting", "gone")
    with pytest.raises((Forbidden, NotFound)):
        district.run(STRANGER, queue.call, task=one)
    district.advance_clock(9 * 60 * MINUTE)
    while district.runner.run_due():
        pass
    assert state(district, one) == "gone"


def test_twenty_people_at_once_get_twenty_numbers_and_nobody_two(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    people = [str(district.run(NURSE, lambda tx: tx.create({"resourceType": "Patient", "name": [{"text": "某"}]})).ref) for _ in range(20)]
    ready, refused = threading.Barrier(22), []

    def come(person: str) -> None:
        ready.wait()
        try:
            queue.numbered(district, NURSE, queue.walk_in, clinic=clinic, resident=person, presence="identity")
        except Conflict as lost:
            refused.append(lost.key)

    threads = [threading.Thread(target=come, args=(person,)) for person in [*people, *people[:2]]]
    [each.start() for each in threads]
    [each.join() for each in threads]
    with district.snapshot(NURSE) as reads:
        given = [each.number for each in queue.tickets(reads, institution=SHIQIAO, clinic=clinic)]
    assert sorted(given) == [f"{number:03d}" for number in range(1, 21)]
    assert refused == ["queue.waits-already"] * 2


def test_the_visit_of_a_walk_in_without_verification_opens_nothing(district: Store) -> None:
    clinic, _ = opened_clinic(district)
    queue.numbered(district, NURSE, queue.walk_in, clinic=clinic, resident=known(district, 6), presence="none")
    task = district.run(DOCTOR, queue.call_next, clinic=clinic).id
    with district.snapshot(DOCTOR) as reads:
        encounter = reads.read("Task", task)["encounter"]["reference"].partition("/")[2]
        assert visit.TABLE.state(reads.read("Encounter", encounter)["status"]).open
