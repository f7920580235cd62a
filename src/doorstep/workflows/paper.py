"""What was signed on paper, photographed, and other files: a Binary of the resident, and what it belongs to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems

_KINDS: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
"""How a file begins -> what it is; what it is called or said to be is not asked."""
_TYPE: Final = {"coding": [{"system": systems.LOINC, "code": "59284-0"}]}


def known(data: bytes) -> str:
    """The content type of a photo or a scan; "" when it is neither."""
    return next((kind for begins, kind in _KINDS if data.startswith(begins)), "")


def kind_of(data: bytes) -> str:
    """The content type of a photo or a scan; Invalid names the box when it is neither."""
    kind = known(data)
    if not kind:
        raise Invalid("handover.paper-kind", element="paper")
    return kind


def keep(tx: Tx, *, resident: str, about: str, data: bytes) -> Stored:
    """Put a signed paper into the resident's record; ``about`` is what was signed ("EpisodeOfCare/x")."""
    return attach(tx, resident=resident, about=(about,), data=data, kind=kind_of(data), type_=_TYPE)


def attach(
    tx: Tx, *, resident: str, about: Sequence[str], data: bytes, kind: str, title: str = "",
    type_: dict[str, Any] | None = None,
) -> Stored:  # fmt: skip
    """Put a file into the resident's record, kept by the actor's institution; ``about`` is what it belongs to."""
    content = tx.create({
        "resourceType": "Binary", "contentType": kind, "securityContext": {"reference": resident},
        "data": base64.b64encode(data).decode(),
    })  # fmt: skip
    said: dict[str, Any] = {
        "contentType": kind, "url": str(content.ref), "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
    }  # fmt: skip
    return tx.create({
        "resourceType": "DocumentReference", "status": "current", **({"type": type_} if type_ else {}),
        "subject": {"reference": resident}, "date": instant(tx.now), "author": [{"reference": tx.actor.person}],
        "custodian": {"reference": tx.actor.organization},
        "context": {"related": [{"reference": each} for each in about]},
        "content": [{"attachment": {**said, **({"title": title} if title else {})}}],
    })  # fmt: skip


def of(reads: Reads, about: list[str]) -> dict[str, dict[str, Any]]:
    """What was signed ("EpisodeOfCare/x") -> its newest paper, where there is one."""
    if not about:
        return {}
    found = reads.search("DocumentReference", [("related", ",".join(about)), ("status", "current")])
    found.sort(key=lambda each: (str(each["date"]), str(each["id"])))
    return {each["context"]["related"][0]["reference"]: each for each in found}


def content(reads: Reads, about: str) -> tuple[str, bytes]:
    """(content type, bytes) of the newest paper; NotFound when nothing was signed on paper."""
    document = of(reads, [about]).get(about)
    if document is None:
        raise NotFound("read.not-found", type="DocumentReference", id=Ref.parse(about).id)
    return bytes_of(reads, document)


def bytes_of(reads: Reads, document: dict[str, Any]) -> tuple[str, bytes]:
    """(content type, bytes) of what a document says."""
    said = document["content"][0]["attachment"]
    stored = reads.read("Binary", Ref.parse(said["url"]).id)
    return str(said["contentType"]), base64.b64decode(stored["data"])
