"""Given a referral with all that hangs on it, when it goes its way or another, then nothing is lost and nothing is left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from doorstep.journeys import referring
from doorstep.journeys.handback import hand_back
from doorstep.journeys.referring import Wish
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.workflows import beds, booking, clinics, directory_places, green, identity, opinion, referral, signing
from doorstep.workflows.coordination import boxes, day, state_of
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.green import Alert
from doorstep.workflows.referral import Reply, Sheet
from tests.district import DESK, DOCTOR, HOSPITAL, SHEET, SPECIALIST, STRANGER, opened, stands, task, who
from tests.workflows.clinic import tomorrow, week

BED, OTHER = "Location/hospital-cardiology-1-1", "Location/hospital-cardiology-1-2"
TCM = "Organization/tcm"
TCM_DESK = Actor("Practitioner/gaoyuan", "nurse", TCM, "TREAT", "gaoyuan")
LATER = Sheet("急性胸痛", "胸痛 40 分钟", later=True)
ALERT = Alert("chest-pain", {"systolic": "96", "pulse": "118", "oxygen": "91", "mind": "清醒"}, eta="25", transport="120",
              nodes=(("contact", ""), ("ecg", "")))
MINUTE = 60_000_000


def sent(store: Store, *, priority: str = "urgent", specialty: str = "cardiology", sheet: Sheet = SHEET, **wish: Any) -> str:
    return store.run(DOCTOR, referring.send, encounter=visiting(store), receiver=HOSPITAL, specialty=specialty, sheet=sheet,
                     priority=priority, wish=Wish(**wish)).id


def visiting(store: Store) -> str:
    """The visit that is open, or a new one."""
    with store.snapshot(DOCTOR) as reads:
        found = reads.search("Encounter", [("status", "in-progress"), ("patient", who().id)])
    return str(found[0]["id"]) if found else opened(store)


def free(store: Store) -> int:
    with store.snapshot(DESK) as reads:
        return len(beds.free(reads, HOSPITAL, "cardiology"))


def state(store: Store, id_: str, reader: Actor = DOCTOR) -> str:
    return state_of(task(store, id_, reader))


def second_hospital(store: Store) -> None:
    """Another house of the alliance that takes referrals."""
    def put(tx: Any) -> None:
        house = {name: value for name, value in tx.read("Organization", "hospital").items() if name != "identifier"}
        tx.update({**house, "id": "tcm", "name": "云岭区中医院", "alias": ["TCM Hospital"]})
        row = tx.read("OrganizationAffiliation", "shiqiao-referral")
        tx.update({**row, "id": "shiqiao-tcm", "participatingOrganization": {"reference": TCM}})
        tx.update({"resourceType": "Location", "id": "tcm-ward", "status": "active", "name": "内科病区", "mode": "instance",
                   "physicalType": {"coding": [{"system": systems.PLACE_KIND, "code": "wa"}]},
                   "type": [{"coding": [{"system": systems.SPECIALTY, "code": "cardiology"}]}], "managingOrganization": {"reference": TCM}})
        tx.update({"resourceType": "Location", "id": "tcm-1", "status": "active", "name": "1 床", "mode": "instance",
                   "physicalType": {"coding": [{"system": systems.PLACE_KIND, "code": "bd"}]}, "partOf": {"reference": "Location/tcm-ward"},
                   "operationalStatus": {"system": systems.BED_STATUS, "code": "U"}, "managingOrganization": {"reference": TCM}})

    store.run(SYSTEM, put)


def test_candidates_are_departments_with_what_is_really_free(district: Store) -> None:
    second_hospital(district)

    def seen() -> list[tuple[str, str, int, bool]]:
        with district.snapshot(DOCTOR) as reads:
            found = referring.candidates(reads, member="Organization/shiqiao", specialty="cardiology", now=district.clock.now())
        return [(each.institution, each.specialty, len(each.beds), each.instead) for each in found]

    assert seen() == [(HOSPITAL, "cardiology", 2, False), (TCM, "cardiology", 1, False), (HOSPITAL, "emergency", 2, True)]
    for bed in (BED, OTHER):
        district.run(DESK, beds.take, bed=bed, encounter=f"Encounter/{bed[-1]}")
    assert seen() == [(HOSPITAL, "cardiology", 0, False), (TCM, "cardiology", 1, False), (HOSPITAL, "emergency", 2, True)]


def test_a_bed_is_kept_when_it_is_asked_for_and_longer_when_it_is_promised(district: Store) -> None:
    id_ = sent(district, bed=BED)
    assert free(district) == 1
    district.advance_clock(31 * MINUTE)
    assert (free(district), state(district, id_)) == (2, "sent")
    district.run(DESK, referring.accept, task=id_, bed=BED)
    assert (free(district), state(district, id_)) == (1, "accepted")
    told = boxes(task(district, id_)["output"])
    assert (told["bed"], told["place"]) == (BED, "心血管内科病区 101 床")
    district.advance_clock(6 * 60 * MINUTE + MINUTE)
    assert (free(district), state(district, id_)) == (2, "lapsed")
    with pytest.raises(Invalid):
        district.run(DESK, referring.accept, task=id_)
    district.run(DESK, referring.accept, task=id_, bed=OTHER)
    assert (free(district), state(district, id_)) == (1, "accepted")
    district.advance_clock(MINUTE)
    district.run(DESK, referring.arrive, task=id_)
    district.run(DESK, referral.triage, task=id_, level="2")
    district.run(DESK, referral.bedded, task=id_)
    assert boxes(task(district, id_)["output"])["level"] == "2"
    district.run(DESK, beds.take, bed=OTHER, encounter="Encounter/1", source=f"Task/{id_}")
    district.advance_clock(12 * 60 * MINUTE)
    assert (free(district), state(district, id_)) == (1, "arrived")


def test_who_does_not_come_goes_back_to_the_sender_and_the_bed_is_free(district: Store) -> None:
    id_ = sent(district, priority="routine")
    district.run(DESK, referring.accept, task=id_, place="肾内科门诊")
    district.advance_clock(3 * 24 * 60 * MINUTE + MINUTE)
    assert stands(task(district, id_))[:3] == ("absent", "on-hold", "Organization/shiqiao")


@pytest.mark.parametrize("end", ["decline", "withdraw", "redirect"])
def test_what_hangs_on_a_referral_ends_with_it(district: Store, end: str) -> None:
    second_hospital(district)
    id_ = sent(district, priority="stat", sheet=LATER, bed=BED, alert=ALERT)
    district.run(DESK, referring.accept, task=id_, bed=BED) if end == "withdraw" else None
    assert free(district) == 1
    if end == "decline":
        district.run(DESK, referring.decline, task=id_, reason="no-capacity", alternative="请联系中医院")
    elif end == "withdraw":
        district.run(DOCTOR, referring.withdraw, task=id_, reason="patient")
    else:
        district.run(DESK, referring.redirect, task=id_, specialty="cardiology", reason="no-bed", alternative="中医院有床", receiver=TCM)
    assert free(district) == 2
    with district.snapshot(DOCTOR) as reads:
        channels = sorted(state_of(each) for each in green.of_referral(reads, id_))
    assert channels == {"decline": ["over"], "withdraw": ["stopped"], "redirect": ["over", "running"]}[end]


def sees(store: Store, reader: Actor, reference: str) -> bool:
    with store.snapshot(reader) as reads:
        return reads.exists(*reference.split("/"))


def test_sent_on_to_another_house_it_opens_there_and_closes_here(district: Store) -> None:
    second_hospital(district)
    id_ = sent(district, priority="stat", sheet=LATER, alert=ALERT)
    assert sees(district, DESK, f"Task/{id_}") and not sees(district, TCM_DESK, f"Task/{id_}")
    with pytest.raises(RuleBroken) as refused:
        district.run(DESK, referring.redirect, task=id_, specialty="cardiology", reason="no-bed", alternative="x")
    assert refused.value.key == "referral.same-place"
    district.run(DESK, referring.redirect, task=id_, specialty="cardiology", reason="no-bed", alternative="中医院有床", receiver=TCM)
    assert not sees(district, DESK, f"Task/{id_}") and sees(district, TCM_DESK, f"Task/{id_}")
    assert sees(district, TCM_DESK, f"Encounter/{task(district, id_)['encounter']['reference'].split('/')[1]}")
    with pytest.raises(NotFound):
        district.run(DESK, referring.accept, task=id_, place="x")
    district.run(TCM_DESK, referring.accept, task=id_, bed="Location/tcm-1")
    district.run(TCM_DESK, referring.arrive, task=id_)
    items = (PlanItem("复查", day(district.clock.now()) + timedelta(days=7)),)
    district.run(TCM_DESK, hand_back, task=id_, reply=Reply("a", "b", "c"), items=items)
    district.run(DOCTOR, referral.acknowledge, task=id_)
    assert state(district, id_) == "closed"
    for days in (2, 31):
        district.advance_clock(days * 24 * 60 * MINUTE)
    assert not sees(district, TCM_DESK, f"Patient/{who().id}")


def test_within_a_house_it_goes_to_another_department(district: Store) -> None:
    id_ = sent(district)
    district.run(DESK, referring.redirect, task=id_, specialty="emergency", reason="other-specialty", alternative="急诊先看")
    found = task(district, id_)
    assert (found["description"], stands(found)[0]) == ("急诊科", "sent")
    district.run(DESK, referring.accept, task=id_, bed="Location/hospital-emergency-1-1")
    with pytest.raises(Conflict):
        district.run(DESK, referring.accept, task=id_, place="x")


def test_a_bed_of_another_house_or_one_that_is_gone_is_refused_by_name(district: Store) -> None:
    second_hospital(district)
    with pytest.raises(RuleBroken) as refused:
        sent(district, bed="Location/tcm-1")
    assert (refused.value.key, refused.value.elements) == ("referral.other-bed", ("bed",))
    id_ = sent(district)
    with pytest.raises(RuleBroken):
        district.run(DESK, referring.accept, task=id_, bed="Location/tcm-1")
    district.run(DESK, beds.take, bed=BED, encounter="Encounter/1")
    with pytest.raises(Conflict) as gone:
        district.run(DESK, referring.accept, task=id_, bed=BED)
    assert beds.is_gone(gone.value)
    assert state(district, id_) == "sent"


def test_of_two_doctors_who_ask_for_the_last_bed_one_has_it(district: Store) -> None:
    district.run(DESK, beds.take, bed=OTHER, encounter="Encounter/1")
    encounters = [opened(district, 0), opened(district, 3)]

    def ask(encounter: str) -> bool:
        try:
            district.run(DOCTOR, referring.send, encounter=encounter, receiver=HOSPITAL, specialty="cardiology", sheet=SHEET,
                         priority="urgent", wish=Wish(bed=BED))
        except Refusal as refusal:
            assert beds.is_gone(refusal)
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, encounters)) == [False, True]
    with district.snapshot(DOCTOR) as reads:
        assert len(reads.search("Task", [("code", f"{systems.WORKFLOW}|referral")])) == 1


def test_the_green_channel_may_sign_within_a_day_and_nobody_else_may(district: Store) -> None:
    with pytest.raises(Invalid) as refused:
        sent(district, priority="urgent", sheet=LATER)
    assert refused.value.elements == ("consent",)
    with pytest.raises(Invalid):
        sent(district, priority="urgent", alert=ALERT)
    id_ = sent(district, priority="stat", sheet=LATER, alert=ALERT)
    with district.snapshot(DOCTOR) as reads:
        owed = [each for each in reads.search("Task", [("part-of", f"Task/{id_}")]) if each["code"]["coding"][0]["code"] == "signing"]
    assert stands(owed[0])[:3] == ("due", "requested", "Organization/shiqiao")
    with pytest.raises(Invalid):
        district.run(DOCTOR, signing.sign, task=owed[0]["id"], agreed_by=" ")
    district.run(DOCTOR, signing.sign, task=owed[0]["id"], agreed_by="李芳（女儿）")
    assert state(district, owed[0]["id"]) == "signed"
    late = sent_again(district)
    district.advance_clock(24 * 60 * MINUTE + MINUTE)
    with district.snapshot(SYSTEM) as reads:
        assert reads.search("Task", [("part-of", f"Task/{late}"), ("code", f"{systems.WORKFLOW}|escalation")])


def sent_again(store: Store) -> str:
    """The consent that another green channel owes."""
    again = sent(store, priority="stat", sheet=LATER)
    with store.snapshot(DOCTOR) as reads:
        return str(reads.search("Task", [("part-of", f"Task/{again}")])[0]["id"])


def channel(store: Store, id_: str, reader: Actor = DOCTOR) -> dict[str, Any]:
    with store.snapshot(reader) as reads:
        return green.of_referral(reads, id_)[0]


def test_both_sides_share_one_list_and_one_clock(district: Store) -> None:
    id_ = sent(district, priority="stat", sheet=LATER, alert=ALERT)
    mine = channel(district, id_, DESK)["id"]
    district.run(DOCTOR, green.tick, task=mine, thing="line")
    district.run(DESK, green.tick, task=mine, thing="team")
    for actor, command, given in (
        (DESK, green.tick, {"thing": "line"}), (DOCTOR, green.tick, {"thing": "team"}),
        (DESK, green.stamp, {"node": "departure"}), (DOCTOR, green.stamp, {"node": "needle"}),
    ):
        with pytest.raises(Forbidden):
            district.run(actor, command, task=mine, **given)
    with pytest.raises(Invalid):
        district.run(DESK, green.stamp, task=mine, node="ct")  # a node of the stroke alone
    district.run(DOCTOR, green.stamp, task=mine, node="contact")
    district.advance_clock(12 * MINUTE)
    district.run(DOCTOR, green.stamp, task=mine, node="ecg")
    district.run(DESK, referring.accept, task=id_, bed=BED)
    district.advance_clock(20 * MINUTE)
    district.run(DESK, referring.arrive, task=id_)
    found = channel(district, id_)
    with district.snapshot(DOCTOR) as reads:
        way = green.way(found, green.limits_of(reads, "chest-pain", district.clock.now()))
    stood = {each.node.concept.code: (bool(each.at), each.minutes, each.late) for each in way}
    assert stood["ecg"] == (True, 12, True)
    assert stood["arrival"][0] and not stood["needle"][0]
    ticked = {each.ready.concept.code: each.by for each in green.readiness(found) if each.at}
    assert ticked == {"line": DOCTOR.person, "team": DESK.person}
    district.run(DESK, green.tick, task=mine, thing="team", undo=True)
    assert not [each for each in green.readiness(channel(district, id_)) if each.ready.concept.code == "team" and each.at]
    district.run(DESK, green.finish, task=mine)
    assert state(district, mine) == "over"


def test_nobody_answers_the_green_channel_and_it_climbs_in_five_minutes(district: Store) -> None:
    id_ = sent(district, priority="stat", sheet=LATER, alert=ALERT)
    district.advance_clock(5 * MINUTE + 1)
    with district.snapshot(SYSTEM) as reads:
        assert [state_of(each) for each in reads.search("Task", [("part-of", f"Task/{id_}"), ("code", f"{systems.WORKFLOW}|escalation")])] == ["raised"]


@pytest.mark.parametrize(("boxes_", "element"), [
    ({"kind": "toothache"}, "kind"), ({"vitals": {"systolic": "many"}}, "vital.systolic"), ({"vitals": {"oxygen": "140"}}, "vital.oxygen"),
    ({"eta": "soon"}, "eta"), ({"nodes": (("contact", "25:00"),)}, "node.contact"), ({"nodes": (("contact", "2031-01-01T00:00"),)}, "node.contact"),
])
def test_an_alert_that_cannot_be_is_refused_by_its_box(district: Store, boxes_: dict[str, Any], element: str) -> None:
    given = {"kind": "chest-pain", "vitals": {}, **boxes_}
    with pytest.raises(Invalid) as refused:
        sent(district, priority="stat", sheet=LATER, alert=Alert(**given))
    assert refused.value.elements == (element,)


def test_a_second_opinion_moves_nobody(district: Store) -> None:
    encounter = opened(district)
    asked = district.run(DOCTOR, opinion.ask, encounter=encounter, adviser=HOSPITAL, specialty="cardiology", question="是否需要抗凝？").id
    assert sees(district, SPECIALIST, f"Encounter/{encounter}")
    with pytest.raises(Forbidden):
        district.run(DOCTOR, opinion.answer, task=asked, opinion="x")
    district.run(SPECIALIST, opinion.answer, task=asked, opinion="暂不需要，随访即可")
    district.run(DOCTOR, opinion.read, task=asked, note="采纳")
    assert state(district, asked) == "closed"
    assert not sees(district, SPECIALIST, f"Encounter/{encounter}")
    assert not sees(district, STRANGER, f"Task/{asked}")


def test_a_bed_that_the_house_closes_is_no_candidate(district: Store) -> None:
    admin = Actor("Practitioner/zhenglin", "institution-admin", HOSPITAL, "HOPERAT", "zhenglin")
    district.run(admin, directory_places.set_bed, location=BED, status="C")
    assert free(district) == 1


def hospital_clinic(store: Store) -> list[str]:
    """The free places of a clinic of the hospital's cardiology, the last of each day kept for referrals."""
    admin = Actor("Practitioner/zhenglin", "institution-admin", HOSPITAL, "HOPERAT", "zhenglin")
    clinic = f"HealthcareService/{store.run(admin, clinics.open_clinic, name='心内科门诊', specialty='cardiology').id}"
    schedule = store.run(admin, clinics.plan, clinic=clinic, practitioner="Practitioner/chenzhiyuan", name="陈志远",
                         week=week(referrals=2)).id
    with store.snapshot(DESK) as reads:
        return [each["id"] for each in clinics.ahead(reads, schedule, now=store.clock.now(), on=tomorrow(store))]


def appointment(store: Store, id_: str) -> dict[str, Any]:
    with store.snapshot(DESK) as reads:
        return reads.read("Appointment", boxes(task(store, id_)["output"])["appointment"].split("/")[1])


def test_a_place_at_a_clinic_is_kept_booked_used_and_given_back(district: Store) -> None:
    slots = hospital_clinic(district)
    with district.snapshot(DOCTOR) as reads:
        offered = referring.candidates(reads, member="Organization/shiqiao", specialty="cardiology", now=district.clock.now())[0].slots
    assert offered and offered[0][1]["name"] == "心内科门诊"
    id_ = sent(district, priority="routine", slot=slots[-1])  # one that is kept for referrals
    assert known(district)
    with pytest.raises(Conflict) as refused:
        district.run(DESK, booking.book, slot=slots[-1], resident=f"Patient/{who(3).id}")
    assert booking.is_gone(refused.value)
    district.run(DESK, referring.accept, task=id_, slot=slots[-1])
    booked = appointment(district, id_)
    assert (booked["status"], state(district, id_)) == ("booked", "accepted")
    assert "心内科门诊" in boxes(task(district, id_)["output"])["place"]
    district.run(DOCTOR, referring.withdraw, task=id_, reason="improved")
    with district.snapshot(DESK) as reads:
        assert reads.read("Appointment", booked["id"])["status"] == "cancelled"
    again = sent(district, priority="routine")
    district.run(DESK, referring.accept, task=again, slot=slots[0])
    district.run(DESK, referring.arrive, task=again)
    assert (appointment(district, again)["status"], state(district, again)) == ("arrived", "arrived")


def known(store: Store) -> bool:
    """Another resident is known at the hospital's desk."""
    return identity.by_number(store, DESK, number=who(3).number) is not None
