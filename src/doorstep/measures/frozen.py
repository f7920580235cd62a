"""A figure as a MeasureReport (R4), and back: numbers, version, period and cut-off; hidden ones stay hidden."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.measures.figures import Amount
from doorstep.measures.shown import Shown
from doorstep.terms import systems

_POPULATION: Final = "http://terminology.hl7.org/CodeSystem/measure-population"
_MEASURE: Final = f"{systems.BASE}/Measure/"
_PERIOD: Final = f"{systems.BASE}/ext/period"
_HIDDEN: Final = f"{systems.BASE}/ext/hidden"
_CASES, _P90 = f"{systems.BASE}/ext/cases", f"{systems.BASE}/ext/p90"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a report says; ``amount`` None where it was hidden."""

    code: str
    version: int
    period: str
    amount: Amount | None


def report(found: Shown) -> dict[str, Any]:
    """A figure as it may leave the house. Its reporter is set by whoever freezes it."""
    figure = found.figure
    last = figure.period.end - timedelta(days=1)
    group = _group(found.total)
    strata = [{"value": {"text": name}, **_group(part)} for name, part in found.parts.items()]
    if strata:
        group["stratifier"] = [{"code": [{"text": "institution"}], "stratum": strata}]
    return {
        "resourceType": "MeasureReport", "status": "complete", "type": "summary",
        "measure": f"{_MEASURE}{figure.indicator.code}|{figure.version}", "date": instant(figure.cut_off),
        "period": {"start": figure.period.start.isoformat(), "end": last.isoformat()},
        "extension": [{"url": _PERIOD, "valueString": figure.period.code}], "group": [group],
    }  # fmt: skip


def read(resource: dict[str, Any]) -> Kept:
    """A frozen figure."""
    code, _, version = str(resource["measure"]).removeprefix(_MEASURE).partition("|")
    text = next((str(each["valueString"]) for each in resource.get("extension", ()) if each["url"] == _PERIOD), "")
    group = resource["group"][0]
    known = {each["url"]: each for each in group.get("extension", ())}
    if _CASES not in known:
        return Kept(code, int(version), text, None)
    counts = {each["code"]["coding"][0]["code"]: float(each["count"]) for each in group.get("population", ())}
    score = group.get("measureScore", {}).get("value")
    p90 = known.get(_P90, {}).get("valueDecimal")
    amount = Amount(
        known[_CASES]["valueInteger"], counts.get("numerator", 0.0), counts.get("denominator", 0.0),
        float(score) if score is not None else None, float(p90) if p90 is not None else None,
    )  # fmt: skip
    return Kept(code, int(version), text, amount)


def _group(amount: Amount | None) -> dict[str, Any]:
    """Counts and score; for a hidden one neither."""
    if amount is None:
        return {"extension": [{"url": _HIDDEN, "valueBoolean": True}]}
    extension: list[dict[str, Any]] = [{"url": _CASES, "valueInteger": amount.cases}]
    if amount.p90 is not None:
        extension.append({"url": _P90, "valueDecimal": _decimal(amount.p90)})
    population = [
        {"code": {"coding": [{"system": _POPULATION, "code": code}]}, "count": round(count)}
        for code, count in (("numerator", amount.n), ("denominator", amount.d))
    ]
    score = {"measureScore": {"value": _decimal(amount.value)}} if amount.value is not None else {}
    return {"extension": extension, "population": population, **score}


def _decimal(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))
