"""People who come without a document: a child just born, and somebody whom nobody knows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import documents, systems
from doorstep.terms.identifiers import IdentifierError, identity_number
from doorstep.terms.policies import policy
from doorstep.workflows import naming, registration, relations
from doorstep.workflows.coordination import day
from doorstep.workflows.identity import name_of
from doorstep.workflows.registration import Newcomer

_NOTE: Final = 10
"""Characters that a note of two people has at least."""
_WAITING: Final = 50
"""Entries without a name that a desk sees at once."""
_ORDERS: Final = range(1, 10)


def newborn(tx: Tx, *, mother: str, order: str, born: str, sex: str, name: str = "", pinyin: str = "") -> Stored:
    """A child known by its mother and the order of birth; one entry a child, however often it is registered."""
    wrong: list[Issue] = []
    when, place = _born(tx, born, wrong), _order(order, wrong)
    if sex not in registration.SEXES:
        wrong.append(Issue("error", "value", "persons.sex-needed", {}, "sex"))
    woman = tx.read("Patient", Ref.parse(mother).id)
    if woman.get("gender") == "male":
        wrong.append(Issue("error", "value", "persons.mother-male", {}, "mother"))
    called = name.strip() or _child_of(woman, sex, place)
    names = naming.human_name(called, pinyin, wrong)
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    names[0]["use"] = "official" if name.strip() else "temp"
    child: dict[str, Any] = {
        "resourceType": "Patient", "active": True, "name": names, "gender": sex, "birthDate": when.isoformat(),
        "identifier": [{"use": "temp", "system": documents.NEWBORN, "value": f"{woman['id']}/{when:%Y%m%d}/{place}"}],
        "multipleBirthInteger": place,
    }  # fmt: skip
    for member in ("address", "telecom"):
        if woman.get(member):
            child[member] = woman[member]
    stored = registration.admit(tx, child, act="newborn")
    relations.name_guardian(tx, ward=str(stored.ref), relationship="MTH", guardian=mother)
    return stored


def unnamed(tx: Tx, *, sex: str, note: str, witness: str, age: str = "") -> Stored:
    """Somebody whose name nobody knows: a temporary number, and a note for which two people of the house answer."""
    wrong: list[Issue] = []
    if sex not in registration.SEXES:
        wrong.append(Issue("error", "value", "persons.sex-needed", {}, "sex"))
    if len(note.strip()) < _NOTE:
        wrong.append(Issue("error", "value", "persons.note-needed", {"least": _NOTE}, "note"))
    years = age.strip()
    if years and not (years.isascii() and years.isdigit() and int(years) < 130):
        wrong.append(Issue("error", "value", "persons.age-shape", {}, "age"))
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    _second(tx, witness)
    patient: dict[str, Any] = {"resourceType": "Patient", "active": True, "gender": sex}
    id = tx.fresh_id(patient)
    number = f"T{day(tx.now):%y%m%d}-{id[-6:].upper()}"
    patient["identifier"] = [{"use": "temp", "system": documents.TEMPORARY, "value": number}]
    patient["name"] = [{"use": "temp", "text": f"{naming.word('unnamed')} {number[-6:]}"}]
    if years:
        patient["birthDate"] = str(day(tx.now).year - int(years))
    return registration.admit(tx, patient, act="unnamed", id=id, note=note, witness=witness)


def named(tx: Tx, *, resident: str, person: Newcomer) -> Stored:
    """Somebody who had no document has one now: name and number are written down, the temporary number stays as old.

    When the number is somebody's, the two entries are one person: they are merged, not renamed (409 persons.known).
    """
    registration.allowed(tx)
    stored = tx.stored("Patient", Ref.parse(resident).id)
    patient = tx.read("Patient", stored.id)
    if not (temporary := _temporary(patient)):
        raise Conflict("persons.named-already", element="number")
    known = registration.resource(person, today=day(tx.now))
    registration.taken(tx, known, holder=stored.id)
    old = [{**entry, "use": "old"} for entry in temporary]
    before = [{**each, "use": "old"} for each in patient.get("name", ())]
    patient |= {**known, "id": stored.id, "identifier": [*known["identifier"], *old]}
    patient["name"] = [*known["name"], *before]
    written, _ = tx.update(patient, if_match=stored.version)
    tx.due(tx.now, registration.COMPARE, ref=f"Patient/{stored.id}")
    registration.attest(tx, f"Patient/{stored.id}/_history/{written.version}", act="named")
    return written


def ask_registry(tx: Tx, *, resident: str, person: Newcomer) -> None:
    """The number of somebody unnamed is in the record already: the registry is asked to link the two entries.

    The desk is told nothing of the other entry.
    """
    registration.allowed(tx)
    entry = tx.read("Patient", Ref.parse(resident).id)
    if not _temporary(entry):
        raise Conflict("persons.named-already", element="number")
    known = registration.resource(person, today=day(tx.now))
    for system, value in registration.own_identifiers(known):
        tx.due(tx.now, registration.SAME, ref=f"Patient/{entry['id']}", payload={"system": system, "value": value})


def nameless(reads: Reads) -> list[dict[str, Any]]:
    """The entries of the actor's institution that wait for a name and a number, newest first."""
    query = [("identifier", f"{documents.TEMPORARY}|,{documents.NEWBORN}|"), ("active:not", "false"),
             ("organization", reads.actor.organization), ("_sort", "-_lastUpdated"),
             ("_count", str(_WAITING))]  # fmt: skip
    return [entry for entry in reads.search("Patient", query) if _temporary(entry)]


def _temporary(patient: dict[str, Any]) -> list[dict[str, Any]]:
    """The temporary numbers of an entry that has no other; [] when it has."""
    numbers = patient.get("identifier", ())
    held = [entry for entry in numbers if entry.get("use") == "temp"]
    return [] if registration.own_identifiers({"identifier": [e for e in numbers if e not in held]}) else held


def mother_by(tx: Tx, *, number: str) -> str:
    """The mother's reference by her number, among those whom the desk may see."""
    try:
        read = identity_number(number)
    except IdentifierError as wrong:
        raise Invalid(wrong.key, element="mother") from None
    query = [("identifier", f"{systems.IDENTITY_NUMBER}|{read.number}"), ("active:not", "false"), ("_count", "2")]
    found = tx.page("Patient", query, strict=True).matches
    if len(found) != 1:
        raise Invalid("persons.mother-unknown", element="mother")
    return f"Patient/{found[0].id}"


def _second(tx: Tx, witness: str) -> None:
    """Another person with a post at the same institution."""
    if not witness.strip():
        raise Invalid("persons.witness-needed", element="witness")
    if witness == tx.actor.person:
        raise Forbidden("persons.witness-self", element="witness")
    query = [("practitioner", witness), ("organization", tx.actor.organization), ("active", "true"), ("_count", "1")]
    if not tx.page("PractitionerRole", query, strict=True).matches:
        raise Invalid("persons.witness-elsewhere", element="witness")


def _born(tx: Tx, text: str, wrong: list[Issue]) -> date:
    today = day(tx.now)
    try:
        born = date.fromisoformat(text.strip())
    except ValueError:
        born = date.min
    within = timedelta(microseconds=policy("newborn.register", on=today, reads=tx).microseconds)
    if not today - within <= born <= today:
        wrong.append(Issue("error", "value", "persons.newborn-day", {"days": within.days}, "born"))
    return born


def _order(text: str, wrong: list[Issue]) -> int:
    given = text.strip()
    order = int(given) if given.isascii() and given.isdigit() else 0
    if order not in _ORDERS:
        wrong.append(Issue("error", "value", "persons.order-shape", {}, "order"))
    return order


def _child_of(mother: dict[str, Any], sex: str, order: int) -> str:
    whose = name_of(mother)
    return f"{whose}{naming.word('son' if sex == 'male' else 'daughter' if sex == 'female' else 'child')}{order}"
