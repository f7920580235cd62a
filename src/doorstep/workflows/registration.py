"""A new person in the record: only after ``identify`` has found nobody.

Desk, FHIR interface and message gateway all end in ``admit``, which refuses a number that somebody has, takes it as a
key so that of two desks at once one makes the person, and has the entry compared with everybody else soon after. The
desk is told that there may be a duplicate, never who.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.access import ADMINISTRATOR, SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, Issue
from doorstep.kernel.refs import Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import documents, systems
from doorstep.terms.identifiers import IdentifierError, IdentityNumber, identity_number
from doorstep.workflows import naming
from doorstep.workflows.coordination import day

Resource = dict[str, Any]

DESK: Final = frozenset({"registrar", "nurse", "doctor", "family-team", "public-health", "gateway", ADMINISTRATOR})
"""Roles that may register somebody."""
COMPARE: Final = "duplicate.compare"
"""Due work: compare a new or corrected entry with everybody else."""
SAME: Final = "duplicate.same"
"""Due work: somebody who was unnamed has the number of an entry that is there; the payload names system and value."""
PROVENANCE: Final = f"{systems.BASE}/cs/registration-act"
SEXES: Final = ("male", "female", "other", "unknown")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a desk writes down of somebody who is new. ``document`` is a kind of ``documents.KINDS``.

    ``own_number`` is the number by which the system of institution ``own_of`` knows them, if it does.
    """

    name: str
    document: str = documents.IDENTITY_CARD
    number: str = ""
    pinyin: str = ""
    sex: str = ""
    born: str = ""
    phone: str = ""
    address: str = ""
    own_number: str = ""
    own_of: str = ""


def register(tx: Tx, *, person: Newcomer) -> Stored:
    """A resident who was not in the record, with a document."""
    return admit(tx, resource(person, today=day(tx.now)), act="register")


def resource(person: Newcomer, *, today: date) -> Resource:
    """The Patient that a desk's form describes; refuses it naming every box that is wrong."""
    wrong: list[Issue] = []
    read, own = _document(person, today, wrong), _own_number(person, wrong)
    name = naming.human_name(person.name, person.pinyin, wrong)
    born, sex = _birth(person, read[1], today, wrong), _sex(person, read[1], wrong)
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    found: Resource = {"resourceType": "Patient", "identifier": [read[0], *own], "active": True, "name": name}
    if person.phone.strip():
        found["telecom"] = [{"system": "phone", "value": "".join(person.phone.split()), "use": "mobile"}]
    found |= {"gender": sex, "birthDate": born}
    if person.address.strip():
        found["address"] = [{"use": "home", "text": person.address.strip()}]
    return found


def admit(tx: Tx, patient: Resource, *, act: str, id: str | None = None, note: str = "", witness: str = "") -> Stored:
    """Put a new person into the record: the one way there is.

    ``witness`` is a second person who answers for it, ``note`` what both say.
    """
    allowed(tx)
    id = id or tx.fresh_id(patient)
    taken(tx, patient, holder=id)
    made = {"managingOrganization": {"reference": tx.actor.organization}} if tx.actor.organization else {}
    stored = tx.create({**made, **patient}, id=id)
    tx.due(tx.now, COMPARE, ref=f"Patient/{id}")
    attest(tx, f"Patient/{id}/_history/{stored.version}", act=act, note=note, witness=witness)
    return stored


def admit_client_patient(tx: Tx, resource: Resource) -> str:
    """What a client's Patient must pass before it is written; answers the id to create it under.

    For the hook of the FHIR interface (and for messages of other systems): call it for every Patient that is not there
    yet, whether POSTed, PUT under a client's id, made by a transaction or by a condition, unless the actor is the
    administrator; then ``tx.create(resource, id=...)`` or ``tx.update(resource)`` as the client asked. Call
    ``changed_client_patient`` for an update. Refuses an identity number that cannot be one (422), somebody who is in
    the record already (409 persons.known: look them up by identify and use that resident), a Patient without any
    identifier that belongs to one person (422), and links to other residents, which only the merge command makes.
    """
    allowed(tx)
    if resource.get("link"):
        raise Forbidden("persons.link-by-merge", element="Patient.link")
    _numbers(resource, day(tx.now))
    _own_alone(tx, resource)
    if not any(system in documents.UNIQUE for system, _ in own_identifiers(resource)):
        raise Invalid("persons.identifier-needed", element="Patient.identifier")
    id = str(resource.get("id") or tx.fresh_id(resource))
    taken(tx, resource, holder=id)
    tx.due(tx.now, COMPARE, ref=f"Patient/{id}")
    return id


def changed_client_patient(tx: Tx, before: Resource, after: Resource) -> None:
    """What a client's change of a Patient must pass: new numbers are free and right, links and activity stay."""
    for member in ("link", "active"):
        if before.get(member) != after.get(member):
            raise Forbidden("persons.link-by-merge", element=f"Patient.{member}")
    new = [entry for entry in after.get("identifier", ()) if entry not in before.get("identifier", ())]
    _numbers({"identifier": new}, day(tx.now))
    _own_alone(tx, {"identifier": new})
    taken(tx, {"identifier": new}, holder=str(before["id"]))
    if new or before.get("name") != after.get("name") or before.get("birthDate") != after.get("birthDate"):
        tx.due(tx.now, COMPARE, ref=f"Patient/{before['id']}")


def taken(tx: Tx, patient: Resource, *, holder: str) -> None:
    """Refuse identifiers that somebody else has; take those that nobody has for good."""
    reads = keys.whole(tx)
    for system, value in own_identifiers(patient):
        found = reads.page("Patient", [("identifier", f"{system}|{value}"), ("_count", "2")], strict=True).matches
        kept = keys.kept_by(tx, "identifier", f"{system}|{value}")
        if any(entry.id != holder for entry in found) or kept not in (None, holder):
            raise Conflict("persons.known", element="number", tail=value[-4:])
        if kept is None:
            tx.unique("identifier", f"{system}|{value}", holder)


def own_identifiers(patient: Resource) -> list[tuple[str, str]]:
    """(system, value) of the identifiers that belong to one person; a number of 15 digits as its 18."""
    found: dict[tuple[str, str], None] = {}
    for entry in patient.get("identifier", ()):
        system, value = str(entry.get("system", "")), str(entry.get("value", ""))
        if documents.belongs_to_one(system) and value and entry.get("use") != "old":
            found[system, _eighteen(value) if system == systems.IDENTITY_NUMBER else value] = None
    return list(found)


def run_once(store: Store, actor: Any, command: Any, **given: Any) -> Stored:
    """Run a registering command; when another desk was quicker with the same number, say so in its words."""
    try:
        stored: Stored = store.run(actor, command, **given)
    except Conflict as conflict:
        if conflict.key != "claims.not-unique" or conflict.params.get("kind") != "identifier":
            raise
        raise Conflict("persons.known", element="number", tail=str(conflict.params["key"])[-4:]) from None
    return stored


def attest(tx: Tx, target: str, *, act: str, note: str = "", witness: str = "", also: tuple[str, ...] = ()) -> Stored:
    """One Provenance for what was done with an entry: who, when, why; a witness as second agent."""
    agents = [_agent(tx)]
    if witness:
        agents.append({"type": {"text": "witness"}, "who": {"reference": witness}})
    provenance: Resource = {
        "resourceType": "Provenance", "target": [{"reference": each} for each in (target, *also)],
        "occurredDateTime": instant(tx.now), "recorded": instant(tx.now),
        "activity": {"coding": [{"system": PROVENANCE, "code": act}]}, "agent": agents,
    }  # fmt: skip
    if note.strip():
        provenance["reason"] = [{"text": note.strip()}]
    return tx.create(provenance)


def _agent(tx: Tx) -> Resource:
    """Who does it; the record itself has no entry to refer to."""
    if tx.actor.person == SYSTEM.person:
        return {"who": {"identifier": {"system": f"{systems.BASE}/sid/agent", "value": "doorstep"}}}
    return {
        "role": [{"coding": [{"system": systems.STAFF_ROLE, "code": tx.actor.role}]}],
        "who": {"reference": tx.actor.person},
        **({"onBehalfOf": {"reference": tx.actor.organization}} if tx.actor.organization else {}),
    }


def allowed(tx: Tx) -> None:
    """Refuse who registers nobody."""
    if tx.actor.role not in DESK:
        raise Forbidden("persons.not-your-desk")


def _document(person: Newcomer, today: date, wrong: list[Issue]) -> tuple[Resource, IdentityNumber | None]:
    """The Identifier of the document, and what an identity number says."""
    if not person.number.strip():
        wrong.append(_issue("persons.number-needed", "number"))
        return {}, None
    try:
        system, value = documents.read(person.document, person.number)
        said = identity_number(value, today=today) if system == systems.IDENTITY_NUMBER else None
    except IdentifierError as error:
        wrong.append(_issue(error.key, "number"))
        return {}, None
    return {"use": "official", "system": system, "value": value}, said


def _own_number(person: Newcomer, wrong: list[Issue]) -> list[Resource]:
    """The Identifier that another system of the institution gave; none when it gave none."""
    if not person.own_number or not person.own_of:
        return []
    try:
        value = documents.own_number(person.own_number)
    except IdentifierError as error:
        wrong.append(_issue(error.key, "own_number"))
        return []
    return [{"use": "usual", "system": documents.own_system(person.own_of), "value": value,
             "assigner": {"reference": person.own_of}}]  # fmt: skip


def _birth(person: Newcomer, said: IdentityNumber | None, today: date, wrong: list[Issue]) -> str:
    given = person.born.strip()
    if not given:
        if said is None and not any(issue.element == "number" for issue in wrong):
            wrong.append(_issue("persons.born-needed", "born"))
        return said.born.isoformat() if said else ""
    try:
        born = date.fromisoformat(given)
    except ValueError:
        wrong.append(_issue("persons.born-shape", "born"))
        return ""
    if born > today or born.year < today.year - 150:
        wrong.append(_issue("persons.born-shape", "born"))
    elif said and born != said.born:
        wrong.append(_issue("persons.born-differs", "born"))
    return born.isoformat()


def _sex(person: Newcomer, said: IdentityNumber | None, wrong: list[Issue]) -> str:
    given = person.sex.strip() or (said.sex if said else "")
    if not given and any(issue.element == "number" for issue in wrong):
        return ""
    if given not in SEXES:
        wrong.append(_issue("persons.sex-needed", "sex"))
    elif said and given in ("male", "female") and given != said.sex:
        wrong.append(_issue("persons.sex-differs", "sex"))
    return given


def _numbers(patient: Resource, today: date) -> None:
    for entry in patient.get("identifier", ()):
        if entry.get("system") == systems.IDENTITY_NUMBER and entry.get("use") != "old":
            try:
                identity_number(str(entry.get("value", "")), today=today)
            except IdentifierError as error:
                raise Invalid(error.key, element="Patient.identifier") from None


def _own_alone(tx: Tx, patient: Resource) -> None:
    """Under an institution's own number its other system opens a resident here: nobody else says whose it is."""
    for entry in patient.get("identifier", ()):
        system = str(entry.get("system", ""))
        if documents.is_own(system) and system != documents.own_system(tx.actor.organization):
            raise Forbidden("persons.own-number", element="Patient.identifier")


def _eighteen(value: str) -> str:
    try:
        return identity_number(value).number
    except IdentifierError:
        return value


def _issue(key: str, box: str) -> Issue:
    return Issue("error", "value", key, {}, box)
