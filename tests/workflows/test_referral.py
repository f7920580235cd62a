"""Given a visit, when a resident is referred, then the hospital answers, and it cannot close without a reply."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from doorstep.journeys.handback import hand_back
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import followup, referral
from doorstep.workflows.coordination import boxes, day
from doorstep.workflows.followup import PlanItem
from doorstep.workflows.referral import Reply, Sheet
from tests.district import (
    DESK,
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    SHEET,
    SPECIALIST,
    STRANGER,
    opened,
    sent,
    stands,
    task,
    who,
)

REPLY = Reply("慢性肾脏病 G3b 期", "调整降压方案", "少尿请立即上转", "肌酐 150")


def returned(store: Store, id_: str, *, days: tuple[int, ...] = (7, 3)) -> None:
    today = day(store.clock.now())
    items = tuple(PlanItem(f"复查 {n}", today + timedelta(days=n)) for n in days)
    store.run(DESK, referral.accept, task=id_, place="肾内科 2 诊室")
    store.run(DESK, referral.arrive, task=id_)
    store.run(SPECIALIST, hand_back, task=id_, reply=REPLY, items=items)


def test_the_line_from_sending_to_closing(district: Store) -> None:
    id_ = sent(district, opened(district))
    seen = [stands(task(district, id_))]
    district.run(DESK, referral.accept, task=id_, place="肾内科 2 诊室")
    seen.append(stands(task(district, id_)))
    district.run(DESK, referral.arrive, task=id_)
    seen.append(stands(task(district, id_)))
    items = (PlanItem("复查肾功能", day(district.clock.now()) + timedelta(days=7)),)
    district.run(SPECIALIST, hand_back, task=id_, reply=REPLY, items=items)
    seen.append(stands(task(district, id_)))
    district.run(DOCTOR, referral.acknowledge, task=id_)
    seen.append(stands(task(district, id_)))
    assert seen == [
        ("sent", "requested", HOSPITAL, True),
        ("accepted", "accepted", HOSPITAL, True),
        ("arrived", "in-progress", HOSPITAL, True),
        ("returned", "in-progress", "Organization/shiqiao", True),
        ("closed", "completed", "", False),
    ]


def test_each_transition_leaves_one_provenance_of_who_for_whom_and_when(district: Store) -> None:
    id_ = sent(district, opened(district))
    returned(district, id_)
    district.run(DOCTOR, referral.acknowledge, task=id_)
    with district.snapshot(DOCTOR) as reads:
        found = reads.search("Provenance", [("target", f"Task/{id_}"), ("_sort", "recorded")])
    told = [(p["activity"]["coding"][0]["code"], p["agent"][0]["who"]["reference"], p["agent"][0]["onBehalfOf"]["reference"],
             p["target"][0]["reference"]) for p in found]
    assert told == [
        ("send", DOCTOR.person, "Organization/shiqiao", f"Task/{id_}/_history/1"),
        ("accept", DESK.person, HOSPITAL, f"Task/{id_}/_history/2"),
        ("arrive", DESK.person, HOSPITAL, f"Task/{id_}/_history/3"),
        ("return", SPECIALIST.person, HOSPITAL, f"Task/{id_}/_history/4"),
        ("acknowledge", DOCTOR.person, "Organization/shiqiao", f"Task/{id_}/_history/5"),
    ]


def test_an_act_that_happened_earlier_keeps_both_times(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    district.run(DESK, referral.arrive, task=id_, occurred=district.clock.now() - 3_600_000_000)
    with district.snapshot(DOCTOR) as reads:
        arrived = reads.search("Provenance", [("target", f"Task/{id_}"), ("_sort", "-recorded")])[0]
    assert arrived["occurredDateTime"] < arrived["recorded"]


@pytest.mark.parametrize(("sheet", "named"), [
    (Sheet("x", "y"), ("consent",)),
    (Sheet("", "", consent=True), ("impression", "illness")),
])
def test_consent_and_reason_are_needed(district: Store, sheet: Sheet, named: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        district.run(DOCTOR, referral.send, encounter=opened(district), receiver=HOSPITAL, specialty="nephrology", sheet=sheet)
    assert refused.value.elements == named


def test_a_referral_goes_only_where_an_affiliation_says(district: Store) -> None:
    with pytest.raises(RuleBroken) as refused:
        district.run(DOCTOR, referral.send, encounter=opened(district), receiver=LABORATORY, specialty="nephrology", sheet=SHEET)
    assert refused.value.key == "workflows.not-affiliated"


def test_only_the_receiver_accepts_and_only_the_sender_withdraws(district: Store) -> None:
    id_ = sent(district, opened(district))
    for actor, command, given in (
        (DOCTOR, referral.accept, {"place": "x"}), (DOCTOR, referral.decline, {"reason": "no-capacity", "alternative": "x"}),
        (DESK, referral.withdraw, {"reason": "mistake"}), (DESK, referral.acknowledge, {}),
    ):
        with pytest.raises(Forbidden):
            district.run(actor, command, task=id_, **given)
    with pytest.raises(NotFound):
        district.run(STRANGER, referral.accept, task=id_, place="x")
    assert stands(task(district, id_))[0] == "sent"


def test_it_is_accepted_once(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    with pytest.raises(Conflict) as refused:
        district.run(DESK, referral.accept, task=id_, place="x")
    assert (refused.value.key, refused.value.params["state"]) == ("workflows.wrong-state", "accepted")


def test_of_eight_who_accept_and_decline_at_once_one_succeeds(district: Store) -> None:
    id_ = sent(district, opened(district))

    def attempt(number: int) -> bool:
        try:
            if number % 2:
                district.run(DESK, referral.accept, task=id_, place=str(number))
            else:
                district.run(DESK, referral.decline, task=id_, reason="no-capacity", alternative=str(number))
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    with district.snapshot(DOCTOR) as reads:
        assert reads.stored("Task", id_).version == 2


def test_it_cannot_be_closed_without_reply_and_plan(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    district.run(DESK, referral.arrive, task=id_)
    items = (PlanItem("复查", day(district.clock.now()) + timedelta(days=7)),)
    with pytest.raises(Invalid) as refused:
        district.run(SPECIALIST, hand_back, task=id_, reply=Reply("", "", ""), items=items)
    assert refused.value.elements == ("diagnosis", "treatment", "advice")
    with pytest.raises(Invalid) as refused:
        district.run(SPECIALIST, hand_back, task=id_, reply=REPLY, items=())
    assert refused.value.elements == ("plan",)
    # All or nothing: what the journey had begun is not there.
    with district.snapshot(DOCTOR) as reads:
        assert reads.search("CarePlan", [("patient", f"Patient/{who().id}")]) == []
        assert reads.search("Task", [("part-of", f"Task/{id_}")]) == []


def test_reply_and_plan_are_the_townships(district: Store) -> None:
    id_ = sent(district, opened(district))
    returned(district, id_)
    reply = boxes(task(district, id_)["output"])
    assert (reply["diagnosis"], reply["advice"]) == (REPLY.diagnosis, REPLY.advice)
    with district.snapshot(DOCTOR) as reads:
        plan = reads.read("CarePlan", reply["plan"].removeprefix("CarePlan/"))
        tasks = [reads.read("Task", entry["reference"]["reference"].removeprefix("Task/")) for entry in plan["activity"]]
    assert [(stands(each), each["description"]) for each in tasks] == [
        (("due", "requested", "Organization/shiqiao", True), "复查 7"),
        (("due", "requested", "Organization/shiqiao", True), "复查 3"),
    ]


def test_a_plan_is_over_when_every_item_is(district: Store) -> None:
    id_ = sent(district, opened(district))
    returned(district, id_)
    plan = boxes(task(district, id_)["output"])["plan"].removeprefix("CarePlan/")

    def status() -> str:
        with district.snapshot(DOCTOR) as reads:
            return str(reads.read("CarePlan", plan)["status"])

    with district.snapshot(DOCTOR) as reads:
        first, second = (each["id"] for each in reads.search("Task", [("part-of", f"Task/{id_}")]))
    with pytest.raises(Forbidden):
        district.run(SPECIALIST, followup.complete, task=first, note="x")
    district.run(DOCTOR, followup.complete, task=first, note="血压 128/78")
    assert status() == "active"
    district.run(DOCTOR, followup.miss, task=second, reason="unreachable")
    assert status() == "completed"


def test_a_plan_lies_in_the_future(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    district.run(DESK, referral.arrive, task=id_)
    yesterday = (PlanItem("x", day(district.clock.now()) - timedelta(days=1)),)
    with pytest.raises(Invalid) as refused:
        district.run(SPECIALIST, hand_back, task=id_, reply=REPLY, items=yesterday)
    assert refused.value.elements == ("items[0].by",)


def sees(store: Store, reader: Actor) -> bool:
    with store.snapshot(reader) as reads:
        return reads.exists("Patient", who().id)


def test_the_hospital_reads_the_record_from_the_referral_until_it_declines(district: Store) -> None:
    encounter = opened(district)
    assert not sees(district, DESK)
    id_ = sent(district, encounter)
    assert sees(district, DESK)
    district.run(DESK, referral.decline, task=id_, reason="no-capacity", alternative="请转区中医院")
    assert not sees(district, DESK)
    assert stands(task(district, id_)) == ("declined", "on-hold", "Organization/shiqiao", True)
    district.run(DOCTOR, referral.settle, task=id_, note="已转区中医院")
    assert stands(task(district, id_)) == ("settled", "rejected", "", False)


def test_a_withdrawn_referral_ends_the_hospitals_right(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    district.run(DOCTOR, referral.withdraw, task=id_, reason="improved")
    assert not sees(district, DESK)
    with pytest.raises(NotFound):
        district.run(DESK, referral.arrive, task=id_)


def test_the_sender_keeps_the_custody_of_a_task_that_the_hospital_moves(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    with district.snapshot(DOCTOR) as reads:
        assert reads.stored("Task", id_).custodian == "Organization/shiqiao"


def test_a_missed_arrival_goes_back_to_the_sender(district: Store) -> None:
    id_ = sent(district, opened(district))
    district.run(DESK, referral.accept, task=id_, place="x")
    district.run(DESK, referral.miss, task=id_)
    assert stands(task(district, id_)) == ("absent", "on-hold", "Organization/shiqiao", True)
