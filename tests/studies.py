"""Studies as a test wants them: ordered by the doctor of Shiqiao, read at the hospital, made by devices of the township."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorstep.demo import reading
from doorstep.demo.people import actor
from doorstep.demo.reading import Stamp
from doorstep.gateways.dicom import header, worklist
from doorstep.journeys import receiving
from doorstep.journeys.receiving import Outcome
from doorstep.kernel.clock import HOME
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import modality, study
from doorstep.workflows.modality import Modality
from tests.district import DOCTOR, HOSPITAL, opened, task, who

READER, FIRST, SECOND = actor("fangyun"), actor("songlei"), actor("duanhong")
NURSE = actor("wangfang")
ECG_FILE, FILM_FILE, CT_FILE = "waveform_ecg.dcm", "RG1_J2KI.dcm", "CT_small.dcm"


def device(store: Store, title: str = "ECG_SHIQIAO", kind: str = "ECG", keeper: Actor = NURSE) -> Modality:
    """A modality of the keeper's institution."""
    stored = store.run(keeper, modality.register, title=title, name=title, kind=kind)
    with store.snapshot(keeper) as reads:
        return modality.of(reads.read("Device", stored.id))


def placed(store: Store, item: str = "ECG12", *, priority: str = "routine", encounter: str = "") -> str:
    """A study ordered from the hospital; the id of its Task."""
    encounter = encounter or opened(store)
    return store.run(DOCTOR, study.place, encounter=encounter, items=(item,), centre=HOSPITAL, priority=priority)[0].id


def order_of(store: Store, task_id: str) -> dict[str, Any]:
    focus = task(store, task_id)["focus"]["reference"].removeprefix("ServiceRequest/")
    with store.snapshot(DOCTOR) as reads:
        return reads.read("ServiceRequest", focus)


def file_for(store: Store, task_id: str, file: str = ECG_FILE, *, place: int = 0, **changed: str) -> bytes:
    """A real file with the header that a device writes from the worklist; ``changed`` members of the stamp."""
    order = order_of(store, task_id)
    with store.snapshot(DOCTOR) as reads:
        patient = reads.read("Patient", who().id)
    said = {"number": worklist.person_number(patient), "name": worklist.person_name(patient),
            "born": patient["birthDate"].replace("-", ""), "sex": "M", "accession": study.accession_of(order), **changed}
    at = datetime.fromtimestamp(store.clock.now() / 1_000_000, HOME)
    return reading.stamped(reading.file(file), Stamp(**said, at=at, place=place))


def sent(store: Store, by: Modality, data: bytes) -> Outcome:
    """As the port for modalities takes it."""
    return store.run(by.actor, receiving.receive, made=header.read(data, device=by.title), data=data)


def recorded(store: Store, *, priority: str = "routine") -> str:
    """An ECG that waits for a reader; the id of its Task."""
    waiting = placed(store, priority=priority)
    assert sent(store, device(store), file_for(store, waiting)).kind == "filed"
    return waiting
