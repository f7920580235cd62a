"""A modality: a device of an institution that records or takes pictures, and what it calls itself on the network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems

MODALITIES: Final = ("ECG", "DX", "CR", "CT")
_TITLE: Final = re.compile(r"[A-Z0-9_]{1,16}\Z")


@dataclass(frozen=True, slots=True)
class Modality:
    """A known device: who it acts as, and what it makes."""

    id: str
    title: str
    name: str
    kind: str
    organization: str

    @property
    def actor(self) -> Actor:
        return Actor(f"Device/{self.id}", "gateway", self.organization, "TREAT", self.title)


def register(tx: Tx, *, title: str, name: str, kind: str) -> Stored:
    """Make a device of the actor's institution known by its AE title, for good: the same title again is refused."""
    if not _TITLE.match(title):
        raise Invalid("study.bad-title", element="title", title=title[:40])
    if kind not in MODALITIES:
        raise Invalid("study.unknown-modality", element="kind", kind=kind[:40])
    device: dict[str, Any] = {
        "resourceType": "Device", "status": "active",
        "identifier": [{"system": systems.TITLE, "value": title}],
        "deviceName": [{"name": name.strip() or title, "type": "user-friendly-name"}],
        "type": {"coding": [{"system": systems.DICOM, "code": kind}]},
        "owner": {"reference": tx.actor.organization},
    }  # fmt: skip
    if known(tx, title) is not None:
        raise Conflict("study.title-taken", title=title)
    id_ = tx.fresh_id(device)
    tx.unique("ae-title", title, id_)
    return tx.create(device, id=id_)


def known(reads: Reads, title: str) -> Modality | None:
    """The device that calls itself so, when it is in use."""
    for found in reads.search("Device", [("identifier", f"{systems.TITLE}|{title}")]):
        if found.get("status") == "active":
            return of(found)
    return None


def of(device: dict[str, Any]) -> Modality:
    """A Device of ours. NotFound for any other."""
    titles = [each["value"] for each in device.get("identifier", ()) if each.get("system") == systems.TITLE]
    if not titles:
        raise NotFound("read.not-found", type="Device", id=str(device.get("id", "")))
    return Modality(str(device["id"]), titles[0], str(device["deviceName"][0]["name"]),
                    str(device["type"]["coding"][0]["code"]), str(device["owner"]["reference"]))  # fmt: skip
