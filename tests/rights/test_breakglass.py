"""Given an emergency, when a clinician breaks the glass, then they alone read one record, for hours, and answer for it."""

import pytest

from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import breakglass, messages
from doorstep.workflows.coordination import state_of
from tests.district import DOCTOR, STRANGER
from tests.rights.people import (
    COLLEAGUE,
    DAY,
    ELSEWHERE,
    HERE,
    HOME,
    HOUR,
    NOTE,
    condition,
    look_up,
    patient,
    put_people,
    resident,
    restrict,
    sees,
    sees_record,
    tasks,
)


def broken(store: Store, actor: Actor = STRANGER, *, index: int = 0, level: str = "2") -> str:
    """The glass is broken; the id of the Task of the clinician's own officer."""
    look_up(store, actor, index)
    return store.run(actor, breakglass.open_record, resident=patient(index), reason="unconscious", note=NOTE, level=level).id


def test_the_clinician_alone_reads_the_record_for_four_hours(district: Store) -> None:
    put_people(district)
    assert not sees_record(district, STRANGER)
    broken(district)
    assert sees_record(district, STRANGER)
    assert not sees_record(district, COLLEAGUE)
    district.advance_clock(4 * HOUR - 60_000_000)
    assert sees_record(district, STRANGER)
    district.advance_clock(120_000_000)
    assert not sees_record(district, STRANGER)


@pytest.mark.parametrize(("given", "key"), [
    ({"reason": "", "note": NOTE}, "workflows.empty-box"),
    ({"reason": "curious", "note": NOTE}, "workflows.unknown-reason"),
    ({"reason": "life", "note": "急 救 急 救 急 救 急 救 急"}, "privacy.note-short"),
    ({"reason": "life", "note": NOTE, "level": "4"}, "privacy.unknown-level"),
])
def test_without_a_reason_in_words_the_glass_holds(district: Store, given: dict[str, str], key: str) -> None:
    look_up(district)
    with pytest.raises(Invalid) as refused:
        district.run(STRANGER, breakglass.open_record, resident=patient(), **given)
    assert refused.value.key == key
    assert not sees_record(district, STRANGER)


def test_nobody_is_opened_who_was_not_looked_up(district: Store) -> None:
    with pytest.raises(RuleBroken, match="not-looked-up"):
        district.run(STRANGER, breakglass.open_record, resident=patient(), reason="life", note=NOTE)
    look_up(district)
    district.advance_clock(DAY + HOUR)
    with pytest.raises(RuleBroken, match="not-looked-up"):
        district.run(STRANGER, breakglass.open_record, resident=patient(), reason="life", note=NOTE)


@pytest.mark.parametrize("role", ["registrar", "manager", "auditor", "technician", "institution-admin"])
def test_only_who_treats_may(district: Store, role: str) -> None:
    look_up(district)
    actor = Actor(STRANGER.person, role, STRANGER.organization)
    with pytest.raises(Forbidden, match="clinical-only"):
        district.run(actor, breakglass.open_record, resident=patient(), reason="life", note=NOTE)


def test_the_resident_is_told_in_both_languages(district: Store) -> None:
    broken(district)
    with district.snapshot(resident()) as reads:
        told = reads.search("Communication", [("patient", patient())])
    assert [messages.text_of(message, "en").startswith("竹溪") for message in told] == [True]
    assert "紧急" in messages.text_of(told[0], "zh-hans")


def test_whom_a_message_would_endanger_is_not_told(district: Store) -> None:
    put_people(district)
    with pytest.raises(Forbidden, match="officers-only"):
        district.run(DOCTOR, messages.flag, resident=patient(), code=messages.QUIET)
    look_up(district, HOME)
    district.run(HOME, messages.flag, resident=patient(), code=messages.QUIET)
    broken(district)
    with district.snapshot(resident()) as reads:
        assert reads.search("Communication", [("patient", patient())]) == []


def test_the_officers_of_both_institutions_review_and_no_other(district: Store) -> None:
    put_people(district)
    main = broken(district)
    found = {task["restriction"]["recipient"][0]["reference"]: task["id"] for task in tasks(district, "emergency")}
    assert found.keys() == {"Organization/zhuxi", "Organization/shiqiao"}
    assert found["Organization/zhuxi"] == main
    other = found["Organization/shiqiao"]
    assert sees(district, HOME, f"Task/{other}") and sees(district, HERE, f"Task/{main}")
    assert not sees(district, ELSEWHERE, f"Task/{other}")
    with pytest.raises(NotFound):
        district.run(ELSEWHERE, breakglass.justify, task=other, note="x")
    with pytest.raises(Forbidden):
        district.run(DOCTOR, breakglass.justify, task=other, note="x")
    with pytest.raises(Forbidden):
        district.run(STRANGER, breakglass.justify, task=main, note="x")
    assert not sees_record(district, HERE)
    district.run(HERE, breakglass.justify, task=main, note="属实")
    district.run(HOME, breakglass.justify, task=other, note="属实")
    assert {state_of(task) for task in tasks(district, "emergency")} == {"justified"}


def test_as_long_as_one_review_is_missing_the_same_person_cannot_again(district: Store) -> None:
    put_people(district)
    main = broken(district)
    other = next(task["id"] for task in tasks(district, "emergency") if task["id"] != main)
    district.advance_clock(5 * HOUR)
    look_up(district, STRANGER, 1)

    def again() -> str:
        return district.run(STRANGER, breakglass.open_record, resident=patient(1), reason="life", note=NOTE).id

    with pytest.raises(Conflict, match="emergency-unreviewed"):
        again()
    district.run(HERE, breakglass.justify, task=main, note="x")
    with pytest.raises(Conflict, match="emergency-unreviewed"):
        again()
    district.run(HOME, breakglass.justify, task=other, note="x")
    assert again()
    assert broken(district, COLLEAGUE, index=1)


def test_what_was_not_justified_is_closed_at_once_with_a_consequence(district: Store) -> None:
    put_people(district)
    main = broken(district)
    with pytest.raises(Invalid):
        district.run(HERE, breakglass.reject, task=main, consequence="nothing", note="x")
    district.run(HERE, breakglass.reject, task=main, consequence="warning", note="无抢救记录")
    assert not sees_record(district, STRANGER)
    assert next(t for t in tasks(district, "emergency") if t["id"] == main)["statusReason"]["coding"][0]["code"].endswith("warning")


def test_what_is_restricted_needs_a_second_clinician(district: Store) -> None:
    put_people(district)
    item = condition(district)
    restrict(district, item, "HIV")
    main = broken(district, level="3")
    assert not sees(district, STRANGER, f"Condition/{item}")
    with pytest.raises(Forbidden, match="second-person"):
        district.run(STRANGER, breakglass.confirm, task=main)
    with pytest.raises(Forbidden):
        district.run(HERE, breakglass.confirm, task=main)
    district.run(COLLEAGUE, breakglass.confirm, task=main)
    assert sees(district, STRANGER, f"Condition/{item}")
    assert not sees(district, COLLEAGUE, f"Condition/{item}")
    district.advance_clock(4 * HOUR + 1_000_000)
    assert not sees(district, STRANGER, f"Condition/{item}")


def test_what_was_asked_at_the_ordinary_level_cannot_be_widened(district: Store) -> None:
    put_people(district)
    with pytest.raises(Forbidden, match="second-person"):
        district.run(COLLEAGUE, breakglass.confirm, task=broken(district))


def test_a_review_that_is_late_becomes_urgent_and_keeps_coming(district: Store) -> None:
    put_people(district)
    main = broken(district)
    district.advance_clock(72 * HOUR + 1_000_000)
    late = next(task for task in tasks(district, "emergency") if task["id"] == main)
    assert (state_of(late), late["priority"]) == ("opened", "urgent")
    district.advance_clock(25 * HOUR)
    assert int(next(t for t in tasks(district, "emergency") if t["id"] == main)["meta"]["versionId"]) > int(late["meta"]["versionId"])


def test_the_month_is_counted(district: Store) -> None:
    put_people(district)
    main = broken(district)
    district.run(HERE, breakglass.reject, task=main, consequence="talk", note="x")
    with district.snapshot(HERE) as reads:
        month = tasks(district, "emergency")[0]["authoredOn"][:7]
        now = district.clock.now()
        figures = breakglass.figures(reads, organization="Organization/zhuxi", month=month, now=now)
        assert (figures.opened, figures.unjustified, figures.unreviewed, figures.false_share) == (1, 1, 0, "100")
        assert breakglass.figures(reads, organization="Organization/bailin", month=month, now=now).opened == 0


def test_every_look_is_marked_in_the_audit(district: Store) -> None:
    broken(district)
    with district.snapshot(STRANGER) as reads:
        reads.search("Condition", [("patient", patient())])
    rows = district.engine.once(
        "SELECT g.reason FROM audit a JOIN access_grant g ON g.id = a.grant_id"
        " WHERE a.person = ? AND a.action = 'read' AND a.refs LIKE 'Condition/%'", [STRANGER.person])
    assert ("emergency",) in rows


def test_the_trial_sees_a_glass_that_anybody_may_break(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the exact look-up as a condition a stranger would get in: the tests above would notice."""
    monkeypatch.setattr(breakglass, "holds", lambda *given, **named: True)
    look_up(district, STRANGER, 1)
    district.run(STRANGER, breakglass.open_record, resident=patient(1), reason="life", note=NOTE)
    assert sees_record(district, STRANGER, 1)
