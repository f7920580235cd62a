"""Two entries, one person: the one is marked as replaced by the other, and can be set free again.

Nothing is moved or rewritten: the replaced Patient says ``replaced-by`` and is inactive, the surviving one says
``replaces``; every record stays under the resident whom it names, in its own part of the store. The kernel shows the
records of the replaced resident with the survivor's, and lets the grants and refusals of both hold for the one person.
Undoing restores what was. Every step is a Provenance that names both.
"""

from __future__ import annotations

from typing import Any

from doorstep.kernel import exact, keys
from doorstep.kernel.errors import Conflict, Invalid
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows.registration import attest

Resource = dict[str, Any]

REPLACED_BY, REPLACES = "replaced-by", "replaces"


def merge(tx: Tx, *, survivor: str, replaced: str, note: str = "") -> Stored:
    """Mark ``replaced`` as the same person as ``survivor``; the Provenance."""
    if survivor == replaced:
        raise Invalid("persons.merge-itself", element="survivor")
    kept, kept_at = _patient(tx, survivor)
    gone, gone_at = _patient(tx, replaced)
    for entry in (kept, gone):
        if entry.get("active") is False or replacement(entry):
            raise Conflict("persons.merged-already", resident=f"Patient/{entry['id']}")
    kept.setdefault("link", []).append({"other": {"reference": replaced}, "type": REPLACES})
    gone.setdefault("link", []).append({"other": {"reference": survivor}, "type": REPLACED_BY})
    gone["active"] = False
    moved = [gone["id"], *_below(keys.whole(tx), gone)]
    for each in moved[1:]:
        tx.part_from(each, gone["id"])
    for each in moved:
        tx.join_to(each, kept["id"])
    return _write(tx, (kept, kept_at), (gone, gone_at), act="merge", note=note)


def unmerge(tx: Tx, *, replaced: str, note: str) -> Stored:
    """They were two people after all: both entries stand as before, with their own records, grants and refusals."""
    if not note.strip():
        raise Invalid("persons.note-needed", element="note", least=1)
    gone, gone_at = _patient(tx, replaced)
    survivor = replacement(gone)
    if not survivor:
        raise Conflict("persons.not-merged", resident=replaced)
    kept, kept_at = _patient(tx, survivor)
    _unlink(kept, replaced, REPLACES)
    _unlink(gone, survivor, REPLACED_BY)
    gone["active"] = True
    moved = [gone["id"], *_below(keys.whole(tx), gone)]
    for each in moved:
        tx.part_from(each, kept["id"])
    for each in moved[1:]:
        tx.join_to(each, gone["id"])
    return _write(tx, (kept, kept_at), (gone, gone_at), act="unmerge", note=note)


def replacement(patient: Resource) -> str:
    """Who stands for this entry now, as a reference; "" when it stands for itself."""
    return next((link["other"]["reference"] for link in patient.get("link", ()) if link["type"] == REPLACED_BY), "")


def replaced_of(patient: Resource) -> list[str]:
    """The entries that this one stands for, as references."""
    return [link["other"]["reference"] for link in patient.get("link", ()) if link["type"] == REPLACES]


def standing(reads: Reads, resident: str) -> str:
    """The entry that stands for a resident's id now: itself, or the one that replaced it (also at several removes)."""
    seen: set[str] = set()
    while resident not in seen:
        seen.add(resident)
        above = replacement(reads.read("Patient", Ref.parse(resident).id))
        resident = above or resident
    return resident


def _below(reads: Reads, patient: Resource) -> list[str]:
    """The ids of all that an entry stands for, also at several removes; read with the record's own eyes."""
    found: list[str] = []
    for reference in replaced_of(patient):
        id = Ref.parse(reference).id
        found += [id, *_below(reads, reads.read("Patient", id))]
    return found


def _patient(tx: Tx, reference: str) -> tuple[Resource, int]:
    stored = tx.stored("Patient", Ref.parse(reference).id)
    return exact.decode(stored.body), stored.version


def _unlink(patient: Resource, other: str, kind: str) -> None:
    left = [link for link in patient.get("link", ()) if (link["other"]["reference"], link["type"]) != (other, kind)]
    patient["link"] = left
    if not left:
        del patient["link"]


def _write(tx: Tx, kept: tuple[Resource, int], gone: tuple[Resource, int], *, act: str, note: str) -> Stored:
    written = [tx.update(patient, if_match=version)[0] for patient, version in (kept, gone)]
    first, second = (f"{each.ref}/_history/{each.version}" for each in written)
    return attest(tx, first, act=act, note=note, also=(second,))
