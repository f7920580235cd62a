"""People at work: who they are, and what their certificates allow. Where they work is a post (``directory_posts``).

One person, one Practitioner: the staff number and the certificate's number are unique in the whole system, so that
somebody who works at several institutions is registered once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from doorstep.kernel import names
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows.directory import (
    ALLIANCE_ROLES,
    Resource,
    attest,
    coded,
    from_table,
    get,
    identifier,
    save,
    typed,
)
from doorstep.workflows.directory_posts import LICENSED, posts_of, role_of

_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{3,32}\Z")
_PHONE: Final = re.compile(r"[0-9+() -]{5,24}\Z")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A practising certificate: number, scope (``practice-scope``), first and last day; and the level of the title."""

    number: str = ""
    scope: str = ""
    since: str = ""
    until: str = ""
    level: str = ""


def register(tx: Tx, *, name: str, number: str, phone: str = "", certificate: Certificate = Certificate()) -> Stored:
    """Somebody who was not in the directory. Conflict names the one who is, with the same number."""
    if tx.actor.role not in (*ALLIANCE_ROLES, "institution-admin"):
        raise Forbidden("directory.own-only")
    typed(name=name, number=number)
    number = number.strip().upper()
    if not _NUMBER.match(number):
        raise Invalid("directory.not-a-number", element="number")
    made: Resource = {"resourceType": "Practitioner", "active": True}
    id_ = tx.fresh_id(made)
    _only(tx, systems.STAFF_NUMBER, number, "number", f"Practitioner/{id_}")
    made["identifier"] = [{"system": systems.STAFF_NUMBER, "value": number}]
    _call(made, name, phone)
    _qualify(tx, made, certificate, f"Practitioner/{id_}")
    stored = tx.create(made, id=id_)
    attest(tx, "register", stored)
    return stored


def edit(tx: Tx, *, practitioner: str, name: str, phone: str = "", version: str = "") -> Stored:
    """Correct a name or telephone."""
    found = _theirs(tx, practitioner)
    typed(name=name)
    _call(found, name, phone)
    stored = save(tx, found, version=version)
    attest(tx, "edit", stored)
    return stored


def certify(tx: Tx, *, practitioner: str, certificate: Certificate, version: str = "") -> Stored:
    """Write down what the certificates say. One that is taken away while a post needs it is refused: end the post."""
    found = _theirs(tx, practitioner)
    _qualify(tx, found, certificate, practitioner)
    needing = [post for post in posts_of(tx, practitioner) if role_of(post) in LICENSED]
    if needing and not certificate.number.strip():
        raise RuleBroken("directory.licence-needed", element="certificate")
    stored = save(tx, found, version=version)
    attest(tx, "licence", stored)
    return stored


def certificate_of(practitioner: Resource) -> Certificate:
    """The certificate and title level of somebody, as a form shows them."""
    number = scope = since = until = level = ""
    for each in practitioner.get("qualification", ()):
        found = identifier(each, systems.PRACTICE_LICENCE)
        if found:
            number, scope = found, coded(each, systems.PRACTICE_SCOPE, "code")
            since, until = each.get("period", {}).get("start", ""), each.get("period", {}).get("end", "")
        level = coded(each, systems.TITLE_LEVEL, "code") or level
    return Certificate(number, scope, since, until, level)


def _theirs(tx: Tx, practitioner: str) -> Resource:
    """Somebody who works at the actor's institution, or was registered by it and works nowhere yet."""
    found = get(tx, practitioner, "practitioner")
    if found["resourceType"] != "Practitioner":
        raise NotFound("read.not-found", type="Practitioner", id=found["id"])
    if tx.actor.role in ALLIANCE_ROLES:
        return found
    posts = posts_of(tx, practitioner)
    here = any(post["organization"]["reference"] == tx.actor.organization for post in posts)
    fresh = not posts and tx.stored("Practitioner", found["id"]).custodian == tx.actor.organization
    if tx.actor.role != "institution-admin" or not (here or fresh):
        raise Forbidden("directory.own-only")
    return found


def _call(made: Resource, name: str, phone: str) -> None:
    text = " ".join(name.split())
    if len(text) > 60:
        raise Invalid("directory.too-long", element="name", most=60)
    family, given = names.split(text)
    written: Resource = {"text": text}
    if family and given:
        written |= {"family": family, "given": [given]}
    made["name"] = [written]
    if phone.strip() and not _PHONE.match(phone.strip()):
        raise Invalid("directory.not-a-phone", element="phone")
    made.pop("telecom", None)
    if phone.strip():
        made["telecom"] = [{"system": "phone", "value": phone.strip(), "use": "work"}]


def _qualify(tx: Tx, made: Resource, certificate: Certificate, reference: str) -> None:
    earlier = certificate_of(made).number
    found: list[Resource] = []
    number = certificate.number.strip().upper()
    if number:
        if not _NUMBER.match(number):
            raise Invalid("directory.not-a-number", element="certificate")
        typed(scope=certificate.scope)
        scope = from_table("practice-scope", certificate.scope, "scope")
        entry: Resource = {
            "identifier": [{"system": systems.PRACTICE_LICENCE, "value": number}],
            "code": {"coding": [scope.coding()]},
        }
        period = _period(certificate)
        found.append({**entry, "period": period} if period else entry)
    if certificate.level:
        found.append({"code": {"coding": [from_table("title-level", certificate.level, "level").coding()]}})
    if number != earlier:
        if earlier:
            tx.release("directory.certificate", earlier, holder=reference)
        if number:
            taken = tx.search("Practitioner", [("identifier", f"{systems.PRACTICE_LICENCE}|{number}")])
            if taken:
                raise Conflict("directory.certificate-taken", element="certificate", number=number,
                               practitioner=taken[0]["id"])  # fmt: skip
            tx.claim("directory.certificate", number, holder=reference)
    kept = [each for each in made.get("identifier", ()) if each.get("system") != systems.PRACTICE_LICENCE]
    made["identifier"] = kept + ([{"system": systems.PRACTICE_LICENCE, "value": number}] if number else [])
    made.pop("qualification", None)
    if found:
        made["qualification"] = found


def _period(certificate: Certificate) -> dict[str, str]:
    period = {}
    boxes = (("start", certificate.since, "since"), ("end", certificate.until, "certificate_until"))
    for member, text, element in boxes:
        if text.strip():
            try:
                period[member] = date.fromisoformat(text.strip()).isoformat()
            except ValueError:
                raise Invalid("directory.not-a-day", element=element, text=text) from None
    if len(period) == 2 and period["end"] < period["start"]:
        raise Invalid("directory.ends-before", element="certificate_until", day=period["end"])
    return period


def _only(tx: Tx, system: str, value: str, element: str, reference: str) -> None:
    taken = tx.search("Practitioner", [("identifier", f"{system}|{value}")])
    if taken:
        raise Conflict("directory.number-taken", element=element, number=value, practitioner=taken[0]["id"])
    tx.claim("directory.staff", value, holder=reference)
