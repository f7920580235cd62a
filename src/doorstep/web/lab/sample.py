"""A message to try the interface with: as a laboratory's system would send it for the first order that waits here."""

from __future__ import annotations

from datetime import datetime

from doorstep.gateways.hl7v2 import senders
from doorstep.kernel.clock import HOME
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.store import Store
from doorstep.kernel.worklist import Ask
from doorstep.terms.catalogue import Analyte
from doorstep.workflows import labels, result
from doorstep.workflows.identity import name_of


def text(store: Store, reads: Reads, laboratory: str, now: int) -> str:
    """An ORU^R01 with a value in the middle of each range; "" when no order waits."""
    name = next((each.name for each in senders.senders(store).values() if each.organization == laboratory), "LIS|LAB")
    for state in ("received", "claimed", "sent", "ordered"):
        for item in reads.waiting(Ask(owner=laboratory, code="order", state=state), limit=1):
            task = reads.read("Task", item.id)
            request = reads.read("ServiceRequest", Ref.parse(task["focus"]["reference"]).id)
            test, number = result.test_of(request), labels.number_of(request)
            patient = reads.read("Patient", Ref.parse(task["for"]["reference"]).id)
            if test is not None and number:
                return _message(name, number, name_of(patient), test.concept.code, test.analytes, now)
    return ""


def _message(sender: str, number: str, person: str, code: str, measured: tuple[Analyte, ...], now: int) -> str:
    at = datetime.fromtimestamp(now / 1_000_000, HOME).strftime("%Y%m%d%H%M%S")
    lines = [
        f"MSH|^~\\&|{sender}|DOORSTEP|ALLIANCE|{at}||ORU^R01^ORU_R01|{now}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||||{person[:1]}^{person[1:]}",
        f"OBR|1|{number}||{code}|||{at}",
    ]
    for place, each in enumerate(measured, 1):
        middle = (each.low + each.high) / 2 if each.low is not None and each.high is not None else each.low or 1
        value = f"{middle:.{each.digits}f}"
        lines.append(f"OBX|{place}|NM|{each.concept.code}^{each.concept.zh}^LN||{value}|{each.unit}|||||F|||{at}")
    return "\n".join(lines)
