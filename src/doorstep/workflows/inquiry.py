"""Whoever uses an earlier report asks the institution that issued it: for its original pictures, or about its result.

The Task is the issuer's to answer. It opens the one report to them with what belongs to it, in whoever's record the
pictures lie since. An issuer that finds its own report wrong takes its recognition back: the report stays, and nobody
recognises it any more.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import recognition
from doorstep.terms.catalogue import designation, reasons
from doorstep.workflows.coordination import Case, begin, item, item_reference, load, move, parts_played
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "inquiry", "inquiry.inquiry", "DiagnosticReport", ("orderer", "laboratory"),
    (
        State("asked", "inquiry.asked", "requested", "", "laboratory", "inquiry.answer"),
        State("answered", "inquiry.answered", "in-progress", "", "orderer", "inquiry.read"),
        State("known", "inquiry.known", "completed", ""),
        State("withdrawn", "inquiry.withdrawn", "cancelled", ""),
    ),
    (
        Act("ask", "inquiry.ask", "orderer", (), "asked", ("reason", "note"),
            ("inquiry.other-resident", "inquiry.asked-already", "workflows.visit-over")),
        Act("answer", "inquiry.answer", "laboratory", ("asked",), "answered", ("note",)),
        Act("retract", "inquiry.retract", "laboratory", ("asked",), "answered", ("note",)),
        Act("know", "inquiry.know", "orderer", ("answered",), "known"),
        Act("withdraw", "inquiry.withdraw", "orderer", ("asked",), "withdrawn"),
    ),
)  # fmt: skip
ORIGINALS: Final = "unreadable"
"""The reason that asks for the original pictures."""


def ask(tx: Tx, *, encounter: str, report: str, reason: str, note: str) -> Stored:
    """Ask the issuer of a report ("DiagnosticReport/x") within a visit. What runs about it is not asked twice."""
    act = TABLE.act("ask")
    visit, found = tx.read("Encounter", encounter), tx.read("DiagnosticReport", Ref.parse(report).id)
    if visit["serviceProvider"]["reference"] != tx.actor.organization:
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act=act.code, who=act.who)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    if found["subject"] != visit["subject"]:
        raise RuleBroken("inquiry.other-resident", element="report")
    needed(act, {"reason": reason, "note": note})
    coded = reasons("inquiry.ask").get(reason)
    if coded is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    resident, issuer = found["subject"]["reference"], found["performer"][0]["reference"]
    running = tx.holder("inquiry", f"{tx.actor.organization} {report}")
    if running is not None:
        raise Conflict("inquiry.asked-already", element="report", task=running)
    known = (designation(each.get("system", ""), each.get("code", "")) for each in found["code"].get("coding", ()))
    what = next((each for each in known if each is not None), None)
    task = begin(
        tx, TABLE, act, focus=report, resident=resident, asking=tx.actor.organization, asked=issuer,
        encounter=f"Encounter/{encounter}", priority="urgent" if reason == ORIGINALS else "routine", what=what,
        inputs=(item("reason", reason), item("question", note.strip())),
    )  # fmt: skip
    tx.claim("inquiry", f"{tx.actor.organization} {report}", holder=str(task.ref))
    tx.grant(resident=Ref.parse(resident).id, org=issuer, level=2, reason="consult", source=str(task.ref), scope=PACKET,
             items=(*tx.written(), resident, report, *_belonging(found)))  # fmt: skip
    return task


def answerable(tx: Tx, *, task: str) -> Case:
    """The question, if the actor may answer it now."""
    return _case(tx, task, TABLE.act("answer"))


def answer(tx: Tx, *, task: str, note: str, original: str = "") -> Stored:
    """What the issuer says: where the originals are now, or what the result rests on.

    ``original`` is the original itself ("DocumentReference/x").
    """
    return _answered(tx, task, TABLE.act("answer"), note, original)


def retract(tx: Tx, *, task: str, note: str) -> Stored:
    """The issuer takes the recognition of this one report back, and says why."""
    act = TABLE.act("retract")
    case = _case(tx, task, act)
    needed(act, {"note": note})
    stored = tx.stored("DiagnosticReport", Ref.parse(case.task["focus"]["reference"]).id)
    found = tx.read("DiagnosticReport", stored.id)
    mark = {"url": recognition.RETRACTED, "valueInstant": instant(tx.now)}
    kept = [each for each in found.get("extension", ()) if each.get("url") != recognition.RETRACTED]
    again, _ = tx.update({**found, "extension": [*kept, mark]}, if_match=stored.version)
    return _told(tx, case, act, note, also=(f"{again.ref}/_history/{again.version}",))


def know(tx: Tx, *, task: str) -> Stored:
    """The asking doctor has read the answer; what was opened for the question and the answer ends."""
    return _over(tx, task, TABLE.act("know"))


def withdraw(tx: Tx, *, task: str) -> Stored:
    return _over(tx, task, TABLE.act("withdraw"))


def _answered(tx: Tx, task: str, act: Act, note: str, original: str) -> Stored:
    case = _case(tx, task, act)
    needed(act, {"note": note})
    if not original:
        return _told(tx, case, act, note)
    also, outputs = (f"{original}/_history/1",), (item_reference("original", original),)
    return _told(tx, case, act, note, also=also, outputs=outputs)


def _told(tx: Tx, case: Case, act: Act, note: str, **more: Any) -> Stored:
    """Whoever asked may read the answer with what belongs to it until they have, however long it took."""
    report = case.task["focus"]["reference"]
    given = (*tx.written(), case.ref, case.resident, report)
    belonging = _belonging(tx.read("DiagnosticReport", Ref.parse(report).id))
    tx.grant(resident=Ref.parse(case.resident).id, org=case.organization("orderer"), level=2, reason="consult",
             source=case.ref, scope=PACKET, items=(*given, *belonging))  # fmt: skip
    return move(tx, case, act, note=note.strip(), **more)


def _belonging(report: dict[str, Any]) -> tuple[str, ...]:
    """The values and pictures of a report."""
    named = (each["reference"] for name in ("result", "imagingStudy") for each in report.get(name, ()))
    pictures = (each["link"]["reference"] for each in report.get("media", ()) if "link" in each)
    return (*named, *pictures)


def _over(tx: Tx, task: str, act: Act) -> Stored:
    case = _case(tx, task, act)
    tx.end_grants(case.ref)
    about = case.task["focus"]["reference"]
    tx.release("inquiry", f"{case.organization('orderer')} {about}", holder=case.ref)
    return move(tx, case, act)


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case
