"""Given the report of another hospital system, when its scenarios are judged, then a failure is told from what is not offered."""

from __future__ import annotations

from typing import Any

import pytest

from tools.peer_sekmet import NOT_OFFERED, verdicts


def scenario(name: str, *statuses: str) -> dict[str, Any]:
    steps = [
        {"name": f"step {number}", "status": status, "message": "said",
         "checks": [{"check": "status 200", "ok": status == "passed", "detail": "got 500"}]}
        for number, status in enumerate(statuses, 1)
    ]  # fmt: skip
    status = "failed" if "failed" in statuses else "passed" if "passed" in statuses else "skipped"
    return {"file": f"/peer/library/{name}.yaml", "status": status, "steps": steps}


@pytest.mark.parametrize(
    ("name", "statuses", "good", "reason"),
    [
        ("conformance_smoke", ("passed", "passed"), True, ""),
        ("conformance_smoke", ("passed", "skipped"), True, ""),
        ("conformance_smoke", ("passed", "failed", "skipped"), False, "step 2: status 200: got 500"),
        ("conformance_smoke", ("skipped",), False, ""),
        ("lab_order_peer_fills", ("skipped",), True, f"needs {NOT_OFFERED['lab_order_peer_fills']}"),
        ("messaging_adt_orders", ("skipped",), False, ""),
    ],
)
def test_a_scenario_is_good_when_it_passes_or_needs_what_is_not_offered(
    name: str, statuses: tuple[str, ...], good: bool, reason: str
) -> None:
    (verdict,) = verdicts([scenario(name, *statuses)])
    assert (verdict.name, verdict.good, verdict.reason) == (name, good, reason)
    assert verdict.passed + verdict.skipped + verdict.failed == len(statuses)


def test_what_is_not_offered_says_what_is_needed() -> None:
    assert all(NOT_OFFERED.values())
