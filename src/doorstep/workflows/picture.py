"""What a modality made, kept byte for byte in the resident's record and tied to what was asked for.

The object is a Binary that belongs to the resident; a Media says what it is and for which request, an ImagingStudy
which of them are one study. What the machine measured is beside it, marked as the machine's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.keys import kept_by
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import measurements
from doorstep.workflows.measure import quantity

Resource = dict[str, Any]
CONTENT: Final = "application/dicom"
_URN: Final = "urn:oid:"


@dataclass(frozen=True, slots=True)
class Made:
    """One object as its header tells of it. ``recorded`` is an instant, "" when the header says none."""

    object: str
    object_class: str
    study: str
    series: str
    number: int
    modality: str
    accession: str
    person_number: str
    person_name: str
    born: str
    sex: str
    recorded: str = ""
    device: str = ""
    measured: Mapping[str, Decimal] = field(default_factory=dict)
    """LOINC code -> what the machine measured."""
    statements: tuple[str, ...] = ()
    """What the machine says in words."""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(tx: Tx, object_: str) -> str | None:
    """Who keeps an object by its UID: the digest of its bytes; None when it never came."""
    return kept_by(tx, "dicom-object", object_)


def remember(tx: Tx, made: Made, data: bytes) -> None:
    """The object has come, for good: the same again changes nothing."""
    tx.unique("dicom-object", made.object, digest(data))


def binary(data: bytes, resident: str = "") -> Resource:
    """The bytes as a resource; "" as resident for what nobody's record has yet."""
    found: Resource = {"resourceType": "Binary", "contentType": CONTENT}
    if resident:
        found["securityContext"] = {"reference": resident}
    return {**found, "data": base64.b64encode(data).decode()} if data else found


def content(reads: Reads, media: Resource) -> bytes:
    """The object as it came."""
    return bytes_of(reads.read("Binary", Ref.parse(media["content"]["url"]).id))


def bytes_of(found: Resource) -> bytes:
    """The bytes of a Binary; one without any has no data."""
    return base64.b64decode(found.get("data", ""))


def keep(tx: Tx, *, made: Made, data: bytes, request: Resource) -> Stored:
    """Put an object into the record of whom the request is about. The Media."""
    resident = request["subject"]["reference"]
    stored = tx.create(binary(data, resident))
    media = tx.create({
        "resourceType": "Media", "status": "completed", "subject": {"reference": resident},
        "identifier": [{"system": systems.DICOM_UID, "value": f"{_URN}{made.object}"},
                       {"system": systems.SHA256, "value": digest(data)}],
        "basedOn": [{"reference": f"ServiceRequest/{request['id']}"}],
        "modality": {"coding": [{"system": systems.DICOM, "code": made.modality}]},
        "createdDateTime": made.recorded or instant(tx.now), "issued": instant(tx.now),
        "content": {"contentType": CONTENT, "url": str(stored.ref), "size": len(data),
                    "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
                    "title": f"{made.series}/{made.number:04d}"},
        **({"encounter": request["encounter"]} if "encounter" in request else {}),
        **({"device": _device(made.device)} if made.device else {}),
    })  # fmt: skip
    _study(tx, made, request, str(media.ref))
    _measurements(tx, made, request)
    return media


def media_of(reads: Reads, request: str) -> list[Resource]:
    """What was made for a request ("ServiceRequest/x"), in the order of its series."""
    found = reads.search("Media", [("based-on", request)])
    alive = [each for each in found if each["status"] == "completed"]
    return sorted(alive, key=lambda each: (str(each["content"].get("title", "")), str(each["id"])))


def set_aside(tx: Tx, request: str) -> None:
    """What was made is not good enough to be read: it stays in the record, marked so."""
    for each in media_of(tx, request):
        tx.update({**each, "status": "entered-in-error"})
    for study in tx.search("ImagingStudy", [("basedon", request)]):
        tx.update({**study, "status": "cancelled"})
    for found in tx.search("Observation", [("based-on", request), ("status", "preliminary")]):
        if "device" in found:
            tx.update({**found, "status": "cancelled"})


def _device(title: str) -> Resource:
    """A device by its name on the network: it is an institution's own paper, which other readers do not see."""
    return {"identifier": {"system": systems.TITLE, "value": title}, "display": title}


def _study(tx: Tx, made: Made, request: Resource, media: str) -> None:
    """The ImagingStudy with one more object in it."""
    identifier = f"{_URN}{made.study}"
    instance = {"uid": made.object, "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"{_URN}{made.object_class}"},
                "number": made.number, "title": media}  # fmt: skip
    coding = {"system": systems.DICOM, "code": made.modality}
    for study in tx.search("ImagingStudy", [("identifier", f"{systems.DICOM_UID}|{identifier}")]):
        if study["status"] != "available" or study["subject"] != request["subject"]:
            continue
        series = next((each for each in study["series"] if each["uid"] == made.series), None)
        if series is None:
            series = {"uid": made.series, "modality": coding, "instance": []}
            study["series"].append(series)
        series["instance"].append(instance)
        series["numberOfInstances"] = len(series["instance"])
        study["numberOfSeries"] = len(study["series"])
        study["numberOfInstances"] = sum(len(each["instance"]) for each in study["series"])
        tx.update(study)
        return
    tx.create({
        "resourceType": "ImagingStudy", "status": "available", "subject": request["subject"],
        "identifier": [{"system": systems.DICOM_UID, "value": identifier},
                       {"system": systems.ACCESSION, "value": made.accession or "-"}],
        "basedOn": [{"reference": f"ServiceRequest/{request['id']}"}], "modality": [coding],
        "started": made.recorded or instant(tx.now), "numberOfSeries": 1, "numberOfInstances": 1,
        "description": request["code"].get("text", ""), "procedureCode": [request["code"]],
        "series": [{"uid": made.series, "modality": coding, "numberOfInstances": 1, "instance": [instance]}],
        **({"encounter": request["encounter"]} if "encounter" in request else {}),
    })  # fmt: skip


def _measurements(tx: Tx, made: Made, request: Resource) -> None:
    """What the machine measured: preliminary, by the device, until a reader confirms it."""
    common: Resource = {
        "resourceType": "Observation", "status": "preliminary", "subject": request["subject"],
        "basedOn": [{"reference": f"ServiceRequest/{request['id']}"}],
        "effectiveDateTime": made.recorded or instant(tx.now), "device": _device(made.device or "-"),
        **({"encounter": request["encounter"]} if "encounter" in request else {}),
    }  # fmt: skip
    for code, value in made.measured.items():
        analyte = measurements()[code]
        tx.create({**common, "code": {"coding": [analyte.concept.coding()]}, **quantity(analyte, value)})
    if made.statements:
        said = {"coding": [{"system": systems.LOINC, "code": "8601-7"}]}
        tx.create({**common, "code": said, "valueString": "; ".join(made.statements)})
