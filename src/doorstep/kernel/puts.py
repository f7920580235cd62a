"""From a resource to the put that writes it: its text with the server's members, and every row derived from it."""

from __future__ import annotations

from typing import Any

from doorstep.kernel import exact, index, worklist
from doorstep.kernel.clock import instant
from doorstep.kernel.definitions import definitions
from doorstep.kernel.refs import DIRECTORY, part_of_id, part_of_resident, random_part
from doorstep.kernel.writeset import Put


def home_part(resource: dict[str, Any]) -> int:
    """The part of a resource that is not there yet: its resident's; the directory's when it is about nobody."""
    if resource["resourceType"] == "Patient":
        id_ = resource.get("id")
        return part_of_resident(id_) if id_ else random_part()
    home = index.home_resident(resource)
    return part_of_resident(home) if home else DIRECTORY


def put_of(
    resource: dict[str, Any], raw: bytes | None, *, part: int, id: str, expected: int, updated: int, custodian: str,
    method: str,
) -> Put:  # fmt: skip
    """The next version of a resource. ``raw`` is the sender's own text; without it the dict is written."""
    type_name, version, moment = resource["resourceType"], expected + 1, instant(updated)
    body = exact.splice(raw if raw is not None else exact.encode(resource), id=id, version=version, updated=moment)
    meta = resource.get("meta") or {}
    shown = {**resource, "id": id, "meta": {**meta, "versionId": str(version), "lastUpdated": moment}}
    put = Put(
        part,
        definitions().number[type_name],
        type_name,
        id,
        expected,
        version,
        updated,
        custodian,
        index.sensitivity(resource),
        False,
        method,
        body,
        part_of_id(id) is None,
        None,
    )
    derive(put, shown)
    return put


def derive(put: Put, resource: dict[str, Any]) -> None:
    """Fill in the rows that follow from the text."""
    put.rows = index.extract(resource)
    put.home = tuple((part_of_resident(resident), resident, direct) for resident, direct in put.rows.residents)
    put.label = index.label(resource)
    # Whom a Patient is linked to is the same person, or stands beside: that takes nobody's right to the card away.
    put.several = put.type_name != "Patient" and len({resident for _, resident, _ in put.home}) > 1
    put.task = worklist.row(resource, put.part) if put.type_name == "Task" else None
