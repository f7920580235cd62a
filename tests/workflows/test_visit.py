"""Given a resident, when a visit is opened, then the institution may read the record, and until when."""

import pytest

from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms.policies import policy
from doorstep.workflows import identity, visit
from doorstep.workflows.visit import Findings
from tests.district import DESK, DOCTOR, STRANGER, opened, who

DAY = 86_400_000_000


def may_read(store: Store, reader: Actor, type_name: str = "Patient", id_: str = "") -> bool:
    with store.snapshot(reader) as reads:
        return reads.exists(type_name, id_ or who().id)


def test_a_stranger_opens_a_visit_after_identifying_the_resident(district: Store) -> None:
    with district.snapshot(STRANGER) as reads:
        assert reads.search("Encounter", [("patient", f"Patient/{who().id}")]) == []
    identity.by_number(district, STRANGER, number=who().number)
    district.run(STRANGER, visit.open_visit, resident=f"Patient/{who().id}", complaint="头昏", presence="identity")
    with district.snapshot(STRANGER) as reads:
        assert len(reads.search("Encounter", [("patient", f"Patient/{who().id}")])) > 1


def test_without_identifying_the_resident_there_is_no_visit(district: Store) -> None:
    with pytest.raises(Exception, match="broken-reference"):
        district.run(STRANGER, visit.open_visit, resident=f"Patient/{who().id}", complaint="头昏", presence="identity")
    assert not may_read(district, STRANGER)


def test_one_visit_at_a_time_at_an_institution(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(Conflict) as refused:
        opened(district)
    assert (refused.value.key, refused.value.params["encounter"]) == ("workflows.visit-open-already", encounter)
    district.run(DOCTOR, visit.finish, encounter=encounter)
    assert opened(district) != encounter


def test_a_visit_needs_a_complaint(district: Store) -> None:
    with pytest.raises(Invalid) as refused:
        district.run(DOCTOR, visit.open_visit, resident=f"Patient/{who().id}", complaint=" ", presence="identity")
    assert refused.value.elements == ("complaint",)


def test_findings_keep_the_digits_that_were_typed(district: Store) -> None:
    encounter = opened(district)
    findings = Findings("162", "94", "88", "36.50", "慢性肾脏病3期", "n18.3")
    written = district.run(DOCTOR, visit.note_findings, encounter=encounter, findings=findings)
    assert [entry.type for entry in written] == ["Observation", "Observation", "Observation", "Condition"]
    assert b'"value":36.50' in written[2].body
    assert b'"code":"N18.3"' in written[3].body


def test_findings_that_are_no_numbers_name_their_box_and_nothing_is_written(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(Invalid) as refused:
        district.run(DOCTOR, visit.note_findings, encounter=encounter, findings=Findings("162", "abc", impression="x"))
    assert refused.value.elements == ("diastolic",)
    with district.snapshot(DOCTOR) as reads:
        assert reads.search("Condition", [("encounter", f"Encounter/{encounter}")]) == []


def test_only_the_institution_of_the_visit_acts_on_it(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(NotFound):
        district.run(STRANGER, visit.finish, encounter=encounter)
    identity.by_number(district, STRANGER, number=who().number)
    district.run(STRANGER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    with pytest.raises(Forbidden):
        district.run(STRANGER, visit.finish, encounter=encounter)


def test_after_a_visit_the_right_to_read_ends_when_the_policy_says(district: Store) -> None:
    identity.by_number(district, STRANGER, number=who().number)
    encounter = district.run(STRANGER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity").id
    district.run(STRANGER, visit.finish, encounter=encounter)
    assert may_read(district, STRANGER)
    with district.snapshot(DOCTOR) as reads:
        other = reads.search("Condition", [("patient", f"Patient/{who().id}")])[0]["id"]
    assert may_read(district, STRANGER, "Condition", other)
    district.advance_clock(policy("visit.access", on=_today(district)).microseconds + 1_000_000)
    assert not may_read(district, STRANGER, "Condition", other)
    # What the institution wrote itself stays its own.
    assert may_read(district, STRANGER, "Encounter", encounter)


def test_a_cancelled_visit_gives_no_right_any_more(district: Store) -> None:
    identity.by_number(district, STRANGER, number=who().number)
    encounter = district.run(STRANGER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity").id
    with district.snapshot(DOCTOR) as reads:
        other = reads.search("Condition", [("patient", f"Patient/{who().id}")])[0]["id"]
    assert may_read(district, STRANGER, "Condition", other)
    district.run(STRANGER, visit.cancel, encounter=encounter, reason="mistake")
    assert not may_read(district, STRANGER, "Condition", other)


def test_a_visit_that_is_forgotten_is_reported_to_the_institution(district: Store) -> None:
    opened(district)
    district.advance_clock(DAY)
    with district.snapshot(DOCTOR) as reads:
        raised = reads.search("Task", [("owner", "Organization/shiqiao"), ("status", "requested")])
    assert [task["focus"]["reference"].partition("/")[0] for task in raised] == ["Encounter"]


def test_an_identified_resident_is_a_card_and_each_look_is_in_the_audit(district: Store) -> None:
    card = identity.by_phone(district, DESK, phone=who().phone, name=who().name)
    assert card is not None
    assert (card.name, card.tail, card.born) == (who().name, who().number[-4:], who().born)
    rows = district.engine.once("SELECT person, resident, query FROM audit WHERE query LIKE 'identify%'")
    assert rows == [(DESK.person, who().id, "identify-phone")]


@pytest.mark.parametrize(("phone", "name"), [("12600000000", "李建"), ("12600000001", "李建国"), ("126", "李建国")])
def test_what_does_not_match_exactly_finds_nobody(district: Store, phone: str, name: str) -> None:
    assert identity.by_phone(district, DESK, phone=phone, name=name) is None


def _today(store: Store):
    from doorstep.workflows.coordination import day

    return day(store.clock.now())
