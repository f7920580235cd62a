"""Given every state of a study, when every party tries every act, then exactly what its table offers is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import NotFound
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows import identity, study, study_report, visit
from doorstep.workflows.coordination import item, item_reference
from doorstep.workflows.table import CLOCK
from tests.district import DOCTOR, HOSPITAL, STRANGER, who
from tests.spec.test_every_act import put_into, tried
from tests.studies import FIRST, READER, recorded

BYSTANDER = Actor("Practitioner/tangyong", "doctor", "Organization/bailin", "TREAT", "tangyong")
SAID = {"findings": "x", "conclusion": "x", "note": "x"}


def boxed(tx: Tx, task: str, *entries: dict[str, Any]) -> None:
    """The Task as the acts before would have left its boxes."""
    try:
        found = tx.read("Task", task)
    except NotFound:
        return
    tx.update({**found, "input": list(entries)})


def read_by(reader: Actor, command: Callable[..., Any], **more: Any) -> Callable[[Tx, str], Any]:
    def run(tx: Tx, task: str) -> None:
        boxed(tx, task, item_reference(study.READER, reader.person))
        command(tx, task=task, **more)

    return run


def written_by(writer: Actor, command: Callable[..., Any], **more: Any) -> Callable[[Tx, str], Any]:
    def run(tx: Tx, task: str) -> None:
        boxed(tx, task, item("conclusion", "x"), item_reference(study_report.WRITER, writer.person))
        command(tx, task=task, **more)

    return run


COMMANDS: dict[str, Callable[[Tx, str], Any]] = {
    "acquire": lambda tx, task: study.acquire(tx, task=task),
    "obtain": lambda tx, task: study.obtain(tx, task=task),
    "send-back": lambda tx, task: study.send_back(tx, task=task, reason="noise"),
    "claim": lambda tx, task: study.claim(tx, task=task),
    "take-over": read_by(FIRST, study.take_over),
    "put-back": lambda tx, task: study.put_back(tx, task=task),
    "ask": lambda tx, task: study.ask(tx, task=task),
    "write": read_by(READER, study_report.write, data=SAID),
    "report": read_by(READER, study_report.report, data=SAID),
    "review": written_by(FIRST, study_report.review, data={}),
    "return": written_by(FIRST, study_report.give_back, note="x"),
    "correct": lambda tx, task: study_report.correct(tx, task=task, data=SAID),
    "acknowledge": lambda tx, task: study.acknowledge(tx, task=task),
    "withdraw": lambda tx, task: study.withdraw(tx, task=task, reason="mistake"),
}


def higher_centre(tx: Tx) -> None:
    tx.update({"resourceType": "OrganizationAffiliation", "id": "hospital-higher", "active": True,
               "organization": {"reference": HOSPITAL}, "participatingOrganization": {"reference": "Organization/university"},
               "code": [{"coding": [{"system": study.affiliation.SYSTEM, "code": "ecg"}]}]})


def test_what_the_table_offers_is_done_and_nothing_else(district: Store) -> None:
    task = recorded(district)
    district.run(SYSTEM, higher_centre)
    identity.by_number(district, BYSTANDER, number=who().number)
    district.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    parties = {"orderer": DOCTOR, "centre": READER, "bystander": BYSTANDER, "stranger": STRANGER}
    assert {act.code for act in study.TABLE.acts if act.source and act.who != CLOCK} == COMMANDS.keys()
    wrong = []
    for state in study.TABLE.states:
        district.run(SYSTEM, put_into, study.TABLE, task, state.code)
        for act in study.TABLE.acts:
            if not act.source or act.who == CLOCK:
                continue
            for party, actor in parties.items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if party == "stranger" else right if party == act.who else "forbidden"
                found = tried(district, actor, COMMANDS[act.code], task)
                if found != expected:
                    wrong.append((state.code, act.code, party, found, expected))
    assert wrong == []
