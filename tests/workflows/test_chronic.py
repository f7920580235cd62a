"""Given residents under follow-up, when the team records, misses, refuses or closes, then the next step is the table's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from doorstep.journeys import following
from doorstep.journeys.acting import perform
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms.catalogue import reasons
from doorstep.workflows import chronic, identity
from doorstep.workflows.coordination import boxes, day, deadline_of, moment
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK
from tests.district import DOCTOR, STRANGER, TECHNICIAN, opened, task, who
from tests.spec.test_every_act import put_into, tried

TEAM = Actor("Practitioner/chenxiaomei", "family-team", "Organization/shiqiao", "TREAT", "chenxiaomei")
FINE = {"way": "phone", "systolic": "136", "diastolic": "84", "same": "1"}
HIGH = {**FINE, "systolic": "162", "diastolic": "96"}
DAYS = 86_400_000_000


def enrolled(store: Store, code: str = "hypertension", index: int = 0) -> str:
    """A resident of Shiqiao under follow-up; the id of the Task."""
    opened(store, index)
    return store.run(TEAM, following.enrol, resident=f"Patient/{who(index).id}", code=code).id


def followed(store: Store, id_: str, data: dict[str, str], actor: Actor = TEAM) -> following.Followed:
    return store.run(actor, following.record, task=id_, data=data)


def due_in(store: Store, id_: str) -> int:
    return (day(moment(deadline_of(task(store, id_)))) - day(store.clock.now())).days


def state(store: Store, id_: str) -> str:
    return str(task(store, id_)["businessStatus"]["coding"][0]["code"])


def pass_days(store: Store, days: int) -> None:
    store.advance_clock(days * DAYS)
    while store.runner.run_due():
        pass


def test_the_next_date_sets_itself_and_the_risk_sorts_the_list(district: Store) -> None:
    id_ = enrolled(district)
    assert (due_in(district, id_), task(district, id_)["priority"]) == (14, "routine")
    for data, days, priority, control in ((FINE, 90, "routine", "steady"), (HIGH, 14, "urgent", "uncontrolled"),
                                          (HIGH, 14, "stat", "uncontrolled"), (FINE, 90, "routine", "steady")):
        done = followed(district, id_, data)
        now = task(district, id_)
        assert (due_in(district, id_), now["priority"], done.verdict.control) == (days, priority, control)
        assert boxes(now["input"])["value"] == f"{data['systolic']}/{data['diastolic']}"
    with district.snapshot(TEAM) as reads:
        met = reads.read("Encounter", done.encounter.partition("/")[2])
        assert (met["class"]["code"], met["status"]) == ("VR", "finished")
        assert len(reads.search("Observation", [("encounter", done.encounter), ("code", "85354-9")])) == 1
        acts = [each["activity"]["coding"][0]["code"] for each in reads.search("Provenance", [("target", f"Task/{id_}")])]
        assert sorted(acts) == ["enrol", "record", "record", "record", "record"]


def test_answers_that_nobody_changed_stand_as_the_last_time_but_not_a_change_of_medicines(district: Store) -> None:
    id_ = enrolled(district)
    followed(district, id_, {**FINE, "adherence": "sometimes", "effects": "no", "complication": "no", "change": "dose",
                             "change_note": "a 5 mg", "same": ""}, DOCTOR)
    followed(district, id_, FINE)
    with district.snapshot(TEAM) as reads:
        sheet = chronic.last_sheet(reads, reads.read("Task", id_))
    assert sheet is not None and sheet.coded == {"adherence": "sometimes", "effects": "no", "complication": "no", "change": "same"}


WRONG = [
    ({"systolic": "400", "diastolic": "90"}, "systolic", "chronic.absurd"),
    ({"systolic": "1 36"}, "systolic", "workflows.not-a-number"),
    ({"systolic": "80", "diastolic": "90"}, "diastolic", "chronic.absurd-pair"),
    ({"systolic": "", "diastolic": ""}, "systolic", "chronic.measure"),
    ({"diastolic": ""}, "diastolic", "chronic.measure"),
    ({"weight": "7"}, "weight", "chronic.absurd"),
    ({"glucose": "0.5"}, "glucose", "chronic.absurd"),
    ({"way": "letter"}, "way", "chronic.how-met"),
    ({"same": ""}, "adherence", "chronic.answer"),
    ({"change": "dose", "change_note": "a 5 mg"}, "change", "chronic.doctors-change"),
    ({"danger": "boredom"}, "danger", "chronic.answer"),
]


def test_a_form_that_cannot_be_right_names_its_box(district: Store) -> None:
    id_ = enrolled(district)
    missed = []
    for more, box, key in WRONG:
        with pytest.raises(Invalid) as refused:
            followed(district, id_, {**FINE, **more})
        if (box, key) not in [(issue.element, issue.key) for issue in refused.value.issues]:
            missed.append((more, refused.value.issues))
    assert missed == []
    assert boxes(task(district, id_)["input"]) == {"programme": "hypertension"}


def test_what_is_entered_from_paper_counts_from_its_day(district: Store) -> None:
    id_ = enrolled(district)
    past = day(district.clock.now()) - timedelta(days=100)
    done = followed(district, id_, {**FINE, "on": past.isoformat()})
    assert due_in(district, id_) == -10
    with district.snapshot(TEAM) as reads:
        assert reads.read("Encounter", done.encounter.partition("/")[2])["period"]["start"][:10] == past.isoformat()
        acts = reads.search("Provenance", [("target", f"Task/{id_}"), ("_sort", "-recorded")])
    assert acts[0]["occurredDateTime"][:10] == past.isoformat() < acts[0]["recorded"][:10]
    for wrong in ("yesterday", (day(district.clock.now()) + timedelta(days=1)).isoformat(), "2020-01-01"):
        with pytest.raises(Invalid, match="bad-day"):
            followed(district, id_, {**FINE, "on": wrong})


def test_three_tries_lead_to_a_visit_nobody_there_to_looking_again(district: Store) -> None:
    id_ = enrolled(district)
    for expected in ("due", "due"):
        district.run(TEAM, chronic.miss, task=id_, note="")
        assert (state(district, id_), due_in(district, id_)) == (expected, 3)
    with pytest.raises(RuleBroken):
        district.run(TEAM, chronic.miss, task=id_, note="")
    district.run(TEAM, chronic.unreached, task=id_)
    assert (state(district, id_), due_in(district, id_)) == ("visit", 14)
    district.run(TEAM, chronic.nobody, task=id_, note="邻居说外出打工")
    assert state(district, id_) == "lost"
    pass_days(district, 91)
    assert state(district, id_) == "visit"
    followed(district, id_, {**FINE, "way": "home"})
    assert (state(district, id_), "tries" in boxes(task(district, id_)["input"])) == ("due", False)


def test_late_is_seen_at_once_and_reported_after_a_grace(district: Store) -> None:
    id_ = enrolled(district)

    def raised() -> list[Any]:
        with district.snapshot(SYSTEM) as reads:
            return reads.search("Task", [("focus", f"Task/{id_}")])

    pass_days(district, 16)
    assert raised() == []
    pass_days(district, 31)
    assert [each["code"]["coding"][0]["code"] for each in raised()] == ["escalation"]


def test_who_refuses_is_asked_again_and_who_leaves_takes_the_right_to_read_along(district: Store) -> None:
    id_ = enrolled(district)
    district.run(TEAM, chronic.refuse, task=id_, reason="busy")
    assert (state(district, id_), due_in(district, id_)) == ("due", 90)
    with pytest.raises(Invalid):
        district.run(TEAM, following.close, task=id_, reason="moved", note="")
    district.run(TEAM, following.close, task=id_, reason="died", note="村医告知，派出所注销")
    assert state(district, id_) == "over"
    with district.snapshot(SYSTEM) as reads:
        episodes = reads.search("EpisodeOfCare", [("patient", f"Patient/{who().id}")])
        plans = reads.search("CarePlan", [("patient", f"Patient/{who().id}")])
    assert [each["status"] for each in (*episodes, *plans)] == ["finished", "completed"]
    district.run(TEAM, following.enrol, resident=f"Patient/{who().id}", code="hypertension")


def test_one_institution_follows_somebody_up_and_only_who_is_old_enough(district: Store) -> None:
    enrolled(district)
    identity.by_number(district, DOCTOR, number=who(5).number)
    with pytest.raises(Invalid, match="too-young"):
        district.run(TEAM, following.enrol, resident=f"Patient/{who(5).id}", code="hypertension")
    with pytest.raises((Conflict, NotFound)):
        district.run(STRANGER, following.enrol, resident=f"Patient/{who().id}", code="hypertension")
    with pytest.raises(Conflict, match="cared-for"):
        district.run(DOCTOR, following.enrol, resident=f"Patient/{who().id}", code="hypertension")


def test_every_act_in_every_state_by_everybody(district: Store) -> None:
    id_, table = enrolled(district), TABLES["chronic"]
    data = {"record": FINE, "nobody": {"note": "x"}, "refuse": {"reason": "busy"}, "close": {"reason": "moved", "note": "x"}}
    wrong = []
    for now in table.states:
        district.run(SYSTEM, put_into, table, id_, now.code)
        for act in table.acts:
            if not act.source or act.who == CLOCK:
                continue
            for actor, right in ((TEAM, "done"), (TECHNICIAN, "refused"), (STRANGER, "not-found")):
                expected = right if right != "done" or now.code in act.source else "wrong-state"
                found = tried(district, actor, lambda tx, t, a=act: perform(tx, workflow="chronic", act=a.code, task=t, data=data.get(a.code, {})), id_)
                if found not in ({expected} if expected != "refused" else {"forbidden", "not-found"}):
                    wrong.append((now.code, act.code, actor.account, found, expected))
    assert wrong == []


def test_a_carers_role_is_asked_for(district: Store) -> None:
    id_ = enrolled(district)
    clerk = Actor("Practitioner/chenxiaomei", "registrar", "Organization/shiqiao", "HOPERAT", "chenxiaomei")
    with pytest.raises((Forbidden, NotFound)):
        followed(district, id_, FINE, clerk)


def test_every_answer_that_a_form_can_give_has_words() -> None:
    for box in ("way", "adherence", "effects", "complication", "change", "advice", "refuse", "close", "danger"):
        assert reasons(f"chronic.{box}"), box


def test_a_plan_item_is_done_with_the_form_and_danger_is_judged_there_too(district: Store) -> None:
    from tests.spec.test_every_act import begun

    item = begun(district)["plan"]
    with pytest.raises(Refusal):
        district.run(TEAM, following.record_plan, task=item, data={"way": "phone", "same": "1"})
    done = district.run(TEAM, following.record_plan, task=item, data={**FINE, "systolic": "188", "note": "头昏"})
    assert (done.verdict.action, state(district, item)) == ("refer", "done")
