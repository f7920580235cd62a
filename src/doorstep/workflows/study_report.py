"""The report on a study: written by one, reviewed by another, published, corrected.

What is written is held in the Task until it is published; only a finding that cannot wait leaves before, as an
Observation of its own with its alarm. What a machine measured stays marked as the machine's until a reader confirms it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import ECG, Concept, findings, measurements
from doorstep.terms.policies import policy
from doorstep.workflows import correction, critical, escalation
from doorstep.workflows.coordination import (
    Case,
    Resource,
    begin,
    boxes,
    day,
    item,
    item_reference,
    load,
    moment,
    move,
    request_status,
)
from doorstep.workflows.measure import quantity, read_number
from doorstep.workflows.study import READER, WAITING, case, claim, item_of, put_down, reader_of, reading
from doorstep.workflows.study import TABLE as STUDY
from doorstep.workflows.table import Act, needed

FINDINGS: Final = f"{systems.BASE}/ext/findings"
"""What was seen, beside the conclusion."""
WRITER: Final = "entered-by"
_MEASURE: Final = "measure."
_TEXTS: Final = ("findings", "conclusion", "finding", "confirmed", "key")
_HELD: Final = (*_TEXTS, WRITER, "observation")
_CATEGORY: Final = {"ecg": "EC", "imaging": "RAD"}
_SAID: Final = {"ecg": "8601-7", "imaging": "18782-3"}
"""LOINC: what an ECG says; what a picture shows."""

Data = Mapping[str, str]


def sign(tx: Tx, *, task: str, data: Data) -> Stored:
    """F8: claim it when nobody has, write, and publish when one person is enough for it."""
    found = load(tx, STUDY, task)
    if found.state in WAITING:
        claim(tx, task=task)
        found = load(tx, STUDY, task)
    return report(tx, task=task, data=data) if alone(tx, found) else write(tx, task=task, data=data)


def write(tx: Tx, *, task: str, data: Data) -> Stored:
    """Hold what was written for another person; a finding that cannot wait alarms now."""
    act = STUDY.act("write")
    found = _writing(tx, task, act, data)
    _hold(tx, found, data)
    return move(tx, found, act)


def report(tx: Tx, *, task: str, data: Data) -> Stored:
    """Write and publish at once: what one person may sign."""
    act = STUDY.act("report")
    found = _writing(tx, task, act, data)
    if not alone(tx, found):
        raise RuleBroken("study.second-person")
    _hold(tx, found, data)
    return _publish(tx, found, act)


def review(tx: Tx, *, task: str, data: Data) -> Stored:
    """Another person has read the trace or picture too: what was written, changed or not, is published."""
    act = STUDY.act("review")
    found = case(tx, task, act)
    reading(tx)
    written = boxes(found.task.get("input", []))
    if written.get(WRITER) == tx.actor.person and not alone(tx, found):
        raise RuleBroken("study.second-person")
    changed = {name: data[name].strip() for name in ("findings", "conclusion") if data.get(name, "").strip()}
    for name, text in changed.items():
        if text != written.get(name, ""):
            _keep(found, name, text)
    return _publish(tx, found, act)


def give_back(tx: Tx, *, task: str, note: str) -> Stored:
    """The reviewer wants it written otherwise: it is the writer's again."""
    act = STUDY.act("return")
    found = case(tx, task, act)
    reading(tx)
    needed(act, {"note": note})
    writer = boxes(found.task.get("input", [])).get(WRITER, tx.actor.person)
    put_down(found, WRITER)
    found.task["input"] = [*found.task.get("input", []), item_reference(READER, writer)]
    return move(tx, found, act, note=note.strip())


def correct(tx: Tx, *, task: str, data: Data) -> Stored:
    """A published report was wrong: what is right is held for another person."""
    act = STUDY.act("correct")
    found = case(tx, task, act)
    reading(tx)
    needed(act, dict(data))
    _hold(tx, found, data)
    done = request_status(tx, found, act)
    return move(tx, found, act, note=data["note"].strip(), also=(done,))


def reopen(tx: Tx, *, task: str, data: Data) -> Stored:
    """A report that was read already was wrong: a case of its own corrects it. The new Task."""
    act = STUDY.act("reopen")
    before = load(tx, STUDY, task)
    reading(tx)
    centre, orderer = before.organization("centre"), before.organization("orderer")
    if centre != tx.actor.organization or before.state != "read":
        raise Conflict("workflows.wrong-state", workflow=STUDY.name, act=act.code, state=before.state)
    needed(act, dict(data))
    _one_at_a_time(tx, before.ref)
    kept = [entry for entry in before.task.get("output", []) if entry["type"]["coding"][0]["code"] == "report"]
    request = tx.read("ServiceRequest", Ref.parse(before.task["focus"]["reference"]).id)
    task_ = begin(
        tx, STUDY, act, focus=before.task["focus"]["reference"], resident=before.resident, asking=orderer, asked=centre,
        priority=before.task["priority"], part_of=before.ref, what=item_of(request).concept,
        encounter=request.get("encounter", {}).get("reference", ""),
        inputs=(*(item(name, data[name].strip()) for name in _TEXTS if data.get(name, "").strip()),
                item_reference(WRITER, tx.actor.person), item_reference("published", _one(kept)),
                item("note", data["note"].strip())),
    )  # fmt: skip
    tx.grant(resident=Ref.parse(before.resident).id, org=centre, level=2, reason="order", source=str(task_.ref))
    return task_


def alone(tx: Tx, found: Case) -> bool:
    """Whether one person's signature is enough: by the rule of the kind, or because nothing may be lost."""
    kind = _kind(tx, found)
    people = policy(f"study.people.{kind}", on=day(tx.now), reads=tx).amount
    return people < 2 or found.task["priority"] == "stat"


def held(task: Resource) -> dict[str, str]:
    """What has been written and not yet published."""
    known = boxes(task.get("input", []))
    return {name: text for name, text in known.items() if name in _TEXTS or name.startswith(_MEASURE)}


def late(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """A deadline has passed: the next reader is called, then the chief; what lies claimed is free again."""
    try:
        found = load(tx, STUDY, Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if found.state != payload["state"]:
        return
    step = {"acquired": "call-next", "at-next": "call-chief", "claimed": "free"}.get(found.state)
    if step is None:
        escalation.raise_task(tx, ref=ref, payload=payload)
        return
    if step == "free":
        put_down(found)
    move(tx, found, STUDY.act(step))


def _writing(tx: Tx, task: str, act: Act, data: Data) -> Case:
    found = case(tx, task, act)
    reading(tx)
    if reader_of(found.task) != tx.actor.person:
        raise Conflict("study.not-the-reader")
    needed(act, dict(data))
    return found


def _hold(tx: Tx, found: Case, data: Data) -> None:
    """What was written, in the Task, in place of what stood there; a finding that cannot wait leaves now."""
    kind = _kind(tx, found)
    finding = data.get("finding", "").strip()
    if finding and finding not in findings(kind):
        raise Invalid("study.unknown-finding", element="finding", finding=finding)
    for name, text in data.items():
        if name.startswith(_MEASURE) and text.strip():
            read_number(text, element=name)
    told = boxes(found.task.get("input", [])).get("observation", "")
    put_down(found, *_HELD, *(name for name in held(found.task) if name.startswith(_MEASURE)))
    kept = {name: data[name].strip() for name in _TEXTS if data.get(name, "").strip()}
    kept |= {name: text.strip() for name, text in data.items() if name.startswith(_MEASURE) and text.strip()}
    found.task["input"] = [*found.task.get("input", []), *(item(name, text) for name, text in kept.items()),
                           item_reference(WRITER, tx.actor.person)]  # fmt: skip
    alarmed = _alarm(tx, found, kind, findings(kind)[finding], told) if finding else ""
    if told and not finding:
        critical.amend(tx, observation=told)
        tx.update({**tx.read("Observation", Ref.parse(told).id), "status": "entered-in-error"})
    if alarmed:
        found.task["input"].append(item_reference("observation", alarmed))


def _alarm(tx: Tx, found: Case, kind: str, finding: Concept, told: str) -> str:
    """The finding as an Observation with its alarm; the one that stands already when it says the same."""
    if told:
        before = tx.read("Observation", Ref.parse(told).id)
        if before["valueCodeableConcept"]["coding"][0]["code"] == finding.code:
            return told
        critical.amend(tx, observation=told)
        tx.update({**before, "status": "entered-in-error"})
    request = tx.read("ServiceRequest", Ref.parse(found.task["focus"]["reference"]).id)
    made: Resource = {
        "resourceType": "Observation", "status": "preliminary",
        "code": {"coding": [{"system": systems.LOINC, "code": _SAID[kind]}], "text": item_of(request).concept.zh},
        **_common(tx, request), "valueCodeableConcept": {"coding": [finding.coding()]},
        "interpretation": [{"coding": [{"system": systems.INTERPRETATION, "code": "AA"}]}],
        "performer": [{"reference": tx.actor.person}],
    }  # fmt: skip
    stored = tx.create(made)
    critical.notify(tx, observation=stored, found=made, order=request, orderer=found.organization("orderer"),
                    part_of=found.ref, what=item_of(request).concept)  # fmt: skip
    return str(stored.ref)


def _publish(tx: Tx, found: Case, act: Act) -> Stored:
    request = tx.read("ServiceRequest", Ref.parse(found.task["focus"]["reference"]).id)
    written = boxes(found.task.get("input", []))
    outputs = boxes(found.task.get("output", []))
    before = outputs.get("report") or written.get("published", "")
    results = _confirmed(tx, found, written)
    if written.get("observation"):
        seen = tx.read("Observation", Ref.parse(written["observation"]).id)
        stored, _ = tx.update({**seen, "status": "final"})
        results.append(str(stored.ref))
    made = _report(tx, request, written, results)
    if before:
        earlier = tx.read("DiagnosticReport", Ref.parse(before).id)
        stored, _ = tx.update({**made, "id": earlier["id"], "status": "corrected"})
        correction.tell(tx, report=stored, values=(), resident=found.resident, since=moment(earlier["issued"]),
                        what=item_of(request).concept, note=_why(found), part_of=found.ref)  # fmt: skip
    else:
        stored = tx.create(made)
    more = () if "report" in outputs else (item_reference("report", str(stored.ref)),)
    put_down(found, *_HELD, "published", *(name for name in written if name.startswith(_MEASURE)))
    tx.end_grants(found.ref, at=tx.now + policy("study.access", on=day(tx.now), reads=tx).microseconds)
    done = request_status(tx, found, act)
    return move(tx, found, act, outputs=more, also=(f"{stored.ref}/_history/{stored.version}", done))


def _report(tx: Tx, request: Resource, written: dict[str, str], results: list[str]) -> Resource:
    kind = item_of(request).kind
    based = f"ServiceRequest/{request['id']}"
    people = dict.fromkeys((written.get(WRITER, tx.actor.person), tx.actor.person))
    made: Resource = {
        "resourceType": "DiagnosticReport", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074",
                                  "code": _CATEGORY[kind]}]}],
        "code": request["code"], **_common(tx, request), "issued": instant(tx.now),
        "performer": [{"reference": tx.actor.organization}],
        "resultsInterpreter": [{"reference": person} for person in people], "conclusion": written["conclusion"],
    }  # fmt: skip
    if written.get("findings"):
        made["extension"] = [{"url": FINDINGS, "valueString": written["findings"]}]
    if results:
        made["result"] = [{"reference": each} for each in results]
    pictures = [each for each in tx.search("ImagingStudy", [("basedon", based)]) if each["status"] == "available"]
    if pictures:
        made["imagingStudy"] = [{"reference": f"ImagingStudy/{each['id']}"} for each in pictures]
        made["effectiveDateTime"] = pictures[-1].get("started", made["effectiveDateTime"])
    if written.get("key", "").startswith("Media/"):
        tx.read("Media", Ref.parse(written["key"]).id)
        made["media"] = [{"link": {"reference": written["key"]}}]
    return made


def _confirmed(tx: Tx, found: Case, written: dict[str, str]) -> list[str]:
    """The machine's measurements that the reader has confirmed or changed; the others stay the machine's."""
    if written.get("confirmed") != "yes":
        return []
    query = [("based-on", found.task["focus"]["reference"]), ("status", "preliminary,final")]
    results = []
    for each in tx.search("Observation", query):
        analyte = measurements().get(critical.code_of(each))
        if analyte is None or "device" not in each:
            continue
        typed = written.get(f"{_MEASURE}{analyte.concept.code}")
        value = read_number(typed, element="measure") if typed else each["valueQuantity"]["value"]
        stored, _ = tx.update({**each, **quantity(analyte, value), "status": "final",
                               "performer": [{"reference": tx.actor.person}]})  # fmt: skip
        results.append(str(stored.ref))
    return results


def _one_at_a_time(tx: Tx, ref: str) -> None:
    """Refuse a second correction while one runs."""
    for each in tx.search("Task", [("part-of", ref), ("status", "requested,in-progress")]):
        if each["code"]["coding"][0]["code"] == STUDY.name:
            raise Conflict("study.corrected-already")


def _common(tx: Tx, request: Resource) -> Resource:
    found = {"basedOn": [{"reference": f"ServiceRequest/{request['id']}"}], "subject": request["subject"],
             "effectiveDateTime": instant(tx.now)}  # fmt: skip
    return {**found, "encounter": request["encounter"]} if "encounter" in request else found


def _kind(tx: Tx, found: Case) -> str:
    return item_of(tx.read("ServiceRequest", Ref.parse(found.task["focus"]["reference"]).id)).kind or ECG


def _keep(found: Case, name: str, text: str) -> None:
    left = [entry for entry in found.task["input"] if entry["type"]["coding"][0]["code"] != name]
    found.task["input"] = [*left, item(name, text)]


def _why(found: Case) -> str:
    """What whoever corrects has said."""
    said = boxes(found.task.get("input", [])).get("note", "")
    return said or (str(found.task["note"][-1]["text"]) if found.task.get("note") else "")


def _one(outputs: list[Resource]) -> str:
    return str(outputs[0]["valueReference"]["reference"]) if outputs else ""
