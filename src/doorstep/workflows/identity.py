"""Finding a person in the whole system: an identity card or nothing, never a list.

A resident belongs to the district, not to the institution that registered them first; without one way of finding them
everybody would register them again. The question is asked with the record's own rights, answers only what a reader of
the card in the resident's hand would see, and is written into the audit, refusals included. Who has found somebody may
refer to them for a day: level 1, the identity, which is what opening a visit needs. A person may ask a limited number
of times a day about residents who are not seen at their own institution that day; beyond it there is no answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.access import ADMINISTRATOR, SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import real_now
from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound, Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import documents, systems
from doorstep.terms.identifiers import IdentifierError
from doorstep.terms.policies import policy
from doorstep.workflows import lookups
from doorstep.workflows.coordination import day

_DAY: Final = 86_400_000_000
_ASKED: Final = "identify"
"""The kind of the claims that count who has asked about whom today."""


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
    return by_document(store, actor, kind=documents.IDENTITY_CARD, number=number)


def by_document(store: Store, actor: Actor, *, kind: str, number: str) -> Card | None:
    """The resident with this document, also a health card. Raises Invalid when the number cannot be one."""
    try:
        system, value = documents.read(kind, number)
    except IdentifierError as wrong:
        raise Invalid(wrong.key, element="number") from None
    action = "identify-number" if kind == documents.IDENTITY_CARD else "identify-document"
    return _one(store, actor, [("identifier", f"{system}|{value}")], action)


def by_own_number(store: Store, actor: Actor, *, number: str) -> Card | None:
    """The resident whom another system of the actor's institution knows by this number."""
    try:
        value = documents.own_number(number)
    except IdentifierError as wrong:
        raise Invalid(wrong.key, element="own_number") from None
    query = [("identifier", f"{documents.own_system(actor.organization)}|{value}")]
    return _one(store, actor, query, "identify-own-number")


def by_phone(store: Store, actor: Actor, *, phone: str, name: str) -> Card | None:
    """The one resident with this telephone and exactly this name; None when there is none or more than one."""
    phone, name = "".join(phone.split()), name.strip()
    if not phone or not name:
        raise Invalid("workflows.phone-and-name", element="phone" if not phone else "name")
    return _one(store, actor, [("phone", phone), ("name:exact", name)], "identify-phone")


def by_id(store: Store, actor: Actor, *, id: str) -> Card | None:
    """The card of somebody who has been found before, for a page that is shown again; None for anybody else."""
    with store.snapshot(actor) as reads:
        try:
            return card(reads.read("Patient", id))
        except (NotFound, Gone):
            return None


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


def _identify(tx: Tx, *, query: list[tuple[str, str]], asker: Actor) -> Card | None:
    page = tx.page("Patient", [*query, ("active:not", "false"), ("_count", "2")], strict=True)
    found = card(tx.read("Patient", page.matches[0].id)) if len(page.matches) == 1 else None
    _count(tx, asker, found.id if found else "?" + sha256(repr(query).encode()).hexdigest()[:16])
    if found is None:
        return None
    until = tx.now + policy("identity.access", on=day(tx.now), reads=tx).microseconds
    tx.grant(
        resident=found.id, org=asker.organization, level=1, reason="identified", source=found.reference, ends=until
    )
    return found


def _count(tx: Tx, asker: Actor, whom: str) -> None:
    """One more question of the asker's day, unless the resident is seen at their own institution; refuse beyond it."""
    if asker.role == ADMINISTRATOR:
        return
    today = f"{asker.person} {day(real_now()).isoformat()} "
    keys.one_at_a_time(tx, f"{_ASKED} {asker.person}")
    asked = [key for key in keys.held(tx, _ASKED, today) if key != today + whom]
    limit = policy("identify.daily", on=day(tx.now), reads=tx).amount
    if len(asked) >= limit:
        own = [key for key in asked if _seen_here(tx, key.removeprefix(today), asker.organization)]
        for key in own:
            tx.release(_ASKED, key, holder=asker.person)
        if len(asked) - len(own) >= limit and not _seen_here(tx, whom, asker.organization):
            raise Forbidden("persons.too-many-lookups", limit=limit)
    tx.claim(_ASKED, today + whom, holder=asker.person, expires=tx.now + _DAY)


def _seen_here(tx: Tx, resident: str, organization: str) -> bool:
    """Whether the institution has seen this resident within a day: a look-up that ended in a visit is not counted."""
    if resident.startswith("?"):
        return False
    since = date.fromordinal(day(tx.now).toordinal() - 1).isoformat()
    query = [("patient", f"Patient/{resident}"), ("service-provider", organization), ("date", f"ge{since}")]
    return bool(tx.page("Encounter", [*query, ("_count", "1")], strict=True).matches)


def _one(store: Store, actor: Actor, query: list[tuple[str, str]], action: str) -> Card | None:
    try:
        only = store.run(SYSTEM, _identify, query=query, asker=actor)
    except Refusal as refusal:
        store.audit(Access(actor, "search-type", "Patient", query=action, outcome=refusal.status))
        if refusal.key == "persons.too-many-lookups":
            _tell(store, actor, refusal.params["limit"])
        raise
    store.audit(Access(
        actor, "search-type", "Patient", refs=(only.reference,) if only else (), resident=only.id if only else "",
        query=action,
    ))  # fmt: skip
    return only


def _tell(store: Store, actor: Actor, limit: int) -> None:
    hand = replace(SYSTEM, organization=actor.organization)
    store.run(
        hand, lookups.raise_review, person=actor.person, organization=actor.organization,
        day=day(real_now()).isoformat(), limit=limit,
    )  # fmt: skip
