"""Which places are there for whom: what is free, what is kept for members and referrals, what is near to one gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.policies import policy
from doorstep.workflows import clinics
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]

OWN, DESK, MEMBER, REFERRAL, WALKIN = "own", "desk", "member", "referral", "walk-in"
"""Through whom a place was booked."""
NEAR: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One place with the clinic that it is at."""

    slot: Resource
    version: int
    schedule: Resource
    service: Resource

    @property
    def clinic(self) -> str:
        return f"HealthcareService/{self.service['id']}"

    @property
    def institution(self) -> str:
        return str(self.service["providedBy"]["reference"])

    @property
    def start(self) -> int:
        return moment(self.slot["start"])

    def free_to(self, channel: str, now: int, released: dict[str, int]) -> bool:
        kept = clinics.kept_for(self.slot)
        return self.slot["status"] == "free" and self.start > now and opens(kept, channel, self.start - now, released)


def opens(kept: str, channel: str, left: int, released: dict[str, int]) -> bool:
    """Whether a place that is kept for somebody may be booked through a channel, so long before it begins."""
    if not kept or left <= released[kept]:
        return True
    return channel == REFERRAL or (channel == MEMBER and kept == clinics.MEMBERS)


def releases(reads: Reads, now: int) -> dict[str, int]:
    """How long before their time kept places are everybody's, in microseconds."""
    return {kept: policy(f"booking.kept.{kept}", on=day(now), reads=reads).microseconds
            for kept in (clinics.MEMBERS, clinics.REFERRALS)}  # fmt: skip


def neighbours(reads: Reads, *, slot: str, channel: str, now: int, resident: str = "") -> list[Resource]:
    """The free places nearest to one that is gone: at the same schedule, else at the same clinic; at most two."""
    gone = place_of(reads, slot)
    released = releases(reads, now)
    for schedules in ([gone.schedule], clinics.schedules(reads, gone.clinic)):
        found = [
            each
            for schedule in schedules
            for each in clinics.ahead(reads, schedule["id"], now=now)
            if each["id"] != slot and Place(each, 0, schedule, gone.service).free_to(channel, now, released)
        ]
        if found:
            near = sorted(found, key=lambda each: abs(moment(each["start"]) - gone.start))[:NEAR]
            return sorted(near, key=lambda each: str(each["start"]))
    return []


def place_of(reads: Reads, slot: str) -> Place:
    """The place with its clinic. NotFound for a Slot that is none of ours."""
    stored = reads.stored("Slot", slot)
    found = exact.decode(stored.body)
    schedule = reads.read("Schedule", Ref.parse(found["schedule"]["reference"]).id)
    clinic = clinics.clinic_of(schedule)
    if not clinic:
        raise NotFound("read.not-found", type="Slot", id=slot)
    return Place(found, stored.version, schedule, reads.read("HealthcareService", Ref.parse(clinic).id))
