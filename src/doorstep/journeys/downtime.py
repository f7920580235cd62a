"""A paper form of a downtime becomes the record: visit, vital signs, diagnosis and note, with the time it happened.

Each Provenance says both when it happened and when it was written down. The resident is not there any more, so their
presence is not verified by it: the visit stands on the privacy officer's list and opens no record.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.kernel import exact
from doorstep.kernel.errors import Forbidden
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.diagnoses import diagnoses
from doorstep.workflows import diagnosis, downtime, note, verified, visit
from doorstep.workflows.diagnosis import Diagnosed
from doorstep.workflows.table import needed
from doorstep.workflows.visit import Findings

VITALS = ("systolic", "diastolic", "heart_rate", "temperature", "weight", "oxygen")
TEXTS = ("complaint", "exam", "plan")
BOXES = ("resident", "at", *TEXTS, "diagnosis", *VITALS)


def enter(tx: Tx, *, task: str, given: Mapping[str, str]) -> Stored:
    """Enter a form once: ``given`` are its boxes (BOXES), ``resident`` as "Patient/x" whom the desk has identified."""
    case = downtime.case_of(tx, task, "enter")
    if tx.actor.role not in note.WRITERS:
        raise Forbidden("note.doctor-only")
    needed(downtime.TABLE.act("enter"), {name: given.get(name, "") for name in BOXES})
    occurred = downtime.happened(tx, case, given["at"])
    opened = visit.open_visit(tx, resident=given["resident"], complaint=given["complaint"], presence=verified.NONE,
                              occurred=occurred)  # fmt: skip
    entries = []
    findings = Findings(**{name: given.get(name, "") for name in VITALS})
    if findings != Findings():
        entries += visit.note_findings(tx, encounter=opened.id, findings=findings, occurred=occurred)
    found = exact.decode(opened.body)
    if given.get("diagnosis", "").strip():
        entries += diagnosis.write(tx, visit=found, entries=(_diagnosed(given["diagnosis"].strip()),))
        tx.update(found)
    note.write(tx, visit=found, boxes={name: given.get(name, "") for name in TEXTS},
               entries=[str(each.ref) for each in entries], occurred=occurred)  # fmt: skip
    visit.finish(tx, encounter=opened.id, occurred=occurred)
    downtime.entered(tx, case, encounter=str(opened.ref), occurred=occurred)
    return opened


def _diagnosed(text: str) -> Diagnosed:
    """A diagnosis of the list by its code or either name; else its words alone."""
    code = next((code for code, each in diagnoses().items() if text in (code, each.zh, each.en)), "")
    return Diagnosed(code=code, text="" if code else text, main=True)
