"""Numbers over time: which of a resident's values have been measured often enough, and one of them as a picture."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import HOME
from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.terms.catalogue import analytes
from doorstep.web import charts
from doorstep.web.charts import Chart
from doorstep.web.templatetags.words import concept, word

Resource = dict[str, Any]

LEAST: Final = 2
MOST: Final = 40
SHOWN: Final = 8
PRESSURE: Final = "85354-9"
_SYSTOLIC: Final = "8480-6"


def known(reads: Reads, resident: str) -> list[tuple[str, str, int]]:
    """(LOINC code, name, how often) of what was measured more than once among the latest values."""
    query = [("patient", f"Patient/{resident}"), ("_sort", "-date"), ("_count", "100")]
    found = [exact.decode(row.body) for row in reads.page("Observation", query, strict=True).matches]
    named = {code: each["code"] for each in found if (code := _code(each))}
    counted = Counter(_code(each) for each in found)
    return [(code, _name(code, named[code]), n) for code, n in counted.most_common(SHOWN) if code and n >= LEAST]


def picture(reads: Reads, resident: str, code: str) -> Chart | None:
    """One value over time, with its usual range and the days on which drugs were prescribed; None without a number."""
    query = [("patient", f"Patient/{resident}"), ("code", f"{systems.LOINC}|{code}"), ("_sort", "-date"),
             ("_count", str(MOST))]  # fmt: skip
    found = [exact.decode(row.body) for row in reads.page("Observation", query, strict=True).matches]
    points = [(on, value) for each in reversed(found) if (on := _day(each)) and (value := _number(each)) is not None]
    if not points:
        return None
    analyte = analytes().get(_SYSTOLIC if code == PRESSURE else code)
    drugs = [("patient", f"Patient/{resident}"), ("_sort", "-authoredon"), ("_count", "20")]
    prescribed = [exact.decode(row.body) for row in reads.page("MedicationRequest", drugs, strict=True).matches]
    changes = {date.fromisoformat(each["authoredOn"][:10]) for each in prescribed if each.get("authoredOn")}
    within = sorted(on for on in changes if points[0][0] <= on <= points[-1][0])
    return charts.trend(points, unit=analyte.shown if analyte else "", low=analyte.low if analyte else None,
                        high=analyte.high if analyte else None, changes=within)  # fmt: skip


def name_of(code: str) -> str:
    """What a value is called, by its code."""
    known = analytes().get(code)
    return _name(code, {"coding": [known.concept.coding()]} if known else {"text": code})


def title(observation: Resource) -> str:
    """What was measured, in the reader's words."""
    return _name(_code(observation), observation.get("code", {}))


def _name(code: str, concept_: Resource) -> str:
    return word("web.pressure") if code == PRESSURE else concept(concept_) or code


def _code(observation: Resource) -> str:
    codings = observation.get("code", {}).get("coding", ())
    return next((str(each["code"]) for each in codings if each.get("system") == systems.LOINC), "")


def _day(observation: Resource) -> date | None:
    at = str(observation.get("effectiveDateTime", ""))
    if len(at) > 10:
        return datetime.fromisoformat(at).astimezone(HOME).date()
    return date.fromisoformat(at) if len(at) == 10 else None


def _number(observation: Resource) -> Decimal | None:
    """The value; of a blood pressure the upper one."""
    for part in (observation, *observation.get("component", ())[:1]):
        if "valueQuantity" in part and "value" in part["valueQuantity"]:
            return Decimal(str(part["valueQuantity"]["value"]))
    return None
