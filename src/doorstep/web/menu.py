"""The menu: what each role finds at the left, in the order of Alt+1 to Alt+9. Only what exists stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorstep.web.people import Person


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; ``label`` is a message key."""

    address: str
    label: str


_CLINIC: Final = Entry("/clinic/", "web.menu-clinic")
_MINE: Final = Entry("/w/mine/", "web.menu-mine")
_SENT: Final = Entry("/w/sent/", "web.menu-sent")
_REFERRALS: Final = Entry("/w/referrals/", "web.menu-referrals")
_ORDERS: Final = Entry("/w/orders/", "web.menu-orders")
_ME: Final = Entry("/me/", "accounts.menu-me")
_ACCOUNTS: Final = Entry("/admin/accounts/", "accounts.menu-accounts")
_APPS: Final = Entry("/admin/apps/", "smart.apps")

MENUS: Final[dict[tuple[str, str], tuple[Entry, ...]]] = {
    ("township", "doctor"): (_CLINIC, _MINE, _SENT),
    ("laboratory", "technician"): (_ORDERS,),
    ("hospital", "nurse"): (_REFERRALS, _SENT),
    ("hospital", "doctor"): (_REFERRALS, _SENT),
    ("", "institution-admin"): (_ACCOUNTS,),
    ("", "security-admin"): (_ACCOUNTS, _APPS),
    ("", "resident"): (_ME,),
    ("", "proxy"): (_ME,),
}
"""(kind of institution, role) -> menu; ("", role) holds at any institution. The first entry is where a person lands."""

PERSONAL: Final[tuple[Entry, ...]] = (_ME,)
"""What everybody has behind their own name: account, devices, another role."""


def menu(person: Person) -> tuple[Entry, ...]:
    """The menu of a person; the list of what waits for the institution when the role has no menu of its own."""
    return MENUS.get((person.kind, person.role)) or MENUS.get(("", person.role), (_MINE,))


def landing(person: Person) -> str:
    """Where a person begins."""
    return menu(person)[0].address
