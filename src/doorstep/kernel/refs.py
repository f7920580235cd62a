"""Names of things and of people who act.

A server-assigned id carries its ``part``, the immutable bucket of the resident whom the record is about, so that a
read needs no look-up: ``d`` + three hex digits (part) + ``-`` + ten base-32 digits (time) + eight (random).
An id that a client chose has no such shape and is found through the ``locator`` table.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from hashlib import blake2b

PARTS = 4096
DIRECTORY = 0
"""The part of what is about no resident: organisations, people at work, catalogues."""

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
_SERVER_ID = re.compile(r"d([0-9a-f]{3})-[0-9a-hjkmnp-tv-z]{18}\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Ref:
    """A resource by type and logical id."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """From "Patient/1"; raises ValueError for anything else."""
        type_name, slash, id_ = text.partition("/")
        if not slash or not type_name.isalpha() or not is_id(id_):
            raise ValueError(text)
        return cls(type_name, id_)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person in one role of one institution for one purpose (v3 PurposeOfUse code).

    ``person`` and ``organization`` are references such as "Practitioner/zhang"; ``role`` is a role code; ``at`` is the
    moment by which rights are judged (business clock, microseconds; 0 is now); ``address`` and ``request`` name the
    way in for the audit. ``scopes`` (SMART App Launch 2.2, space separated) and ``patient`` (its patient context, an
    id) are ceilings on top of the rule; "" is none. ``session`` names the sign-in.
    """

    person: str
    role: str
    organization: str
    purpose: str = "TREAT"
    account: str = ""
    at: int = 0
    address: str = ""
    request: str = ""
    scopes: str = ""
    patient: str = ""
    session: str = ""

    def judged(self, at: int) -> Actor:
        """The same at another moment. Written out, because every request asks for it twice or more."""
        return Actor(
            self.person, self.role, self.organization, self.purpose, self.account, at, self.address, self.request,
            self.scopes, self.patient, self.session,
        )  # fmt: skip

    def asking(self, address: str, request: str) -> Actor:
        """The same by another way in."""
        return Actor(
            self.person, self.role, self.organization, self.purpose, self.account, self.at, address, request,
            self.scopes, self.patient, self.session,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of one resource as it stands in the record. ``updated`` is in microseconds since the epoch."""

    part: int
    type: str
    id: str
    version: int
    updated: int
    body: bytes
    deleted: bool = False
    custodian: str = ""
    sens: int = 0

    @property
    def ref(self) -> Ref:
        return Ref(self.type, self.id)


def is_id(text: str) -> bool:
    """Whether text is a FHIR id (R4 2.24.0.1)."""
    return _ID.match(text) is not None


def part_of_id(id_: str) -> int | None:
    """The part that a server-assigned id carries; None for an id that a client chose."""
    match = _SERVER_ID.match(id_)
    return int(match[1], 16) if match else None


def part_of_resident(id_: str) -> int:
    """The bucket of a resident: carried by the id, or hashed from it; never the directory's."""
    carried = part_of_id(id_)
    if carried is not None:
        return carried
    return int.from_bytes(blake2b(id_.encode(), digest_size=4).digest(), "big") % (PARTS - 1) + 1


def random_part() -> int:
    """A bucket for a resident who is new."""
    return secrets.randbelow(PARTS - 1) + 1


def new_id(part: int) -> str:
    """A fresh id in a part; ids of one part sort by time of making (to a quarter of a millisecond)."""
    moment, noise = time.time_ns() // 250_000, secrets.randbits(40)
    return f"d{part:03x}-{_base32(moment, 10)}{_base32(noise, 8)}"


def named_id(part: int, name: str) -> str:
    """An id in a part that is the same for the same name."""
    digest = int.from_bytes(blake2b(name.encode(), digest_size=12).digest(), "big")
    return f"d{part:03x}-{_base32(digest, 18)}"


def system_hash(system: str) -> int:
    """A code system's url as 63 bits, 0 for none: index rows stay narrow and the text is in the resource."""
    if not system:
        return 0
    return int.from_bytes(blake2b(system.encode(), digest_size=8).digest(), "big") >> 1


def _base32(number: int, width: int) -> str:
    """``width`` digits, which is an even number: two at a time."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * width - 10, -1, -10)])
