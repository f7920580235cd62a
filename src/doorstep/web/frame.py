"""What every page shows around its content: menu, person, language, demo strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation

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

MENUS: Final[dict[tuple[str, str], tuple[Entry, ...]]] = {
    ("township", "doctor"): (_CLINIC, _MINE, _SENT),
    ("laboratory", "technician"): (_ORDERS,),
    ("hospital", "nurse"): (_REFERRALS, _SENT),
    ("hospital", "doctor"): (_REFERRALS, _SENT),
}
"""(kind of institution, role) -> menu; the first entry is where the person lands."""


def menu(person: Person) -> tuple[Entry, ...]:
    """The menu of a person; the list of what waits for the institution when the role has no menu of its own."""
    return MENUS.get((person.kind, person.role), (_MINE,))


def landing(person: Person) -> str:
    """Where a person begins."""
    return menu(person)[0].address


def frame(request: Any) -> dict[str, Any]:
    """Context of every template."""
    language = translation.get_language() or "zh-hans"
    other = "en" if language == "zh-hans" else "zh-hans"
    person = getattr(request, "person", None)
    return {
        "person": person,
        "menu": menu(person) if person else (),
        "here": request.path,
        "demo": getattr(request, "demo", False),
        "language": language,
        "html_language": "zh-Hans" if language == "zh-hans" else "en",
        "other_language": other,
        "other_language_name": translation.get_language_info(other)["name_local"],
        "other_html_language": "zh-Hans" if other == "zh-hans" else "en",
        "may_find": bool(person and person.kind == "township" and person.role == "doctor"),
    }
