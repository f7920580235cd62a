"""The diagnoses of a visit: Conditions of the encounter, suspected or confirmed, one of them the main one (R4
Encounter.diagnosis: rank 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.diagnoses import diagnoses

MOST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One diagnosis: a code of the list, or ``text`` alone when the list has no name for it."""

    code: str = ""
    text: str = ""
    confirmed: bool = False
    main: bool = False


def read(entries: Sequence[Diagnosed]) -> list[Diagnosed]:
    """The entries, checked: known codes, none twice, one main one (the first when none was chosen)."""
    for each in entries:
        if each.code and each.code not in diagnoses():
            raise Invalid("diagnosis.unknown", element="dx", code=each.code)
        if not each.code and not 0 < len(each.text.strip()) <= MOST_TEXT:
            raise Invalid("diagnosis.needs-words", element="dx", most=MOST_TEXT)
    named = [each.code or each.text.strip() for each in entries]
    if len(set(named)) < len(named):
        raise RuleBroken("diagnosis.twice", element="dx")
    if sum(each.main for each in entries) > 1:
        raise RuleBroken("diagnosis.one-main", element="dx")
    return list(entries)


def write(tx: Tx, *, visit: dict[str, Any], entries: Sequence[Diagnosed]) -> list[Stored]:
    """The Conditions, and ``visit`` (the Encounter as it will be written) with its diagnoses in their rank."""
    written = [tx.create(_condition(tx, visit, each)) for each in read(entries)]
    if not written:
        return []
    before = list(visit.get("diagnosis", ()))
    main = next((at for at, each in enumerate(entries) if each.main), None)
    if main is None:
        order = [*before, *(_entry(each) for each in written)]
    else:
        rest = [_entry(each) for at, each in enumerate(written) if at != main]
        order = [_entry(written[main]), *before, *rest]
    visit["diagnosis"] = [{**each, "rank": rank} for rank, each in enumerate(order, 1)]
    return written


def _entry(stored: Stored) -> dict[str, Any]:
    return {"condition": {"reference": str(stored.ref)}}


def _condition(tx: Tx, visit: dict[str, Any], entry: Diagnosed) -> dict[str, Any]:
    known = diagnoses().get(entry.code)
    code: dict[str, Any] = {"text": known.zh if known else entry.text.strip()}
    if known:
        code["coding"] = [known.coding()]
    status = "confirmed" if entry.confirmed else "provisional"
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": systems.CONDITION_CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": systems.CONDITION_VERIFIED, "code": status}]},
        "category": [{"coding": [{"system": systems.CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": code, "subject": visit["subject"], "encounter": {"reference": f"Encounter/{visit['id']}"},
        "recordedDate": instant(tx.now), "recorder": {"reference": tx.actor.person},
    }  # fmt: skip
