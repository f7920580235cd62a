"""Breaking the glass: one clinician opens one record in an emergency, for some hours, and answers for it.

Possible only for somebody who was found by an exact look-up, with a coded reason and a sentence. The resident is told,
the privacy officers of the clinician's institution and of the resident's each review it, and as long as one of them has
not, the same person cannot do it again. What is restricted needs a second person's confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.granted import holds, of_resident
from doorstep.kernel.keys import whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import messages, witness
from doorstep.workflows.coordination import Case, begin, boxes, day, item, moment, move, state_of, workflow_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "emergency", "privacy.emergency", "Patient", ("opener", "officer"),
    (
        State("opened", "privacy.emergency-opened", "requested", "", "officer", "emergency.review"),
        State("justified", "privacy.emergency-justified", "completed", ""),
        State("unjustified", "privacy.emergency-unjustified", "failed", ""),
    ),
    (
        Act("open", "privacy.emergency-open", "opener", (), "opened", ("reason", "note"),
            ("privacy.clinical-only", "privacy.not-looked-up", "privacy.note-short", "privacy.emergency-runs",
             "privacy.emergency-unreviewed")),
        Act("confirm", "privacy.emergency-confirm", "opener", ("opened",), "opened", (),
            ("privacy.second-person", "privacy.emergency-over")),
        Act("remind", "privacy.remind", CLOCK, ("opened",), "opened"),
        Act("justify", "privacy.emergency-justify", "officer", ("opened",), "justified", ("note",)),
        Act("reject", "privacy.emergency-reject", "officer", ("opened",), "unjustified", ("reason", "note")),
    ),
    desk="auditor",
)  # fmt: skip

LEVELS: Final = ("2", "3")


@dataclass(frozen=True, slots=True)
class Figures:
    """One institution's month: how often its people broke the glass, and what the reviews said."""

    opened: int
    unreviewed: int
    late: int
    justified: int
    unjustified: int

    @property
    def false_share(self) -> str:
        """Not justified among the reviewed, in per cent; "" when nothing was reviewed."""
        reviewed = self.justified + self.unjustified
        return f"{100 * self.unjustified / reviewed:.0f}" if reviewed else ""


def open_record(tx: Tx, *, resident: str, reason: str, note: str, level: str = "2") -> Stored:
    """The actor in person may read the record for some hours. The Task that their own officer reviews."""
    act = TABLE.act("open")
    witness.clinical(tx)
    needed(act, {"reason": reason, "note": note})
    code = witness.coded("emergency.open", reason, element="reason")
    least = policy("emergency.note", on=day(tx.now), reads=tx).amount
    if len("".join(note.split())) < least:
        raise Invalid("privacy.note-short", element="note", least=least)
    if level not in LEVELS:
        raise Invalid("privacy.unknown-level", element="level", level=level)
    id_, here = Ref.parse(resident).id, tx.actor.organization
    if not holds(tx, resident=id_, reason="identified", org=here, person=tx.actor.person):
        raise RuleBroken("privacy.not-looked-up", element="resident")
    _refuse_another(tx, id_)
    until = tx.now + policy("emergency.access", on=day(tx.now), reads=tx).microseconds
    inputs = (
        item("reason", str(code["coding"][0]["code"])), item("note", note.strip()), item("person", tx.actor.person),
        item("level", level), item("until", instant(until)),
    )  # fmt: skip
    home = whole(tx).stored("Patient", id_).custodian or here
    told = messages.tell(tx, resident=resident, key="privacy.message-emergency", institution=here)
    papers = (told,) if told else ()
    task = begin(tx, TABLE, act, focus=resident, resident=resident, asking=here, asked=here, inputs=inputs, also=papers)
    main = str(task.ref)
    witness.open_papers(tx, task=main, resident=resident, officers=here, more=papers)
    tx.grant(resident=id_, person=tx.actor.person, level=2, reason="emergency", source=main, ends=until)
    tx.claim("emergency", tx.actor.person, holder=task.id)
    if home != here:
        other = begin(tx, TABLE, act, focus=resident, resident=resident, asking=here, asked=home, inputs=inputs,
                      part_of=main)  # fmt: skip
        witness.open_papers(tx, task=str(other.ref), resident=resident, officers=home, more=(main, *papers))
    return task


def confirm(tx: Tx, *, task: str) -> Stored:
    """A second clinician of the institution confirms that what is restricted is needed too."""
    act = TABLE.act("confirm")
    case = witness.case_of(tx, TABLE, task, act)
    witness.clinical(tx)
    said = boxes(case.task["input"])
    if said["person"] == tx.actor.person or "partOf" in case.task or said["level"] != "3":
        raise Forbidden("privacy.second-person")
    until = moment(said["until"])
    if until <= tx.now:
        raise Conflict("privacy.emergency-over")
    tx.grant(resident=Ref.parse(case.resident).id, person=said["person"], level=3, label="*", reason="emergency",
             source=case.ref, ends=until)  # fmt: skip
    return move(tx, case, act, outputs=(item("second", tx.actor.person),), until=_deadline(case))


def justify(tx: Tx, *, task: str, note: str) -> Stored:
    """The officer finds that there was an emergency."""
    act = TABLE.act("justify")
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"note": note})
    _reviewed(tx, case)
    return move(tx, case, act, note=note.strip())


def reject(tx: Tx, *, task: str, consequence: str, note: str) -> Stored:
    """The officer finds that there was none; what follows is coded. What was still open is closed now."""
    act = TABLE.act("reject")
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"reason": consequence, "note": note})
    coded = witness.coded("emergency.reject", consequence, element="reason")
    _reviewed(tx, case)
    tx.end_grants(_main(case))
    return move(tx, case, act, reason=coded, note=note.strip())


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has reviewed in time."""
    witness.remind({TABLE.name: TABLE})(tx, ref=ref, payload=payload)


def running(reads: Reads, *, resident: str, person: str) -> str:
    """Until when (an instant) somebody reads this record by breaking the glass; "" when they do not."""
    ends = [grant.ends for grant in of_resident(reads, resident=resident)
            if grant.reason == "emergency" and grant.person == person]  # fmt: skip
    return instant(max(ends)) if ends else ""


def to_confirm(reads: Reads, *, resident: str, person: str) -> list[dict[str, Any]]:
    """Tasks of colleagues that wait for a second person; the reader sees those of their own institution."""
    query = [("patient", f"Patient/{resident}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("status", "requested")]
    found = []
    for task in reads.search("Task", query):
        said = boxes(task["input"])
        if said["level"] == "3" and said["person"] != person and "partOf" not in task and not task.get("output"):
            found.append(task)
    return found


def figures(reads: Reads, *, organization: str, month: str, now: int) -> Figures:
    """What the people of an institution did in a month ("2026-11"), by the Tasks of its own officer."""
    query = [("requester", organization), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("authored-on", month)]
    own = [task for task in reads.search("Task", query) if "partOf" not in task]
    states = [state_of(task) for task in own]
    late = sum(moment(task["authoredOn"]) + _term(reads, now) < now for task in own if state_of(task) == "opened")
    return Figures(len(own), states.count("opened"), late, states.count("justified"), states.count("unjustified"))


def reason_of(task: dict[str, Any], language: str) -> str:
    """The coded reason of a Task in words."""
    code = boxes(task["input"])["reason"].rpartition(".")[2]
    known = reasons("emergency.open").get(code)
    return known.display(language) if known else code


def _refuse_another(tx: Tx, resident: str) -> None:
    if running(tx, resident=resident, person=tx.actor.person):
        raise Conflict("privacy.emergency-runs")
    unreviewed = tx.holder("emergency", tx.actor.person)
    if unreviewed is not None:
        raise Conflict("privacy.emergency-unreviewed", task=unreviewed)


def _reviewed(tx: Tx, case: Case) -> None:
    """This officer's part is done; when it was the last, the clinician may break the glass again."""
    main = _main(case)
    record = whole(tx)
    others = record.search("Task", [("part-of", main), ("status", "requested")])
    if case.ref != main:
        others.append(record.read("Task", Ref.parse(main).id))
    for other in others:
        if workflow_of(other) == TABLE.name and other["id"] != case.id:
            tx.expect(record.stored("Task", other["id"]))  # two officers at once: one of them is asked again
            if state_of(other) == "opened":
                break
    else:
        tx.release("emergency", boxes(case.task["input"])["person"], holder=Ref.parse(main).id)
    witness.close_papers(tx, task=case.ref)


def _main(case: Case) -> str:
    """The Task of the clinician's own officer: the source of the access."""
    return str(case.task["partOf"][0]["reference"]) if "partOf" in case.task else case.ref


def _deadline(case: Case) -> int:
    return moment(case.task["restriction"]["period"]["end"])


def _term(reads: Reads, now: int) -> int:
    return policy("emergency.review", on=day(now), reads=reads).microseconds

