"""Given two entries that may be one person, when the registry decides, then they are one, or two, and can be again."""

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.check import check
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import duplicates, merge, registration
from doorstep.workflows.registration import Newcomer
from tests.district import DOCTOR, STRANGER, opened, who
from tests.workflows.test_registration import NURSE, number

REGISTRAR = actor("liting")


def passport(index: int = 0) -> Newcomer:
    """The resident comes with a passport, the same telephone, and a name as it was heard."""
    known = who(index)
    return Newcomer(known.name, "03", f"E765432{index}", born=known.born.isoformat(), sex=known.sex, phone=known.phone,
                    pinyin="Zhang San")


def twice(store: Store) -> tuple[str, str, str]:
    """Somebody registered twice: (first entry, second entry, Task)."""
    second = registration.run_once(store, NURSE, registration.register, person=passport()).id
    while store.runner.run_due():
        pass
    (task,) = waiting(store)
    return f"Patient/{who().id}", f"Patient/{second}", task["id"]


def waiting(store: Store, by: Actor = REGISTRAR) -> list[dict]:
    with store.snapshot(by) as reads:
        return list(duplicates.waiting(reads, registry=by.organization))


def entry(store: Store, reference: str) -> dict:
    with store.snapshot(SYSTEM) as reads:
        return reads.read("Patient", reference.removeprefix("Patient/"))


def without_versions(resource: dict) -> dict:
    return {name: value for name, value in resource.items() if name != "meta"}


def test_a_second_entry_of_a_resident_is_asked_about_at_the_registry(district: Store) -> None:
    first, second, task = twice(district)
    (found,) = waiting(district)
    assert duplicates.entries_of(found) == (first, second)
    assert found["requester"]["reference"] == NURSE.organization
    assert waiting(district, NURSE) == []


def test_the_registry_sees_the_cards_and_nothing_of_the_records(district: Store) -> None:
    first, second, _ = twice(district)
    with district.snapshot(REGISTRAR) as reads:
        assert all(reads.exists("Patient", each.removeprefix("Patient/")) for each in (first, second))
        assert reads.search("Encounter", [("patient", first)]) == []


def test_somebody_who_only_shares_a_telephone_is_not_asked_about(district: Store) -> None:
    other = Newcomer("欧阳震", number=number("20010203", 125), phone=who().phone)
    registration.run_once(district, NURSE, registration.register, person=other)
    while district.runner.run_due():
        pass
    assert waiting(district) == []


def test_the_desk_learns_that_there_may_be_one_but_not_who(district: Store) -> None:
    resource = registration.resource(passport(), today=who().born.replace(year=2026))
    assert duplicates.may_be_known(district, resource) is True
    assert duplicates.may_be_known(district, registration.resource(Newcomer("欧阳震", number=number()), today=who().born.replace(year=2026))) is False


def test_linked_entries_are_one_person_for_whoever_may_see_either(district: Store) -> None:
    first, second, task = twice(district)
    opened(district)
    before = _encounters(district, first)
    district.run(REGISTRAR, duplicates.link, task=task)
    kept, gone = entry(district, first), entry(district, second)
    assert (merge.replacement(gone), gone["active"], merge.replaced_of(kept)) == (first, False, [second])
    assert _encounters(district, first) == before
    with district.snapshot(DOCTOR) as reads:
        assert merge.standing(reads, second) == first
        told = reads.search("Provenance", [("target", first), ("target", second)])
    assert "merge" in {each["activity"]["coding"][0]["code"] for each in told}
    assert check(district.engine, now=district.clock.now()).clean


def test_undoing_restores_both_entries_exactly(district: Store) -> None:
    first, second, task = twice(district)
    before = [without_versions(entry(district, each)) for each in (first, second)]
    district.run(REGISTRAR, duplicates.link, task=task, survivor=second)
    assert merge.replacement(entry(district, first)) == second
    district.run(REGISTRAR, duplicates.undo, task=task, note="同名同姓，出示证件不同")
    assert [without_versions(entry(district, each)) for each in (first, second)] == before
    assert waiting(district)[0]["businessStatus"]["coding"][0]["code"] == "reopened"
    assert check(district.engine, now=district.clock.now()).clean


def test_two_people_are_not_asked_about_again(district: Store) -> None:
    first, second, task = twice(district)
    district.run(REGISTRAR, duplicates.differ, task=task, note="双胞胎")
    assert district.run(SYSTEM, duplicates.raise_pair, first=second, second=first, finder=NURSE.organization) is None
    assert waiting(district) == []


@pytest.mark.parametrize(("by", "refusal"), [(NURSE, Forbidden), (STRANGER, Forbidden)])
def test_only_a_registrar_of_the_registry_decides(district: Store, by: Actor, refusal: type[Exception]) -> None:
    _, _, task = twice(district)
    for command, given in ((duplicates.link, {}), (duplicates.differ, {"note": "x"}), (duplicates.undo, {"note": "x"})):
        with pytest.raises(refusal):
            district.run(by, command, task=task, **given)


def test_a_registrar_elsewhere_does_not_even_see_it(district: Store) -> None:
    _, _, task = twice(district)
    elsewhere = Actor("Practitioner/liting", "registrar", "Organization/bailin", "HOPERAT", "x")
    with pytest.raises(NotFound):
        district.run(elsewhere, duplicates.link, task=task)


def test_what_is_decided_is_decided(district: Store) -> None:
    _, _, task = twice(district)
    with pytest.raises(Conflict):
        district.run(REGISTRAR, duplicates.undo, task=task, note="x")
    with pytest.raises(Invalid):
        district.run(REGISTRAR, duplicates.differ, task=task, note="")
    district.run(REGISTRAR, duplicates.link, task=task)
    with pytest.raises(Conflict):
        district.run(REGISTRAR, duplicates.link, task=task)


def test_a_chain_of_three_stands_for_one_and_falls_apart_again(district: Store) -> None:
    ids = [f"Patient/{registration.run_once(district, NURSE, registration.register, person=passport(index)).id}" for index in (0, 1)]
    first = f"Patient/{who().id}"
    admin = Actor(REGISTRAR.person, "administrator", "Organization/alliance", "HOPERAT", "admin")
    district.run(admin, merge.merge, survivor=ids[0], replaced=ids[1])
    district.run(admin, merge.merge, survivor=first, replaced=ids[0])
    with district.snapshot(SYSTEM) as reads:
        assert merge.standing(reads, ids[1]) == first
    assert check(district.engine, now=district.clock.now()).clean
    district.run(admin, merge.unmerge, replaced=ids[0], note="x")
    with district.snapshot(SYSTEM) as reads:
        assert (merge.standing(reads, ids[1]), merge.standing(reads, ids[0])) == (ids[0], ids[0])
    assert check(district.engine, now=district.clock.now()).clean


def test_an_entry_is_not_merged_twice_or_into_itself(district: Store) -> None:
    first, second, task = twice(district)
    district.run(REGISTRAR, duplicates.link, task=task)
    with pytest.raises(Conflict):
        district.run(SYSTEM, merge.merge, survivor=first, replaced=second)
    with pytest.raises(Invalid):
        district.run(SYSTEM, merge.merge, survivor=first, replaced=first)
    with pytest.raises(Conflict):
        district.run(SYSTEM, merge.unmerge, replaced=first, note="x")


def test_certain_pairs_are_linked_and_doubtful_ones_are_not(district: Store) -> None:
    """The same right number twice can only come from a load of another system's entries."""
    original = entry(district, f"Patient/{who().id}")
    copy = {**original, "id": "loaded-1"}
    other = {**original, "id": "loaded-2", "name": [{"text": "完全不同"}]}
    for each in (copy, other):
        district.run(SYSTEM, lambda tx, each=each: tx.update(each, raw=exact.encode(each)))
    first = f"Patient/{who().id}"
    assert district.run(SYSTEM, duplicates.link_certain, first=first, second="Patient/loaded-1")
    assert not district.run(SYSTEM, duplicates.link_certain, first=first, second="Patient/loaded-2")
    assert entry(district, "Patient/loaded-1")["active"] is False
    assert entry(district, "Patient/loaded-2")["active"] is True


def _encounters(store: Store, resident: str) -> list[str]:
    with store.snapshot(DOCTOR) as reads:
        return sorted(each["id"] for each in reads.search("Encounter", [("patient", resident)]))
