"""Lists from an existing hospital system: residents, prices, weekly clinics, codes. A row does what its form would do.

What a list calls an item or a specialty is ours by code or name, else by what the institution's own code means.
A row is known by what it is about (a document's number; institution, item and day; doctor, weekday and hour), so that
the same list twice changes nothing. Who is in the record already is recognised and stays as they are; nothing of them
is shown. Somebody new goes through the one gate of registration, which has them compared with everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, Final

from doorstep.journeys import coding
from doorstep.kernel import keys
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import documents, recognition, systems
from doorstep.terms.catalogue import orderables, specialties, table
from doorstep.terms.columns import columns, heads
from doorstep.workflows import clinics, directory_import, identity, recognition_library, registration
from doorstep.workflows.clinics import Hours
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import ref_of
from doorstep.workflows.directory_import import CHANGED, NEW, SAME, WRONG, Line
from doorstep.workflows.directory_sheet import Row
from doorstep.workflows.duplicates import REVIEWERS

_KEYS: Final = {
    "residents": ("number",), "prices": ("institution", "item", "since"),
    "clinics": ("clinic", "doctor", "weekday", "begins"),
    "codes": ("kind", "code"),
}  # fmt: skip
"""What a row of each list is known by."""
TYPES: Final = {"residents": "Patient", "prices": "Library", "clinics": "Schedule", "codes": "ConceptMap"}


def preview(store: Store, actor: Actor, *, what: str, rows: list[Row]) -> list[Line]:
    """What every row would do to the record as it stands. Nothing is kept."""
    return _lines(store, actor, what, rows, directory_import.preview)


def apply(store: Store, actor: Actor, *, what: str, rows: list[Row]) -> list[Line]:
    """Do it: each row in a transaction of its own; the list as a whole is an entry of the audit."""
    lines = _lines(store, actor, what, rows, directory_import.apply)
    counts = " ".join(f"{name}={sum(line.outcome == name for line in lines)}" for name in (NEW, CHANGED, SAME, WRONG))
    coding.count(store, actor, what=what, rows=[line.row for line in lines if line.outcome == WRONG])
    store.audit(Access(actor, "operation", TYPES[what], query=f"import-{what} {counts}"))
    return lines


def _lines(store: Store, actor: Actor, what: str, rows: list[Row], work: Callable[..., list[Line]]) -> list[Line]:
    """A row that says again what an earlier one of the list was about is not done a second time."""
    first: dict[tuple[str, ...], int] = {}
    once, twice = [], []
    for number, row in enumerate(rows, 2):
        key = tuple("".join(row.get(name, "").upper().split()) for name in _KEYS[what])
        if key[-1] and key in first:
            issue = Issue("error", "duplicate", "beside.twice", {"line": first[key]}, _KEYS[what][-1])
            twice.append(Line(number, row, WRONG, (issue,)))
        else:
            first[key] = number
            once.append((number, row))
    done = work(store, actor, what=what, rows=[row for _, row in once], commands=COMMANDS)
    found = [Line(number, row, line.outcome, line.problems) for (number, row), line in zip(once, done, strict=True)]
    return sorted([*found, *twice], key=lambda line: line.number)


# -- one row


def _resident(tx: Tx, row: Row) -> str:
    if tx.actor.role not in REVIEWERS:
        raise Forbidden("persons.not-your-desk")
    kind = _of("documents", row.get("document", "")) or documents.IDENTITY_CARD
    newcomer = registration.Newcomer(
        name=row.get("name", ""), document=_code(table("identity-document"), kind),
        number=row.get("number", ""), pinyin=row.get("pinyin", ""), sex=_of("sexes", row.get("sex", "")),
        born=row.get("born", ""), phone=row.get("phone", ""), address=row.get("address", ""),
        own_number=row.get("own", ""), own_of=tx.actor.organization,
    )  # fmt: skip
    if newcomer.document not in documents.KINDS or documents.system_of(newcomer.document) not in documents.UNIQUE:
        raise Invalid("beside.unknown-document", element="document", given=newcomer.document[:40])
    patient = registration.resource(newcomer, today=day(tx.now))
    whole = keys.whole(tx)
    for system, value in registration.own_identifiers(patient):
        found = whole.page("Patient", [("identifier", f"{system}|{value}"), ("_count", "2")], strict=True).matches
        if found:
            known = identity.card(whole.read("Patient", found[0].id))
            if known.name != newcomer.name.strip():
                raise Conflict("beside.other-name", element="name")
            return SAME
    registration.admit(tx, patient, act="register")
    return NEW


def _price(tx: Tx, row: Row) -> str:
    _filled(row, "item", "yuan", "since")
    named = row.get("institution", "")
    organization = directory_import.named(tx, named) if named else tx.actor.organization
    if named and not tx.exists(*organization.split("/", 1)):
        raise Invalid("beside.unknown-institution", element="institution", given=named[:60])
    since, fen = _day(row.get("since", "")), recognition_library.fen_of(row.get("yuan", ""))
    items = {code: each.concept for code, each in orderables().items()}
    item = coding.ours(tx, "items", organization, row["item"], _code(items, row["item"]), on=since, box="item")
    before = recognition.price(tx, organization, item, since)
    if before == fen:
        return SAME
    recognition_library.set_price(tx, organization=organization, item=item, yuan=row["yuan"], since=since.isoformat())
    return NEW if before is None else CHANGED


def _clinic(tx: Tx, row: Row) -> str:
    """One row of somebody's week: the clinic and the week are made with their first row."""
    if tx.actor.role not in clinics.ADMINISTRATORS:
        raise Forbidden("booking.administrators-only")
    _filled(row, "clinic", "doctor", "weekday", "begins", "ends", "minutes")
    hours, (doctor, name) = _hours(row), _doctor(tx, row["doctor"])
    clinic, made = _service(tx, row)
    held = [each for each in ([] if made else clinics.schedules(tx, clinic))
            if clinics.doctor_of(each).get("reference") == doctor]  # fmt: skip
    if not held:
        clinics.plan(tx, clinic=clinic, practitioner=doctor, name=name, week=(hours,))
        return NEW
    week = clinics.week_of(held[0])
    if hours in week:
        return SAME
    kept = tuple(each for each in week if (each.weekday, each.begins) != (hours.weekday, hours.begins))
    clinics.change(tx, schedule=held[0]["id"], week=(*kept, hours))
    return NEW if len(kept) == len(week) else CHANGED


COMMANDS: Final[Mapping[str, Callable[[Tx, Row], str]]] = {
    "residents": _resident, "prices": _price, "clinics": _clinic, "codes": coding.row,
}  # fmt: skip


# -- reading cells


def _service(tx: Tx, row: Row) -> tuple[str, bool]:
    """The clinic of this name at the actor's institution, and whether it was made for this row."""
    known = [each for each in clinics.clinics(tx, tx.actor.organization) if each["name"] == row["clinic"].strip()]
    if known:
        return ref_of(known[0]), False
    said = row.get("specialty", "")
    specialty = coding.ours(tx, "departments", tx.actor.organization, said, _code(specialties(), said),
                            on=day(tx.now), box="specialty")  # fmt: skip
    return str(clinics.open_clinic(tx, name=row["clinic"], specialty=specialty).ref), True


def _doctor(tx: Tx, number: str) -> tuple[str, str]:
    """(reference, name) of a member of the actor's institution, by staff number."""
    found = tx.search("Practitioner", [("identifier", f"{systems.STAFF_NUMBER}|{number.strip().upper()}")])
    who = ref_of(found[0]) if found else ""
    query = [("practitioner", who), ("organization", tx.actor.organization), ("active", "true")]
    if not who or not tx.search("PractitionerRole", query):
        raise Invalid("beside.unknown-doctor", element="doctor", given=number[:40])
    return who, identity.name_of(found[0])


def _hours(row: Row) -> Hours:
    weekday = _of("weekdays", row["weekday"])
    if weekday not in columns("weekdays"):
        raise Invalid("beside.bad-weekday", element="weekday", given=row["weekday"][:20])
    counts = {name: _count(row.get(name, ""), name) for name in ("minutes", "members", "referrals")}
    return Hours(int(weekday), _time(row, "begins"), _time(row, "ends"), **counts)


def _count(text: str, box: str) -> int:
    if not text.strip():
        return 0
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 4:
        raise Invalid("beside.bad-number", element=box, given=text[:20])
    return int(text)


def _time(row: Row, box: str) -> time:
    """An hour as people and office programs write it: 8:00, 08:00, 08:00:00."""
    text = row[box].strip()
    try:
        return time.fromisoformat(text if len(text.partition(":")[0]) == 2 else f"0{text}")
    except ValueError:
        raise Invalid("beside.bad-time", element=box, given=text[:20]) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("beside.bad-day", element="since", given=text[:20]) from None


def _filled(row: Row, *names: str) -> None:
    empty = tuple(Issue("error", "required", "beside.empty", {}, name) for name in names if not row.get(name, ""))
    if empty:
        raise Invalid("beside.empty", issues=empty)


def _of(which: str, text: str) -> str:
    return heads(which).get(text.strip().lower(), text.strip())


def _code(known: Mapping[str, Any], text: str) -> str:
    """A code by itself or by either of its names; what is unknown stays, and the command names it."""
    wanted = text.strip()
    return next((code for code, each in known.items() if wanted and wanted in (code, each.zh, each.en)), wanted)
