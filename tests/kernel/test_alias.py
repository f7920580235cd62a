"""Given two residents who are one person, when one stands for the other, then records, rights and refusals follow."""

from typing import Any

import pytest

from doorstep.kernel.check import check
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx

ADMIN = Actor("Device/doorstep", "administrator", "Organization/one", "HOPERAT", "admin")
READER = Actor("Practitioner/reader", "doctor", "Organization/two")
SELF = Actor("Patient/old", "resident", "", "PATRQT")
KEPT = Actor("Patient/kept", "resident", "", "PATRQT")


def weight(resident: str, id_: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": {"coding": [{"system": "urn:s", "code": "w"}]},
            "subject": {"reference": f"Patient/{resident}"}, "effectiveDateTime": "2026-11-01"}


def put(tx: Tx, *resources: dict[str, Any]) -> None:
    for each in resources:
        tx.update(each)


@pytest.fixture
def two(store: Store) -> Store:
    """Two residents with one measurement each."""
    people = [{"resourceType": "Patient", "id": each} for each in ("kept", "old")]
    store.run(ADMIN, put, *people, weight("kept", "k1"), weight("old", "o1"))
    return store


def join(tx: Tx) -> None:
    tx.join_to("old", "kept")


def part(tx: Tx) -> None:
    tx.part_from("old", "kept")


def found(store: Store, reader: Actor, resident: str, *, code: str = "") -> list[str]:
    query = [("patient", f"Patient/{resident}")] + ([("code", f"urn:s|{code}")] if code else [])
    with store.snapshot(reader) as reads:
        return sorted(each["id"] for each in reads.search("Observation", query))


def clean(store: Store) -> bool:
    return check(store.engine, now=store.clock.now()).clean


def test_the_survivors_searches_find_the_records_of_both(two: Store) -> None:
    two.run(ADMIN, join)
    assert found(two, ADMIN, "kept") == ["k1", "o1"]
    assert found(two, ADMIN, "kept", code="w") == ["k1", "o1"]
    assert found(two, ADMIN, "old") == ["o1"]
    assert clean(two)


def test_what_is_written_later_follows_too(two: Store) -> None:
    two.run(ADMIN, join)
    two.run(ADMIN, put, weight("old", "o2"), {**weight("old", "o1"), "status": "amended"})
    assert found(two, ADMIN, "kept") == ["k1", "o1", "o2"]
    assert clean(two)


def test_parting_restores_every_row(two: Store) -> None:
    two.run(ADMIN, join)
    two.run(ADMIN, put, weight("old", "o2"))
    two.run(ADMIN, part)
    assert (found(two, ADMIN, "kept"), found(two, ADMIN, "old")) == (["k1"], ["o1", "o2"])
    assert clean(two)


def test_without_the_rows_a_check_would_say_so(two: Store) -> None:
    two.run(ADMIN, join)
    two.engine.write([("DELETE FROM subject WHERE via = 'old'", [])])
    assert not clean(two)


def test_a_right_to_either_is_a_right_to_the_person_and_goes_back(two: Store) -> None:
    def grant(tx: Tx, resident: str, ends: bool = False) -> None:
        if ends:
            tx.end_grants("Encounter/v")
        else:
            tx.grant(resident=resident, org="Organization/two", reason="visit", source="Encounter/v")

    two.run(ADMIN, grant, "old")
    assert found(two, READER, "kept") == []
    two.run(ADMIN, join)
    assert found(two, READER, "kept") == ["k1", "o1"]
    two.run(ADMIN, part)
    assert (found(two, READER, "kept"), found(two, READER, "old")) == ([], ["o1"])
    two.run(ADMIN, join)
    two.run(ADMIN, grant, "old", True)
    two.advance_clock(1_000_000)
    assert found(two, READER, "kept") == []


def test_a_right_that_is_given_to_the_old_entry_later_is_the_persons(two: Store) -> None:
    two.run(ADMIN, join)
    two.run(ADMIN, lambda tx: tx.grant(resident="old", org="Organization/two", reason="visit", source="Encounter/v"))
    assert found(two, READER, "kept") == ["k1", "o1"]
    two.run(ADMIN, part)
    assert (found(two, READER, "kept"), found(two, READER, "old")) == ([], ["o1"])


def test_a_refusal_of_either_holds_for_the_person_and_goes_back(two: Store) -> None:
    def refuse(tx: Tx) -> None:
        tx.grant(resident="kept", org="Organization/two", reason="visit", source="Encounter/v")
        tx.bar(resident="old", source="Consent/c", org="Organization/two")

    two.run(ADMIN, refuse)
    assert found(two, READER, "kept") == ["k1"]
    two.run(ADMIN, join)
    assert found(two, READER, "kept") == []
    two.run(ADMIN, part)
    assert found(two, READER, "kept") == ["k1"]


def test_the_resident_reads_everything_under_the_surviving_entry_alone(two: Store) -> None:
    two.run(ADMIN, join)
    assert found(two, KEPT, "kept") == ["k1", "o1"]
    assert found(two, SELF, "old") == []


def test_a_resource_that_names_both_stays_one_answer(two: Store) -> None:
    both = {"resourceType": "Provenance", "id": "p", "recorded": "2026-11-01T00:00:00Z", "agent": [{"who": {"display": "x"}}],
            "target": [{"reference": "Patient/kept"}, {"reference": "Patient/old"}]}
    two.run(ADMIN, put, both)
    two.run(ADMIN, join)
    two.run(ADMIN, lambda tx: tx.grant(resident="kept", org="Organization/two", reason="visit", source="Encounter/v"))
    with two.snapshot(READER) as reads:
        assert [each["id"] for each in reads.search("Provenance", [("patient", "Patient/kept")])] == ["p"]
    assert clean(two)
    two.run(ADMIN, part)
    with two.snapshot(READER) as reads:
        assert reads.search("Provenance", [("patient", "Patient/kept")]) == []
    assert clean(two)
