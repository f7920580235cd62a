"""The modality worklist (PS3.4 annex K): what an institution still has to record, so that nobody types a name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from pydicom.dataset import Dataset
from pypinyin import lazy_pinyin

from doorstep.journeys import receiving
from doorstep.kernel.clock import HOME
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.workflows import study
from doorstep.workflows.coordination import moment
from doorstep.workflows.modality import Modality

_SEX: Final = {"male": "M", "female": "F"}
_SAME: Final = {"CR": ("CR", "DX"), "DX": ("CR", "DX")}
"""A film may come from either kind of machine."""


def entries(reads: Reads, device: Modality, asked: Dataset) -> Iterator[Dataset]:
    """One answer for each request that waits for a device of this kind, and that the query's keys allow."""
    kinds = _SAME.get(device.kind, (device.kind,))
    for task, request in receiving.waiting(reads, kinds):
        patient = reads.read("Patient", Ref.parse(request["subject"]["reference"]).id)
        answer = _entry(task, request, patient, device)
        if _wanted(asked, answer):
            yield answer


def person_number(patient: dict[str, Any]) -> str:
    """What a device keeps of whom it recorded: the number of the health record, else the record's own id."""
    numbers = {each.get("system"): str(each.get("value", "")) for each in patient.get("identifier", ())}
    return numbers.get(systems.HEALTH_RECORD) or str(patient["id"])


def person_name(patient: dict[str, Any]) -> str:
    """A person name of two groups: by sound for devices that draw no Chinese, and as it is written."""
    name: dict[str, Any] = next(iter(patient.get("name", ())), {})
    written = str(name.get("text") or "".join((name.get("family", ""), *name.get("given", ()))))
    family, given = str(name.get("family", written)), "".join(name.get("given", ()))
    sound = "^".join("".join(lazy_pinyin(part, errors="ignore")).upper() for part in (family, given) if part)
    return f"{sound}={'^'.join(part for part in (family, given) if part)}"


def _entry(task: dict[str, Any], request: dict[str, Any], patient: dict[str, Any], device: Modality) -> Dataset:
    item = study.item_of(request)
    at = _local(task["authoredOn"])
    step = Dataset()
    step.Modality = device.kind
    step.ScheduledStationAETitle = device.title
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = at[:8], at[8:]
    step.ScheduledProcedureStepDescription = item.concept.zh
    step.ScheduledProcedureStepID = study.accession_of(request)
    found = Dataset()
    found.SpecificCharacterSet = "ISO_IR 192"
    found.AccessionNumber = study.accession_of(request)
    found.PatientName, found.PatientID = person_name(patient), person_number(patient)
    found.PatientBirthDate = str(patient.get("birthDate", "")).replace("-", "")
    found.PatientSex = _SEX.get(str(patient.get("gender", "")), "O")
    found.RequestedProcedureID = study.accession_of(request)
    found.RequestedProcedureDescription = item.concept.zh
    found.RequestedProcedurePriority = {"stat": "STAT", "urgent": "HIGH"}.get(task["priority"], "ROUTINE")
    found.ScheduledProcedureStepSequence = [step]
    return found


def _wanted(asked: Dataset, answer: Dataset) -> bool:
    """Whether an answer matches the keys of a query that we match by (PS3.4 C.2.2.2)."""
    for name in ("PatientID", "AccessionNumber"):
        if not _like(str(asked.get(name) or ""), str(answer.get(name))):
            return False
    if not any(_like(str(asked.get("PatientName") or ""), part) for part in str(answer.PatientName).split("=")):
        return False
    steps = asked.get("ScheduledProcedureStepSequence")
    if not steps:
        return True
    step, own = steps[0], answer.ScheduledProcedureStepSequence[0]
    if not all(_like(str(step.get(name) or ""), str(own.get(name)))
               for name in ("Modality", "ScheduledStationAETitle")):  # fmt: skip
        return False
    return _within(str(step.get("ScheduledProcedureStepStartDate") or ""), own.ScheduledProcedureStepStartDate)


def _like(key: str, value: str) -> bool:
    """Universal, single value and wild card matching; brackets are letters."""
    return not key or fnmatchcase(value.upper(), key.upper().replace("[", "[[]"))


def _within(key: str, day: str) -> bool:
    first, dash, last = key.partition("-")
    if not key:
        return True
    return (not first or first <= day) and (not last or day <= last) if dash else key == day


def _local(text: str) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(moment(text) / 1_000_000, HOME).strftime("%Y%m%d%H%M%S")
