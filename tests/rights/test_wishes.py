"""Given what residents allow and refuse, when others look, then it is as the residents wish, from that moment on."""

from datetime import timedelta
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from doorstep.kernel.store import Store
from doorstep.terms.privacy import programmes
from doorstep.workflows import breakglass, consent, contract, programme, referral
from doorstep.workflows.consent import Terms
from doorstep.workflows.coordination import day
from tests.district import DOCTOR, LABORATORY, SPECIALIST, STRANGER, opened, ordered, sent, who
from tests.rights.people import (
    COLLEAGUE,
    DAY,
    NOTE,
    condition,
    look_up,
    patient,
    put_people,
    resident,
    restrict,
    sees,
    sees_record,
)

ZHUXI = "Organization/zhuxi"


def given(store: Store, **terms: Any) -> str:
    return store.run(resident(), consent.give, resident=patient(), terms=Terms(**{"to": ZHUXI, **terms})).id


def test_consent_opens_the_record_to_an_institution_until_its_last_day(district: Store) -> None:
    given(district, until=day(district.clock.now()) + timedelta(days=1))
    assert sees_record(district, STRANGER)
    district.advance_clock(3 * DAY)
    assert not sees_record(district, STRANGER)
    with district.snapshot(resident()) as reads:
        assert [consent.state_of(each) for each in reads.search("Consent", [("patient", patient())])] == ["lapsed"]


def test_consent_to_a_person_is_theirs_alone_and_ends_when_it_is_withdrawn(district: Store) -> None:
    put_people(district)
    id_ = given(district, to=STRANGER.person)
    assert sees_record(district, STRANGER) and not sees_record(district, COLLEAGUE)
    district.run(resident(), consent.withdraw, consent=id_)
    assert not sees_record(district, STRANGER)
    with pytest.raises(Conflict):
        district.run(resident(), consent.withdraw, consent=id_)


def test_consent_to_one_category_opens_that_one(district: Store) -> None:
    item = condition(district)
    restrict(district, item, "HIV")
    given(district, level="3", label="PSY")
    assert not sees(district, STRANGER, f"Condition/{item}")
    given(district, level="3", label="HIV")
    assert sees(district, STRANGER, f"Condition/{item}")


@pytest.mark.parametrize(("terms", "key"), [
    ({"to": ""}, "workflows.empty-box"), ({"to": "Organization/nowhere"}, "privacy.unknown-recipient"),
    ({"to": "x"}, "privacy.unknown-recipient"), ({"level": "9"}, "privacy.unknown-level"),
    ({"level": "3"}, "privacy.unknown-label"), ({"purpose": "FUN"}, "privacy.unknown-purpose"),
    ({"until": day(0)}, "privacy.until-past"), ({"until": day(2**52)}, "privacy.until-far"),
])
def test_terms_that_make_no_sense_are_refused_by_name(district: Store, terms: dict[str, Any], key: str) -> None:
    with pytest.raises(Invalid) as refused:
        given(district, **terms)
    assert refused.value.key == key


def test_nobody_consents_for_somebody_else(district: Store) -> None:
    with pytest.raises(NotFound):
        district.run(resident(1), consent.give, resident=patient(), terms=Terms(ZHUXI))
    with pytest.raises(Invalid, match="scan-needed"):
        district.run(DOCTOR, consent.give, resident=patient(), terms=Terms(ZHUXI))
    with pytest.raises(NotFound):
        district.run(SPECIALIST.__class__("Practitioner/x", "auditor", ZHUXI), consent.give, resident=patient(), terms=Terms(ZHUXI))


def test_a_desk_writes_down_what_was_signed_on_paper(district: Store) -> None:
    opened(district)
    scan = district.run(DOCTOR, lambda tx: tx.create({
        "resourceType": "DocumentReference", "status": "current", "subject": {"reference": patient()},
        "content": [{"attachment": {"title": "scan"}}]})).ref
    district.run(DOCTOR, consent.give, resident=patient(), terms=Terms(ZHUXI, scan=str(scan), sensitive=True))
    assert sees_record(district, STRANGER)
    with district.snapshot(DOCTOR) as reads:
        written = reads.search("Consent", [("patient", patient())])[0]
    assert written["sourceReference"]["reference"] == str(scan)
    assert consent.SENSITIVE in written["category"]


def test_refusal_takes_away_what_orders_and_referrals_gave_and_taking_it_back_returns_it(district: Store) -> None:
    encounter = opened(district)
    referred = sent(district, encounter)
    ordered(district, encounter)
    assert not sees_record(district, SPECIALIST), "only what was sent with the referral"
    district.run(SPECIALIST, referral.accept, task=referred, place="bed 3")
    assert sees_record(district, SPECIALIST)
    id_ = district.run(resident(), consent.refuse, resident=patient(), to="Organization/hospital").id
    assert not sees_record(district, SPECIALIST)
    with pytest.raises(Conflict, match="refused-already"):
        district.run(resident(), consent.refuse, resident=patient(), to="Organization/hospital")
    district.run(resident(), consent.withdraw, consent=id_)
    assert sees_record(district, SPECIALIST)
    assert LABORATORY


def test_refusing_everybody_leaves_own_writing_and_the_emergency(district: Store) -> None:
    encounter = opened(district)
    district.run(resident(), consent.refuse, resident=patient(), to="*")
    assert sees(district, DOCTOR, f"Encounter/{encounter}")
    given(district)
    assert sees_record(district, STRANGER)
    look_up(district, SPECIALIST)
    district.run(SPECIALIST, breakglass.open_record, resident=patient(), reason="life", note=NOTE)
    assert sees_record(district, SPECIALIST)


def test_a_resident_restricts_an_entry_and_lowers_it_again(district: Store) -> None:
    item = f"Condition/{condition(district)}"
    given(district)
    assert sees(district, STRANGER, item)
    district.run(resident(), consent.raise_item, item=item)
    assert not sees(district, STRANGER, item)
    assert sees(district, resident(), item) and sees(district, DOCTOR, item)
    with pytest.raises(NotFound):
        district.run(resident(1), consent.lower_item, item=item)
    with pytest.raises(NotFound):
        district.run(DOCTOR, consent.lower_item, item=item)
    district.run(resident(), consent.lower_item, item=item)
    assert sees(district, STRANGER, item)


def test_lowering_leaves_a_restriction_that_somebody_else_made(district: Store) -> None:
    id_ = condition(district)
    restrict(district, id_, "HIV")
    district.run(resident(), consent.raise_item, item=f"Condition/{id_}")
    district.run(resident(), consent.lower_item, item=f"Condition/{id_}")
    given(district)
    assert not sees(district, STRANGER, f"Condition/{id_}")


def test_a_guardian_sees_reproductive_health_only_when_the_doctor_releases_it(district: Store) -> None:
    id_ = condition(district)
    restrict(district, id_, "SEX")
    guardian = resident(1)
    district.run(SYSTEM, lambda tx: tx.grant(resident=who().id, person=guardian.person, reason="guardian", source="RelatedPerson/x"))
    assert sees(district, guardian, patient()) and not sees(district, guardian, f"Condition/{id_}")
    with pytest.raises(Forbidden, match="clinical-only"):
        district.run(guardian, consent.release, item=f"Condition/{id_}", guardian=guardian.person)
    district.run(DOCTOR, consent.release, item=f"Condition/{id_}", guardian=guardian.person)
    assert sees(district, guardian, f"Condition/{id_}")


def test_a_guardian_speaks_for_the_child_and_a_stranger_does_not(district: Store) -> None:
    guardian = resident(1)
    district.run(SYSTEM, lambda tx: tx.grant(resident=who().id, person=guardian.person, reason="guardian", source="RelatedPerson/x"))
    district.run(guardian, consent.give, resident=patient(), terms=Terms(ZHUXI))
    assert sees_record(district, STRANGER)


def test_a_programme_opens_the_record_and_its_own_category_until_the_resident_leaves(district: Store) -> None:
    id_ = condition(district)
    restrict(district, id_, "PSY")
    look_up(district)
    episode = district.run(STRANGER, programme.enrol, resident=patient(), programme="mental").id
    assert sees(district, STRANGER, f"Condition/{id_}")
    with pytest.raises(Conflict, match="episode-runs"):
        district.run(STRANGER, programme.enrol, resident=patient(), programme="mental")
    with pytest.raises(NotFound):
        district.run(DOCTOR, programme.leave, episode=episode, reason="moved")
    district.run(STRANGER, programme.leave, episode=episode, reason="moved")
    assert not sees(district, STRANGER, f"Condition/{id_}")
    assert sees(district, STRANGER, patient())
    district.advance_clock(31 * DAY)
    assert not sees_record(district, STRANGER)


def test_a_category_closes_when_a_year_passes_without_review_and_opens_with_it(district: Store) -> None:
    id_ = condition(district)
    restrict(district, id_, programmes()["mental"].label)
    look_up(district)
    episode = district.run(STRANGER, programme.enrol, resident=patient(), programme="mental").id
    district.advance_clock(367 * DAY)
    assert not sees(district, STRANGER, f"Condition/{id_}")
    district.run(STRANGER, programme.keep, episode=episode)
    assert sees(district, STRANGER, f"Condition/{id_}")


def test_a_contract_opens_the_record_for_its_term(district: Store) -> None:
    look_up(district)
    with pytest.raises(Invalid):
        district.run(STRANGER, contract.sign, resident=patient(), consent=False)
    first = district.run(STRANGER, contract.sign, resident=patient(), consent=True).id
    assert sees_record(district, STRANGER)
    district.run(STRANGER, contract.end, episode=first, reason="declined")
    assert not sees_record(district, STRANGER)
    district.run(STRANGER, contract.sign, resident=patient(), consent=True)
    district.advance_clock(367 * DAY)
    assert not sees_record(district, STRANGER)
    with district.snapshot(STRANGER) as reads:
        assert {each["status"] for each in reads.search("EpisodeOfCare", [("patient", patient())])} == {"finished"}
