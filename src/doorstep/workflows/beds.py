"""Beds: which are free now, which are kept for somebody until when, and in which somebody lies.

A bed is a Location of the directory (``directory_places``) whose ward says its specialty. That somebody lies in it
stands in ``operationalStatus``; that it is kept is a claim with an expiry: of several who reach for the last bed one
gets it, and one that was not used in time is free again by itself. Who may ask for which bed is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.errors import Conflict, Gone, NotFound, Refusal, RuleBroken
from doorstep.kernel.keys import claimed, held_by
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import table
from doorstep.workflows.directory import coded, ref_of
from doorstep.workflows.directory_places import kind_of, places_of

Resource = dict[str, Any]

HELD: Final = "bed"
TAKEN: Final = "bed-taken"
LAPSE: Final = "bed.lapse"
"""Due work: the time for which a bed was kept is over."""
FREE, KEPT, OCCUPIED, OUT = "free", "held", "occupied", "out"


@dataclass(frozen=True, slots=True)
class Bed:
    """A bed as it stands now. ``holder`` keeps it (until ``until``, microseconds) or lies in it (an Encounter)."""

    reference: str
    name: str
    room: str
    ward: str
    ward_reference: str
    specialty: str
    institution: str
    state: str
    holder: str = ""
    until: int = 0

    @property
    def place(self) -> str:
        """How people say it: ward and bed."""
        return " ".join(part for part in (self.ward, self.name) if part)


def board(reads: Reads, organization: str) -> list[Bed]:
    """Every bed of an institution in the order of its places."""
    places = [each for _, each in places_of(reads, organization) if each.get("status") == "active"]
    above = {ref_of(each): each for each in places}
    found = [each for each in places if kind_of(each) == "bd"]
    held, taken = (claimed(reads, kind, (each["id"] for each in found)) for kind in (HELD, TAKEN))
    return [_bed(each, above.get, held.get(each["id"]), taken.get(each["id"])) for each in found]


def free(reads: Reads, organization: str, specialty: str = "") -> list[Bed]:
    """The beds of an institution that somebody can have now; of one specialty, if one is named."""
    return [bed for bed in board(reads, organization) if bed.state == FREE and specialty in ("", bed.specialty)]


def bed_of(reads: Reads, reference: str) -> Bed:
    """One bed as it stands now. NotFound for a place that is none."""
    target = Ref.parse(reference)
    location = reads.read("Location", target.id)
    if kind_of(location) != "bd":
        raise NotFound("read.not-found", type="Location", id=target.id)

    def above(reference: str) -> Resource | None:
        return reads.read("Location", Ref.parse(reference).id)

    held, taken = (claimed(reads, kind, [target.id]).get(target.id) for kind in (HELD, TAKEN))
    return _bed(location, above, held, taken)


def hold(tx: Tx, *, bed: str, source: str, until: int) -> None:
    """Keep a free bed for a source (a referral's Task) until a moment; again for the same source moves the moment."""
    target = Ref.parse(bed)
    stored = tx.stored("Location", target.id)
    location = exact.decode(stored.body)
    if kind_of(location) != "bd" or location.get("status") != "active":
        raise RuleBroken("beds.not-a-bed", element="bed")
    status = location.get("operationalStatus", {}).get("code")
    if status not in ("U", "O"):
        raise Conflict("beds.out-of-use", element="bed", bed=location.get("name", ""))
    if status == "O" or tx.holder(HELD, target.id) not in (None, source):
        raise Conflict("beds.taken", element="bed", bed=location.get("name", ""))
    tx.expect(stored)
    tx.claim(HELD, target.id, holder=source, expires=until)
    tx.due(until, LAPSE, ref=f"Location/{target.id}", payload={"source": source})


def take(tx: Tx, *, bed: str, encounter: str, source: str = "") -> None:
    """Somebody lies in the bed from now on. What ``source`` kept is given up; a bed that they had before is left."""
    target = Ref.parse(bed)
    stored = tx.stored("Location", target.id)
    location = exact.decode(stored.body)
    if kind_of(location) != "bd" or location.get("status") != "active":
        raise RuleBroken("beds.not-a-bed", element="bed")
    holder = tx.holder(TAKEN, target.id)
    if holder == encounter:
        return
    if holder is not None or tx.holder(HELD, target.id) not in (None, source or encounter):
        raise Conflict("beds.taken", element="bed", bed=location.get("name", ""))
    if location.get("operationalStatus", {}).get("code") != "U":
        raise Conflict("beds.out-of-use", element="bed", bed=location.get("name", ""))
    release(tx, source=encounter)
    # Whoever keeps it at the moment of the commit has it: this claim loses against theirs, and is over at once.
    tx.claim(HELD, target.id, holder=source or encounter, expires=tx.now)
    if source:
        release(tx, source=source)
    tx.claim(TAKEN, target.id, holder=encounter)
    _status(tx, location, stored.version, "O")


def release(tx: Tx, *, source: str, status: str = "U") -> None:
    """Give back every bed that a source keeps or an encounter lies in; such a one is then as ``status`` says."""
    for id_ in held_by(tx, HELD, source):
        tx.release(HELD, id_, holder=source)
    for id_ in held_by(tx, TAKEN, source):
        tx.release(TAKEN, id_, holder=source)
        stored = tx.stored("Location", id_)
        _status(tx, exact.decode(stored.body), stored.version, status)


def kept(tx: Tx, *, source: str) -> list[Bed]:
    """The beds that a source keeps now."""
    return [bed_of(tx, f"Location/{id_}") for id_ in held_by(tx, HELD, source) if tx.holder(HELD, id_) == source]


def lapsed(tx: Tx, *, ref: str, payload: dict[str, Any]) -> bool:
    """The time of a hold is over: whether it ended unused (it may have been moved on, used or given back)."""
    source, id_ = str(payload["source"]), Ref.parse(ref).id
    if tx.holder(HELD, id_) is not None or id_ not in held_by(tx, HELD, source):
        return False
    tx.release(HELD, id_, holder=source)
    return True


def is_gone(refusal: Refusal) -> bool:
    """Whether a refusal says that somebody else was faster, or that the bed cannot be used any more."""
    lost = refusal.key == "claims.taken" and refusal.params.get("kind") in (HELD, TAKEN)
    return lost or refusal.key in ("beds.taken", "beds.out-of-use", "beds.not-a-bed")


def specialty_of(ward: Resource) -> str:
    """What a ward is for; "" when it does not say."""
    return coded(ward, systems.SPECIALTY)


def _bed(
    location: Resource, above: Callable[[str], Resource | None], held: tuple[str, int] | None,
    taken: tuple[str, int] | None,
) -> Bed:  # fmt: skip
    room, ward, ward_reference, specialty = "", "", "", ""
    reference = str(location.get("partOf", {}).get("reference", ""))
    while reference and (place := _there(above, reference)) is not None:
        if kind_of(place) == "ro":
            room = str(place.get("name", ""))
        if kind_of(place) == "wa":
            ward, ward_reference, specialty = str(place.get("name", "")), reference, specialty_of(place)
            break
        reference = str(place.get("partOf", {}).get("reference", ""))
    status = location.get("operationalStatus", {}).get("code", "U")
    state = OCCUPIED if status == "O" else OUT if status != "U" else KEPT if held else FREE
    holder, until = (taken[0], 0) if taken else held if held else ("", 0)
    return Bed(ref_of(location), str(location.get("name", "")), room, ward, ward_reference, specialty,
               str(location.get("managingOrganization", {}).get("reference", "")), state, holder, until)  # fmt: skip


def _there(above: Callable[[str], Resource | None], reference: str) -> Resource | None:
    try:
        return above(reference)
    except (Gone, NotFound):
        return None


def _status(tx: Tx, location: Resource, version: int, code: str) -> None:
    tx.update({**location, "operationalStatus": table("bed-status")[code].coding()}, if_match=version)
