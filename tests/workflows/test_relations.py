"""Given a child or somebody who cannot come, when another acts for them, then as far and as long as was said, and no more."""

from datetime import date, timedelta

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import registration, relations
from doorstep.workflows.coordination import day
from doorstep.workflows.registration import Newcomer
from tests.district import TECHNICIAN
from tests.workflows.test_registration import NURSE, number

YEAR = 366 * 86_400_000_000


def person(store: Store, born: str, name: str = "\u8d75\u4e00") -> str:
    return "Patient/" + registration.run_once(
        store, NURSE, registration.register, person=Newcomer(name, number=number(born), phone="12699990009")).id


def resident(reference: str) -> Actor:
    return Actor(reference, "resident", "", "PATRQT")


def sees(store: Store, reader: Actor, reference: str) -> bool:
    with store.snapshot(reader) as reads:
        return reads.exists("Patient", reference.removeprefix("Patient/"))


def years_ago(store: Store, years: int, days: int = 0) -> str:
    today = day(store.clock.now())
    return (date(today.year - years, 6, 15) - timedelta(days=days)).strftime("%Y%m%d")


def guardian(store: Store, years: int) -> tuple[str, str, str]:
    """(child, mother, RelatedPerson)."""
    child, mother = person(store, years_ago(store, years)), person(store, "19880704", "\u94b1\u4e8c")
    made = store.run(NURSE, relations.name_guardian, ward=child, guardian=mother, relationship="MTH")
    return child, mother, str(made.ref)


def test_a_guardian_reads_the_childs_record_until_it_ends(district: Store) -> None:
    child, mother, related = guardian(district, 6)
    assert sees(district, resident(mother), child)
    assert not sees(district, resident(child), mother)
    with district.snapshot(resident(mother)) as reads:
        (relation,) = relations.of_person(reads, person=mother)
    assert (relation.resident, relation.kind, relation.scopes) == (child, "guardian", "")
    district.run(NURSE, relations.end, related=related, note="\u76d1\u62a4\u6743\u53d8\u66f4")
    assert not sees(district, resident(mother), child)


def test_a_guardian_ends_with_the_childs_majority_by_itself(district: Store) -> None:
    child, mother, related = guardian(district, 17)
    assert sees(district, resident(mother), child)
    district.advance_clock(YEAR)
    assert not sees(district, resident(mother), child)
    with district.snapshot(SYSTEM) as reads:
        assert reads.read("RelatedPerson", related.removeprefix("RelatedPerson/"))["active"] is False


def test_from_fourteen_on_it_is_shared_and_the_young_person_may_end_it(district: Store) -> None:
    child, mother, related = guardian(district, 13)
    with pytest.raises(Forbidden) as under:
        district.run(resident(child), relations.end, related=related)
    assert under.value.key == "persons.child-under"
    district.advance_clock(YEAR)
    with district.snapshot(SYSTEM) as reads:
        acts = {each["activity"]["coding"][0]["code"] for each in reads.search("Provenance", [("target", related)])}
    assert "shared" in acts
    district.run(resident(child), relations.end, related=related)
    assert not sees(district, resident(mother), child)


def test_a_proxy_acts_as_far_and_as_long_as_was_said(district: Store) -> None:
    old, son = person(district, "19500101"), person(district, "19800101", "\u94b1\u4e8c")
    until = (day(district.clock.now()) + timedelta(days=30)).isoformat()
    district.run(resident(old), relations.name_proxy, resident=old, number=number("19800101"), name="\u94b1\u4e8c",
                 scope="reports", until=until, relationship="CHILD")
    with district.snapshot(resident(son)) as reads:
        (relation,) = relations.of_person(reads, person=son)
    assert "DiagnosticReport" in relation.scopes
    assert "MedicationRequest" not in relation.scopes
    assert relation.until == until
    assert sees(district, resident(son), old)
    district.advance_clock(32 * 86_400_000_000)
    assert not sees(district, resident(son), old)


def test_a_proxy_without_a_record_signs_in_as_what_was_written_of_them(district: Store) -> None:
    old = person(district, "19500101")
    made = district.run(NURSE, relations.name_proxy, resident=old, name="\u5468\u56db", phone="12699990010", scope="all",
                        until=day(district.clock.now()).isoformat(), relationship="FRND", note="\u59d4\u6258\u4e66\u5df2\u6838")
    assert sees(district, Actor(str(made.ref), "proxy", "", "PATRQT"), old)


def test_a_resident_cannot_find_out_who_has_a_number(district: Store) -> None:
    old, until = person(district, "19500101"), day(district.clock.now()).isoformat()
    for asked in ({"number": number("19800101")}, {"number": number("19500101"), "name": "x"}):
        with pytest.raises(Invalid) as refused:
            district.run(resident(old), relations.name_proxy, resident=old, scope="all", until=until, relationship="FRND", **asked)
        assert refused.value.key == "persons.proxy-unknown"
    other = person(district, "19800101", "\u94b1\u4e8c")
    with pytest.raises(NotFound):
        district.run(resident(old), relations.name_proxy, resident=old, scope="all", until=until, relationship="FRND", proxy=other)


@pytest.mark.parametrize(("given", "key"), [
    ({"until": "2099-01-01"}, "persons.until-shape"), ({"until": "x"}, "persons.until-shape"),
    ({"scope": "money"}, "persons.scope-unknown"), ({"relationship": "X"}, "persons.relationship-unknown"),
    ({"note": ""}, "persons.consent-paper"), ({"name": ""}, "persons.name-needed"), ({"phone": ""}, "persons.phone-needed"),
])
def test_a_proxy_is_refused_by_box(district: Store, given: dict[str, str], key: str) -> None:
    old = person(district, "19500101")
    known = {"name": "\u5468\u56db", "phone": "1", "scope": "all", "until": day(district.clock.now()).isoformat(),
             "relationship": "FRND", "note": "\u59d4\u6258\u4e66\u5df2\u6838"} | given
    with pytest.raises(Refusal) as refused:
        district.run(NURSE, relations.name_proxy, resident=old, **known)
    assert key in {issue.key for issue in refused.value.issues}


def test_who_is_of_age_has_no_guardian_and_a_child_no_proxy(district: Store) -> None:
    grown, child = person(district, "19800101"), person(district, years_ago(district, 10), "\u94b1\u4e8c")
    with pytest.raises(Invalid) as refused:
        district.run(NURSE, relations.name_guardian, ward=grown, guardian=child, relationship="MTH")
    assert refused.value.key == "persons.ward-of-age"
    with pytest.raises(Invalid) as refused:
        district.run(NURSE, relations.name_proxy, resident=child, proxy=grown, scope="all", relationship="FTH",
                     until=day(district.clock.now()).isoformat(), note="x")
    assert refused.value.key == "persons.proxy-of-child"
    with pytest.raises(Invalid) as refused:
        district.run(NURSE, relations.name_guardian, ward=child, guardian=child, relationship="MTH")
    assert refused.value.key == "persons.acts-for-self"


def test_only_a_desk_or_the_resident_names_somebody(district: Store) -> None:
    child, mother, related = guardian(district, 6)
    for by in (TECHNICIAN, resident(mother)):
        with pytest.raises(Forbidden):
            district.run(by, relations.name_guardian, ward=child, guardian=mother, relationship="GRPRN")
    with pytest.raises(Conflict):
        district.run(NURSE, relations.name_guardian, ward=child, guardian=mother, relationship="MTH")
    district.run(resident(mother), relations.end, related=related)
    with pytest.raises(Conflict):
        district.run(NURSE, relations.end, related=related, note="x")


def test_an_auditor_sees_who_acted_for_whom_and_when(district: Store) -> None:
    child, _, related = guardian(district, 6)
    district.run(NURSE, relations.end, related=related, note="\u76d1\u62a4\u6743\u53d8\u66f4")
    with district.snapshot(actor("wangfang")) as reads:
        (relation,) = relations.of_resident(reads, resident=child)
    assert (relation.active, relation.relationship) == (False, "MTH")
