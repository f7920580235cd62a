"""Given whatever waits, when an open page asks what cannot wait, then only three things interrupt, each whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.web.interrupts import CRITICAL, GREEN, IDENTITY, INTERRUPTS, Interrupt
from doorstep.web.people import Person
from doorstep.workflows import duplicates
from tests.district import opened, ordered, sent, who

HOSPITAL = "Organization/hospital"


def person(name: str, role: str, organization: str, kind: str) -> Person:
    return Person(name, "", f"Practitioner/{name}", name, role, {}, organization, organization, kind)


OFFICE = person("sunli", "nurse", HOSPITAL, "hospital")


def raised(store: Store, who_: Person) -> list[tuple[str, str]]:
    with store.snapshot(who_.actor, audited=False) as reads:
        return [(each.kind, item.code) for each in INTERRUPTS for item in each.source(reads, who_)]


def test_three_kinds_and_no_fourth() -> None:
    assert {each.kind for each in INTERRUPTS} == {CRITICAL, GREEN, IDENTITY}
    with pytest.raises(ValueError, match="overdue"):
        Interrupt("overdue", lambda reads, who_: [], ())


def test_what_is_merely_new_or_late_waits_on_its_list(district: Store) -> None:
    encounter = opened(district)
    ordered(district, encounter, priority="stat")
    sent(district, encounter)
    district.clock.advance(400_000_000_000)
    district.runner.run_due()
    for each in (OFFICE, person("wanglei", "technician", "Organization/laboratory", "laboratory")):
        assert raised(district, each) == []


def test_a_referral_without_delay_interrupts_the_receiving_office_alone(district: Store) -> None:
    sent(district, opened(district), priority="stat")
    assert raised(district, OFFICE) == [(GREEN, "referral")]
    assert raised(district, person("zhangmin", "doctor", "Organization/shiqiao", "township")) == []


@pytest.mark.parametrize("seen", [True, False], ids=["being seen", "not here"])
def test_two_entries_of_somebody_being_seen_interrupt_the_registry(district: Store, seen: bool) -> None:
    if seen:
        opened(district)
    first, second = (f"Patient/{who(at).id}" for at in (0, 1))

    def ask(tx: Any) -> str:
        return str(duplicates.registry_of(tx, "Organization/shiqiao")) if duplicates.raise_pair(
            tx, first=first, second=second, finder="Organization/shiqiao") else ""  # fmt: skip

    registry = district.run(SYSTEM, ask)
    registrar = person("chenjing", "registrar", registry, "")
    assert raised(district, registrar) == ([(IDENTITY, "duplicate")] if seen else [])
    assert raised(district, person("chenjing", "doctor", registry, "")) == []
