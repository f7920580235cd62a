"""A cast case with a picture: the file's header names whom the cast is about, and the record its size and digests."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator, Mapping
from datetime import datetime

from doorstep.demo import reading
from doorstep.demo.moulds import Mould, Owned
from doorstep.demo.people import Resident, data
from doorstep.demo.reading import Stamp
from doorstep.gateways.dicom import header
from doorstep.terms import systems


def developed(
    mould: Mould, rng: random.Random, who: Resident, at: datetime, other: Mapping[str, str]
) -> Iterator[Owned]:
    """The cast of a case with one picture."""
    entries = list(mould.cast(rng, who, at, other))
    found = {made["resourceType"]: made for _, made in entries}
    stamp = Stamp(who.number, who.name, f"{who.born:%Y%m%d}", "F" if who.sex == "female" else "M", "", at,
                  rng.randrange(1 << 48))  # fmt: skip
    content = reading.stamped(reading.file(data("plays")["image"]["file"]), stamp)
    made = header.read(content, device="")
    assert made is not None
    media, study = found["Media"], found["ImagingStudy"]
    found["Binary"]["data"] = base64.b64encode(content).decode()
    media["content"] |= {
        "size": len(content),
        "title": f"{made.series}/{made.number:04d}",
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
    }
    media["identifier"] = [{"system": systems.DICOM_UID, "value": f"urn:oid:{made.object}"},
                           {"system": systems.SHA256, "value": hashlib.sha256(content).hexdigest()}]  # fmt: skip
    study["identifier"] = [{"system": systems.DICOM_UID, "value": f"urn:oid:{made.study}"}]
    series = study["series"][0]
    series["uid"], series["instance"][0]["uid"] = made.series, made.object
    yield from entries
