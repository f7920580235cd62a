"""An object comes from a modality: into the record of whom its request is about, or aside until two people say whose.

It goes into a record by itself only when its accession number names a request that waits for it and the person in it is
the person of the request. In every other case it is kept as it came, and nobody's record changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import ECG
from doorstep.workflows import intake, picture, study
from doorstep.workflows.coordination import state_of
from doorstep.workflows.picture import Made

OPEN: Final = ("requested", "again")
TAKES: Final = (*OPEN, *study.CENTRE_WORK)
"""States in which a request still takes what comes for it."""

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """filed, duplicate, unmatched or by-hand; ``why`` of the last two; ``ref`` of what it became."""

    kind: str
    ref: str = ""
    why: str = ""


def receive(tx: Tx, *, made: Made | None, data: bytes) -> Outcome:
    """Keep what came. ``made`` is None when it could not be read as an object."""
    if made is None:
        mark = picture.digest(data)
        if picture.kept(tx, mark) is not None:
            return Outcome("duplicate")
        tx.unique("dicom-object", mark, mark)
        return Outcome("by-hand", str(intake.set_aside(tx, data=data).ref), "unreadable")
    before = picture.kept(tx, made.object)
    if before == picture.digest(data):
        return Outcome("duplicate")
    if before is not None:
        return _changed(tx, data)
    picture.remember(tx, made, data)
    task, request, why = _wanted(tx, made)
    if task is None or request is None:
        return Outcome("unmatched", str(intake.receive(tx, made=made, data=data, why=why).ref), why)
    media = picture.keep(tx, made=made, data=data, request=request)
    study.arrived(tx, task=str(task["id"]))
    return Outcome("filed", str(media.ref))


def confirm(tx: Tx, *, task: str) -> Stored:
    """Another person agrees whose it is: it goes into that record, and the study moves on. The intake's Task."""
    done, data, reference = intake.confirm(tx, task=task)
    request = tx.read("ServiceRequest", Ref.parse(reference).id)
    running = _task_of(tx, request)
    if running is None or state_of(running) not in TAKES:
        raise RuleBroken("study.not-waiting", element="request")
    made = intake.made_of(tx.read("Task", task))
    picture.keep(tx, made=made, data=data, request=request)
    study.arrived(tx, task=str(running["id"]))
    return done


CONFIRM: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Mapping[str, str]], Any], tuple[str, ...]]]] = {
    ("intake", "confirm"): (lambda tx, task, data: confirm(tx, task=task), ()),
}
"""The act that ends in two workflows: (state table, act) -> (command, boxes)."""


def waiting(reads: Reads, kinds: tuple[str, ...] = ()) -> list[tuple[Resource, Resource]]:
    """(Task, ServiceRequest) of what this institution still has to record, the most pressing first."""
    found = []
    query = [("code", f"{systems.WORKFLOW}|{study.TABLE.name}"), ("status", "requested,on-hold"),
             ("_sort", "authored-on")]  # fmt: skip
    for task in reads.search("Task", query):
        parties = (task["requester"]["reference"], task["restriction"]["recipient"][0]["reference"])
        if state_of(task) not in OPEN or reads.actor.organization not in parties:
            continue
        request = reads.read("ServiceRequest", Ref.parse(task["focus"]["reference"]).id)
        if not kinds or study.item_of(request).modality in kinds:
            found.append((task, request))
    return sorted(found, key=lambda pair: _RANK.get(pair[0]["priority"], 9))


_RANK: Final = {"stat": 0, "urgent": 1, "routine": 2}


def same_person(patient: Resource, made: Made) -> str:
    """ "" when the object names the resident; else why not. A number decides; a name needs the birth date beside it."""
    if made.person_number:
        numbers = {str(each.get("value", "")) for each in patient.get("identifier", ())} | {str(patient["id"])}
        return "" if made.person_number in numbers else "other-person"
    if not made.person_name:
        return "no-person"
    names = {str(each.get("text", "")) for each in patient.get("name", ())}
    return "" if made.person_name in names and made.born == patient.get("birthDate", "-") else "other-person"


def _wanted(tx: Tx, made: Made) -> tuple[Resource | None, Resource | None, str]:
    """The Task and the request that an object is for; else why there is none."""
    if not made.accession:
        return None, None, "no-number"
    found = tx.search("ServiceRequest", [("identifier", f"{systems.ACCESSION}|{made.accession}")])
    task = _task_of(tx, found[0]) if found else None
    if task is None:
        return None, None, "no-request"
    request = found[0]
    if state_of(task) not in TAKES or (study.item_of(request).kind == ECG) != (made.modality == "ECG"):
        return None, None, "not-expected"
    why = same_person(tx.read("Patient", Ref.parse(request["subject"]["reference"]).id), made)
    return (None, None, why) if why else (task, request, "")


def _task_of(tx: Tx, request: Resource) -> Resource | None:
    query = [("focus", f"ServiceRequest/{request['id']}"), ("code", f"{systems.WORKFLOW}|{study.TABLE.name}")]
    found = [task for task in tx.search("Task", query) if not task.get("partOf")]
    return found[0] if found else None


def _changed(tx: Tx, data: bytes) -> Outcome:
    """The same UID with other bytes: never put over what is there."""
    mark = picture.digest(data)
    if picture.kept(tx, mark) is not None:
        return Outcome("duplicate")
    tx.unique("dicom-object", mark, mark)
    stored = intake.set_aside(tx, data=data, why="changed-object")
    return Outcome("by-hand", str(stored.ref), "changed-object")
