"""Who is at the keyboard: an account signs in a Practitioner; a PractitionerRole says where and as what they act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.web.lists import organization_name
from doorstep.workflows.identity import name_of

_READER = Actor("", "staff", "")
"""Reads the directory before it is known who asks: sensitivity 0 only."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in one role at one institution. ``kind`` is the institution's (township, hospital, laboratory ...)."""

    account: str
    role_id: str
    practitioner: str
    name: str
    role: str
    title: dict[str, Any]
    organization: str
    organization_name: str
    kind: str

    @property
    def actor(self) -> Actor:
        return Actor(self.practitioner, self.role, self.organization, "TREAT", self.account)


def of(request: Any) -> Person | None:
    """The person of this session, or None when nobody is signed in or the role is no longer held."""
    role_id = request.session.get("role", "")
    if not role_id or not request.user.is_authenticated:
        return None
    with request.store.snapshot(_READER, audited=False) as reads:
        found = _person(reads, request.user.get_username(), role_id)
    return found if found is not None and found.practitioner == request.user.practitioner else None


def roles_of(store: Store, practitioner: str) -> list[str]:
    """The ids of the roles that a practitioner holds now."""
    with store.snapshot(_READER, audited=False) as reads:
        found = reads.search("PractitionerRole", [("practitioner", practitioner), ("active", "true")])
    return sorted(str(role["id"]) for role in found)


def _person(reads: Reads, account: str, role_id: str) -> Person | None:
    try:
        role = reads.read("PractitionerRole", role_id)
        if not role.get("active"):
            return None
        practitioner, organization = role["practitioner"]["reference"], role["organization"]["reference"]
        who = reads.read("Practitioner", Ref.parse(practitioner).id)
        where = reads.read("Organization", Ref.parse(organization).id)
    except (NotFound, Gone):
        return None
    return Person(
        account=account, role_id=role_id, practitioner=practitioner, name=name_of(who),
        role=_code(role.get("code", []), systems.STAFF_ROLE), title=role.get("code", [{}])[0],
        organization=organization, organization_name=organization_name(where),
        kind=_code(where.get("type", []), systems.ORGANIZATION_KIND),
    )  # fmt: skip


def _code(concepts: list[dict[str, Any]], system: str) -> str:
    codings = (coding for concept in concepts for coding in concept.get("coding", ()))
    return next((str(coding["code"]) for coding in codings if coding.get("system") == system), "")
