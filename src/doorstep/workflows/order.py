"""A laboratory order: a township orders, the shared laboratory reports, the one who ordered reads the result.

ServiceRequest + coordinating Task; the result is a DiagnosticReport with its Observations (R4 diagnostics module).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Test, reasons, tests
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation
from doorstep.workflows.coordination import (
    Case,
    begin,
    day,
    item_reference,
    load,
    move,
    parts_played,
    request_status,
)  # fmt: skip
from doorstep.workflows.measure import quantity, read_number
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "order", "workflows.order", "ServiceRequest", ("orderer", "laboratory"),
    (
        State("ordered", "workflows.order-ordered", "requested", "active", "laboratory", "order.report.{priority}"),
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
        Act("reject", "workflows.order-reject", "laboratory", ("ordered",), "rejected", ("reason",)),
        Act("resend", "workflows.order-resend", "orderer", ("rejected",), "ordered"),
        Act("acknowledge", "workflows.order-acknowledge", "orderer", ("reported",), "read"),
        Act("withdraw", "workflows.order-withdraw", "orderer", ("ordered", "rejected"), "withdrawn", ("reason",)),
    ),
)  # fmt: skip

PRIORITIES: Final = ("routine", "urgent", "stat")
_LABORATORY: Final = {"coding": [{"system": systems.SNOMED, "code": "108252007", "display": "Laboratory procedure"}]}
_RESULT: Final = {"coding": [{"system": systems.OBSERVATION_CATEGORY, "code": "laboratory"}]}


def place(
    tx: Tx, *, encounter: str, tests: tuple[str, ...], laboratory: str, priority: str = "routine", note: str = "",
) -> list[Stored]:
    """Order tests within a visit; one ServiceRequest and one Task for each. The Tasks, in the order given."""
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
    return [_place(tx, act, test, visit, laboratory, priority, note) for test in chosen]


def report(tx: Tx, *, task: str, results: Mapping[str, str], conclusion: str = "") -> Stored:
    """The laboratory's result: LOINC code -> number as typed. Everything that the test measures must be there."""
    act = TABLE.act("report")
    case = _case(tx, task, act)
    given = {code: text for code, text in results.items() if text.strip()}
    order = tx.read("ServiceRequest", Ref.parse(case.task["focus"]["reference"]).id)
    observed = [tx.create(each) for each in _observations(tx, act, order, given)]
    diagnostic = tx.create(_report(tx, order, observed, conclusion))
    tx.end_grants(case.ref, at=tx.now + policy("order.access", on=day(tx.now), reads=tx).microseconds)
    done = request_status(tx, case, act)
    return move(tx, case, act, outputs=(item_reference("report", str(diagnostic.ref)),),
                also=(f"{diagnostic.ref}/_history/{diagnostic.version}", done))  # fmt: skip


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
    tx: Tx, act: Act, test: Test, visit: dict[str, Any], laboratory: str, priority: str, note: str
) -> Stored:
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
    )
    tx.grant(resident=Ref.parse(resident).id, org=laboratory, level=2, reason="order", source=str(task.ref))
    return task


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


def _observations(tx: Tx, act: Act, order: dict[str, Any], given: Mapping[str, str]) -> list[dict[str, Any]]:
    test = test_of(order)
    wanted = {analyte.concept.code: analyte for analyte in test.analytes} if test else {}
    for code in given:
        if code not in wanted:
            raise RuleBroken("workflows.other-analyte", element=code, analyte=code)
    needed(act, {"results": tuple(wanted), **given}, tuple(wanted))
    common = _common(tx, order)
    return [
        {
            "resourceType": "Observation", "status": "final", "category": [_RESULT],
            "code": {"coding": [analyte.concept.coding()]},
            **common, **quantity(analyte, read_number(given[code], element=code)),
        }
        for code, analyte in wanted.items()
    ]  # fmt: skip


def _report(tx: Tx, order: dict[str, Any], observed: list[Stored], conclusion: str) -> dict[str, Any]:
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}],
        "code": order["code"], **_common(tx, order),
        "result": [{"reference": str(each.ref)} for each in observed],
    }  # fmt: skip
    if conclusion.strip():
        report["conclusion"] = conclusion.strip()
    return report


def _common(tx: Tx, order: dict[str, Any]) -> dict[str, Any]:
    found = {
        "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
        "subject": order["subject"],
        "effectiveDateTime": instant(tx.now),
        "issued": instant(tx.now),
        "performer": [{"reference": tx.actor.organization}],
    }
    return {**found, "encounter": order["encounter"]} if "encounter" in order else found
