"""The main line as steps: who acts, where, what they press, and which FHIR resource that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.read import Reads
from doorstep.kernel.store import Store

OPEN: Final = "requested,accepted,in-progress,on-hold"
_CODES: Final = {"order": "LYTE"}
"""What is looked for where that is not the workflow: of several orders the one whose value is critical."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``text`` is a message key; ``place`` an address in which {visit}, {order} ... stand for what there is
    at that moment; ``resource`` the FHIR search that shows it."""

    account: str
    text: str
    place: str
    resource: str


STEPS: Final = (
    Step("lifang", "tour.book", "/me/booking/{clinic}/", "Appointment"),
    Step("wangfang", "tour.arrive", "/desk/bookings/", "Appointment"),
    Step("zhangmin", "tour.call", "/desk/queue/?clinic={clinic}&room={room}", "ServiceRequest"),
    Step("wanglei", "tour.report", "/t/{order}/", "Observation"),
    Step("linhua", "tour.release", "/t/{order}/", "DiagnosticReport"),
    Step("zhangmin", "tour.alarm", "/t/{critical}/", "ServiceRequest"),
    Step("zhaoqian", "tour.accept", "/referral/{referral}/", "Task"),
    Step("chenzhiyuan", "tour.return", "/t/{referral}/", "CarePlan"),
    Step("zhangmin", "tour.follow", "/t/{plan}/", "Task"),
    Step("zhouwei", "tour.figures", "/alliance/", "MeasureReport"),
)

WHO: Final = {
    "lifang": "tour.who-lifang", "wangfang": "tour.who-wangfang", "zhangmin": "tour.who-zhangmin",
    "wanglei": "tour.who-wanglei", "linhua": "tour.who-linhua", "zhaoqian": "tour.who-zhaoqian",
    "chenzhiyuan": "tour.who-chenzhiyuan", "zhouwei": "tour.who-zhouwei",
}  # fmt: skip
"""How each of them is called, as message keys."""


def place_of(store: Store, step: Step) -> str:
    """Where a step is done now; "" when what it is about is not there yet."""
    patient = store.setting("demo.resident", "")
    known = {"clinic": store.setting("demo.clinic", ""), "room": store.setting("demo.room", "")}
    with store.snapshot(SYSTEM, audited=False) as reads:
        for name in ("visit", "order", "critical", "referral", "plan"):
            if f"{{{name}}}" in step.place:
                code = _CODES.get(name, name)
                known[name] = _visit(reads, patient) if name == "visit" else _task(reads, patient, code)
    wanted = {name: value for name, value in known.items() if f"{{{name}}}" in step.place}
    return step.place.format(**wanted) if all(wanted.values()) else ""


def search_of(store: Store, step: Step) -> list[tuple[str, str]]:
    """The search that finds a step's newest resource."""
    person = "patient" if step.resource in ("Appointment", "Encounter", "CarePlan", "Task") else "subject"
    return [(person, f"Patient/{store.setting('demo.resident', '')}"), ("_sort", "-_lastUpdated"), ("_count", "1")]


def _visit(reads: Reads, patient: str) -> str:
    asked = [("patient", f"Patient/{patient}"), ("status", "in-progress"), ("class", "AMB"), ("_sort", "-date")]
    return _first(reads.search("Encounter", asked))


def _task(reads: Reads, patient: str, code: str) -> str:
    asked = [("patient", f"Patient/{patient}"), ("code", code), ("status", OPEN), ("_sort", "-_lastUpdated")]
    return _first(reads.search("Task", asked))


def _first(found: list[dict[str, Any]]) -> str:
    return str(found[0]["id"]) if found else ""
