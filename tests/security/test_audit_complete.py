"""Given hundreds of random accesses by many, when residents ask who saw them, then each access is there with its ground.

The accesses are made over the interface and written down by hand beside it; what the audit says is compared with that
list: who, how it ended, and the act because of which it was allowed. Taking one row away is noticed.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from doorstep.kernel import audit, readers
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.readers import Wanted
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.district import DOCTOR, SPECIALIST, STRANGER, TECHNICIAN, who
from tests.rest.client import Client
from tests.rights.people import condition, resident

MANY, PEOPLE = 300, 4
READERS = (DOCTOR, STRANGER, SPECIALIST, TECHNICIAN)
REASONS = ("visit", "referral", "order", "consult", "contract", "programme")
Told = tuple[str, int, str]
"""Account, outcome, the act behind the right ("" when none was needed)."""


def given(store: Store, chance: random.Random) -> dict[tuple[str, int], str]:
    """Random rights: (institution, resident) -> the act behind it."""
    rights = {}
    for index in range(PEOPLE):
        for actor in chance.sample(READERS, 2):
            source = f"Encounter/{actor.account}-{index}"
            store.run(SYSTEM, lambda tx, actor=actor, index=index, source=source: tx.grant(
                resident=who(index).id, org=actor.organization, level=2, reason=chance.choice(REASONS), source=source))
            rights[actor.organization, index] = source
    return rights


def asked(store: Store, chance: random.Random) -> list[Counter[Told]]:
    """Make the accesses; what each resident should find."""
    rights = given(store, chance)
    entries = [(f"Patient/{who(index).id}", f"Condition/{condition(store, index)}") for index in range(PEOPLE)]
    kept = {(str(org), str(id_)) for org, id_ in store.engine.once("SELECT custodian, id FROM resource")}
    clients = {actor: Client(make_app(store), store.issue_token(actor.account, actor, ttl=600)) for actor in READERS}
    expected: list[Counter[Told]] = [Counter() for _ in range(PEOPLE)]
    for _ in range(MANY):
        index, actor = chance.randrange(PEOPLE), chance.choice(READERS)
        entry = chance.choice(entries[index])
        source = rights.get((actor.organization, index), "")
        own = (actor.organization, entry.partition("/")[2]) in kept
        answer = clients[actor].get(entry)
        assert answer.status == (200 if source or own else 404), (actor, entry)
        expected[index][actor.account, answer.status, source] += 1
    return expected


def found(store: Store, index: int) -> Counter[Told]:
    """What a resident finds of the readers, page after page."""
    told: Counter[Told] = Counter()
    cursor = ""
    while True:
        with store.snapshot(resident(index), audited=False) as reads:
            page, cursor = readers.page(reads, Wanted(who(index).id), cursor=cursor)
        told += Counter((seen.account, seen.outcome, seen.source) for seen in page if seen.account in {each.account for each in READERS})
        if not cursor:
            return told


def test_each_access_is_found_by_whom_it_was_about_with_the_ground_that_allowed_it(district: Store) -> None:
    expected = asked(district, random.Random(20260528))
    while audit.seal(district.engine, limit=100):
        pass
    assert [found(district, index) for index in range(PEOPLE)] == expected
    assert sum(sum(each.values()) for each in expected) == MANY
    assert {status for each in expected for _, status, _ in each} == {200, 404}


@pytest.mark.parametrize("change", ["DELETE FROM audit_sealed WHERE seq = ?", "UPDATE audit_sealed SET outcome = 200 + outcome WHERE seq = ?"])
def test_a_row_that_is_taken_away_or_changed_is_noticed(district: Store, change: str) -> None:
    stranger = Client(make_app(district), district.issue_token("x", Actor(STRANGER.person, "doctor", STRANGER.organization, "TREAT", "x"), ttl=60))
    for index in range(PEOPLE):
        stranger.get(f"Patient/{who(index).id}")
    while audit.seal(district.engine):
        pass
    assert audit.verify(district.engine) == []
    middle = district.engine.once("SELECT max(seq) - 1 FROM audit_sealed")[0][0]
    district.engine.write([(change, [middle])])
    assert audit.verify(district.engine) != []
