"""What a client may write over FHIR, as one table: who, which types, which fields, and the refusal.

``docs/rest-rules.md`` is printed from ``RULES``. The local operator (administrator) is under no rule of this table but
under every state table: nobody goes round a workflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel import roles, scopes
from doorstep.kernel.client import ClientTx, Resource, refuse_other_custodian
from doorstep.kernel.errors import Forbidden
from doorstep.kernel.index import label
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.terms.reserved import TYPES, reserved
from doorstep.workflows.coordination import day
from doorstep.workflows.directory_posts import licence_scopes
from doorstep.workflows.freezing import MEASURE

CREATE, UPDATE, DELETE = "create", "update", "delete"
ANY: Final = frozenset({CREATE, UPDATE, DELETE})
CHANGE: Final = frozenset({UPDATE, DELETE})
_LETTER: Final = {CREATE: "c", UPDATE: "u", DELETE: "d"}
PRIVACY: Final = "http://terminology.hl7.org/CodeSystem/consentscope"

Broken = Callable[[ClientTx, Resource | None, Resource | None], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. ``types`` empty is all; ``field`` is what it looks at, "" for the resource as a whole.

    ``broken(tx, before, after)`` says that this change is refused, with ``key``.
    """

    key: str
    types: tuple[str, ...]
    verbs: frozenset[str]
    field: str
    broken: Broken

    def touches(self, type_name: str, verb: str) -> bool:
        return verb in self.verbs and (not self.types or type_name in self.types)


def _always(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    return True


def _acts(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    """Whether a Provenance says that an act of a state table was done."""
    codings = ((after or {}).get("activity") or {}).get("coding") or ()
    return any(str(coding.get("system", "")).startswith(systems.BASE) for coding in codings)


def _privacy(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    """Whether a Consent is about who may read, now or before."""
    codings = [coding for each in (before, after) if each for coding in (each.get("scope") or {}).get("coding") or ()]
    return any(coding.get("code") == "patient-privacy" for coding in codings)


def _linked(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    return (before or {}).get("link") != (after or {}).get("link")


def _lowered(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    """Whether a restricted category is taken away, or hidden behind another."""
    if before is None or after is None:
        return False
    return not set(filter(None, label(before).split("+"))) <= set(label(after).split("+"))


def _beyond_licence(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    """Whether somebody does what the law keeps for holders of a certificate that they do not hold today.

    A gateway speaks for a system whose own people did it; its institution answers for that.
    """
    today = day(tx.now)
    acts = [row for row in reserved() if after is not None and row.covers(after, today)]
    if not acts or not tx.actor.person.startswith("Practitioner/"):
        return False
    id_ = Ref.parse(tx.actor.person).id
    held = licence_scopes(tx.read("Practitioner", id_), today) if tx.exists("Practitioner", id_) else frozenset()
    return any(held.isdisjoint(row.scopes) for row in acts)


def _figure(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    """Whether a report says, or said, one of our own figures: those are frozen once, on their page."""
    return any(str(each.get("measure", "")).startswith(MEASURE) for each in (before, after) if each)


def _opens(tx: ClientTx, before: Resource | None, after: Resource | None) -> bool:
    return before is not None and tx.opens_grants(f"{before['resourceType']}/{before['id']}")


RULES: Final[tuple[Rule, ...]] = (
    Rule("client.audit-is-witnessed", ("AuditEvent",), ANY, "", _always),
    Rule("client.acts-are-attested", ("Provenance",), CHANGE, "", _always),
    Rule("client.acts-are-attested", ("Provenance",), frozenset({CREATE}), "activity", _acts),
    Rule("client.consent-by-act", ("Consent",), ANY, "scope", _privacy),
    Rule("client.opens-rights", (), CHANGE, "", _opens),
    Rule("client.link-by-merge", ("Patient", "Person"), frozenset({CREATE, UPDATE}), "link", _linked),
    Rule("client.person-stays", ("Patient", "Person", "RelatedPerson"), frozenset({DELETE}), "", _always),
    Rule("client.figures-are-frozen", ("MeasureReport",), ANY, "measure", _figure),
    Rule("client.beyond-licence", TYPES, frozenset({CREATE, UPDATE}), "", _beyond_licence),
    Rule("client.label-lowered", (), frozenset({UPDATE}), "meta.security", _lowered),
)  # fmt: skip
"""Besides these: the role writes the type (kernel/roles.py), the token's scopes allow it, and the resource is kept by
the actor's own institution; and a resident passes the one gate of all new people (workflows/registration.py)."""


def check_role(tx: ClientTx, type_name: str, verb: str) -> None:
    """Refuse who may not write this type at all, whatever stands in it."""
    actor = tx.actor
    if not roles.may_write(actor.role, type_name):
        raise Forbidden("client.role-does-not-write", element=type_name, role=actor.role, type=type_name)
    if not scopes.may(actor.scopes, type_name, _LETTER[verb]):
        raise Forbidden("client.scope-does-not-write", element=type_name, type=type_name)


def check(tx: ClientTx, before: Resource | None, after: Resource | None, verb: str) -> None:
    """Refuse a change that breaks a row of the table."""
    shown: dict[str, Any] = after or before or {}
    type_name = shown["resourceType"]
    if before is not None:
        refuse_other_custodian(tx, type_name, before["id"])
    for rule in RULES:
        if rule.touches(type_name, verb) and rule.broken(tx, before, after):
            element = f"{type_name}.{rule.field}" if rule.field else type_name
            raise Forbidden(rule.key, element=element, type=type_name)
