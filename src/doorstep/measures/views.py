"""Flat views of the record: which columns of a resource the figures read (in the style of SQL-on-FHIR ViewDefinitions).

A view names the type that it flattens and makes rows of one version. Rows are kept for every version; a figure sees the
newest of each resource. No name and no text about a resident is in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.index import date_range
from doorstep.terms import systems

Resource = dict[str, Any]
Row = dict[str, Any]

TEXT: Final = "VARCHAR"
MOMENT: Final = "BIGINT"
NUMBER: Final = "DOUBLE"
VERSION: Final = 2
"""Raised when a column changes: files of an older version are made anew."""


@dataclass(frozen=True, slots=True)
class View:
    """``columns`` beside id, version, deleted and keeper (the institution that keeps it); ``rows`` makes those."""

    name: str
    type: str
    columns: dict[str, str]
    rows: Callable[[Resource], Iterator[Row]]

    @property
    def all_columns(self) -> dict[str, str]:
        return {"id": TEXT, "version": MOMENT, "deleted": "BOOLEAN", "keeper": TEXT, **self.columns}


def _tasks(task: Resource) -> Iterator[Row]:
    codings = task.get("code", {}).get("coding", ())
    inside = {**_boxes(task.get("input", ())), **_boxes(task.get("output", ()))}
    yield {
        "workflow": _first(codings, systems.WORKFLOW),
        "item": next((each.get("code", "") for each in codings if each.get("system") != systems.WORKFLOW), ""),
        "state": _code(task.get("businessStatus")), "status": task.get("status", ""),
        "priority": task.get("priority", ""), "asking": _reference(task, "requester"),
        "asked": _reference({"it": (task.get("restriction", {}).get("recipient") or [{}])[0]}, "it"),
        "resident": _reference(task, "for"), "focus": _reference(task, "focus"),
        "encounter": _reference(task, "encounter"),
        "part_of": next((each.get("reference", "") for each in task.get("partOf", ())), ""),
        "authored": moment(task.get("authoredOn")), "reason": inside.get("reason", ""),
        "fen": _number(inside.get("fen")), "score": _number(inside.get("score")),
        "due": moment(task.get("restriction", {}).get("period", {}).get("end")),
    }  # fmt: skip


def _acts(provenance: Resource) -> Iterator[Row]:
    activity = (provenance.get("activity", {}).get("coding") or [{}])[0]
    agent = (provenance.get("agent") or [{}])[0]
    system = str(activity.get("system", ""))
    workflow = system.removeprefix(f"{systems.BASE}/cs/").removesuffix("-act") if system.endswith("-act") else ""
    targets = [str(each.get("reference", "")) for each in provenance.get("target", ())]
    yield {
        "workflow": workflow, "act": activity.get("code", ""),
        "target": (targets or [""])[0].partition("/_history/")[0],
        "occurred": moment(provenance.get("occurredDateTime")), "recorded": moment(provenance.get("recorded")),
        "who": _reference(agent, "who"), "institution": _reference(agent, "onBehalfOf"),
        "reason": _code((provenance.get("reason") or [None])[0]),
    }  # fmt: skip


def _encounters(encounter: Resource) -> Iterator[Row]:
    stay = encounter.get("hospitalization", {})
    outcome = next((str(each.get("valueCoding", {}).get("code", "")) for each in encounter.get("extension", ())
                    if each.get("url") == OUTCOME), "")  # fmt: skip
    yield {
        "class": encounter.get("class", {}).get("code", ""), "status": encounter.get("status", ""),
        "institution": _reference(encounter, "serviceProvider"), "resident": _reference(encounter, "subject"),
        "start": moment(encounter.get("period", {}).get("start")),
        "end_": moment(encounter.get("period", {}).get("end"), late=True), "outcome": outcome.rpartition(".")[2],
        "disposition": _code(stay.get("dischargeDisposition")),
        "based_on": next((each.get("reference", "") for each in encounter.get("basedOn", ())), ""),
    }  # fmt: skip


def _places(place: Resource) -> Iterator[Row]:
    yield {
        "kind": _code(place.get("physicalType")), "institution": _reference(place, "managingOrganization"),
        "within": _reference(place, "partOf"), "status": place.get("status", ""),
        "use": place.get("operationalStatus", {}).get("code", ""),
    }  # fmt: skip


def _institutions(organization: Resource) -> Iterator[Row]:
    kinds = (coding for each in organization.get("type", ()) for coding in each.get("coding", ()))
    yield {
        "kind": _first(kinds, systems.ORGANIZATION_KIND), "above": _reference(organization, "partOf"),
        "active": organization.get("active", True) is not False,
    }  # fmt: skip


def _answers(response: Resource) -> Iterator[Row]:
    for item in response.get("item", ()):
        for answer in item.get("answer", ()):
            value = answer.get("valueInteger", answer.get("valueDecimal"))
            coded = answer.get("valueCoding", {}).get("code", "")
            yield {
                "questionnaire": str(response.get("questionnaire", "")), "question": str(item.get("linkId", "")),
                "number": float(value) if value is not None else None, "code": coded,
                "encounter": _reference(response, "encounter"), "authored": moment(response.get("authored")),
                "based_on": next((each.get("reference", "") for each in response.get("basedOn", ())), ""),
            }  # fmt: skip


OUTCOME: Final = f"{systems.BASE}/ext/outcome"
"""How a stay ended: cured, improved, unhealed, died, other."""

VIEWS: Final[dict[str, View]] = {
    view.name: view
    for view in (
        View("task", "Task", {
            "workflow": TEXT, "item": TEXT, "state": TEXT, "status": TEXT, "priority": TEXT, "asking": TEXT,
            "asked": TEXT, "resident": TEXT, "focus": TEXT, "encounter": TEXT, "part_of": TEXT, "authored": MOMENT,
            "reason": TEXT, "fen": NUMBER, "score": NUMBER, "due": MOMENT}, _tasks),
        View("act", "Provenance", {
            "workflow": TEXT, "act": TEXT, "target": TEXT, "occurred": MOMENT, "recorded": MOMENT, "who": TEXT,
            "institution": TEXT, "reason": TEXT}, _acts),
        View("encounter", "Encounter", {
            "class": TEXT, "status": TEXT, "institution": TEXT, "resident": TEXT, "start": MOMENT, "end_": MOMENT,
            "outcome": TEXT, "disposition": TEXT, "based_on": TEXT}, _encounters),
        View("place", "Location", {
            "kind": TEXT, "institution": TEXT, "within": TEXT, "status": TEXT, "use": TEXT}, _places),
        View("institution", "Organization", {"kind": TEXT, "above": TEXT, "active": "BOOLEAN"}, _institutions),
        View("answer", "QuestionnaireResponse", {
            "questionnaire": TEXT, "question": TEXT, "number": NUMBER, "code": TEXT, "encounter": TEXT,
            "authored": MOMENT, "based_on": TEXT}, _answers),
    )
}  # fmt: skip
"""View by name; its columns are what an indicator's SQL may use."""


def moment(text: Any, *, late: bool = False) -> int | None:
    """A FHIR date, dateTime or instant as microseconds: its first, with ``late`` its last; None when there is none."""
    found = date_range(str(text)) if text else None
    return found[1 if late and "T" not in str(text) else 0] if found else None


def _boxes(items: Any) -> dict[str, str]:
    found = {}
    for entry in items:
        codings = entry.get("type", {}).get("coding") or [{}]
        value = entry.get("valueString", entry.get("valueInteger", entry.get("valueDecimal")))
        if value is not None:
            found[str(codings[0].get("code", ""))] = str(value)
    return found


def _reference(holder: Any, name: str) -> str:
    return str((holder.get(name) or {}).get("reference", ""))


def _code(concept: Any) -> str:
    codings = (concept or {}).get("coding") or [{}]
    return str(codings[0].get("code", ""))


def _first(codings: Any, system: str) -> str:
    return next((str(each.get("code", "")) for each in codings if each.get("system") == system), "")


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
