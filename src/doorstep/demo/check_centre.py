"""The walk at the ECG centre: ordered in the township, recorded there as a real DICOM waveform, read far away."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from doorstep.demo import reading
from doorstep.demo.reading import Stamp
from doorstep.demo.walking import TASK, Walking
from doorstep.kernel.clock import HOME
from doorstep.terms import systems

_TRACE: Final = re.compile(r'/picture/[A-Za-z0-9.-]+/trace\.svg\?[^"]*')
_FILE: Final = "waveform_ecg.dcm"


def record(walk: Walking) -> None:
    """The doctor orders an ECG; without a file nothing moves, with the machine's the centre is the next actor."""
    doctor, page = walk.person("zhangmin"), walk.at("zhangmin", f"/v/{walk.visit}/")
    before = set(TASK.findall(page.text))
    placed = doctor.submit(page, "/sign/", {"line": ["ECG12"], "priority.ECG12": "urgent"})
    walk.study = next(found for found in TASK.findall(placed.text) if found not in before)
    walk.stands(walk.study, "requested", "requested", "Organization/shiqiao")
    nurse, page = walk.person("wangfang"), walk.at("wangfang", f"/reading/{walk.study}/")
    walk.expect(nurse.upload(page, "/upload/", "file", b"").status, 422)
    walk.expect(nurse.upload(page, "/upload/", "file", _trace(walk)).status, 200)
    walk.stands(walk.study, "acquired", "requested", "Organization/hospital")


def read(walk: Walking) -> None:
    """A reader of the centre sees the trace to its scale and signs; the doctor has the report beside the visit."""
    reader, page = walk.person("fangyun"), walk.at("fangyun", f"/reading/{walk.study}/")
    drawn = reader.get(_TRACE.findall(page.text)[0].replace("&amp;", "&"))
    walk.expect((drawn.status, "<svg" in drawn.text, drawn.text.count("<path") > 0), (200, True, True))
    walk.expect(reader.submit(page, "/sign/", {"conclusion": ""}).status, 422)
    said: dict[str, str | list[str]] = {"findings": walk.text("trace"), "conclusion": walk.text("rhythm")}
    walk.expect(reader.submit(page, "/sign/", said).status, 200)
    walk.stands(walk.study, "reported", "in-progress", "Organization/shiqiao")
    page = walk.at("zhangmin", f"/reading/{walk.study}/")
    walk.expect(walk.text("rhythm") in page.text, True)
    walk.expect(walk.person("zhangmin").submit(page, "/acknowledge/", {}).status, 200)
    walk.stands(walk.study, "read", "completed", "")


def _trace(walk: Walking) -> bytes:
    """The file as the machine would have written it: the resident and the request in its header."""
    _, task = walk.fhir(f"Task/{walk.study}")
    _, order = walk.fhir(task["focus"]["reference"])
    number = next(str(each["value"]) for each in order["identifier"] if each["system"] == systems.ACCESSION)
    at = datetime.fromisoformat(order["authoredOn"]).astimezone(HOME) + timedelta(minutes=1)
    who = walk.resident
    stamp = Stamp(who.number, who.name, f"{who.born:%Y%m%d}", "F" if who.sex == "female" else "M", number, at, 0)
    return reading.stamped(reading.file(_FILE), stamp)
