"""A laboratory order: a township orders, the shared laboratory reports, the one who ordered reads the result.

ServiceRequest + coordinating Task; the result is a DiagnosticReport with its Observations (R4 diagnostics module). A
result with a critical value is held for a second person's check, and is released together with its alarm or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, Test, reasons, tests
from doorstep.terms.policies import policy
from doorstep.workflows import (
    affiliation,
    control,
    correction,
    critical,
    labels,
    messages,
    recognition,
    result,
    specimens,
)
from doorstep.workflows.coordination import (
    Case,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    moment,
    move,
    parts_played,
    request_status,
    state_of,
)  # fmt: skip
from doorstep.workflows.recognition import Redo
from doorstep.workflows.table import Act, State, Table, needed

_AT_BENCH: Final = ("ordered", "received", "claimed")
"""From where a result is written: a laboratory that takes its own specimens scans none."""

TABLE: Final = Table(
    "order", "workflows.order", "ServiceRequest", ("orderer", "laboratory"),
    (
        State("ordered", "workflows.order-ordered", "requested", "active", "laboratory", "order.report.{priority}",
              "order.collect.{priority}"),
        State("collected", "lab.order-collected", "accepted", "active", "orderer", "order.send"),
        State("sent", "lab.order-sent", "accepted", "active", "laboratory", "order.transport"),
        State("missing", "lab.order-missing", "on-hold", "active", "orderer", "order.settle"),
        State("received", "lab.order-received", "in-progress", "active", "laboratory", "order.claim.{priority}"),
        State("claimed", "lab.order-claimed", "in-progress", "active", "laboratory", "order.report.{priority}"),
        State("checking", "critical.order-checking", "in-progress", "active", "laboratory", "critical.check"),
        State("rejected", "workflows.order-rejected", "on-hold", "active", "orderer", "order.settle"),
        State("reported", "workflows.order-reported", "in-progress", "completed", "orderer", "order.read"),
        State("read", "workflows.order-read", "completed", "completed"),
        State("withdrawn", "workflows.order-withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("place", "workflows.order-place", "orderer", (), "ordered", ("tests",),
            ("workflows.unknown-test", "workflows.not-affiliated", "workflows.visit-over")),
        Act("report", "workflows.order-report", "laboratory", _AT_BENCH, "reported", ("results",),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("release", "critical.order-release", "laboratory", ("checking",), "reported", (),
            ("critical.second-person", "lab.qc-out")),
        Act("hold", "critical.order-hold", "laboratory", (*_AT_BENCH, "checking"), "checking", ("results",),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("correct", "critical.order-correct", "laboratory", ("reported", "read"), "checking", ("results", "note"),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("reject", "workflows.order-reject", "laboratory", (*_AT_BENCH, "sent"), "rejected", ("reason",)),
        Act("resend", "workflows.order-resend", "orderer", ("rejected",), "ordered"),
        Act("acknowledge", "workflows.order-acknowledge", "orderer", ("reported",), "read"),
        Act("print", "lab.order-print", "orderer", ("ordered",), "ordered"),
        Act("collect", "lab.order-collect", "orderer", ("ordered", "rejected", "missing"), "collected",
            ("resident", "code"),
            ("lab.not-a-code", "lab.other-resident", "lab.other-tube", "lab.wrong-tube", "lab.spent-tube")),
        Act("send", "lab.order-send", "orderer", ("collected",), "sent"),
        Act("receive", "lab.order-receive", "laboratory", ("ordered", "collected", "sent", "missing"), "received"),
        Act("miss", "lab.order-miss", "laboratory", ("sent",), "missing"),
        Act("claim", "lab.order-claim", "laboratory", ("received",), "claimed"),
        Act("withdraw", "workflows.order-withdraw", "orderer", ("ordered", "collected", "missing", "rejected"),
            "withdrawn", ("reason",)),
    ),
)  # fmt: skip

_ENTERED: Final = "entered-by"
_RESULT_BOX: Final = "result."

PRIORITIES: Final = ("routine", "urgent", "stat")
_LABORATORY: Final = {"coding": [{"system": systems.SNOMED, "code": "108252007", "display": "Laboratory procedure"}]}


def place(
    tx: Tx, *, encounter: str, tests: tuple[str, ...], laboratory: str, priority: str = "routine", note: str = "",
    redo: Mapping[str, Redo] | None = None,
) -> list[Stored]:  # fmt: skip
    """Order tests within a visit; one ServiceRequest and one Task for each. The Tasks, in the order given.

    What an earlier result could stand for is ordered with a reason (``redo``, by test) or not at all; an index that
    does not answer never hinders, the order then says that it was not checked.
    """
    act = TABLE.act("place")
    needed(act, {"tests": tests})
    chosen = [_test(code) for code in tests]
    if priority not in PRIORITIES:
        raise Invalid("workflows.unknown-priority", element="priority", priority=priority)
    for code in tests:
        affiliation.require(
            tx, member=tx.actor.organization, partner=laboratory, role=affiliation.LABORATORY, item=code
        )
    visit = tx.read("Encounter", encounter)
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    earlier = recognition.look_up(tx, visit["subject"]["reference"], now=tx.now)
    recognition.require_decisions(earlier, tests, redo or {})
    placed = []
    for test in chosen:
        match = earlier.get(test.concept.code)
        unchecked = match is not None and match.unchecked
        task, request = _place(tx, act, test, visit, laboratory, priority, note, unchecked=unchecked)
        placed.append(task)
        again = (redo or {}).get(test.concept.code)
        if again is not None and match is not None and match.report:
            recognition.refuse(tx, request=str(request.ref), encounter=visit, match=match, redo=again)
    return placed


def report(
    tx: Tx, *, task: str, results: Mapping[str, str], conclusion: str = "", taken: int | None = None
) -> Stored:
    """The laboratory's result: LOINC code -> number as typed. Everything that the test measures must be there.

    ``taken`` is when the specimen was collected, when that was not now.

    With a critical value among them, or an analyser that is out of control, it is held instead of being released.
    """
    act = TABLE.act("report")
    case = case_of(tx, task, act)
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    values = result.read_values(act, request, results)
    if taken is not None and taken < tx.now:
        case.task.setdefault("input", []).append(item("taken", instant(taken)))
    stopped = control.stopped(tx, laboratory=tx.actor.organization, test=_code(request)) is not None
    if stopped or any(critical.beyond(tx, code, value, case.resident) for code, value in values.items()):
        return _hold(tx, case, TABLE.act("hold"), values, conclusion)
    return _publish(tx, case, act, request, values, conclusion)


def hold(tx: Tx, *, task: str, results: Mapping[str, str], conclusion: str = "") -> Stored:
    """A result that a second person shall check before it is released; nobody else is told it before."""
    act = TABLE.act("hold")
    case = case_of(tx, task, act)
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    return _hold(tx, case, act, result.read_values(act, request, results), conclusion)


def correct(tx: Tx, *, task: str, results: Mapping[str, str], note: str, conclusion: str = "") -> Stored:
    """A released result was wrong: the right one goes through the second check, and alarms again if it is critical."""
    act = TABLE.act("correct")
    case = case_of(tx, task, act)
    needed(act, {"results": tuple(results), "note": note})
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    return _hold(tx, case, act, result.read_values(act, request, results), conclusion, note.strip())


def release(tx: Tx, *, task: str) -> Stored:
    """The second check: what was held is released, and every critical value in it alarms whoever ordered."""
    act = TABLE.act("release")
    case = case_of(tx, task, act)
    held = boxes(case.task.get("input", []))
    if held.get(_ENTERED) == tx.actor.person and not _alone_allowed(tx, case):
        raise RuleBroken("critical.second-person")
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    control.require(tx, laboratory=tx.actor.organization, test=_code(request))
    values = result.read_values(act, request, {name.removeprefix(_RESULT_BOX): text for name, text in held.items()
                                    if name.startswith(_RESULT_BOX)})  # fmt: skip
    return _publish(tx, case, act, request, values, held.get("conclusion", ""))


def held(task: dict[str, Any]) -> dict[str, str]:
    """LOINC code -> value as typed, of a result that waits for its second check."""
    if state_of(task) != "checking":
        return {}
    known = boxes(task.get("input", []))
    return {name.removeprefix(_RESULT_BOX): text for name, text in known.items() if name.startswith(_RESULT_BOX)}


def reject(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The specimen cannot be used: the order goes back to be collected again, under a number of its own.

    Whoever has left already is told to come again.
    """
    act = TABLE.act("reject")
    case = case_of(tx, task, act)
    coded = _reason("order.reject", act, reason)
    specimens.spoil(tx, case, coded)
    if "encounter" in case.task and left(tx, case):
        site = case.organization("orderer")
        messages.tell(tx, resident=case.resident, key="lab.told-to-come-again", institution=site)
        name = keys.whole(tx).read("Organization", Ref.parse(site).id)["name"]
        messages.text(tx, resident=case.resident, key="sms.come-again", params={"institution": name}, institution=site)
    return move(tx, case, act, reason=coded, note=note)


def left(tx: Tx, case: Case) -> bool:
    """Whether the visit that an order belongs to is over: the resident has gone home."""
    visit = keys.whole(tx).read("Encounter", Ref.parse(case.task["encounter"]["reference"]).id)
    return visit["status"] not in ("arrived", "triaged", "in-progress", "onleave")


def resend(tx: Tx, *, task: str, note: str = "") -> Stored:
    """A new specimen goes to the laboratory; the clock starts again."""
    act = TABLE.act("resend")
    return move(tx, case_of(tx, task, act), act, note=note)


def acknowledge(tx: Tx, *, task: str) -> Stored:
    """The one who ordered has read the result; nobody has to act any more."""
    act = TABLE.act("acknowledge")
    return move(tx, case_of(tx, task, act), act)


def withdraw(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The orderer takes the order back; the laboratory's right to read ends."""
    act = TABLE.act("withdraw")
    case = case_of(tx, task, act)
    coded = _reason("order.withdraw", act, reason)
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=coded, note=note, also=(done,))


def _place(
    tx: Tx, act: Act, test: Test, visit: dict[str, Any], laboratory: str, priority: str, note: str, *, unchecked: bool
) -> tuple[Stored, Stored]:
    resident, encounter = visit["subject"]["reference"], f"Encounter/{visit['id']}"
    order: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [_LABORATORY],
        "priority": priority,
        "code": {
            "coding": [test.concept.coding(), {"system": systems.LOINC, "code": test.loinc}],
            "text": test.concept.zh,
        },
        "subject": {"reference": resident},
        "encounter": {"reference": encounter},
        "authoredOn": instant(tx.now),
        "requester": {"reference": tx.actor.person},
        "performer": [{"reference": laboratory}],
    }
    if note.strip():
        order["note"] = [{"text": note.strip()}]
    number = labels.issue(tx, labels.letter_of(test))
    request = tx.create(labels.renumber(order, number))
    task = begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=tx.actor.organization, asked=laboratory,
        priority=priority, encounter=encounter, what=test.concept,
        also=(f"{request.ref}/_history/{request.version}",),
        inputs=(item("recognition", "unchecked"),) if unchecked else (),
    )
    if unchecked:
        recognition.check_later(tx, str(task.ref))
    tx.claim(labels.KIND, number, holder=task.id)
    tx.grant(resident=Ref.parse(resident).id, org=laboratory, level=2, reason="order", source=str(task.ref))
    return task, request


def case_of(tx: Tx, task: str, act: Act) -> Case:
    """The order, if the actor may do this act to it now."""
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _test(code: str) -> Test:
    known = tests().get(code)
    if known is None:
        raise Invalid("workflows.unknown-test", element="tests", test=code)
    return known


def _concept(order: dict[str, Any]) -> Concept | None:
    test = result.test_of(order)
    return test.concept if test else None


def _code(order: dict[str, Any]) -> str:
    concept = _concept(order)
    return concept.code if concept else ""


def _reason(kind: str, act: Act, reason: str) -> dict[str, Any]:
    needed(act, {"reason": reason})
    known = reasons(kind).get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    return {"coding": [known.coding()]}


def _alone_allowed(tx: Tx, case: Case) -> bool:
    """At night and in an emergency one person checks twice."""
    hour, on = datetime.fromtimestamp(tx.now / 1_000_000, HOME).hour, day(tx.now)
    evening, morning = (policy(f"critical.night-{edge}", on=on, reads=tx).amount for edge in ("from", "until"))
    return case.task["priority"] == "stat" or hour >= evening or hour < morning


def _hold(
    tx: Tx, case: Case, act: Act, values: Mapping[str, Decimal], conclusion: str, note: str = ""
) -> Stored:
    kept = [entry for entry in case.task.get("input", []) if not _is_held(entry)]
    texts = [item(f"{_RESULT_BOX}{code}", str(value)) for code, value in values.items()]
    if conclusion.strip():
        texts.append(item("conclusion", conclusion.strip()))
    case.task["input"] = [*kept, *texts, item_reference(_ENTERED, tx.actor.person)]
    done = request_status(tx, case, act)
    return move(tx, case, act, note=note, also=(done,))


def _is_held(entry: dict[str, Any]) -> bool:
    name = entry["type"]["coding"][0]["code"]
    return name in (_ENTERED, "conclusion") or name.startswith(_RESULT_BOX)


def _publish(
    tx: Tx, case: Case, act: Act, order: dict[str, Any], values: Mapping[str, Decimal], conclusion: str
) -> Stored:
    """Write report and values (again, when they are corrected) and alarm about each value that is critical."""
    answers = boxes(case.task.get("output", []))
    before = answers.get("report", "")
    earlier = tx.read("DiagnosticReport", Ref.parse(before).id) if before else None
    taken = boxes(case.task.get("input", [])).get("taken") or instant(tx.now)
    diagnostic, observed = result.write(tx, order=order, values=values, conclusion=conclusion, taken=taken,
                                        specimen=answers.get("specimen", ""), earlier=earlier)  # fmt: skip
    for stored, found in observed:
        if critical.is_flagged(found):
            critical.notify(tx, observation=stored, found=found, order=order, orderer=case.organization("orderer"),
                            part_of=case.ref)  # fmt: skip
    tx.end_grants(case.ref, at=tx.now + policy("order.access", on=day(tx.now), reads=tx).microseconds)
    case.task["input"] = [entry for entry in case.task.get("input", []) if not _is_held(entry)]
    if not case.task["input"]:
        case.task.pop("input")
    done = request_status(tx, case, act)
    outputs: tuple[dict[str, Any], ...] = (item_reference("report", str(diagnostic.ref)),)
    if earlier is not None:
        outputs = ()
        note = next((str(each["text"]) for each in reversed(case.task.get("note", []))), "")
        values_read = tuple(str(entry["reference"]) for entry in earlier.get("result", ()))
        correction.tell(tx, report=diagnostic, values=values_read, resident=case.resident, part_of=case.ref,
                        since=moment(earlier["issued"]), what=_concept(order), note=note)  # fmt: skip
    return move(tx, case, act, outputs=outputs, also=(f"{diagnostic.ref}/_history/{diagnostic.version}", done))
