"""Entries that may be one person: found when somebody is registered and in batches, decided by a person.

A Task with both entries: the older one stands (``for``), the younger (``focus``) may be the same person. It belongs to
the registry, the institution that keeps the residents' index for the others; its registrars see the two cards and
nothing of the records. A pair is asked about once; what was decided stays and can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from doorstep.kernel import exact, keys
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import likeness, systems
from doorstep.terms.likeness import Features, Line
from doorstep.workflows import affiliation, merge
from doorstep.workflows.coordination import Case, begin, item, load, move, parts_played
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "duplicate", "persons.duplicate", "Task", ("finder", "registry"),
    (
        State("open", "persons.duplicate-open", "requested", "", "registry", "duplicate.review"),
        State("linked", "persons.duplicate-linked", "completed", ""),
        State("different", "persons.duplicate-different", "rejected", ""),
        State("reopened", "persons.duplicate-reopened", "in-progress", "", "registry", "duplicate.review"),
    ),
    (
        Act("raise", "persons.duplicate-raise", CLOCK, (), "open"),
        Act("remind", "persons.duplicate-remind", CLOCK, ("open", "reopened"), "open"),
        Act("match", "persons.duplicate-match", CLOCK, ("open",), "linked"),
        Act("link", "persons.duplicate-link", "registry", ("open", "reopened"), "linked"),
        Act("differ", "persons.duplicate-differ", "registry", ("open", "reopened"), "different", ("note",)),
        Act("undo", "persons.duplicate-undo", "registry", (), "reopened", ("note",)),
    ),
    desk="registrar",
)  # fmt: skip

REVIEWERS: Final = frozenset({"registrar", "security-admin", "administrator"})
REGISTRY: Final = "registry"
"""Role of an affiliation: keeps the index of residents for a member."""
_MOST: Final = 40
"""Candidates of one question; somebody with more is found in the batch."""


def near(reads: Reads, person: Features) -> list[tuple[Features, tuple[Line, ...]]]:
    """Entries that may be this person, most likely first. For the record's own eyes: never shown to a desk.

    A bounded question: people of the same telephone, of the same name, of the same sound and birthday.
    """
    found: dict[str, tuple[Features, tuple[Line, ...]]] = {}
    for query in _questions(person):
        page = reads.page("Patient", [*query, ("active:not", "false"), ("_count", str(_MOST))], strict=True)
        for entry in page.matches:
            if entry.id == person.id or entry.id in found:
                continue
            other = likeness.features(exact.decode(entry.body))
            found[entry.id] = (other, likeness.compare(other, person))
    likely = [each for each in found.values() if likeness.weight(each[1]) >= likeness.DOUBTFUL]
    return sorted(likely, key=lambda each: (-likeness.weight(each[1]), each[0].id))


def may_be_known(store: Store, patient: dict[str, Any]) -> bool:
    """Whether an entry that a desk is about to make may be somebody's: all that a desk is told."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        return bool(near(reads, likeness.features(patient)))


def compare(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Due work: ask about everybody who may be the person of an entry that was made or corrected."""
    try:
        patient = tx.read("Patient", Ref.parse(ref).id)
    except (NotFound, Gone):
        return
    if patient.get("active") is False:
        return
    finder = patient.get("managingOrganization", {}).get("reference") or tx.actor.organization
    for other, _ in near(tx, likeness.features(patient))[:5]:
        raise_pair(tx, first=f"Patient/{other.id}", second=ref, finder=finder)


def same(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Due work: an entry without a name turned out to have somebody's number; the registry links the two."""
    entry = tx.read("Patient", Ref.parse(ref).id)
    query = [("identifier", f"{payload['system']}|{payload['value']}"), ("active:not", "false"), ("_count", "2")]
    finder = entry.get("managingOrganization", {}).get("reference") or tx.actor.organization
    for found in tx.page("Patient", query, strict=True).matches:
        if f"Patient/{found.id}" != ref:
            raise_pair(tx, first=f"Patient/{found.id}", second=ref, finder=finder)


def raise_pair(tx: Tx, *, first: str, second: str, finder: str, weight: float | None = None) -> Stored | None:
    """Ask whether two entries are one person; None when it has been asked. Runs as the record's own hand."""
    pair = " ".join(sorted((first, second)))
    if keys.kept_by(tx, "duplicate", pair):
        return None
    registry = registry_of(tx, finder)
    tx.actor = replace(tx.actor, organization=registry)
    tx.unique("duplicate", pair, registry)
    inputs = (item("weight", f"{weight:.1f}"),) if weight is not None else ()
    # Somebody is being treated beside a record that may be theirs: the only question about a pair that cannot wait.
    priority = "stat" if any(_seen_now(tx, each) for each in (first, second)) else "routine"
    task = begin(tx, TABLE, TABLE.act("raise"), focus=second, resident=first, asking=finder, asked=registry,
                 inputs=inputs, priority=priority)  # fmt: skip
    _show(tx, str(task.ref), (first, second), registry)
    return task


def _seen_now(tx: Tx, resident: str) -> bool:
    query = [("patient", resident), ("status", "arrived,triaged,in-progress"), ("_count", "1")]
    return bool(tx.page("Encounter", query, strict=True).matches)


def raise_found(tx: Tx, *, first: str, second: str) -> bool:
    """Ask about a pair that a batch has found; false when it has been asked about, or one of them stands no more."""
    entries = [tx.read("Patient", Ref.parse(each).id) for each in (first, second)]
    if any(entry.get("active") is False or merge.replacement(entry) for entry in entries):
        return False
    finder = entries[1].get("managingOrganization", {}).get("reference") or tx.actor.organization
    lines = likeness.compare(*(likeness.features(entry) for entry in entries))
    return raise_pair(tx, first=first, second=second, finder=finder, weight=likeness.weight(lines)) is not None


def link_certain(tx: Tx, *, first: str, second: str) -> bool:
    """Link two entries about which nobody need be asked; false when, looked at again, that is not so."""
    entries = [tx.read("Patient", Ref.parse(each).id) for each in (first, second)]
    if any(entry.get("active") is False or merge.replacement(entry) for entry in entries):
        return False
    if not likeness.certain(likeness.compare(*(likeness.features(entry) for entry in entries))):
        return False
    pair = " ".join(sorted((first, second)))
    if keys.kept_by(tx, "duplicate", pair):
        return False
    finder = entries[1].get("managingOrganization", {}).get("reference") or tx.actor.organization
    task = raise_pair(tx, first=first, second=second, finder=finder)
    if task is None:
        return False
    case = load(tx, TABLE, task.id)
    merge.merge(tx, survivor=first, replaced=second)
    move(tx, case, TABLE.act("match"), also=(first, second))
    return True


def link(tx: Tx, *, task: str, survivor: str = "") -> Stored:
    """One person: the entry that was chosen stands for the other (the older one unless said otherwise)."""
    act = TABLE.act("link")
    case, first, second = _case(tx, task, act)
    kept = survivor if survivor in (first, second) else first
    merge.merge(tx, survivor=kept, replaced=second if kept == first else first)
    return move(tx, case, act, outputs=(item("survivor", kept),), also=(first, second))


def differ(tx: Tx, *, task: str, note: str) -> Stored:
    """Two people, and why; the pair is not asked about again."""
    act = TABLE.act("differ")
    case, first, second = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip(), also=(first, second))


def undo(tx: Tx, *, task: str, note: str) -> Stored:
    """They were linked by mistake: both stand for themselves again, and the question is asked anew: the new Task."""
    act = TABLE.act("undo")
    if tx.actor.role not in REVIEWERS:
        raise Forbidden("persons.not-a-registrar")
    case = load(tx, TABLE, task)
    if act.who not in parts_played(TABLE, case.task, tx.actor.organization):
        raise Forbidden("workflows.not-yours", workflow=TABLE.name, act=act.code, who=act.who)
    if case.state != "linked":
        raise Conflict("workflows.wrong-state", workflow=TABLE.name, act=act.code, state=case.state)
    needed(act, {"note": note})
    first, second = entries_of(case.task)
    entries = {each: tx.read("Patient", Ref.parse(each).id) for each in (first, second)}
    gone = next((each for each, entry in entries.items() if merge.replacement(entry) in entries), second)
    merge.unmerge(tx, replaced=gone, note=note)
    registry = case.organization("registry")
    again = begin(tx, TABLE, act, focus=second, resident=first, asking=case.organization("finder"), asked=registry,
                  part_of=case.ref, inputs=(item("note", note.strip()),), also=(case.ref,))  # fmt: skip
    _show(tx, str(again.ref), (first, second), registry)
    return again


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has decided in time: the question comes again."""
    case = load(tx, TABLE, Ref.parse(ref).id)
    if case.state == payload["state"]:
        move(tx, case, TABLE.act("remind"))


def entries_of(task: dict[str, Any]) -> tuple[str, str]:
    """The references of the two entries of a Task."""
    return task["for"]["reference"], task["focus"]["reference"]


def registry_of(reads: Reads, organization: str) -> str:
    """Who keeps the index of residents for an institution: its registry, else the hospital it refers to, else above."""
    for role in (REGISTRY, affiliation.REFERRAL):
        found = affiliation.partners(reads, member=organization, role=role)
        if found:
            return found[0]
    try:
        return affiliation.superior(reads, organization)
    except (NotFound, Gone):
        return organization


def waiting(reads: Reads, *, registry: str) -> Iterable[dict[str, Any]]:
    """What a registry has to decide, oldest first, then what it decided lately."""
    query = [("owner", registry), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("_sort", "authored-on")]
    return reads.search("Task", query)


def _case(tx: Tx, task: str, act: Act) -> tuple[Case, str, str]:
    if tx.actor.role not in REVIEWERS:
        raise Forbidden("persons.not-a-registrar")
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    return case, *entries_of(case.task)


def _show(tx: Tx, source: str, entries: tuple[str, ...], registry: str) -> None:
    """The registry may see both cards: it compares them now, and must find them again to undo."""
    for entry in entries:
        tx.grant(resident=Ref.parse(entry).id, org=registry, level=1, reason="case", source=source)


def _questions(person: Features) -> list[list[tuple[str, str]]]:
    asked = [[("phone", phone)] for phone in person.phones[:3]]
    asked += [[("identifier", f"{systems.IDENTITY_NUMBER}|{person.number}")]] if person.number else []
    if person.name:
        asked.append([("name:exact", person.name)])
    if person.born:
        asked.append([("birthdate", person.born), ("phonetic", person.sound)] if person.sound
                     else [("birthdate", person.born)])  # fmt: skip
        asked.append([("birthdate", person.born), ("name", person.name[:1])] if person.name else [])
    return [query for query in asked if query]


__all__ = [
    "REGISTRY", "REVIEWERS", "TABLE", "compare", "differ", "entries_of", "link", "link_certain",
    "may_be_known", "near",
    "raise_found", "raise_pair", "registry_of", "remind", "undo", "waiting",
]  # fmt: skip
