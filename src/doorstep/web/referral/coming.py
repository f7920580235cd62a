"""The coordinator's page: what is to be answered, who is on the way, who is here without a reply, and the beds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.kernel.read import Reads
from doorstep.kernel.worklist import Ask
from doorstep.web import lists
from doorstep.web.guard import staff
from doorstep.workflows import beds

PARTS: Final = (
    ("sent", "referral.to-answer"), ("lapsed", "referral.to-place"), ("accepted", "referral.on-the-way"),
    ("arrived", "referral.here"),
)  # fmt: skip
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Part:
    """The referrals of one state, most pressing first."""

    label: str
    rows: list[lists.Row]


@dataclass(frozen=True, slots=True)
class Ward:
    """The beds of one ward in numbers."""

    name: str
    free: int
    held: int
    occupied: int
    out: int


@staff
def show(request: Any) -> HttpResponse:
    now, here = request.store.clock.now(), request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        parts = [
            Part(label, lists.of_items(reads, reads.waiting(
                Ask(owner=here, code="referral", state=state), limit=_MOST), now))
            for state, label in PARTS
        ]  # fmt: skip
        wards = wards_of(reads, here)
    return render(request, "referral/coming.html", {"parts": parts, "wards": wards})


def wards_of(reads: Reads, organization: str) -> list[Ward]:
    """The wards of a house with their beds by how they stand."""
    counts: dict[str, dict[str, int]] = {}
    for bed in beds.board(reads, organization):
        ward = counts.setdefault(bed.ward, dict.fromkeys((beds.FREE, beds.KEPT, beds.OCCUPIED, beds.OUT), 0))
        ward[bed.state] += 1
    return [Ward(name, ward[beds.FREE], ward[beds.KEPT], ward[beds.OCCUPIED], ward[beds.OUT])
            for name, ward in counts.items()]  # fmt: skip
