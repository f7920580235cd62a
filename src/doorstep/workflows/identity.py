"""Finding a person in the whole system: an identity card or nothing, never a list.

A resident belongs to the district, not to the institution that registered them first; without one way of finding them
everybody would register them again. The question is asked with the record's own rights, answers only what a reader of
the card in the resident's hand would see, and is written into the audit. Who has found somebody may refer to them for a
day: level 1, the identity, which is what opening a visit needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.identifiers import IdentifierError, identity_number
from doorstep.terms.policies import policy
from doorstep.workflows.coordination import day


@dataclass(frozen=True, slots=True)
class Card:
    """What the front desk may know of somebody whom it has identified."""

    id: str
    name: str
    sex: str
    born: date | None
    tail: str

    @property
    def reference(self) -> str:
        return f"Patient/{self.id}"


def by_number(store: Store, actor: Actor, *, number: str) -> Card | None:
    """The resident with this identity number. Raises Invalid when it is not one."""
    try:
        read = identity_number(number)
    except IdentifierError as wrong:
        raise Invalid(wrong.key, element="number") from None
    return _one(store, actor, [("identifier", f"{systems.IDENTITY_NUMBER}|{read.number}")], "identify-number")


def by_phone(store: Store, actor: Actor, *, phone: str, name: str) -> Card | None:
    """The one resident with this telephone and exactly this name; None when there is none or more than one."""
    phone, name = "".join(phone.split()), name.strip()
    if not phone or not name:
        raise Invalid("workflows.phone-and-name", element="phone" if not phone else "name")
    return _one(store, actor, [("phone", phone), ("name:exact", name)], "identify-phone")


def by_id(store: Store, actor: Actor, *, id: str) -> Card | None:
    """The card of somebody who has been found before, for a page that is shown again."""
    return _one(store, actor, [("_id", id)], "identify-again")


def card(patient: dict[str, Any]) -> Card:
    """The identity card of a Patient."""
    identifiers = patient.get("identifier", ())
    numbers = [entry["value"] for entry in identifiers if entry.get("system") == systems.IDENTITY_NUMBER]
    born = patient.get("birthDate", "")
    return Card(
        patient["id"], name_of(patient), patient.get("gender", "unknown"),
        date.fromisoformat(born) if len(born) == 10 else None, numbers[0][-4:] if numbers else "",
    )


def name_of(patient: dict[str, Any]) -> str:
    """The name as it is written: the text of the name, else family and given name without a space."""
    name = patient.get("name", [{}])[0]
    return str(name.get("text") or name.get("family", "") + "".join(name.get("given", ())))


def _identify(tx: Tx, *, query: list[tuple[str, str]], organization: str) -> Card | None:
    page = tx.page("Patient", [*query, ("active:not", "false"), ("_count", "2")], strict=True)
    if len(page.matches) != 1:
        return None
    found = card(tx.read("Patient", page.matches[0].id))
    until = tx.now + policy("identity.access", on=day(tx.now)).microseconds
    tx.grant(resident=found.id, org=organization, level=1, reason="identified", source=found.reference, ends=until)
    return found


def _one(store: Store, actor: Actor, query: list[tuple[str, str]], action: str) -> Card | None:
    only = store.run(SYSTEM, _identify, query=query, organization=actor.organization)
    store.audit(Access(
        actor, "search-type", "Patient", refs=(only.reference,) if only else (), resident=only.id if only else "",
        query=action,
    ))  # fmt: skip
    return only
