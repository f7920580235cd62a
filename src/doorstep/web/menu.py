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
_COMING: Final = Entry("/referrals/", "referral.menu-coming")
_ORDERS: Final = Entry("/w/orders/", "web.menu-orders")
_ME: Final = Entry("/me/", "accounts.menu-me")
_READERS: Final = Entry("/me/readers/", "me.readers")
_CONSENTS: Final = Entry("/me/consents/", "me.consents")
_ITEMS: Final = Entry("/me/items/", "me.items")
_PRIVACY: Final = Entry("/privacy/", "privacy.desk")
_WHY: Final = Entry("/privacy/why/", "why.menu")
_ACCOUNTS: Final = Entry("/admin/accounts/", "accounts.menu-accounts")
_INSTITUTIONS: Final = Entry("/admin/institutions/", "directory.page-institutions")
_PEOPLE: Final = Entry("/admin/people/", "directory.page-people")
_PLACES: Final = Entry("/admin/places/", "directory.page-places")
_CENTRES: Final = Entry("/admin/centres/", "directory.page-centres")
_AGREEMENTS: Final = Entry("/admin/agreements/", "directory.page-agreements")
_POLICIES: Final = Entry("/admin/policies/", "directory.page-policies")
_CODES: Final = Entry("/admin/codes/", "codes.title")
_SYSTEMS: Final = Entry("/admin/systems/", "launch.menu")
_APPS: Final = Entry("/admin/apps/", "smart.apps")

_RECOGNITION: Final = Entry("/recognition/", "recognition.figures")
_LIBRARY: Final = Entry("/admin/recognition/", "recognition.library")
_STUDIES: Final = Entry("/w/studies/", "study.menu")
_INTAKE: Final = Entry("/reading/intake/", "study.intake")
_COLLECT: Final = Entry("/lab/collect/", "lab.menu-collect")
_BOXES: Final = Entry("/lab/boxes/", "lab.menu-boxes")
_BENCH: Final = Entry("/lab/", "lab.menu-bench")
_MESSAGES: Final = Entry("/lab/messages/", "lab.menu-messages")
_DUTY: Final = Entry("/admin/duty/", "lab.menu-duty")
_LIMITS: Final = Entry("/admin/critical/", "lab.menu-limits")
_CRITICAL: Final = Entry("/p/critical/", "critical.menu-register")
_REGISTER: Final = Entry("/desk/register/", "persons.menu-register")
_DUPLICATES: Final = Entry("/desk/duplicates/", "persons.menu-duplicates")

_FIGURES: Final = Entry("/alliance/", "alliance.figures")
_FROZEN: Final = Entry("/alliance/frozen/", "alliance.frozen")

_HOME: Final = Entry("/me/home/", "home.title")
_BOOKING: Final = Entry("/me/booking/", "booking.menu-mine")
_BOOKINGS: Final = Entry("/desk/bookings/", "booking.menu-desk")
_QUEUE: Final = Entry("/desk/queue/", "queue.menu")
_WARD: Final = Entry("/ward/", "ward.menu")
_PLANS: Final = Entry("/me/plans/", "down.my-plans")
_SCHEDULES: Final = Entry("/admin/schedules/", "booking.menu-weeks")

_FOLLOW: Final = Entry("/follow/", "follow.title")
_CONTRACTS: Final = Entry("/contracts/", "follow.contracts")
_RECORD: Final = Entry("/me/record/", "proxy.record")
_VOICE: Final = Entry("/desk/voice/", "voice.desk")
_DOWNTIME: Final = Entry("/desk/downtime/", "downtime.title")

MENUS: Final[dict[tuple[str, str], tuple[Entry, ...]]] = {
    ("township", "doctor"): (_CLINIC, _MINE, _SENT, _REGISTER, _QUEUE, _CRITICAL, _FOLLOW, _DOWNTIME),
    ("township", "nurse"): (_REGISTER, _BOOKINGS, _QUEUE, _COLLECT, _BOXES, _MINE, _CRITICAL, _FOLLOW, _VOICE,
                            _DOWNTIME),
    ("township", "family-team"): (_FOLLOW, _CONTRACTS, _MINE),
    ("township", "public-health"): (_FOLLOW, _CONTRACTS, _MINE),
    ("village", "family-team"): (_FOLLOW, _CONTRACTS, _MINE),
    ("laboratory", "technician"): (_ORDERS, _BENCH, _BOXES, _MESSAGES, _MINE, _CRITICAL, _CODES),
    ("hospital", "nurse"): (_REFERRALS, _COMING, _WARD, _SENT, _DOWNTIME),
    ("hospital", "doctor"): (_REFERRALS, _WARD, _SENT, _STUDIES, _DOWNTIME),
    ("hospital", "specialist"): (_STUDIES, _MINE, _CRITICAL),
    ("hospital", "technician"): (_STUDIES, _INTAKE, _MINE, _CRITICAL),
    ("township", "technician"): (_STUDIES, _INTAKE, _MINE),
    ("ecg", "doctor"): (_STUDIES, _MINE, _CRITICAL),
    ("ecg", "technician"): (_STUDIES, _INTAKE, _MINE),
    ("imaging", "doctor"): (_STUDIES, _MINE, _CRITICAL),
    ("imaging", "technician"): (_STUDIES, _INTAKE, _MINE),
    ("", "institution-admin"): (_ACCOUNTS, _PEOPLE, _INSTITUTIONS, _PLACES, _SCHEDULES, _CENTRES, _POLICIES, _DUTY,
                                _SYSTEMS, _CODES),
    ("", "security-admin"): (_ACCOUNTS, _INSTITUTIONS, _PEOPLE, _CENTRES, _AGREEMENTS, _POLICIES, _LIMITS,
                             _APPS, _WHY),
    ("", "registrar"): (_REGISTER, _DUPLICATES, _BOOKINGS, _QUEUE, _SCHEDULES, _MINE, _VOICE, _DOWNTIME),
    ("", "pharmacist"): (_MINE, _CODES),
    ("", "resident"): (_HOME, _BOOKING, _READERS, _ME, _CONSENTS, _ITEMS),
    ("", "proxy"): (_HOME, _BOOKING, _RECORD, _ME, _READERS, _CONSENTS, _ITEMS),
    ("", "manager"): (_FIGURES, _FROZEN, _RECOGNITION, _LIBRARY),
    ("", "auditor"): (_PRIVACY, _WHY),
}
"""(kind of institution, role) -> menu; ("", role) holds at any institution. The first entry is where a person lands."""

_SCOPED: Final = {
    "booking": (_HOME, _BOOKING, _ME), "reports": (_HOME, _RECORD, _ME),
    "reports-booking": (_HOME, _BOOKING, _RECORD, _ME),
}  # fmt: skip
"""How far a proxy acts -> what of the menu is left."""

PERSONAL: Final[tuple[Entry, ...]] = (_ME,)
"""What everybody has behind their own name: account, devices, another role."""


def menu(person: Person) -> tuple[Entry, ...]:
    """The menu of a person; the list of what waits for the institution when the role has no menu of its own."""
    found = MENUS.get((person.kind, person.role)) or MENUS.get(("", person.role), (_MINE,))
    allowed = _SCOPED.get(person.scope)
    return found if allowed is None else tuple(entry for entry in found if entry in allowed)


def landing(person: Person) -> str:
    """Where a person begins."""
    return menu(person)[0].address
