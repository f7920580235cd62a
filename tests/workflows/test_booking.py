"""Given a clinic with its weeks, when people book, change their minds, or do not come, then the rule holds for everybody."""

import threading
from datetime import datetime, time, timedelta

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.store import Store
from doorstep.workflows import booking, checkin, clinics, relations, standing, stopping, visit
from doorstep.workflows.bookable import neighbours, place_of
from doorstep.workflows.coordination import day, moment
from tests.district import DOCTOR, STRANGER, who
from tests.workflows.clinic import (
    MANAGER,
    NURSE,
    booked,
    go_to,
    known,
    opened_clinic,
    resident,
    slots,
    tomorrow,
    week,
    with_doctor,
)


def appointment(store: Store, id_: str) -> dict:
    with store.snapshot(SYSTEM) as reads:
        return reads.read("Appointment", id_)


def slot_status(store: Store, id_: str) -> str:
    with store.snapshot(SYSTEM) as reads:
        return str(reads.read("Slot", id_)["status"])


def refusal(store: Store, actor, command, **given) -> str:
    with pytest.raises(Refusal) as refused:
        store.run(actor, command, **given)
    return refused.value.key


def test_places_are_made_ahead_and_each_day_one_more_day(district: Store) -> None:
    clinic, schedule = opened_clinic(district)
    last = tomorrow(district) + timedelta(days=13)
    assert len(slots(district, schedule)) == 4
    assert len(slots(district, schedule, last)) == 4
    assert slots(district, schedule, last + timedelta(days=1)) == []
    go_to(district, datetime.combine(tomorrow(district), time(0, 6)))
    assert len(slots(district, schedule, last + timedelta(days=1))) == 4
    # Once more changes nothing.
    before = slots(district, schedule)
    district.run(SYSTEM, clinics.generate, ref=f"Schedule/{schedule}", payload={})
    assert slots(district, schedule) == before


def test_a_holiday_has_no_places_and_booked_ones_stay(district: Store) -> None:
    clinic, schedule = opened_clinic(district)
    first = slots(district, schedule)
    mine = booked(district, first[0])
    on = tomorrow(district).isoformat()
    district.run(MANAGER, clinics.close_days, clinic=clinic, first=on, last="", name="元旦")
    assert [slot_status(district, each) for each in first] == ["busy", *["busy-unavailable"] * 3]
    assert appointment(district, mine)["status"] == "booked"


@pytest.mark.parametrize(("hours", "key"), [
    ((), "booking.week-empty"), (week(minutes=3), "booking.minutes"), (week(ends=time(8, 10)), "booking.row-wrong"),
    (week(members=5), "booking.row-wrong"), (week() * 2, "booking.rows-overlap"),
])
def test_a_week_that_cannot_be_is_refused(district: Store, hours, key: str) -> None:
    clinic, _ = opened_clinic(district)
    assert refusal(district, MANAGER, clinics.plan, clinic=clinic, practitioner="Practitioner/liuyang", name="x", week=hours) == key


def test_weeks_are_for_the_administrators_of_that_institution(district: Store) -> None:
    clinic, schedule = opened_clinic(district)
    with pytest.raises(Forbidden):
        district.run(NURSE, clinics.open_clinic, name="x", specialty="surgery")
    with pytest.raises(Forbidden):
        district.run(STRANGER, clinics.change, schedule=schedule, week=week())


def test_a_resident_books_and_the_clinic_sees_that_booking_alone(district: Store) -> None:
    _, schedule = opened_clinic(district)
    where = slots(district, schedule)
    stranger_side = NURSE
    mine = booked(district, where[0], 3)
    with district.snapshot(stranger_side) as reads:
        assert reads.read("Appointment", mine)["status"] == "booked"
        assert reads.exists("Patient", who(3).id)
    with district.snapshot(STRANGER) as reads:
        assert not reads.exists("Appointment", mine)
    assert slot_status(district, where[0]) == "busy"
    assert refusal(district, resident(1), booking.book, slot=where[0], resident=f"Patient/{who(1).id}") == "booking.slot-taken"
    with district.snapshot(resident(1)) as reads:
        near = neighbours(reads, slot=where[0], channel="own", now=district.clock.now())
    assert [each["id"] for each in near] == where[1:3]


def test_nobody_books_for_somebody_else(district: Store) -> None:
    _, schedule = opened_clinic(district)
    with pytest.raises(Forbidden):
        district.run(resident(1), booking.book, slot=slots(district, schedule)[0], resident=f"Patient/{who(0).id}")


def test_one_booking_a_person_clinic_and_day(district: Store) -> None:
    _, schedule = opened_clinic(district)
    where = slots(district, schedule)
    booked(district, where[0])
    assert refusal(district, resident(), booking.book, slot=where[2], resident=f"Patient/{who().id}") == "booking.one-a-day"
    next_day = slots(district, schedule, tomorrow(district) + timedelta(days=1))
    assert booked(district, next_day[0])


def test_two_desks_the_last_place(district: Store) -> None:
    _, schedule = opened_clinic(district, week(ends=time(8, 15)))
    (last,) = slots(district, schedule)
    people, answers, ready = [known(district, index) for index in range(4)], [], threading.Barrier(4)

    def try_it(person: str) -> None:
        ready.wait()
        try:
            answers.append(district.run(NURSE, booking.book, slot=last, resident=person).id)
        except Refusal as lost:
            assert booking.is_gone(lost), lost
            answers.append("")

    threads = [threading.Thread(target=try_it, args=(person,)) for person in people]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sorted(map(bool, answers)) == [False, False, False, True]


def test_a_hold_keeps_a_place_for_five_minutes(district: Store) -> None:
    _, schedule = opened_clinic(district)
    where = slots(district, schedule)[0]
    district.run(resident(), booking.hold, slot=where, resident=f"Patient/{who().id}")
    assert refusal(district, resident(1), booking.book, slot=where, resident=f"Patient/{who(1).id}") == "booking.slot-taken"
    district.advance_clock(301_000_000)
    assert booked(district, where, 1)


def test_kept_places_are_for_members_and_referrals_until_their_hour(district: Store) -> None:
    _, schedule = opened_clinic(district, week(members=1, referrals=1))
    on = tomorrow(district) + timedelta(days=2)
    where = slots(district, schedule, on)
    person = f"Patient/{who().id}"
    assert refusal(district, resident(), booking.book, slot=where[2], resident=person) == "booking.kept"
    assert refusal(district, resident(), booking.book, slot=where[3], resident=person) == "booking.kept"
    known(district, 0, STRANGER)
    district.run(STRANGER, booking.book, slot=where[2], resident=person)
    assert refusal(district, STRANGER, booking.book, slot=where[3], resident=f"Patient/{known(district, 1, STRANGER)[8:]}") == "booking.kept"
    assert refusal(district, resident(1), booking.book, slot=where[3], resident=f"Patient/{who(1).id}", referral="nothing") == "read.not-found"
    go_to(district, datetime.combine(on, time(5)))
    assert booked(district, where[3], 2)


def test_a_place_that_is_given_back_returns_at_a_moment_nobody_knows(district: Store) -> None:
    _, schedule = opened_clinic(district)
    where = slots(district, schedule)[3]
    mine = booked(district, where)
    district.run(resident(), booking.cancel, appointment=mine, reason="plans")
    assert appointment(district, mine)["status"] == "cancelled"
    # At once nobody gets it, not even the one whom the seller has told.
    assert refusal(district, resident(1), booking.book, slot=where, resident=f"Patient/{who(1).id}") == "booking.slot-taken"
    district.advance_clock(9 * 60_000_000)
    assert slot_status(district, where) == "busy-tentative"
    go_to(district, datetime.fromtimestamp((district.clock.now() + 112 * 60_000_000) / 1e6, booking_zone()).replace(tzinfo=None))
    assert slot_status(district, where) == "free"
    assert booked(district, where, 1)
    with district.snapshot(NURSE) as reads:
        assert reads.exists("Appointment", mine) is False


def booking_zone():
    from doorstep.kernel.clock import HOME

    return HOME


def test_shortly_before_only_the_desk_gives_a_place_back(district: Store) -> None:
    _, schedule = opened_clinic(district)
    mine = booked(district, slots(district, schedule)[0])
    go_to(district, datetime.combine(tomorrow(district), time(7, 45)))
    assert refusal(district, resident(), booking.cancel, appointment=mine, reason="plans") == "booking.cancel-late"
    assert refusal(district, NURSE, booking.call_off, appointment=mine, reason="never") == "workflows.unknown-reason"
    district.run(NURSE, booking.call_off, appointment=mine, reason="plans")
    with pytest.raises(Conflict):
        district.run(resident(), booking.cancel, appointment=mine, reason="plans")


def test_three_times_not_come_blocks_until_the_desk_relieves(district: Store) -> None:
    _, schedule = opened_clinic(district)
    missed = [booked(district, slots(district, schedule, tomorrow(district) + timedelta(days=number))[0]) for number in range(3)]
    other = booked(district, slots(district, schedule)[1], 1)
    go_to(district, datetime.combine(tomorrow(district) + timedelta(days=2), time(9)))
    assert [appointment(district, each)["status"] for each in [*missed, other]] == ["noshow"] * 4
    later = slots(district, schedule, tomorrow(district) + timedelta(days=1))
    assert refusal(district, resident(), booking.book, slot=later[0], resident=f"Patient/{who().id}") == "booking.blocked"
    assert booked(district, later[1], 1)
    assert refusal(district, resident(), standing.relieve, appointment=missed[0], reason="x") == "booking.desk-only"
    assert refusal(district, NURSE, standing.relieve, appointment=missed[0], reason=" ") == "booking.relief-reason"
    district.run(NURSE, standing.relieve, appointment=missed[0], reason="当日住院")
    assert booked(district, later[0])


def test_a_stopped_clinic_moves_people_or_asks_them(district: Store) -> None:
    clinic, schedule = opened_clinic(district)
    other = with_doctor(district, clinic, "liuyang", week(ends=time(8, 15)))
    where = slots(district, schedule)
    mine, second = booked(district, where[0]), booked(district, where[1], 1)
    on = tomorrow(district).isoformat()
    done = district.run(NURSE, stopping.stop, schedule=schedule, begins=f"{on}T00:00", ends=f"{on}T23:59", reason="外出培训", how="move")
    assert done.moved == (mine, second)
    assert appointment(district, mine)["slot"][0]["reference"] == f"Slot/{slots(district, other)[0]}"
    assert not appointment(district, second)["start"].startswith(on)
    assert {slot_status(district, each) for each in where} == {"busy-unavailable"}
    third = booked(district, slots(district, schedule, tomorrow(district) + timedelta(days=3))[0], 2)
    on = (tomorrow(district) + timedelta(days=3)).isoformat()
    done = district.run(NURSE, stopping.stop, schedule=schedule, begins=f"{on}T00:00", ends=f"{on}T23:59", reason="x", how="offer")
    assert done.offered == (third,)
    free = slots(district, schedule, tomorrow(district) + timedelta(days=4))[0]
    district.run(resident(2), booking.take_offer, appointment=third, slot=free)
    assert appointment(district, third)["status"] == "booked"
    with district.snapshot(resident(2)) as reads:
        assert reads.search("Communication", [("patient", f"Patient/{who(2).id}")])


def test_a_stopped_clinic_moves_nobody_to_an_earlier_time(district: Store) -> None:
    """Whoever is moved may not have heard of it yet: an earlier place is for those to choose who are asked."""
    clinic, schedule = opened_clinic(district)
    early = with_doctor(district, clinic, "liuyang", week(time(7, 30), time(7, 45)))
    mine, last = booked(district, slots(district, schedule)[0]), booked(district, slots(district, schedule, tomorrow(district) + timedelta(days=1))[0], 1)
    on, end = tomorrow(district), tomorrow(district) + timedelta(days=2)
    district.run(NURSE, stopping.stop, schedule=early, begins=f"{end}T00:00", ends=f"{end + timedelta(days=90)}T00:00", reason="x", how="offer")
    done = district.run(NURSE, stopping.stop, schedule=schedule, begins=f"{on}T00:00", ends=f"{end + timedelta(days=90)}T00:00", reason="x", how="move")
    assert (done.moved, done.offered) == ((mine,), (last,)), "on the second day only the place before is free"
    assert appointment(district, mine)["slot"][0]["reference"] == f"Slot/{slots(district, early, on + timedelta(days=1))[0]}"


def test_what_was_booked_before_the_day_verifies_presence(district: Store) -> None:
    _, schedule = opened_clinic(district)
    booked(district, slots(district, schedule)[0], 4)
    known(district, 4)
    with pytest.raises(RuleBroken):
        district.run(DOCTOR, visit.open_visit, resident=f"Patient/{who(4).id}", complaint="x", presence="booking")
    go_to(district, datetime.combine(tomorrow(district), time(8)))
    assert district.run(DOCTOR, visit.open_visit, resident=f"Patient/{who(4).id}", complaint="x", presence="booking")


def test_a_code_checks_in_on_its_day_and_another_does_not(district: Store) -> None:
    _, schedule = opened_clinic(district)
    mine = booked(district, slots(district, schedule)[0])
    code = checkin.token(district, mine)
    assert checkin.appointment_of(district, code.lower()) == mine
    for wrong in (code[:-1] + ("0" if code[-1] != "0" else "1"), code[4:], "DSB-", "X" + code[1:]):
        with pytest.raises(Invalid):
            checkin.appointment_of(district, wrong)
    assert refusal(district, NURSE, checkin.arrive, appointment=mine) == "booking.not-today"
    go_to(district, datetime.combine(tomorrow(district), time(7, 50)))
    assert refusal(district, resident(), checkin.arrive, appointment=mine) == "workflows.not-yours"
    district.run(NURSE, checkin.arrive, appointment=mine)
    assert appointment(district, mine)["status"] == "arrived"


def test_a_proxy_for_bookings_books_and_one_for_reports_does_not(district: Store) -> None:
    from dataclasses import replace

    _, schedule = opened_clinic(district)
    where, person = slots(district, schedule), f"Patient/{who().id}"
    until = (tomorrow(district) + timedelta(days=30)).isoformat()
    for place, scope in ((0, "reports"), (1, "booking")):
        named = district.run(resident(), relations.name_proxy, resident=person, scope=scope, until=until,
                             relationship="CHILD", name=f"李芳{place}", phone=f"1269999000{place}")
        actor = replace(resident(), person=f"RelatedPerson/{named.id}", role="proxy", patient=who().id)
        if scope == "reports":
            with pytest.raises(Forbidden):
                district.run(actor, booking.book, slot=where[place], resident=person)
        else:
            mine = district.run(actor, booking.book, slot=where[place], resident=person).id
            district.run(actor, booking.cancel, appointment=mine, reason="plans")


def test_what_is_no_place_is_not_found(district: Store) -> None:
    with pytest.raises(NotFound):
        district.run(resident(), booking.book, slot="nothing", resident=f"Patient/{who().id}")
    with district.snapshot(SYSTEM) as reads, pytest.raises(NotFound):
        place_of(reads, "nothing")
    assert moment("2026-11-23T08:00:00+08:00") > 0


def test_giving_places_back_again_and_again_blocks_and_says_the_rule_until_when_and_whom_to_ring(district: Store) -> None:
    _, schedule = opened_clinic(district)
    days = [slots(district, schedule, tomorrow(district) + timedelta(days=number)) for number in range(6)]
    for number in range(5):
        mine = booked(district, days[number][0])
        by_desk = booked(district, days[number][1], 1)
        district.run(NURSE, booking.call_off, appointment=by_desk, reason="plans")
        assert district.run(resident(), booking.cancel, appointment=mine, reason="plans")
    with pytest.raises(RuleBroken) as refused:
        district.run(resident(), booking.book, slot=days[5][0], resident=f"Patient/{who().id}")
    with district.snapshot(SYSTEM) as reads:
        house = reads.read("Organization", "shiqiao")
    until = day(district.clock.now()) + timedelta(days=7)
    told = {"count": 5, "allowed": 5, "window": 30, "block": 7, "day": until.isoformat()}
    assert refused.value.key == "booking.blocked-given-back" and refused.value.params.items() >= told.items()
    assert refused.value.params["phone"] in [way["value"] for way in house.get("telecom", [{"value": "12320"}])]
    assert booked(district, days[5][1], 1), "what the desk takes back does not count"
    about = {"resident": f"Patient/{who().id}"}
    assert refusal(district, resident(), standing.lift, **about, reason="x") == "booking.desk-only"
    assert refusal(district, STRANGER, standing.lift, **about, reason="x") in ("booking.desk-only", "booking.nothing-to-relieve")
    assert refusal(district, NURSE, standing.lift, **about, reason=" ") == "booking.relief-reason"
    assert district.run(NURSE, standing.lift, **about, reason="住院") == 5
    assert refusal(district, NURSE, standing.lift, **about, reason="x") == "booking.nothing-to-relieve"
    assert booked(district, days[5][0])
    go_to(district, datetime.combine(until + timedelta(days=1), time(1)))
    assert booked(district, slots(district, schedule, until + timedelta(days=3))[0])
