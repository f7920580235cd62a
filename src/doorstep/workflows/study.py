"""A study: somebody records an ECG or takes a picture, a centre reads it, whoever ordered reads the report.

ServiceRequest + coordinating Task. The trace or picture comes with an accession number (``picture``); a reader claims
it, writes, another person reviews. A finding that cannot wait alarms when it is written; the report follows.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import ECG, IMAGING, Test, reasons, studies
from doorstep.workflows import affiliation, picture, recognition
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    move,
    parts_played,
    request_status,
)
from doorstep.workflows.recognition import Redo
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

WAITING: Final = ("acquired", "at-next", "at-chief")
"""Nobody reads it yet: the readers, then the next reader by name of the duty list, then the duty chief are called."""
CENTRE_WORK: Final = (*WAITING, "claimed", "written")

TABLE: Final = Table(
    "study", "study.study", "ServiceRequest", ("orderer", "centre"),
    (
        State("requested", "study.requested", "requested", "active", "orderer", "study.acquire.{priority}"),
        State("again", "study.again", "on-hold", "active", "orderer", "study.acquire.{priority}"),
        State("acquired", "study.acquired", "requested", "active", "centre", "study.take.{priority}"),
        State("at-next", "study.at-next", "requested", "active", "centre", "study.next"),
        State("at-chief", "study.at-chief", "requested", "active", "centre", "study.chief"),
        State("claimed", "study.claimed", "in-progress", "active", "centre", "study.write.{priority}"),
        State("written", "study.written", "in-progress", "active", "centre", "study.review.{priority}"),
        State("reported", "study.reported", "in-progress", "completed", "orderer", "study.read"),
        State("read", "study.read-state", "completed", "completed"),
        State("withdrawn", "study.withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("place", "study.place", "orderer", (), "requested", ("items",),
            ("workflows.unknown-test", "workflows.not-affiliated", "workflows.visit-over")),
        Act("reopen", "study.reopen", "centre", (), "written", ("note", "conclusion")),
        Act("acquire", "study.acquire", "orderer", ("requested", "again"), "acquired", (), ("study.nothing-recorded",)),
        Act("obtain", "study.obtain", "centre", ("requested", "again"), "acquired", (), ("study.nothing-recorded",)),
        Act("send-back", "study.send-back", "centre", (*WAITING, "claimed"), "again", ("reason",)),
        Act("claim", "study.claim", "centre", WAITING, "claimed", (), ("study.readers-only",)),
        Act("take-over", "study.take-over", "centre", ("claimed",), "claimed", (), ("study.readers-only",)),
        Act("put-back", "study.put-back", "centre", ("claimed",), "acquired"),
        Act("ask", "study.ask", "centre", (*WAITING, "claimed"), "acquired", (), ("study.no-higher-centre",)),
        Act("write", "study.write", "centre", ("claimed",), "written", ("conclusion",),
            ("study.readers-only", "study.not-the-reader")),
        Act("report", "study.report", "centre", ("claimed",), "reported", ("conclusion",),
            ("study.readers-only", "study.not-the-reader", "study.second-person")),
        Act("review", "study.review", "centre", ("written",), "reported", (),
            ("study.readers-only", "study.second-person")),
        Act("return", "study.return", "centre", ("written",), "claimed", ("note",), ("study.readers-only",)),
        Act("correct", "study.correct", "centre", ("reported",), "written", ("note", "conclusion"),
            ("study.readers-only",)),
        Act("acknowledge", "study.acknowledge", "orderer", ("reported",), "read"),
        Act("withdraw", "study.withdraw", "orderer", ("requested", "again"), "withdrawn", ("reason",)),
        Act("call-next", "study.call-next", CLOCK, ("acquired",), "at-next"),
        Act("call-chief", "study.call-chief", CLOCK, ("at-next",), "at-chief"),
        Act("free", "study.free", CLOCK, ("claimed",), "at-next"),
    ),
)  # fmt: skip

READERS: Final = ("doctor", "specialist")
READER: Final = "reader"
PRIORITIES: Final = ("routine", "urgent", "stat")
_CATEGORY: Final = {
    ECG: {"system": systems.SNOMED, "code": "29303009", "display": "Electrocardiographic procedure"},
    IMAGING: {"system": systems.SNOMED, "code": "363679005", "display": "Imaging"},
}


def place(
    tx: Tx, *, encounter: str, items: tuple[str, ...], centre: str, priority: str = "routine", note: str = "",
    redo: dict[str, Redo] | None = None, unchecked: bool = False,
) -> list[Stored]:  # fmt: skip
    """Order studies within a visit; one ServiceRequest and one Task for each. The Tasks, in the order given.

    ``unchecked``: the index of earlier results did not answer; each says so and is looked up again.
    """
    act = TABLE.act("place")
    needed(act, {"items": items})
    chosen = [_item(code) for code in items]
    if priority not in PRIORITIES:
        raise Invalid("workflows.unknown-priority", element="priority", priority=priority)
    for each in chosen:
        affiliation.require(tx, member=tx.actor.organization, partner=centre, role=each.kind, item=each.concept.code)
    visit = tx.read("Encounter", encounter)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    return [_place(tx, act, each, visit, centre, priority, note, (redo or {}).get(each.concept.code),
                   unchecked=unchecked) for each in chosen]  # fmt: skip


def arrived(tx: Tx, *, task: str) -> Stored:
    """A trace or picture has come: the centre is next. Further ones of the same study change nothing.

    Called when something was kept for the request; whose hand it came from says which act it is.
    """
    case = load(tx, TABLE, task)
    if case.state not in ("requested", "again"):
        return tx.stored("Task", task)
    return acquire(tx, task=task) if tx.actor.organization == case.organization("orderer") else obtain(tx, task=task)


def acquire(tx: Tx, *, task: str) -> Stored:
    """Whoever records where the resident is has recorded: the centre may read."""
    return _recorded(tx, task, TABLE.act("acquire"))


def obtain(tx: Tx, *, task: str) -> Stored:
    """The centre has taken the picture itself."""
    return _recorded(tx, task, TABLE.act("obtain"))


def send_back(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """What came cannot be read: it is recorded again, by whoever recorded it, who hears why."""
    act = TABLE.act("send-back")
    found = case(tx, task, act)
    needed(act, {"reason": reason})
    coded = reasons("study.send-back").get(reason)
    if coded is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    put_down(found)
    picture.set_aside(tx, found.task["focus"]["reference"])
    return move(tx, found, act, reason={"coding": [coded.coding()]}, note=note.strip())


def claim(tx: Tx, *, task: str) -> Stored:
    """A reader takes it; nobody else writes until it is put back or taken over."""
    return _take(tx, task, TABLE.act("claim"))


def take_over(tx: Tx, *, task: str) -> Stored:
    """Another reader takes it from the one who has it, with what is on the record of that."""
    return _take(tx, task, TABLE.act("take-over"))


def put_back(tx: Tx, *, task: str) -> Stored:
    """The reader does not read it after all."""
    act = TABLE.act("put-back")
    found = case(tx, task, act)
    put_down(found)
    return move(tx, found, act)


def ask(tx: Tx, *, task: str, note: str = "") -> Stored:
    """A hard one goes to the centre that serves this centre; the clock begins again there."""
    act = TABLE.act("ask")
    found = case(tx, task, act)
    item = item_of(tx.read("ServiceRequest", Ref.parse(found.task["focus"]["reference"]).id))
    here = found.organization("centre")
    above = [each for each in affiliation.partners(tx, member=here, role=item.kind, item=item.concept.code)
             if each != here]  # fmt: skip
    if not above:
        raise RuleBroken("study.no-higher-centre")
    put_down(found)
    found.task["input"] = [*found.task.get("input", []), item_reference("asked-by", here)]
    found.task["restriction"]["recipient"] = [{"reference": above[0]}]
    tx.grant(resident=Ref.parse(found.resident).id, org=above[0], level=2, reason="order", source=found.ref)
    return move(tx, found, act, note=note.strip())


def acknowledge(tx: Tx, *, task: str) -> Stored:
    """The one who ordered has read the report."""
    act = TABLE.act("acknowledge")
    return move(tx, case(tx, task, act), act)


def withdraw(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The orderer takes the request back before anything was recorded; the centre's right to read ends."""
    act = TABLE.act("withdraw")
    found = case(tx, task, act)
    needed(act, {"reason": reason})
    coded = reasons("study.withdraw").get(reason)
    if coded is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    tx.end_grants(found.ref)
    done = request_status(tx, found, act)
    return move(tx, found, act, reason={"coding": [coded.coding()]}, note=note.strip(), also=(done,))


def item_of(request: dict[str, Any]) -> Test:
    """What a ServiceRequest of ours asks for."""
    codes = [coding["code"] for coding in request["code"]["coding"] if coding.get("system") == systems.TEST]
    return studies()[codes[0]]


def accession_of(request: dict[str, Any]) -> str:
    """The number that the modality sends back; "" for a request that has none."""
    return next((str(each["value"]) for each in request.get("identifier", ())
                 if each.get("system") == systems.ACCESSION), "")  # fmt: skip


def reader_of(task: dict[str, Any]) -> str:
    """Who has claimed it: "Practitioner/x", or ""."""
    return boxes(task.get("input", [])).get(READER, "")


def case(tx: Tx, task: str, act: Act) -> Case:
    """The Task, when this institution may do the act now."""
    found = load(tx, TABLE, task)
    TABLE.check(act, state=found.state, parties=parts_played(TABLE, found.task, tx.actor.organization))
    return found


def reading(tx: Tx) -> None:
    """Refuse whoever is no doctor: a report is a doctor's act."""
    if tx.actor.role not in READERS:
        raise Forbidden("study.readers-only")


def put_down(found: Case, *more: str) -> None:
    """Take boxes out of a Task: who reads it, and what else is over."""
    gone = (READER, *more)
    left = [entry for entry in found.task.get("input", []) if entry["type"]["coding"][0]["code"] not in gone]
    if left:
        found.task["input"] = left
    else:
        found.task.pop("input", None)


def _place(
    tx: Tx, act: Act, test: Test, visit: dict[str, Any], centre: str, priority: str, note: str, redo: Redo | None, *,
    unchecked: bool,
) -> Stored:  # fmt: skip
    resident, encounter = visit["subject"]["reference"], f"Encounter/{visit['id']}"
    request: dict[str, Any] = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": priority,
        "category": [{"coding": [_CATEGORY[test.kind]]}],
        "code": {"coding": [test.concept.coding(), {"system": systems.LOINC, "code": test.loinc}],
                 "text": test.concept.zh},
        "subject": {"reference": resident}, "encounter": {"reference": encounter}, "authoredOn": instant(tx.now),
        "requester": {"reference": tx.actor.person}, "performer": [{"reference": centre}],
    }  # fmt: skip
    if note.strip():
        request["note"] = [{"text": note.strip()}]
    if redo is not None and redo.reason in (known := reasons("recognition.refuse")):
        request["reasonCode"] = [{"coding": [known[redo.reason].coding()]}]
    id_ = tx.fresh_id(request)
    number = _accession(tx, id_)
    request["identifier"] = [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                                   "code": "ACSN"}]},
                              "system": systems.ACCESSION, "value": number}]  # fmt: skip
    tx.unique("accession", number, id_)
    made = tx.create(request, id=id_)
    task = begin(
        tx, TABLE, act, focus=str(made.ref), resident=resident, asking=tx.actor.organization, asked=centre,
        priority=priority, encounter=encounter, what=test.concept, also=(f"{made.ref}/_history/{made.version}",),
        inputs=(item("recognition", "unchecked"),) if unchecked else (),
    )  # fmt: skip
    if unchecked:
        recognition.check_later(tx, str(task.ref))
    tx.grant(resident=Ref.parse(resident).id, org=centre, level=2, reason="order", source=str(task.ref))
    return task


def _accession(tx: Tx, id_: str) -> str:
    """Day and eight digits: fits the sixteen characters that a modality keeps, and can be read out."""
    return f"{day(tx.now):%y%m%d}{int(sha256(id_.encode()).hexdigest()[:12], 16) % 100_000_000:08d}"


def _recorded(tx: Tx, task: str, act: Act) -> Stored:
    found = case(tx, task, act)
    pending = [ref for ref in tx.written() if ref.startswith("Media/")]
    if not pending and not picture.media_of(tx, found.task["focus"]["reference"]):
        raise RuleBroken("study.nothing-recorded")
    return move(tx, found, act)


def _take(tx: Tx, task: str, act: Act) -> Stored:
    found = case(tx, task, act)
    reading(tx)
    if act.code == "take-over" and reader_of(found.task) == tx.actor.person:
        raise Conflict("study.yours-already")
    put_down(found)
    found.task["input"] = [*found.task.get("input", []), item_reference(READER, tx.actor.person)]
    return move(tx, found, act)


def _item(code: str) -> Test:
    known = studies().get(code)
    if known is None:
        raise Invalid("workflows.unknown-test", element="items", test=code)
    return known
