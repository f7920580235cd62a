"""The family of the main line: the father with an account of his own, and the daughter who acts for him from afar."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from doorstep.demo.people import Resident, resident, rng_of
from doorstep.demo.population import SEED
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import relations
from doorstep.workflows.coordination import day

FATHER, DAUGHTER = "lijianguo", "lifang"
_DAUGHTER: Final = 10
"""Her place in the district's cast."""
_LONG: Final = timedelta(days=180)


def himself(who: Resident) -> Actor:
    """A resident as themselves."""
    return Actor(f"Patient/{who.id}", "resident", "", "PATRQT", who.id)


def people(store: Store) -> dict[str, str]:
    """Account -> who signs in with it, as far as the record has them; the father names his daughter, once."""
    from doorstep.demo.opening import day_of

    today = day_of(store)
    father = resident(rng_of(SEED, 0), 0, today)
    with store.snapshot(SYSTEM, audited=False) as reads:
        named = relations.of_resident(reads, resident=f"Patient/{father.id}")
    related = named[0].id if named else _name(store, father, resident(rng_of(SEED, _DAUGHTER), _DAUGHTER, today))
    return {FATHER: f"Patient/{father.id}", DAUGHTER: f"RelatedPerson/{related}"}


def _name(store: Store, father: Resident, daughter: Resident) -> str:
    until = (day(store.clock.now()) + _LONG).isoformat()
    return store.run(himself(father), relations.name_proxy, resident=f"Patient/{father.id}", scope="all", until=until,
                     relationship="CHILD", name=daughter.name, phone=daughter.phone).id  # fmt: skip
