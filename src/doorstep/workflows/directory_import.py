"""Lists of institutions and staff: every row goes through the commands that a form uses, and may be sent again.

A row is known by its codes (credit code, licence, staff number), so that the same list twice changes nothing. A
preview runs the same commands and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from doorstep.kernel.errors import Issue, Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, table, titles
from doorstep.workflows import directory_institutions as institutions
from doorstep.workflows import directory_people as people
from doorstep.workflows import directory_posts as posts
from doorstep.workflows.directory import Resource, coded, ref_of
from doorstep.workflows.directory_institutions import Details
from doorstep.workflows.directory_people import Certificate, certificate_of
from doorstep.workflows.directory_sheet import Row

NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One row and what became (or would become) of it; ``problems`` name the column in ``element``."""

    number: int
    row: Row
    outcome: str
    problems: tuple[Issue, ...] = ()


class _Undo(Exception):
    """The end of a preview."""


def preview(
    store: Store,
    actor: Actor,
    *,
    what: str,
    rows: list[Row],
    commands: Mapping[str, Callable[[Tx, Row], str]] | None = None,
) -> list[Line]:
    """What every row would do. Nothing is kept."""
    return _each(store, actor, (commands or _COMMANDS)[what], rows, keep=False)


def apply(
    store: Store,
    actor: Actor,
    *,
    what: str,
    rows: list[Row],
    commands: Mapping[str, Callable[[Tx, Row], str]] | None = None,
) -> list[Line]:
    """Do it: each row in a transaction of its own; a wrong one does not hold up the others."""
    return _each(store, actor, (commands or _COMMANDS)[what], rows, keep=True)


def _each(store: Store, actor: Actor, command: Callable[[Tx, Row], str], rows: list[Row], *, keep: bool) -> list[Line]:
    lines = []
    earlier: set[str] = set()
    for number, row in enumerate(rows, 2):
        try:
            outcome = store.run(actor, command, row) if keep else _tried(store, actor, command, row, earlier)
            lines.append(Line(number, row, outcome))
            earlier |= {row.get("name", ""), row.get("credit", "")} - {""}
        except Refusal as refusal:
            lines.append(Line(number, row, WRONG, refusal.issues))
    return lines


def _tried(store: Store, actor: Actor, command: Callable[[Tx, Row], str], row: Row, earlier: set[str]) -> str:
    outcome = ""
    if row.get("superior") in earlier:
        row = {**row, "superior": ""}  # It will be there once the rows above have been done.
    try:
        with store.transaction(actor) as tx:
            outcome = command(tx, row)
            raise _Undo
    except _Undo:
        return outcome


# -- one row


def _institution(tx: Tx, row: Row) -> str:
    details = Details(
        kind=_code(table("organization-kind"), row.get("kind", "")), credit=row.get("credit", ""),
        licence=row.get("licence", ""), code=row.get("code", ""),
        ownership=_code(table("ownership"), row.get("ownership", "")),
        institution_class=_code(table("institution-class"), row.get("institution_class", "")),
        level=_code(table("hospital-level"), row.get("level", "")), district=row.get("district", ""),
        address=row.get("address", ""), phone=row.get("phone", ""),
    )  # fmt: skip
    superior = named(tx, row.get("superior", ""))
    found = _known(tx, row)
    if found is None:
        institutions.open_institution(tx, name=row.get("name", ""), alias=row.get("alias", ""), superior=superior,
                                      on=row.get("on", ""), details=details)  # fmt: skip
        return NEW
    outcome, before = SAME, institutions.details_of(found)
    wanted = Details(**{name: value or getattr(before, name) for name, value in asdict(details).items()})
    if wanted != before:
        institutions.describe(tx, organization=ref_of(found), details=wanted)
        outcome = CHANGED
    alias = row.get("alias", "") or next(iter(found.get("alias", ())), "")
    if (row["name"], [alias] if alias else []) != (found.get("name"), found.get("alias", [])):
        institutions.rename(tx, organization=ref_of(found), name=row["name"], alias=alias)
        outcome = CHANGED
    if superior and superior != found.get("partOf", {}).get("reference"):
        institutions.move(tx, organization=ref_of(found), superior=superior)
        outcome = CHANGED
    return outcome


def _staff(tx: Tx, row: Row) -> str:
    certificate = Certificate(row.get("certificate", ""), _code(table("practice-scope"), row.get("scope", "")), "", "",
                              _code(table("title-level"), row.get("level", "")))  # fmt: skip
    number = row.get("number", "").strip().upper()
    known = tx.search("Practitioner", [("identifier", f"{systems.STAFF_NUMBER}|{number}")]) if number else []
    outcome = SAME
    if not known:
        who = str(people.register(tx, name=row.get("name", ""), number=number, phone=row.get("phone", ""),
                                  certificate=certificate).ref)  # fmt: skip
        outcome = NEW
    else:
        who = ref_of(known[0])
        outcome = _updated(tx, known[0], row, certificate)
    role = row.get("role", "").strip()
    held = [each for each in posts.posts_of(tx, who) if each["organization"]["reference"] == tx.actor.organization
            and posts.role_of(each) == role]  # fmt: skip
    if role and not held:
        posts.appoint(tx, practitioner=who, institution=tx.actor.organization, role=role, on=row.get("on", ""),
                      until=row.get("until", ""), title=_code(titles(), row.get("title", "")),
                      department=_department(tx, row.get("department", "")))  # fmt: skip
        outcome = NEW if outcome == NEW else CHANGED
    return outcome


def _updated(tx: Tx, who: Resource, row: Row, certificate: Certificate) -> str:
    """Somebody who is known: only what the list says differently is written."""
    outcome, reference = SAME, ref_of(who)
    phone = row.get("phone", "") or who.get("telecom", [{}])[0].get("value", "")
    if (row["name"], phone) != (posts.called(who), who.get("telecom", [{}])[0].get("value", "")):
        people.edit(tx, practitioner=reference, name=row["name"], phone=phone)
        outcome = CHANGED
    now = certificate_of(who)
    wanted = Certificate(certificate.number.upper() or now.number, certificate.scope or now.scope, now.since, now.until,
                         certificate.level or now.level)  # fmt: skip
    if wanted != now:
        people.certify(tx, practitioner=reference, certificate=wanted)
        outcome = CHANGED
    return outcome


def _known(tx: Tx, row: Row) -> Resource | None:
    for column, system in (
        ("credit", systems.CREDIT_CODE),
        ("licence", systems.LICENCE),
        ("code", systems.INSTITUTION_CODE),
    ):
        value = "".join(row.get(column, "").upper().split())
        found = tx.search("Organization", [("identifier", f"{system}|{value}")]) if value else []
        if found:
            return found[0]
    return None


def named(tx: Tx, text: str) -> str:
    """An institution by credit code or exact name; what is unknown is refused by the command that needs it."""
    if not text:
        return ""
    found = tx.search("Organization", [("identifier", f"{systems.CREDIT_CODE}|{text.upper()}")])
    found = found or [each for each in tx.search("Organization", [("name:exact", text)])
                      if coded(each, systems.ORGANIZATION_KIND) != "department"]  # fmt: skip
    return ref_of(found[0]) if found else f"Organization/{text}"


def _department(tx: Tx, text: str) -> str:
    if not text:
        return ""
    below = tx.search("Organization", [("partof", tx.actor.organization), ("active", "true")])
    return next(
        (ref_of(each) for each in below if text in (each.get("name"), *each.get("alias", ()))), f"Organization/{text}"
    )


def _code(known: Mapping[str, Concept], text: str) -> str:
    """A code by itself or by either of its names; what is unknown stays, and the command names it."""
    return next((code for code, each in known.items() if text in (code, each.zh, each.en)), text)


_COMMANDS: Final[Mapping[str, Callable[[Tx, Row], str]]] = {"institutions": _institution, "staff": _staff}
