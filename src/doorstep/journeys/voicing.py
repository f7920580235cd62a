"""What residents say about their care: asked in the name of the institution; a bad answer becomes a complaint."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.due import Due
from doorstep.kernel.refs import Ref
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms.catalogue import reasons
from doorstep.workflows import affiliation, complaint, satisfaction
from doorstep.workflows.coordination import begin, boxes
from doorstep.workflows.reported import ESCALATION

_KINDS: Final = {
    "attitude": "attitude", "skill": "skill", "explained": "skill", "cost": "cost", "waiting": "waiting",
    "privacy": "privacy",
}  # fmt: skip
"""Reason of a bad rating -> kind of the complaint."""


def register(store: Store) -> None:
    """Tell the due runner how closed episodes are asked about, and how a late anonymous complaint is reported."""
    store.runner.delivery(satisfaction.ASK, lambda due: _ask(store, due))
    store.runner.delivery(complaint.TELL_TOP, lambda due: _tell_top(store, due))


def answer(
    tx: Tx, *, task: str, score: str, reason: str = "", note: str = "", by: str = satisfaction.SELF,
    anonymous: bool = False, entered: bool = False,
) -> str:  # fmt: skip
    """Keep an answer; the code of the complaint that a bad one becomes, "" for the others."""
    case, _ = satisfaction.answer(tx, task=task, score=score, reason=reason, note=note, by=by, anonymous=anonymous,
                                  entered=entered)  # fmt: skip
    if score != satisfaction.BAD:
        return ""
    known = reasons("survey.reason").get(reason)
    said = note.strip() or (known.zh if known else "-")
    named: dict[str, Any] = {} if anonymous else {
        "resident": case.resident, "encounter": case.task["encounter"]["reference"],
        "about": _seen_by(tx, case.task["encounter"]["reference"]),
    }  # fmt: skip
    return complaint.raise_it(tx, kind=_KINDS.get(reason, "other"), note=said, channel="survey", **named)[1]


def _seen_by(tx: Tx, encounter: str) -> str:
    """Whoever had most to do with an episode."""
    found = tx.read("Encounter", Ref.parse(encounter).id)
    people = [str(each.get("individual", {}).get("reference", "")) for each in found.get("participant", ())]
    return next((each for each in people if each.startswith("Practitioner/")), "")


def _ask(store: Store, due: Due) -> None:
    id_ = Ref.parse(due.ref).id
    with store.snapshot(SYSTEM, audited=False) as reads:
        institution = reads.read("Encounter", id_).get("serviceProvider", {}).get("reference", "")
    if institution:
        store.run(satisfaction.voice(institution), satisfaction.ask, encounter=id_, secret=store.secret)


def _tell_top(store: Store, due: Due) -> None:
    """The institution above learns the code and that it is late; nobody's name is in it."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        task = reads.read("Task", Ref.parse(due.ref).id)
        late = task["owner"]["reference"]
        above = affiliation.superior(reads, late)

    def command(tx: Tx) -> None:
        tx.unique("complaint-late", f"{due.ref} {task['restriction']['period']['end']}", above)
        begin(tx, ESCALATION, ESCALATION.act("raise"), focus="", resident="", asking=late, asked=above,
              text=boxes(task["input"])["code"])  # fmt: skip

    store.run(satisfaction.voice(above), command)
