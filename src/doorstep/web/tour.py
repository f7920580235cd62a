"""The people of the demo, and how much waits for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.web import people
from doorstep.web.lists import OPEN
from doorstep.web.resident.whose import ROLES
from doorstep.workflows.coordination import parts_played, state_of, workflow_of
from doorstep.workflows.registry import TABLES

_LOOKED_AT: Final = "50"


def main_number(store: Store) -> str:
    """The identity number of the one whom the main line is about: a newcomer has no card to read it from."""
    return store.setting("demo.number", "")


@dataclass(frozen=True, slots=True)
class RoleCard:
    """One of the demo's people. ``label`` names what they are when they have no title."""

    account: str
    name: str
    title: dict[str, Any]
    institution: str
    waiting: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """Those of one institution whom the main line does not name; without a name those of which there is one each."""

    name: str
    cards: tuple[RoleCard, ...]


def houses(found: list[RoleCard]) -> list[House]:
    """Cards by institution, in the order of their first; whoever is alone at one is with the others who are."""
    by_name: dict[str, list[RoleCard]] = {}
    for card in found:
        by_name.setdefault(card.institution, []).append(card)
    several = [House(name, tuple(each)) for name, each in by_name.items() if len(each) > 1]
    alone = tuple(each[0] for each in by_name.values() if len(each) == 1)
    return [*several, *([House("", alone)] if alone else [])]


def cards(store: Store) -> list[RoleCard]:
    """The demo's people, in the order in which they were made; those who are not at work come first."""
    found, counted = [], {}
    for account in get_user_model().objects.order_by("pk"):
        roles = people.choices(store, account.username, account.person)
        if not roles:
            continue
        who = roles[0]
        seat = (who.organization, who.role)
        if seat not in counted:  # the same waits for whoever has the same part at the same place
            counted[seat] = _waiting(store, who.actor)
        found.append(RoleCard(who.account, who.name, who.title, who.acting_for_name or who.organization_name,
                              counted[seat], ROLES.get(who.role, "")))  # fmt: skip
    return sorted(found, key=lambda card: bool(card.title))


def _waiting(store: Store, actor: Actor) -> int:
    """How many Tasks there are on which this person could act now."""
    if not actor.organization:
        return 0
    asked = [("owner", actor.organization), ("status", OPEN), ("_count", _LOOKED_AT)]
    with store.snapshot(actor, audited=False) as reads:
        return sum(_may_act(task, actor) for task in reads.search("Task", asked))


def _may_act(task: dict[str, Any], actor: Actor) -> bool:
    table = TABLES.get(workflow_of(task))
    if table is None or (table.desk and table.desk != actor.role and (table.name, actor.role) != ("queue", "doctor")):
        return False
    return bool(table.offered(state_of(task), parts_played(table, task, actor.organization)))
