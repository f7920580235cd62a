"""The demo district as a test wants it: a few residents, written by the institutions they belong to, in milliseconds."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

from doorstep.demo.opening import mark
from doorstep.demo.people import Resident, resident, rng_of
from doorstep.demo.population import DAY, SEED, owned
from doorstep.demo.stage import actor
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import order, referral, visit
from doorstep.workflows.referral import Sheet

LABORATORY, HOSPITAL = "Organization/laboratory", "Organization/hospital"
DOCTOR, STRANGER, TECHNICIAN = actor("zhangmin"), actor("hejing"), actor("wanglei")
DESK, SPECIALIST, OFFICE = actor("zhaoqian"), actor("chenzhiyuan"), actor("sunli")
SHEET = Sheet("慢性肾脏病3期", "乏力2周，肌酐升高", consent=True)


def put_district(store: Store, residents: int = 1, *, today: date = DAY) -> None:
    """The directory and the first residents, each resource in the custody of the institution that wrote it."""
    by_owner = sorted(owned(residents, SEED, today=today), key=lambda entry: _ORDER[entry[0]])
    for owner, entries in groupby(by_owner, key=lambda entry: entry[0]):
        writer = Actor("Device/doorstep", "administrator", f"Organization/{owner}", "HOPERAT", "demo")
        store.run(writer, _put, [resource for _, resource in entries])
    mark(store, today=today, seed=SEED)


def who(index: int = 0, *, today: date = DAY) -> Resident:
    """One of the residents; the first is the one of the main line, at home in Shiqiao."""
    return resident(rng_of(SEED, index), index, today)


def opened(store: Store, index: int = 0) -> str:
    """A visit of a resident with the doctor of Shiqiao; its id."""
    return store.run(DOCTOR, visit.open_visit, resident=f"Patient/{who(index).id}", complaint="乏力", presence="identity").id


def ordered(store: Store, encounter: str, *, priority: str = "routine") -> str:
    """An order of renal function; the id of its Task."""
    return store.run(DOCTOR, order.place, encounter=encounter, tests=("RFT",), laboratory=LABORATORY, priority=priority)[0].id


def sent(store: Store, encounter: str, *, priority: str = "routine") -> str:
    """A referral to the hospital; the id of its Task."""
    return store.run(DOCTOR, referral.send, encounter=encounter, receiver=HOSPITAL, specialty="nephrology", sheet=SHEET,
                     priority=priority).id


def task(store: Store, id_: str, reader: Actor = DOCTOR) -> dict[str, Any]:
    with store.snapshot(reader) as reads:
        return reads.read("Task", id_)


def stands(found: dict[str, Any]) -> tuple[str, str, str, bool]:
    """(state, FHIR status, next actor, has a deadline) of a Task."""
    return (found["businessStatus"]["coding"][0]["code"], found["status"],
            found.get("owner", {}).get("reference", ""), "period" in found["restriction"])


def _put(tx: Tx, resources: list[dict[str, Any]]) -> None:
    for entry in resources:
        tx.update(entry)


_ORDER = {"alliance": 0, "shiqiao": 1, "zhuxi": 1.1, "bailin": 1.2, "hospital": 2, "laboratory": 3}
