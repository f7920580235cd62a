"""Recognition of results: an earlier result of the same item is used instead of a new test, or the reason why not.

A decision is one Task that nobody changes; a correction is another that stands in its place. What is recognised is the
values, not the conclusion; the receiving doctor's judgement is the standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, RuleBroken, TooCostly, Unavailable
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import recognition, systems
from doorstep.terms.catalogue import Test, reasons
from doorstep.terms.policies import policy
from doorstep.terms.recognition import Label
from doorstep.workflows import critical
from doorstep.workflows.coordination import (
    begin,
    boxes,
    day,
    item,
    item_reference,
    moment,
    state_of,
    workflow_of,
)  # fmt: skip
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "recognition", "recognition.recognition", "ServiceRequest", ("orderer", "laboratory"),
    (
        State("recognised", "recognition.recognised", "completed", "revoked"),
        State("refused", "recognition.refused", "rejected", "active"),
        State("viewed", "recognition.viewed", "completed", ""),
        State("withdrawn", "recognition.withdrawn", "cancelled", ""),
        State("annotated", "recognition.annotated", "completed", ""),
    ),
    (
        Act("recognise", "recognition.recognise", "orderer", (), "recognised", (),
            ("recognition.not-recognisable", "recognition.critical-open")),
        Act("refuse", "recognition.refuse", "orderer", (), "refused", ("reason", "explained")),
        Act("view", "recognition.view", "orderer", (), "viewed"),
        Act("withdraw", "recognition.withdraw", "orderer", (), "withdrawn", ("note",)),
        Act("annotate", "recognition.annotate", "orderer", (), "annotated", ("note",)),
    ),
)  # fmt: skip

REMARKS: Final = ("withdrawn", "annotated")
"""States of what is written about a decision: no decisions themselves."""
RECHECK: Final = "recognition.recheck"
"""Due work: what was ordered unchecked is looked up again."""
UNCOUNTED: Final = ("98", "99")
"""Reasons that are no refusal: the result was not there, or the course must be watched."""


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier result of an item. ``problems`` are message keys: why it cannot be recognised; none means it can."""

    test: Test
    report: str = ""
    taken: str = ""
    days: int = 0
    laboratory: str = ""
    label: Label | None = None
    critical: bool = False
    problems: tuple[str, ...] = ()
    unchecked: bool = False

    @property
    def holds(self) -> bool:
        """Whether the rule asks for a decision about it before the test is ordered again."""
        return bool(self.report) and not self.problems and not self.critical


@dataclass(frozen=True, slots=True)
class Redo:
    """Why a test is done again although there is a result; ``explained``: the patient was told."""

    reason: str
    explained: bool
    note: str = ""


def look_up(reads: Reads, resident: str, *, now: int, before: int = 0) -> dict[str, Match]:
    """Item -> the newest earlier result of it (``before`` a moment, when that is given).

    When the index does not answer every item is marked unchecked.
    """
    today = day(now)
    known = recognition.items(today, reads)
    back = policy("recognise.look-back", on=today, reads=reads).amount
    try:
        found = _reports(reads, resident, since=(today - timedelta(days=back)).isoformat())
    except (Unavailable, TooCostly):
        return {code: Match(test, unchecked=True) for code, (test, _) in known.items()}
    matches: dict[str, Match] = {}
    for report in found:
        if before and moment(report.get("issued", instant(now))) >= before:
            continue
        code = code_of(report)
        if code in known and code not in matches and "effectiveDateTime" in report:
            matches[code] = _match(reads, report, *known[code], now)
    return matches


def check_later(tx: Tx, task: str) -> None:
    """An order that was not checked ("Task/x") is checked when the index may answer again (workflows/recheck.py)."""
    tx.due(tx.now + policy("recognise.recheck", on=day(tx.now), reads=tx).microseconds, RECHECK, ref=task)


def require_decisions(matches: Mapping[str, Match], codes: tuple[str, ...], redo: Mapping[str, Redo]) -> None:
    """Refuse to order again what can be recognised, unless there is a reason to."""
    for code in codes:
        match = matches.get(code)
        if match is not None and match.holds and code not in redo:
            raise RuleBroken("recognition.decide-first", element="tests", test=match.test.concept.zh, code=code)


def recognise(tx: Tx, *, encounter: str, test: str, report: str, seen_critical: bool = False) -> Stored:
    """Use an earlier result: the order is avoided and the result belongs to this visit. The decision's Task."""
    act = TABLE.act("recognise")
    visit, match = _chosen(tx, encounter, test, report)
    if match.problems:
        raise RuleBroken("recognition.not-recognisable", element="test", why=match.problems[0])
    if match.critical and not seen_critical:
        raise RuleBroken("recognition.critical-open", element="test")
    request = tx.create({
        "resourceType": "ServiceRequest", "status": "revoked", "intent": "order",
        "code": {"coding": [match.test.concept.coding(), {"system": systems.LOINC, "code": match.test.loinc}],
                 "text": match.test.concept.zh},
        "subject": visit["subject"], "encounter": {"reference": f"Encounter/{encounter}"},
        "authoredOn": instant(tx.now), "requester": {"reference": tx.actor.person},
        "performer": [{"reference": match.laboratory}], "supportingInfo": [{"reference": match.report}],
        "reasonCode": [{"coding": [{"system": systems.REASON, "code": "recognition.recognised"}]}],
    })  # fmt: skip
    if match.critical:
        _alarm_both(tx, match, visit)
    return _decide(tx, act, match, visit, str(request.ref), _saved(tx, test))


def refuse(tx: Tx, *, request: str, encounter: dict[str, Any], match: Match, redo: Redo) -> Stored:
    """The test is done again although there is a result: why, and that it was explained."""
    act = TABLE.act("refuse")
    needed(act, {"reason": redo.reason, "explained": "yes" if redo.explained else ""})
    if redo.reason not in reasons("recognition.refuse"):
        raise Invalid("workflows.unknown-reason", element="reason", reason=redo.reason)
    return _decide(tx, act, match, encounter, request, (item("reason", redo.reason), item("explained", "yes")),
                   redo.note.strip())  # fmt: skip


def view(tx: Tx, *, encounter: str, test: str, report: str) -> Stored:
    """An earlier result was looked up and nothing was decided: counted apart."""
    visit, match = _chosen(tx, encounter, test, report)
    return _decide(tx, TABLE.act("view"), match, visit, match.report, ())


def look(tx: Tx, *, encounter: str, test: str, report: str) -> Stored | None:
    """The same, once a visit and result: who opens it twice has looked once."""
    query = [("encounter", f"Encounter/{encounter}"), ("code", f"{systems.WORKFLOW}|{TABLE.name}")]
    for task in tx.search("Task", query):
        if state_of(task) == "viewed" and boxes(task["input"]).get("report") == report:
            return None
    return view(tx, encounter=encounter, test=test, report=report)


def withdraw(tx: Tx, *, task: str, note: str) -> Stored:
    """A decision was wrong: another stands in its place, and the first stays as it was written."""
    act = TABLE.act("withdraw")
    needed(act, {"note": note})
    found = _decided(tx, task, act)
    if any(state_of(each) == "withdrawn" for each in tx.search("Task", [("part-of", f"Task/{task}")])):
        raise RuleBroken("recognition.superseded")
    tx.unique("recognition.supersede", task, task)
    return _about(tx, act, found, note)


def annotate(tx: Tx, *, task: str, note: str) -> Stored:
    """A remark on a decision, such as a dispute of the result: the decision goes on counting."""
    act = TABLE.act("annotate")
    needed(act, {"note": note})
    return _about(tx, act, _decided(tx, task, act), note)


def _decided(tx: Tx, task: str, act: Act) -> dict[str, Any]:
    found = tx.read("Task", task)
    if workflow_of(found) != TABLE.name:
        raise NotFound("read.not-found", type="Task", id=task)
    if found["requester"]["reference"] != tx.actor.organization or tx.actor.role not in critical.CLINICIANS:
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act=act.code, who=act.who)
    if state_of(found) in REMARKS:
        raise RuleBroken("recognition.superseded")
    return found


def _about(tx: Tx, act: Act, found: dict[str, Any], note: str) -> Stored:
    return begin(
        tx, TABLE, act, focus=found["focus"]["reference"], resident=found["for"]["reference"],
        asking=tx.actor.organization, asked=found["restriction"]["recipient"][0]["reference"],
        encounter=found["encounter"]["reference"], part_of=f"Task/{found['id']}", text=note.strip(),
    )  # fmt: skip


def decisions(reads: Reads, *, since: str, until: str, organization: str = "") -> list[dict[str, Any]]:
    """The decisions that stand, of some days (both included): superseded ones and corrections are left out."""
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("authored-on", f"ge{since}"),
             ("authored-on", f"le{until}"), ("_sort", "authored-on")]  # fmt: skip
    found = [task for task in reads.search("Task", query)
             if organization in ("", task["requester"]["reference"])]  # fmt: skip
    gone = {parent["reference"] for task in reads.search("Task", [query[0], ("business-status", "withdrawn")])
            for parent in task.get("partOf", ())}  # fmt: skip
    return [task for task in found if f"Task/{task['id']}" not in gone and state_of(task) not in REMARKS]


def fen_of(task: dict[str, Any]) -> int:
    """What a recognition saved, in fen; 0 when the price list did not say."""
    return int(boxes(task.get("input", [])).get("fen", "0"))


def counted(task: dict[str, Any]) -> bool:
    """Whether a refusal counts as one."""
    return boxes(task.get("input", [])).get("reason", "") not in UNCOUNTED


def _reports(reads: Reads, resident: str, *, since: str) -> list[dict[str, Any]]:
    query = [("patient", resident), ("date", f"ge{since}"), ("status", "final,corrected,amended"), ("_sort", "-date")]
    return reads.search("DiagnosticReport", query)


def code_of(report: dict[str, Any]) -> str:
    """The catalogue's item of a report or a request; "" for one that is not of the catalogue."""
    codings = report["code"].get("coding", ())
    return next((str(each["code"]) for each in codings if each.get("system") == systems.TEST), "")


def _match(reads: Reads, report: dict[str, Any], test: Test, window: int, now: int) -> Match:
    taken, laboratory = moment(report["effectiveDateTime"]), report["performer"][0]["reference"]
    label = recognition.label(reads, laboratory, test.concept.code, day(taken))
    values = [entry["reference"] for entry in report.get("result", ())]
    problems = []
    if taken + window * 86_400_000_000 < now:
        problems.append("recognition.too-old")
    if label is None:
        problems.append("recognition.no-label")
    if recognition.retracted(report):
        problems.append("recognition.retracted")
    return Match(
        test, f"DiagnosticReport/{report['id']}", report["effectiveDateTime"], (now - taken) // 86_400_000_000,
        laboratory, label, bool(critical.open_of(reads, values)), tuple(problems),
    )  # fmt: skip


def _chosen(tx: Tx, encounter: str, test: str, report: str) -> tuple[dict[str, Any], Match]:
    visit = tx.read("Encounter", encounter)
    if visit["serviceProvider"]["reference"] != tx.actor.organization or tx.actor.role not in critical.CLINICIANS:
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act="recognise", who="orderer")
    if visit["status"] != "in-progress":
        raise RuleBroken("workflows.visit-over", element="encounter", encounter=encounter)
    match = look_up(tx, visit["subject"]["reference"], now=tx.now).get(test)
    if match is None or match.report != report:
        raise RuleBroken("recognition.no-match", element="test")
    return visit, match


def _saved(tx: Tx, test: str) -> tuple[dict[str, Any], ...]:
    fen = recognition.price(tx, tx.actor.organization, test, day(tx.now))
    return () if fen is None else (item("fen", str(fen)),)


def _decide(
    tx: Tx, act: Act, match: Match, visit: dict[str, Any], focus: str, more: tuple[dict[str, Any], ...],
    note: str = "",
) -> Stored:  # fmt: skip
    shown = () if match.label is None else (item("label", f"{match.label.scope} {match.label.certificate}"),)
    code = match.test.concept
    return begin(
        tx, TABLE, act, focus=focus, resident=visit["subject"]["reference"], asking=tx.actor.organization,
        asked=match.laboratory, encounter=f"Encounter/{visit['id']}", what=code, text=note,
        inputs=(item("test", code.code), item_reference("report", match.report), item("taken", match.taken),
                *shown, *more),
    )  # fmt: skip


def _alarm_both(tx: Tx, match: Match, visit: dict[str, Any]) -> None:
    """An open critical value was recognised: who recognises is alarmed, and who ordered it is alarmed again."""
    report = tx.read("DiagnosticReport", Ref.parse(match.report).id)
    values = [entry["reference"] for entry in report.get("result", ())]
    for alarm in critical.open_of(tx, values):
        observation = tx.stored("Observation", Ref.parse(alarm["focus"]["reference"]).id)
        found = tx.read("Observation", observation.id)
        mine = {"requester": {"reference": tx.actor.person}, "encounter": {"reference": f"Encounter/{visit['id']}"}}
        told = [(mine, tx.actor.organization)]
        if state_of(alarm) not in critical.WAITING:
            told.append(({"requester": {"reference": critical.orderer_of(alarm)}},
                         alarm["restriction"]["recipient"][0]["reference"]))  # fmt: skip
        for order, organization in told:
            critical.notify(tx, observation=observation, found=found, order=order, orderer=organization,
                            part_of=alarm["partOf"][0]["reference"], laboratory=match.laboratory)  # fmt: skip
