"""The people of these tests: clinicians, privacy officers and residents of the demo district, and what each may see."""

from __future__ import annotations

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import identity
from tests.district import STRANGER, who

HOUR = 3_600_000_000
DAY = 24 * HOUR
COLLEAGUE = Actor("Practitioner/second", "doctor", "Organization/zhuxi", "TREAT", "second")
"""Another clinician of the stranger's institution (Zhuxi)."""
HERE = Actor("Practitioner/officer-zhuxi", "auditor", "Organization/zhuxi", "HOPERAT", "officer-zhuxi")
HOME = Actor("Practitioner/officer-shiqiao", "auditor", "Organization/shiqiao", "HOPERAT", "officer-shiqiao")
ELSEWHERE = Actor("Practitioner/officer-bailin", "auditor", "Organization/bailin", "HOPERAT", "officer-bailin")
NOTE = "昏迷送入，急需了解用药和过敏情况"


def resident(index: int = 0) -> Actor:
    """A resident acting for themselves; the first is at home in Shiqiao."""
    return Actor(f"Patient/{who(index).id}", "resident", "", "PATRQT", f"resident-{index}")


def patient(index: int = 0) -> str:
    return f"Patient/{who(index).id}"


def put_people(store: Store) -> None:
    """Give the people who are not in the demo a row in the directory, so that they can be referred to."""
    def put(tx) -> None:  # noqa: ANN001
        for actor in (COLLEAGUE, HERE, HOME, ELSEWHERE):
            tx.update({"resourceType": "Practitioner", "id": actor.person.removeprefix("Practitioner/"), "active": True,
                       "name": [{"text": "测试", "family": "测", "given": ["试"]}]})

    store.run(SYSTEM, put)


def look_up(store: Store, actor: Actor = STRANGER, index: int = 0) -> None:
    assert identity.by_number(store, actor, number=who(index).number) is not None


def sees_record(store: Store, actor: Actor, index: int = 0) -> bool:
    """Whether an actor sees anything of the ordinary record that others wrote."""
    # Problems, medicines and results go along with a referral; that there was a visit before does not.
    query = [("patient", patient(index)), ("status", "finished"), ("service-provider", "Organization/shiqiao"), ("_count", "1")]
    with store.snapshot(actor, audited=False) as reads:
        return bool(reads.page("Encounter", query, strict=True).matches)


def condition(store: Store, index: int = 0) -> str:
    """The id of one entry of the record."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        return reads.page("Condition", [("patient", patient(index)), ("_count", "1")], strict=True).matches[0].id


def restrict(store: Store, id_: str, label: str) -> None:
    """Somebody who keeps the record gives an entry a restricted category."""
    def change(tx) -> None:  # noqa: ANN001
        found = tx.read("Condition", id_)
        found.setdefault("meta", {})["security"] = [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": label}]
        tx.update(found)

    store.run(SYSTEM, change)


def sees(store: Store, actor: Actor, reference: str) -> bool:
    type_name, _, id_ = reference.partition("/")
    with store.snapshot(actor, audited=False) as reads:
        return reads.exists(type_name, id_)


def tasks(store: Store, workflow: str) -> list[dict]:
    with store.snapshot(SYSTEM, audited=False) as reads:
        return [task for task in reads.search("Task", [("_sort", "_lastUpdated")])
                if task["code"]["coding"][0]["code"] == workflow]
