"""What a sender's own codes mean: a ConceptMap for each, from its codes to ours, kept by its laboratory."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import analytes
from doorstep.workflows.directory import attest, typed

SENDER: Final = f"{systems.BASE}/sid/hl7-sender"
IGNORED: Final = "-"
"""Stands for a code whose values are not kept."""


def of(reads: Reads, sender: str) -> dict[str, str]:
    """The sender's code -> LOINC code; "" for one whose values are not kept."""
    try:
        found = reads.read("ConceptMap", id_of(sender))
    except (NotFound, Gone):
        return {}
    told = {}
    for group in found.get("group", ()):
        for element in group.get("element", ()):
            target = element.get("target", [{}])[0]
            told[str(element["code"])] = str(target.get("code", "")) if target.get("equivalence") == "equal" else ""
    return told


def put(tx: Tx, *, sender: str, code: str, loinc: str) -> Stored:
    """One code of a sender means one of ours, or is not kept."""
    if tx.actor.role != "technician":
        raise Forbidden("lab.bench-only")
    typed(code=code, loinc=loinc)
    if loinc != IGNORED and loinc not in analytes():
        raise Invalid("lab.unknown-analyte", element="loinc", given=loinc[:40])
    told = {**of(tx, sender), code.strip()[:100]: "" if loinc == IGNORED else loinc}
    made: dict[str, Any] = {
        "resourceType": "ConceptMap", "id": id_of(sender), "status": "active",
        "url": f"{systems.BASE}/map/{id_of(sender)}", "name": "LaboratoryCodes", "title": sender,
        "identifier": {"system": SENDER, "value": sender},
        "group": [{"source": SENDER, "target": systems.LOINC, "element": [
            {"code": own, "target": [_target(ours)]} for own, ours in sorted(told.items())
        ]}],
    }  # fmt: skip
    stored, _ = tx.update(made)
    attest(tx, "serve", stored)
    return stored


def id_of(sender: str) -> str:
    """The id of a sender's map."""
    return f"hl7-{sha256(sender.encode()).hexdigest()[:24]}"


def _target(loinc: str) -> dict[str, Any]:
    if not loinc:
        return {"equivalence": "unmatched", "comment": "not kept"}
    return {"code": loinc, "display": analytes()[loinc].concept.zh, "equivalence": "equal"}
