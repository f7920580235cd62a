"""What the demo shows a newcomer: its people, what waits for each, and the steps of the main line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Ref
from doorstep.kernel.store import Store
from doorstep.web.lists import OPEN, organization_name

STEPS: Final = (
    ("zhangmin", "web.step-find"),
    ("zhangmin", "web.step-order"),
    ("wanglei", "web.step-report"),
    ("zhangmin", "web.step-refer"),
    ("zhaoqian", "web.step-accept"),
    ("chenzhiyuan", "web.step-return"),
    ("zhangmin", "web.step-acknowledge"),
    ("hejing", "web.step-stranger"),
)
"""(account, message key) of each step."""


MOVES: Final = {"hour": 3_600_000_000, "day": 86_400_000_000}
"""By how much the demo's clock may be moved, in microseconds."""


def main_number(store: Store) -> str:
    """The identity number of the one whom the main line is about: a newcomer has no card to read it from."""
    return store.setting("demo.number", "")


@dataclass(frozen=True, slots=True)
class RoleCard:
    """One of the demo's people, and how many tasks wait for their institution."""

    account: str
    name: str
    title: dict[str, Any]
    institution: str
    waiting: int


def cards(store: Store) -> list[RoleCard]:
    """The demo's people, in the order in which they were made."""
    staff = get_user_model().objects.filter(person__startswith="Practitioner/").order_by("pk")
    accounts = staff.values_list("username", "person")
    with store.snapshot(SYSTEM, audited=False) as reads:
        counts: dict[str, int] = {}
        found = []
        for username, practitioner in accounts:
            roles = reads.search("PractitionerRole", [("practitioner", practitioner), ("active", "true")])
            if not roles:
                continue
            role, organization = roles[0], roles[0]["organization"]["reference"]
            if organization not in counts:
                page = reads.page("Task", [("owner", organization), ("status", OPEN), ("_count", "100")], strict=True)
                counts[organization] = len(page.matches)
            where: dict[str, Any] = reads.read("Organization", Ref.parse(organization).id)
            found.append(RoleCard(username, role["practitioner"].get("display", username),
                                  role["code"][0], organization_name(where), counts[organization]))  # fmt: skip
    return found
