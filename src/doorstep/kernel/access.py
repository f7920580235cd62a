"""The one access rule.

A person may see a record if it is the directory; if their own institution wrote it; if it is about themselves; or if
their institution or they in person hold a current grant on every resident whom it names, whose level covers its
sensitivity, for the purpose that they act for, and which the resident's refusal has not taken away. The role and the
scopes of the token are ceilings on top.

Every statement that reads the table ``resource`` takes its predicate from ``scoped``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from doorstep.kernel import roles
from doorstep.kernel.clock import real_now
from doorstep.kernel.definitions import definitions
from doorstep.kernel.grants import PACKET
from doorstep.kernel.refs import Actor
from doorstep.kernel.roles import RESTRICTED
from doorstep.kernel.scopes import readable_types
from doorstep.kernel.writeset import REPLACED

ADMINISTRATOR: Final = roles.ADMINISTRATOR
SYSTEM: Final = Actor("Device/doorstep", ADMINISTRATOR, "Organization/doorstep", "HOPERAT", "system")
"""The record's own hand: the due runner, the demo, the local operator."""

_COVERS: Final[Mapping[str, tuple[str, str]]] = {"ETREAT": ("ETREAT", "TREAT")}
"""Purposes that include another: who treats in an emergency may use what was given for treatment."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an actor decides the text of the predicate; the rest is bound."""

    role: str
    institution: bool
    subject: bool
    patient: bool
    scopes: frozenset[str] | None


def scoped(alias: str, actor: Actor) -> tuple[str, list[Any]]:
    """The predicate on ``resource AS alias`` for this actor, and its bound values.

    The text depends on the alias and on the kind of actor, never on a client's string.
    """
    shape = shape_of(actor)
    if shape is _ALL:
        return "1=1", []
    return text(alias, shape), values(actor, shape)


def shape_of(actor: Actor) -> Shape:
    """The kind of an actor."""
    if actor.role == ADMINISTRATOR and not actor.scopes and not actor.patient:
        return _ALL
    return Shape(
        actor.role,
        bool(actor.organization) and actor.role != ADMINISTRATOR,
        actor.person.startswith("Patient/"),
        bool(actor.patient),
        readable_types(actor.scopes),
    )


_ALL: Final = Shape(ADMINISTRATOR, False, False, False, None)


@lru_cache(maxsize=512)
def text(alias: str, shape: Shape, own_limit: str = "") -> str:
    """The predicate. Its marks are bound by ``values`` in the same order.

    ``own_limit`` is an expression for the highest sensitivity among the institution's own writing, when it is not the
    role's number.
    """
    role = roles.role_of(shape.role)
    grounds = [f"{alias}.sens = 0"]
    if shape.institution and role.own_level:
        limit = own_limit or ("" if role.own_level >= RESTRICTED else str(role.own_level))
        own = f" AND {alias}.sens <= {limit}" if limit else ""
        grounds.append(f"{alias}.custodian = ?{own}")
    if role.level:
        named = _named(alias)
        covered = _covered(alias, shape)
        grounds.append(
            f"(EXISTS (SELECT 1 FROM {named} AND {covered} LIMIT 1 OFFSET 0) AND ({alias}.several = 0"
            f" OR NOT EXISTS (SELECT 1 FROM {named} AND NOT {covered} LIMIT 1 OFFSET 0)))"
        )
    if shape.role == ADMINISTRATOR:
        grounds = ["1=1"]
    found = [f"({' OR '.join(grounds)})", *_ceilings(alias, shape, role)]
    return " AND ".join(found)


def values(actor: Actor, shape: Shape) -> list[Any]:
    """What the marks of ``text`` stand for."""
    role = roles.role_of(shape.role)
    bound: list[Any] = []
    if shape.role != ADMINISTRATOR:
        if shape.institution and role.own_level:
            bound.append(actor.organization)
        if role.level:
            bound += _cover_values(actor, shape) * 2
    if shape.patient:
        bound.append(actor.patient)
    return bound


def _named(alias: str) -> str:
    """The residents whom a resource names, or who stand for those."""
    return (
        f"subject s_ WHERE s_.rpart = {alias}.part AND s_.type = {alias}.type AND s_.id = {alias}.id"
        f" AND s_.direct < {REPLACED}"
    )


def _covered(alias: str, shape: Shape) -> str:
    """Whether the actor has a ground for the resident ``s_``: it is themselves, or there is a grant.

    LIMIT 1 OFFSET 0 keeps PostgreSQL from reading all grants of an institution into a hash: it probes.
    """
    grant = (
        "EXISTS (SELECT 1 FROM access_grant g_ WHERE g_.part = s_.part AND g_.resident = s_.resident"
        f" AND {_held(shape)} AND g_.starts <= ? AND g_.ends > ? AND {opens(alias)}"
        " AND (g_.purpose = '' OR g_.purpose IN (?, ?))"
        " AND (g_.firm = 1 OR NOT EXISTS (SELECT 1 FROM access_bar b_ WHERE b_.part = g_.part"
        " AND b_.resident = g_.resident AND b_.org IN (?, '*') AND b_.until > ?)) LIMIT 1 OFFSET 0)"
    )
    return f"(s_.resident = ? OR {grant})" if shape.subject else grant


def _held(shape: Shape) -> str:
    return "((g_.org = ? AND g_.person = '') OR g_.person = ?)" if shape.institution else "g_.person = ?"


def opens(alias: str, grant: str = "g_") -> str:
    """Whether a grant covers a resource: by its level, by its category, by its scope.

    Of a grant for one episode or one packet the identity card is always part.
    """
    episode = definitions().number["Encounter"]
    return (
        f"{grant}.level >= {alias}.sens"
        f" AND ({alias}.sens < {RESTRICTED} OR {grant}.label = '*' OR {grant}.label = {alias}.label)"
        f" AND ({grant}.scope_ref IS NULL OR {alias}.sens = {roles.IDENTITY}"
        f" OR ({grant}.scope_ref = '{PACKET}' AND EXISTS (SELECT 1 FROM grant_item i_ WHERE i_.part = {grant}.part"
        f" AND i_.grant_id = {grant}.id AND i_.type = {alias}.type AND i_.id = {alias}.id))"
        f" OR ({alias}.type = {episode} AND {grant}.scope_ref = 'Encounter/' || {alias}.id)"
        f" OR EXISTS (SELECT 1 FROM ix_reference e_ WHERE e_.part = {alias}.part AND e_.type = {alias}.type"
        f" AND e_.id = {alias}.id AND e_.rtype = 'Encounter' AND {grant}.scope_ref = 'Encounter/' || e_.rid))"
    )


def _cover_values(actor: Actor, shape: Shape) -> list[Any]:
    now = actor.at or real_now()
    bound: list[Any] = [actor.person.removeprefix("Patient/")] if shape.subject else []
    bound += [actor.organization, actor.person] if shape.institution else [actor.person]
    return [*bound, now, now, *purposes_of(actor), actor.organization, now]


def purposes_of(actor: Actor) -> tuple[str, str]:
    """The purposes whose grants an actor may use."""
    return _COVERS.get(actor.purpose, (actor.purpose, actor.purpose))


def _ceilings(alias: str, shape: Shape, role: roles.Role) -> list[str]:
    """What the role, the scopes and the patient context leave of it."""
    found = []
    if shape.role != ADMINISTRATOR:
        if role.level < RESTRICTED:
            found.append(f"{alias}.sens <= {role.level}")
        if role.reads is not None:
            listed = f" OR {alias}.type IN ({roles.numbers(role.reads)})" if role.reads else ""
            found.append(f"({alias}.sens = 0{listed})")
    if shape.scopes is not None:
        found.append(f"{alias}.type IN ({roles.numbers(shape.scopes) or '0'})")
    if shape.patient:
        found.append(f"({alias}.sens = 0 OR EXISTS (SELECT 1 FROM {_named(alias)} AND s_.resident = ?))")
    return found
