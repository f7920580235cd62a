"""What the laboratory adds to an order's page: the tube's number, the legs of its turnaround, a stopped release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doorstep.kernel.read import Reads
from doorstep.terms import tubes
from doorstep.workflows import control, labels, result, specimen, turnaround
from doorstep.workflows.coordination import state_of


def about(reads: Reads, task: dict[str, Any], request: dict[str, Any], steps: Sequence[Any]) -> dict[str, Any]:
    """Number, tube, strip of the legs and, for the laboratory, the analyser that stops the release."""
    legs = turnaround.legs((step.act, step.at) for step in steps)
    ahead = next((leg.code for leg in legs if not leg.at), "")
    test = result.test_of(request)
    ours = task["restriction"]["recipient"][0]["reference"] == reads.actor.organization
    out = None
    if ours and test is not None and state_of(task) == "checking":
        out = control.stopped(reads, laboratory=reads.actor.organization, test=test.concept.code)
    return {
        "strip": [{"label": leg.label, "at": leg.at, "minutes": leg.minutes,
                   "state": "done" if leg.at else "now" if leg.code == ahead else "next"} for leg in legs],
        "number": labels.number_of(request), "tube": tubes.tubes().get(labels.letter_of(test)),
        "printed": specimen.copies_of(task), "stopped": out,
    }  # fmt: skip
