"""An ECG centre and an imaging centre with work that waits: real traces and pictures that came with pydicom.

The pixels and samples are those of the files, made by machines somewhere; the header is written as the device of the
demo would have written it. Into one trace an ST elevation is drawn, because no file with one may be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from doorstep.demo.people import Resident, actor, data, resident, rng_of
from doorstep.gateways.dicom import header, worklist
from doorstep.journeys import receiving
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME
from doorstep.kernel.refs import Ref
from doorstep.kernel.store import Store
from doorstep.workflows import identity, modality, study, study_report, visit
from doorstep.workflows.modality import Modality

HOSPITAL: Final = "Organization/hospital"
_ROOT: Final = "1.2.826.0.1.3680043.10.1462"
_MILLIVOLT: Final = 800
"""Steps of the machine's converter (1.25 microvolt) in a millivolt."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the header of a file shall say: whose it is, its request, when, and which of several it is."""

    number: str
    name: str
    born: str
    sex: str
    accession: str
    at: datetime
    place: int


def prepare(store: Store, *, today: date, seed: int) -> None:
    """Devices, studies that wait, one that was read before, and a file whose number nobody entered."""
    known = data("reading")
    devices = {row["title"]: _device(store, row) for row in known["devices"]}
    for place, case in enumerate(known["cases"]):
        who = resident(rng_of(seed, case["resident"]), case["resident"], today)
        _play(store, who, case, devices[case["device"]], place)


@cache
def file(name: str) -> bytes:
    """A file of pydicom's, as it is."""
    found = get_testdata_file(name, download=False)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_bytes()


def stamped(source: bytes, stamp: Stamp, *, raised: tuple[str, ...] = (), lowered: tuple[str, ...] = ()) -> bytes:
    """The file with the header that a device writes; its samples as they are, or with ST segments moved."""
    found = pydicom.dcmread(BytesIO(source))
    found.SpecificCharacterSet = "ISO_IR 192"
    found.PatientID, found.PatientName = stamp.number, stamp.name
    found.PatientBirthDate, found.PatientSex = stamp.born, stamp.sex
    found.AccessionNumber = stamp.accession
    for name in ("Study", "Content", "Acquisition"):
        setattr(found, f"{name}Date", f"{stamp.at:%Y%m%d}")
        setattr(found, f"{name}Time", f"{stamp.at:%H%M%S}")
    if "AcquisitionDateTime" in found:
        found.AcquisitionDateTime = f"{stamp.at:%Y%m%d%H%M%S}"
    found.InstitutionName = ""
    mark = int(sha256(f"{stamp.accession}/{stamp.place}".encode()).hexdigest()[:14], 16)
    found.StudyInstanceUID, found.SeriesInstanceUID = f"{_ROOT}.{mark}.1", f"{_ROOT}.{mark}.1.1"
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = UID(f"{_ROOT}.{mark}.1.1.1")
    if raised:
        _move(found, dict.fromkeys(raised, 0.28) | dict.fromkeys(lowered, -0.1))
        found.WaveformAnnotationSequence = [each for each in found.WaveformAnnotationSequence
                                            if not each.get("UnformattedTextValue")]  # fmt: skip
    out = BytesIO()
    found.save_as(out, enforce_file_format=True)
    return out.getvalue()


def stamp_of(store: Store, task: str) -> Stamp:
    """What the header of a file says that is made now for a request."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = reads.read("Task", task)
        order = reads.read("ServiceRequest", Ref.parse(found["focus"]["reference"]).id)
        patient = reads.read("Patient", Ref.parse(found["for"]["reference"]).id)
    return Stamp(
        worklist.person_number(patient), worklist.person_name(patient), str(patient["birthDate"]).replace("-", ""),
        "F" if patient["gender"] == "female" else "M", study.accession_of(order),
        datetime.fromtimestamp(store.clock.now() / 1_000_000, HOME), 0,
    )  # fmt: skip


def _move(found: Any, by: Mapping[str, float]) -> None:
    """Lift the ST segment of some leads, after each beat, by so many millivolts."""
    group = found.WaveformSequence[0]
    samples = np.frombuffer(group.WaveformData, dtype="<i2").reshape(-1, group.NumberOfWaveformChannels).copy()
    names = [str(each.ChannelSourceSequence[0].CodeMeaning).removeprefix("Lead ").split(" ")[0]
             for each in group.ChannelDefinitionSequence]  # fmt: skip
    guide = np.abs(np.diff(samples[:, names.index("V5")].astype(np.int32), prepend=0))
    steep = np.flatnonzero(guide > guide.max() * 0.5)
    beats = steep[np.insert(np.diff(steep) > group.SamplingFrequency * 0.4, 0, True)]
    length = int(group.SamplingFrequency * 0.34)
    shape = np.sin(np.linspace(0, np.pi, length)) ** 0.6
    for lead, height in by.items():
        channel = names.index(lead)
        for beat in beats:
            start = int(beat + group.SamplingFrequency * 0.03)
            part = samples[start : start + length, channel]
            part += (shape[: len(part)] * height * _MILLIVOLT).astype(np.int16)
    group.WaveformData = samples.tobytes()


def _device(store: Store, row: dict[str, Any]) -> Modality:
    keeper = actor(row["keeper"])
    stored = store.run(keeper, modality.register, title=row["title"], name=row["name"], kind=row["kind"])
    with store.snapshot(keeper) as reads:
        return modality.of(reads.read("Device", stored.id))


def _play(store: Store, who: Resident, case: dict[str, Any], device: Modality, place: int) -> None:
    doctor = actor(case["doctor"])
    identity.by_number(store, doctor, number=who.number)
    opened = store.run(doctor, visit.open_visit, resident=f"Patient/{who.id}", complaint=case["complaint"],
                       presence="identity")  # fmt: skip
    placed = store.run(doctor, study.place, encounter=opened.id, items=(case["item"],), centre=HOSPITAL,
                       priority=case["priority"])[0]  # fmt: skip
    at = datetime.fromtimestamp(store.clock.now() / 1_000_000, HOME) - timedelta(days=case["days"])
    stamp = replace(stamp_of(store, placed.id), at=at, place=place)
    if case.get("lost"):
        stamp = replace(stamp, number="", accession="")
    moved = tuple(case.get("raised", ())), tuple(case.get("lowered", ()))
    _send(store, device, stamped(file(case["file"]), stamp, raised=moved[0], lowered=moved[1]))
    if "writer" in case:
        said = {name: case[name] for name in ("findings", "conclusion")}
        store.run(actor(case["writer"]), study_report.sign, task=placed.id, data=said)
        store.run(actor(case["reviewer"]), study_report.review, task=placed.id, data={})
        store.run(doctor, study.acknowledge, task=placed.id)
        store.run(doctor, visit.finish, encounter=opened.id)


def _send(store: Store, device: Modality, content: bytes) -> None:
    """As the port for modalities takes it."""
    made = header.read(content, device=device.title)
    store.run(device.actor, receiving.receive, made=made, data=content)
