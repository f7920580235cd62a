"""A laboratory order: a township orders, the shared laboratory reports, the one who ordered reads the result.

ServiceRequest + coordinating Task; the result is a DiagnosticReport with its Observations (R4 diagnostics module). A
result with a critical value is held for a second person's check, and is released together with its alarm or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Test, analytes, reasons, tests
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation, critical, recognition
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
    state_of,
)  # fmt: skip
from doorstep.workflows.measure import quantity, read_number
from doorstep.workflows.recognition import Redo
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "order", "workflows.order", "ServiceRequest", ("orderer", "laboratory"),
    (
        State("ordered", "workflows.order-ordered", "requested", "active", "laboratory", "order.report.{priority}"),
        State("checking", "critical.order-checking", "in-progress", "active", "laboratory", "critical.check"),
        State("rejected", "workflows.order-rejected", "on-hold", "active", "orderer", "order.settle"),
        State("reported", "workflows.order-reported", "in-progress", "completed", "orderer", "order.read"),
        State("read", "workflows.order-read", "completed", "completed"),
        State("withdrawn", "workflows.order-withdrawn", "cancelled", "revoked"),
    ),
    (
        Act("place", "workflows.order-place", "orderer", (), "ordered", ("tests",),
            ("workflows.unknown-test", "workflows.not-affiliated", "workflows.visit-over")),
        Act("report", "workflows.order-report", "laboratory", ("ordered",), "reported", ("results",),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("release", "critical.order-release", "laboratory", ("checking",), "reported", (),
            ("critical.second-person",)),
        Act("hold", "critical.order-hold", "laboratory", ("ordered", "checking"), "checking", ("results",),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("correct", "critical.order-correct", "laboratory", ("reported",), "checking", ("results", "note"),
            ("workflows.not-a-number", "workflows.other-analyte")),
        Act("reject", "workflows.order-reject", "laboratory", ("ordered",), "rejected", ("reason",)),
        Act("resend", "workflows.order-resend", "orderer", ("rejected",), "ordered"),
        Act("acknowledge", "workflows.order-acknowledge", "orderer", ("reported",), "read"),
        Act("withdraw", "workflows.order-withdraw", "orderer", ("ordered", "rejected"), "withdrawn", ("reason",)),
    ),
)  # fmt: skip

_ENTERED: Final = "entered-by"
_RESULT_BOX: Final = "result."

PRIORITIES: Final = ("routine", "urgent", "stat")
_LABORATORY: Final = {"coding": [{"system": systems.SNOMED, "code": "108252007", "display": "Laboratory procedure"}]}
_RESULT: Final = {"coding": [{"system": systems.OBSERVATION_CATEGORY, "code": "laboratory"}]}


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

    With a critical value among them it is held for a second check instead of being released.
    """
    act = TABLE.act("report")
    case = _case(tx, task, act)
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    values = _values(act, request, results)
    if taken is not None and taken < tx.now:
        case.task.setdefault("input", []).append(item("taken", instant(taken)))
    if any(critical.beyond(tx, code, value, case.resident) for code, value in values.items()):
        return _hold(tx, case, TABLE.act("hold"), values, conclusion)
    return _publish(tx, case, act, request, values, conclusion)


def hold(tx: Tx, *, task: str, results: Mapping[str, str], conclusion: str = "") -> Stored:
    """A result that a second person shall check before it is released; nobody else is told it before."""
    act = TABLE.act("hold")
    case = _case(tx, task, act)
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    return _hold(tx, case, act, _values(act, request, results), conclusion)


def correct(tx: Tx, *, task: str, results: Mapping[str, str], note: str, conclusion: str = "") -> Stored:
    """A released result was wrong: the right one goes through the second check, and alarms again if it is critical."""
    act = TABLE.act("correct")
    case = _case(tx, task, act)
    needed(act, {"results": tuple(results), "note": note})
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    return _hold(tx, case, act, _values(act, request, results), conclusion, note.strip())


def release(tx: Tx, *, task: str) -> Stored:
    """The second check: what was held is released, and every critical value in it alarms whoever ordered."""
    act = TABLE.act("release")
    case = _case(tx, task, act)
    held = boxes(case.task.get("input", []))
    if held.get(_ENTERED) == tx.actor.person and not _alone_allowed(tx, case):
        raise RuleBroken("critical.second-person")
    request = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    values = _values(act, request, {name.removeprefix(_RESULT_BOX): text for name, text in held.items()
                                    if name.startswith(_RESULT_BOX)})  # fmt: skip
    return _publish(tx, case, act, request, values, held.get("conclusion", ""))


def held(task: dict[str, Any]) -> dict[str, str]:
    """LOINC code -> value as typed, of a result that waits for its second check."""
    if state_of(task) != "checking":
        return {}
    known = boxes(task.get("input", []))
    return {name.removeprefix(_RESULT_BOX): text for name, text in known.items() if name.startswith(_RESULT_BOX)}


def reject(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The specimen cannot be used; the orderer sends another or withdraws."""
    act = TABLE.act("reject")
    case = _case(tx, task, act)
    return move(tx, case, act, reason=_reason("order.reject", act, reason), note=note)


def resend(tx: Tx, *, task: str, note: str = "") -> Stored:
    """A new specimen goes to the laboratory; the clock starts again."""
    act = TABLE.act("resend")
    return move(tx, _case(tx, task, act), act, note=note)


def acknowledge(tx: Tx, *, task: str) -> Stored:
    """The one who ordered has read the result; nobody has to act any more."""
    act = TABLE.act("acknowledge")
    return move(tx, _case(tx, task, act), act)


def withdraw(tx: Tx, *, task: str, reason: str, note: str = "") -> Stored:
    """The orderer takes the order back; the laboratory's right to read ends."""
    act = TABLE.act("withdraw")
    case = _case(tx, task, act)
    coded = _reason("order.withdraw", act, reason)
    tx.end_grants(case.ref)
    done = request_status(tx, case, act)
    return move(tx, case, act, reason=coded, note=note, also=(done,))


def test_of(order: dict[str, Any]) -> Test | None:
    """The test that a ServiceRequest asks for; None for an order from outside that our menu does not have."""
    codes = [coding["code"] for coding in order["code"].get("coding", ()) if coding.get("system") == systems.TEST]
    return tests().get(codes[0]) if codes else None


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
    request = tx.create(order)
    task = begin(
        tx, TABLE, act, focus=str(request.ref), resident=resident, asking=tx.actor.organization, asked=laboratory,
        priority=priority, encounter=encounter, what=test.concept,
        also=(f"{request.ref}/_history/{request.version}",),
        inputs=(item("recognition", "unchecked"),) if unchecked else (),
    )
    tx.grant(resident=Ref.parse(resident).id, org=laboratory, level=2, reason="order", source=str(task.ref))
    return task, request


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case


def _test(code: str) -> Test:
    known = tests().get(code)
    if known is None:
        raise Invalid("workflows.unknown-test", element="tests", test=code)
    return known


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
    before = boxes(case.task.get("output", [])).get("report", "")
    earlier = tx.read("DiagnosticReport", Ref.parse(before).id) if before else None
    taken = boxes(case.task.get("input", [])).get("taken") or instant(tx.now)
    observed = _write_values(tx, taken, order, values, earlier)
    made = _report(tx, order, [stored for stored, _ in observed], conclusion, taken)
    if earlier is None:
        diagnostic = tx.create(made)
        outputs: tuple[dict[str, Any], ...] = (item_reference("report", str(diagnostic.ref)),)
    else:
        collected = earlier["effectiveDateTime"]
        diagnostic, _ = tx.update({**made, "id": earlier["id"], "status": "corrected", "effectiveDateTime": collected})
        outputs = ()
    for stored, found in observed:
        if critical.is_flagged(found):
            critical.notify(tx, observation=stored, found=found, order=order, orderer=case.organization("orderer"),
                            part_of=case.ref)  # fmt: skip
    tx.end_grants(case.ref, at=tx.now + policy("order.access", on=day(tx.now), reads=tx).microseconds)
    case.task["input"] = [entry for entry in case.task.get("input", []) if not _is_held(entry)]
    if not case.task["input"]:
        case.task.pop("input")
    done = request_status(tx, case, act)
    return move(tx, case, act, outputs=outputs, also=(f"{diagnostic.ref}/_history/{diagnostic.version}", done))


def _write_values(
    tx: Tx, taken: str, order: dict[str, Any], values: Mapping[str, Decimal], earlier: dict[str, Any] | None
) -> list[tuple[Stored, dict[str, Any]]]:
    """The Observations with their new text; one that says what it said before stays as it is, with its alarm."""
    ids = [Ref.parse(entry["reference"]).id for entry in (earlier or {}).get("result", ())]
    old = {critical.code_of(found): found for found in (tx.read("Observation", id_) for id_ in ids)}
    written = []
    for made in _observations(tx, order, values, taken):
        there = old.get(critical.code_of(made))
        if there is None:
            written.append((tx.create(made), made))
        elif str(there["valueQuantity"]["value"]) == str(made["valueQuantity"]["value"]):
            there.pop("interpretation", None)  # its alarm stands or was answered: it does not alarm again
            written.append((tx.stored("Observation", there["id"]), there))
        else:
            collected = there["effectiveDateTime"]
            changed = {**made, "id": there["id"], "status": "corrected", "effectiveDateTime": collected}
            critical.amend(tx, observation=f"Observation/{there['id']}")
            written.append((tx.update(changed)[0], changed))
    return written


def _values(act: Act, order: dict[str, Any], results: Mapping[str, str]) -> dict[str, Decimal]:
    """LOINC code -> number. Refuses what is missing, is no number or was not asked for."""
    given = {code: text for code, text in results.items() if text.strip()}
    test = test_of(order)
    wanted = [analyte.concept.code for analyte in test.analytes] if test else []
    for code in given:
        if code not in wanted:
            raise RuleBroken("workflows.other-analyte", element=code, analyte=code)
    needed(act, {"results": tuple(wanted), "note": "-", **given}, tuple(wanted))
    return {code: read_number(given[code], element=code) for code in wanted}


def _observations(
    tx: Tx, order: dict[str, Any], values: Mapping[str, Decimal], taken: str
) -> list[dict[str, Any]]:
    common = _common(tx, order, taken)
    known = analytes()
    return [
        critical.flagged(
            tx,
            {
                "resourceType": "Observation", "status": "final", "category": [_RESULT],
                "code": {"coding": [known[code].concept.coding()]}, **common, **quantity(known[code], value),
            },
        )
        for code, value in values.items()
    ]  # fmt: skip


def _report(tx: Tx, order: dict[str, Any], observed: list[Stored], conclusion: str, taken: str) -> dict[str, Any]:
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}],
        "code": order["code"], **_common(tx, order, taken),
        "result": [{"reference": str(each.ref)} for each in observed],
    }  # fmt: skip
    if conclusion.strip():
        report["conclusion"] = conclusion.strip()
    return report


def _common(tx: Tx, order: dict[str, Any], taken: str) -> dict[str, Any]:
    found = {
        "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
        "subject": order["subject"],
        "effectiveDateTime": taken,
        "issued": instant(tx.now),
        "performer": [{"reference": tx.actor.organization}],
    }
    return {**found, "encounter": order["encounter"]} if "encounter" in order else found
