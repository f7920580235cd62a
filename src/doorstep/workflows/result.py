"""What a laboratory releases: values with their flags and limits, the report, and the alarms that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Test, analytes, tests
from doorstep.workflows import critical
from doorstep.workflows.measure import quantity, read_number
from doorstep.workflows.table import Act, needed

_RESULT: Final = {"coding": [{"system": systems.OBSERVATION_CATEGORY, "code": "laboratory"}]}


def test_of(order: dict[str, Any]) -> Test | None:
    """The test that a ServiceRequest asks for; None for an order from outside that our menu does not have."""
    codes = [coding["code"] for coding in order["code"].get("coding", ()) if coding.get("system") == systems.TEST]
    return tests().get(codes[0]) if codes else None


def read_values(act: Act, order: dict[str, Any], results: Mapping[str, str]) -> dict[str, Decimal]:
    """LOINC code -> number. Refuses what is missing, is no number or was not asked for."""
    given = {code: text for code, text in results.items() if text.strip()}
    test = test_of(order)
    wanted = [analyte.concept.code for analyte in test.analytes] if test else []
    for code in given:
        if code not in wanted:
            raise RuleBroken("workflows.other-analyte", element=code, analyte=code)
    needed(act, {"results": tuple(wanted), "note": "-", **given}, tuple(wanted))
    return {code: read_number(given[code], element=code) for code in wanted}


def write(
    tx: Tx, *, order: dict[str, Any], values: Mapping[str, Decimal], conclusion: str, taken: str, specimen: str,
    earlier: dict[str, Any] | None,
) -> tuple[Stored, list[tuple[Stored, dict[str, Any]]]]:  # fmt: skip
    """The report and its values, again when they are corrected: (DiagnosticReport, [(Observation, as it reads)])."""
    observed = _write_values(tx, taken, order, values, specimen, earlier)
    made = _report(tx, order, [stored for stored, _ in observed], conclusion, taken, specimen)
    if earlier is None:
        return tx.create(made), observed
    collected = earlier["effectiveDateTime"]
    again = {**made, "id": earlier["id"], "status": "corrected", "effectiveDateTime": collected}
    return tx.update(again)[0], observed


def _write_values(
    tx: Tx, taken: str, order: dict[str, Any], values: Mapping[str, Decimal], specimen: str,
    earlier: dict[str, Any] | None,
) -> list[tuple[Stored, dict[str, Any]]]:  # fmt: skip
    """The Observations with their new text; one that says what it said before stays as it is, with its alarm."""
    ids = [Ref.parse(entry["reference"]).id for entry in (earlier or {}).get("result", ())]
    old = {critical.code_of(found): found for found in (tx.read("Observation", id_) for id_ in ids)}
    written = []
    for made in _observations(tx, order, values, taken, specimen):
        there = old.get(critical.code_of(made))
        if there is None:
            written.append((tx.create(made), made))
        elif str(there["valueQuantity"]["value"]) == str(made["valueQuantity"]["value"]):
            there.pop("interpretation", None)  # its alarm stands or was answered: it does not alarm again
            written.append((tx.stored("Observation", there["id"]), there))
        else:
            collected = there["effectiveDateTime"]
            changed = {**made, "id": there["id"], "status": "corrected", "effectiveDateTime": collected}
            critical.amend(tx, observation=f"Observation/{there['id']}")
            written.append((tx.update(changed)[0], changed))
    return written


def _observations(
    tx: Tx, order: dict[str, Any], values: Mapping[str, Decimal], taken: str, specimen: str
) -> list[dict[str, Any]]:
    common = _common(tx, order, taken)
    if specimen:
        common["specimen"] = {"reference": specimen}
    known = analytes()
    return [
        critical.flagged(
            tx,
            {
                "resourceType": "Observation", "status": "final", "category": [_RESULT],
                "code": {"coding": [known[code].concept.coding()]}, **common, **quantity(known[code], value),
            },
        )
        for code, value in values.items()
    ]  # fmt: skip


def _report(
    tx: Tx, order: dict[str, Any], observed: list[Stored], conclusion: str, taken: str, specimen: str
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}],
        "code": order["code"], **_common(tx, order, taken),
        "result": [{"reference": str(each.ref)} for each in observed],
    }  # fmt: skip
    if specimen:
        report["specimen"] = [{"reference": specimen}]
    if conclusion.strip():
        report["conclusion"] = conclusion.strip()
    return report


def _common(tx: Tx, order: dict[str, Any], taken: str) -> dict[str, Any]:
    found = {
        "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
        "subject": order["subject"],
        "effectiveDateTime": taken,
        "issued": instant(tx.now),
        "performer": [{"reference": tx.actor.organization}],
    }
    return {**found, "encounter": order["encounter"]} if "encounter" in order else found
