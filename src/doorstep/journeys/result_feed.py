"""A result that a laboratory's system sends: it goes through the commands of the page, once, or waits with a sentence.

Matched by the number on the tube. A message that was seen before changes nothing; an unknown code, another person, a
unit that is not ours or a state that does not fit leave the orders as they are, and the message where it can be put
right and played again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Refusal, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import tubes
from doorstep.terms.catalogue import Analyte, analytes
from doorstep.workflows import code_keeping, code_map, feed, labels, order, specimen, specimens
from doorstep.workflows.coordination import Case, boxes, day, load, state_of
from doorstep.workflows.identity import card

CONTENT: Final = "x-application/hl7-v2+er7"
_OPEN: Final = ("ordered", "collected", "sent", "missing", "received", "claimed", "checking")
_CORRECTED: Final = "C"
_FINAL: Final = ("", "F", _CORRECTED)


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value as it was sent. ``status`` as in OBX-11, "F" final, "C" corrected."""

    code: str
    system: str
    text: str
    value: str
    unit: str = ""
    status: str = "F"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a message says, not yet looked up: number on the tube -> values; ids and names of the person."""

    sender: str
    control: str
    sent: str
    groups: Mapping[str, tuple[Value, ...]]
    people: tuple[str, ...] = ()
    name: str = ""
    note: str = ""

    def text(self) -> str:
        """Kept with the message, so that it can be played again."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of(cls, text: str) -> Incoming:
        known = json.loads(text)
        groups = {number: tuple(Value(**each) for each in values) for number, values in known["groups"].items()}
        return cls(**{**known, "groups": groups, "people": tuple(known["people"])})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: the state of its Task, and why it is not done (a message key with parameters)."""

    state: str
    key: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    again: bool = False
    """Whether the message had come before."""


class Ownerless(RuleBroken):
    """No order belongs to the number on the tube."""


def take_in(store: Store, actor: Actor, *, key: str, raw: bytes, charset: str, said: Incoming) -> Outcome:
    """Keep a message and work it off; the second time it comes it only answers what became of it."""
    try:
        return _first(store, actor, key, raw, charset, said)
    except Conflict as taken:
        # Another connection has brought the same message at the same moment: what it made of it is the answer.
        known = store.run(actor, _known, key=key)
        if known is None:
            raise taken
        return known


def _first(store: Store, actor: Actor, key: str, raw: bytes, charset: str, said: Incoming) -> Outcome:
    known = store.run(actor, _known, key=key)
    if known is not None:
        return known
    try:
        return store.run(actor, _done, key=key, raw=raw, charset=charset, said=said)
    except Refusal as refusal:
        if refusal.key == "claims.taken":
            raise
        return store.run(actor, _kept, key=key, raw=raw, charset=charset, said=said, refusal=refusal)


def replay(tx: Tx, *, task: str) -> Stored:
    """Try a message again, for example after its code was mapped. What still does not fit is refused in words."""
    act = feed.TABLE.act("replay")
    case = feed.case_of(tx, task, act)
    reports = deliver(tx, Incoming.of(boxes(case.task["input"])["said"]))
    return feed.after(tx, case, act.code, {}, reports)


def failed_again(tx: Tx, *, task: str, refusal: Refusal) -> Stored:
    """A message that was tried again and still does not fit says the new reason."""
    case = load(tx, feed.TABLE, task)
    act = "strand-again" if isinstance(refusal, Ownerless) else "fail-again"
    return feed.after(tx, case, act, _why(refusal))


def confirm(tx: Tx, *, task: str) -> Stored:
    """The second person agrees to which order a message belongs."""
    act = feed.TABLE.act("confirm")
    case = feed.case_of(tx, task, act)
    number, said = feed.agreed(tx, case), Incoming.of(boxes(case.task["input"])["said"])
    reports = deliver(tx, said, instead=number)
    return feed.after(tx, case, act.code, {}, reports)


def deliver(tx: Tx, said: Incoming, *, instead: str = "") -> tuple[str, ...]:
    """Every group to its order, all or none: the orders' Tasks. ``instead`` is the number that two agreed on."""
    if not said.groups:
        raise RuleBroken("lab.feed-no-result")
    told = meanings(tx, said, tx.actor.organization, on=day(tx.now))
    reached = []
    for number, values in said.groups.items():
        reached.append(_to_order(tx, said, instead or number, values, told, matched=not instead))
    return tuple(reached)


def meanings(reads: Reads, said: Incoming, organization: str, *, on: date) -> dict[str, str]:
    """What the codes of a message mean on a day: as its sender says, else as the laboratory's own dictionary says."""
    told = code_map.of(reads, said.sender, on=on)
    for value in (each for values in said.groups.values() for each in values):
        if value.code and value.code not in told and value.code not in analytes():
            ours = code_map.meaning(reads, code_map.VALUES, organization, value.code, on=on)
            told |= {} if ours is None else {value.code: ours}
    return told


def _to_order(
    tx: Tx, said: Incoming, number: str, values: tuple[Value, ...], told: Mapping[str, str], *, matched: bool
) -> str:
    holder = labels.task_of(tx, tubes.whole(number) or number)
    if not holder or not tx.exists("Task", holder):
        raise Ownerless("lab.feed-no-order", number=number or "-")
    case = load(tx, order.TABLE, holder)
    if matched:
        _same_person(tx, case, said)
    results = {loinc: text for loinc, text in (_read(each, told) for each in values) if loinc}
    corrected = any(each.status == _CORRECTED for each in values)
    _enter(tx, case, results, corrected=corrected, note=said.note)
    return f"Task/{holder}"


def _enter(tx: Tx, case: Case, results: Mapping[str, str], *, corrected: bool, note: str) -> None:
    """Through the page's own commands, from wherever the order stands."""
    if case.state in ("reported", "read"):
        if _same(tx, case, results):
            return
        if not corrected:
            raise RuleBroken("lab.feed-already", number=_number(tx, case))
        order.correct(tx, task=case.id, results=results, note=note or "HL7 v2: OBX-11 = C")
    elif case.state not in _OPEN:
        raise RuleBroken("lab.feed-order-over", number=_number(tx, case))
    elif case.state == "checking":
        order.hold(tx, task=case.id, results=results)
    else:
        if case.state in ("collected", "sent", "missing"):
            specimen.receive(tx, task=case.id)  # what is measured has come in, whoever forgot to scan it
        order.report(tx, task=case.id, results=results)


def _same(tx: Tx, case: Case, results: Mapping[str, str]) -> bool:
    """Whether a report says already what has come."""
    report = tx.read("DiagnosticReport", Ref.parse(boxes(case.task["output"])["report"]).id)
    there = {}
    for entry in report["result"]:
        found = tx.read("Observation", Ref.parse(entry["reference"]).id)
        there[found["code"]["coding"][0]["code"]] = str(found["valueQuantity"]["value"])
    return all(there.get(code) == text.strip() for code, text in results.items())


def _number(tx: Tx, case: Case) -> str:
    return labels.number_of(specimens.request_of(tx, case)) or case.id


def _read(value: Value, told: Mapping[str, str]) -> tuple[str, str]:
    """(LOINC code, number as sent); ("", "") for a code that the laboratory has said is not kept."""
    loinc = told.get(value.code)
    if loinc is None:
        if value.code not in analytes():
            raise RuleBroken("lab.feed-unknown-code", code=value.code or "-", text=value.text or "-")
        loinc = value.code
    if not loinc:
        return "", ""
    analyte = analytes()[loinc]
    if value.status not in _FINAL:
        raise RuleBroken("lab.feed-not-final", code=value.code, status=value.status)
    if value.unit and not _unit_fits(analyte, value.unit):
        raise RuleBroken("lab.feed-unit", code=value.code, unit=value.unit, wanted=analyte.shown)
    return loinc, value.value


def _unit_fits(analyte: Analyte, unit: str) -> bool:
    plain = unit.replace(" ", "").replace("μ", "u").replace("µ", "u").lower()
    return plain in {each.replace("μ", "u").replace("µ", "u").lower() for each in (analyte.unit, analyte.shown)}


def _same_person(tx: Tx, case: Case, said: Incoming) -> None:
    """A message that names somebody else than the tube's resident belongs to neither until somebody has looked."""
    patient = tx.read("Patient", Ref.parse(case.resident).id)
    known = {str(each.get("value", "")).upper() for each in patient.get("identifier", ())}
    ids = {each.upper() for each in said.people if len(each) == _IDENTITY}
    name = "".join(said.name.split())
    if (ids and not ids & known) or (name and not ids and name != "".join(card(patient).name.split())):
        raise RuleBroken("lab.feed-other-person", name=name or "-")


_IDENTITY: Final = 18
"""Characters of an identity number (GB 11643): other numbers are the sender's own and prove nothing."""


def _known(tx: Tx, *, key: str) -> Outcome | None:
    task = tx.holder(feed.KIND, key)
    if task is None:
        return None
    found = tx.read("Task", task)
    told = boxes(found["input"])
    return Outcome(state_of(found), told.get("why", ""), json.loads(told.get("params", "{}")), task, again=True)


def _done(tx: Tx, *, key: str, raw: bytes, charset: str, said: Incoming) -> Outcome:
    reports = deliver(tx, said)
    task = _begin(tx, "deliver", key, raw, charset, said, {}, reports)
    return Outcome("done", task=task.id)


def _kept(tx: Tx, *, key: str, raw: bytes, charset: str, said: Incoming, refusal: Refusal) -> Outcome:
    act, why = "strand" if isinstance(refusal, Ownerless) else "fail", _why(refusal)
    if refusal.key == "lab.feed-unknown-code":
        told = meanings(tx, said, tx.actor.organization, on=day(tx.now))
        values = [each for group in said.groups.values() for each in group]
        code_keeping.met(tx, kind=code_map.VALUES, holder=said.sender, codes=[
            (each.code, each.text) for each in values if each.code not in told and each.code not in analytes()
        ])  # fmt: skip
    task = _begin(tx, act, key, raw, charset, said, why)
    return Outcome(feed.TABLE.act(act).target, why["why"], json.loads(why["params"]), task.id)


def _why(refusal: Refusal) -> dict[str, str]:
    issue = refusal.issues[0]
    params = {name: str(value) for name, value in issue.params.items()}
    return {"why": issue.key, "params": json.dumps(params, ensure_ascii=False), "element": issue.element}


def _begin(
    tx: Tx, act: str, key: str, raw: bytes, charset: str, said: Incoming, why: dict[str, str],
    reports: tuple[str, ...] = (),
) -> Stored:  # fmt: skip
    original = tx.create({
        "resourceType": "Binary", "contentType": f"{CONTENT}; charset={charset}",
        "data": base64.b64encode(raw).decode("ascii"),
    })  # fmt: skip
    message = {"sender": said.sender, "control": said.control, "sent": said.sent, "number": " ".join(said.groups),
               "said": said.text()}  # fmt: skip
    return feed.begun(tx, act=act, key=key, message=message, binary=str(original.ref), said=why, reports=reports)


def original_of(binary: dict[str, Any]) -> bytes:
    """The message as it came, to the last byte."""
    return base64.b64decode(binary["data"])


ACTS: Final = {
    ("feed", "replay"): (lambda tx, task, data: replay(tx, task=task), ()),
    ("feed", "confirm"): (lambda tx, task, data: confirm(tx, task=task), ()),
}
"""(state table, act) -> (command, boxes), for journeys/acting.py."""
