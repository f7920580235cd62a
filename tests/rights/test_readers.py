"""Given many accesses, when residents ask who saw them, then each finds as many as there were, refused ones too."""

import random

from doorstep.kernel import readers
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access, seal
from doorstep.kernel.readers import Wanted
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rights.people import resident


def counted(store: Store, index: int) -> int:
    """Entries of a resident, page after page."""
    found, cursor = 0, ""
    while True:
        with store.snapshot(resident(index), audited=False) as reads:
            page, cursor = readers.page(reads, Wanted(who(index).id), cursor=cursor, limit=7)
        found += len(page)
        if not cursor:
            return found


def test_every_access_is_found_by_the_resident_it_was_about(district: Store) -> None:
    chance = random.Random(7)
    before = [counted(district, index) for index in range(4)]
    made = [0] * 4
    for place in range(60):
        index = chance.randrange(4)
        outcome = 404 if chance.random() < 0.3 else 200
        district.audit(Access(STRANGER, "read", "Patient", refs=(f"Patient/{who(index).id}",), outcome=outcome))
        made[index] += 1
        if place == 30:
            while seal(district.engine):
                pass
    assert [counted(district, index) - before[index] for index in range(4)] == made


def test_a_list_of_several_people_is_found_by_each_of_them(district: Store) -> None:
    before = [counted(district, index) for index in range(3)]
    with district.snapshot(SYSTEM) as reads:
        reads.search("Patient", [("_id", ",".join(who(index).id for index in range(3)))])
    assert [counted(district, index) - before[index] for index in range(3)] == [1, 1, 1]


def test_the_reason_is_that_of_the_grant_which_allowed_it(district: Store) -> None:
    encounter = opened(district)
    with district.snapshot(DOCTOR) as reads:
        reads.search("Condition", [("patient", f"Patient/{who().id}")])
    with district.snapshot(resident(), audited=False) as reads:
        seen, _ = readers.page(reads, Wanted(who().id))
    looked = next(each for each in seen if each.action == "read" and any(ref.startswith("Condition/") for ref in each.refs))
    assert (looked.reason, looked.source) == ("visit", f"Encounter/{encounter}")


def test_the_question_is_asked_by_the_index(district: Store) -> None:
    sql = "SELECT id FROM audit_sealed WHERE resident = ? AND at >= ? AND at < ? ORDER BY at DESC, id DESC LIMIT ?"
    if district.engine.dialect == "sqlite":
        plan = district.engine.once(f"EXPLAIN QUERY PLAN {sql}", [who().id, 0, 2**62, 50])
    else:
        plan = district.engine.once("SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_sealed'")
    assert "audit_sealed_resident" in str(plan)


def test_a_stranger_and_a_doctor_may_not_ask(district: Store) -> None:
    opened(district)
    for actor in (DOCTOR, Actor("Patient/x", "resident", "")):
        with district.snapshot(actor, audited=False) as reads:
            assert readers.may_ask(reads, resident=who().id) == ""
