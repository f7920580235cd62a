"""Quality control of an analyser: each verdict by person and time; what is out of control stops release.

An analyser is a Device of the laboratory; ``Device.property`` lists the tests that it runs. A verdict is an Observation
about it. A test whose analysers are all out of control is not released until a later verdict says that one is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import tests
from doorstep.workflows.coordination import moment
from doorstep.workflows.directory import typed

ANALYSER: Final = f"{systems.BASE}/cs/analyser"
VERDICT: Final = f"{systems.BASE}/cs/quality-control"
IN, OUT = "in-control", "out-of-control"
VERDICTS: Final = {IN: "lab.qc-in-control", OUT: "lab.qc-out-of-control"}
"""Verdict -> message key."""
_RUNS: Final = "runs"
_BENCH: Final = ("technician",)


@dataclass(frozen=True, slots=True)
class Analyser:
    """One analyser with its last verdict; ``verdict`` "" when none was ever recorded."""

    id: str
    name: str
    tests: tuple[str, ...]
    verdict: str = ""
    by: str = ""
    at: str = ""
    note: str = ""

    @property
    def out(self) -> bool:
        return self.verdict == OUT


def add(tx: Tx, *, name: str, runs: tuple[str, ...]) -> Stored:
    """The laboratory has an analyser that runs some tests."""
    _bench(tx)
    typed(name=name, runs=" ".join(runs))
    unknown = [code for code in runs if code not in tests()]
    if unknown:
        raise Invalid("workflows.unknown-test", element="runs", test=unknown[0])
    return tx.create({
        "resourceType": "Device", "status": "active", "owner": {"reference": tx.actor.organization},
        "deviceName": [{"name": name.strip()[:80], "type": "user-friendly-name"}],
        "type": {"coding": [{"system": ANALYSER, "code": "analyser"}]},
        "property": [{"type": {"coding": [{"system": ANALYSER, "code": _RUNS}]},
                      "valueCode": [{"coding": [tests()[code].concept.coding()]} for code in runs]}],
    })  # fmt: skip


def judge(tx: Tx, *, analyser: str, verdict: str, note: str = "") -> Stored:
    """The verdict on a control run, by whoever looked at it; out of control needs a word on what was seen."""
    _bench(tx)
    device = tx.read("Device", analyser)
    if device.get("owner", {}).get("reference") != tx.actor.organization:
        raise NotFound("read.not-found", type="Device", id=analyser)
    if verdict not in VERDICTS:
        raise Invalid("lab.unknown-verdict", element="verdict", given=verdict)
    if verdict == OUT:
        typed(note=note)
    made: dict[str, Any] = {
        "resourceType": "Observation", "status": "final", "subject": {"reference": f"Device/{analyser}"},
        "code": {"coding": [{"system": VERDICT, "code": "quality-control"}]}, "effectiveDateTime": instant(tx.now),
        "performer": [{"reference": tx.actor.person}, {"reference": tx.actor.organization}],
        "valueCodeableConcept": {"coding": [{"system": VERDICT, "code": verdict}]},
    }  # fmt: skip
    if note.strip():
        made["note"] = [{"text": note.strip()[:500]}]
    return tx.create(made)


def analysers(reads: Reads, *, laboratory: str) -> list[Analyser]:
    """The laboratory's analysers by name, each with its last verdict."""
    found = reads.search("Device", [("organization", laboratory), ("type", f"{ANALYSER}|analyser")])
    return sorted((_shown(reads, device) for device in found), key=lambda each: each.name)


def stopped(reads: Reads, *, laboratory: str, test: str) -> Analyser | None:
    """The analyser for which a test may not be released; None when one is right, or none is known for the test."""
    mine = [each for each in analysers(reads, laboratory=laboratory) if test in each.tests]
    out = [each for each in mine if each.out]
    return max(out, key=lambda each: moment(each.at)) if out and len(out) == len(mine) else None


def require(reads: Reads, *, laboratory: str, test: str) -> None:
    """Refuse to release a test whose analysers are out of control."""
    out = stopped(reads, laboratory=laboratory, test=test)
    if out is not None:
        raise RuleBroken("lab.qc-out", analyser=out.name, at=out.at[:16].replace("T", " "), note=out.note)


def _shown(reads: Reads, device: dict[str, Any]) -> Analyser:
    codes = tuple(str(coding["code"]) for each in device.get("property", ()) for value in each.get("valueCode", ())
                  for coding in value.get("coding", ()) if coding.get("system") == systems.TEST)  # fmt: skip
    name = next((str(each["name"]) for each in device.get("deviceName", ())), str(device["id"]))
    query = [("subject", f"Device/{device['id']}"), ("code", f"{VERDICT}|quality-control"), ("_sort", "-date"),
             ("_count", "1")]  # fmt: skip
    page = reads.page("Observation", query, strict=True)
    if not page.matches:
        return Analyser(str(device["id"]), name, codes)
    last = reads.read("Observation", page.matches[0].id)
    return Analyser(
        str(device["id"]), name, codes, str(last["valueCodeableConcept"]["coding"][0]["code"]),
        str(last["performer"][0]["reference"]), str(last["effectiveDateTime"]),
        str(last.get("note", [{}])[0].get("text", "")),
    )  # fmt: skip


def _bench(tx: Tx) -> None:
    if tx.actor.role not in _BENCH:
        raise Forbidden("lab.bench-only")
