"""Insider alarms: once a day the audit is gone through for looks that care does not explain.

Each alarm is a Task with its evidence for the privacy officer of the person's institution, or of the one above when the
officer themselves are meant. The Tasks are nobody else's: they are in the record's own keeping, and these commands and
questions alone show them, to officers alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median, pstdev
from typing import Any, Final

from doorstep.kernel import roles, watching
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Gone, NotFound
from doorstep.kernel.refs import DIRECTORY, Actor, Ref, Stored, new_id
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.kernel.watching import Pair
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.workflows import affiliation, messages, witness
from doorstep.workflows.coordination import begin, day, item, load, move
from doorstep.workflows.identity import name_of
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "alarm", "privacy.alarm", "Task", ("clinic", "officer"),
    (
        State("raised", "privacy.alarm-raised", "requested", "", "officer", "alarm.review"),
        State("cleared", "privacy.alarm-cleared", "completed", ""),
        State("confirmed", "privacy.alarm-confirmed", "failed", ""),
    ),
    (
        Act("raise", "privacy.alarm-raise", CLOCK, (), "raised"),
        Act("remind", "privacy.remind", CLOCK, ("raised",), "raised"),
        Act("clear", "privacy.alarm-clear", "officer", ("raised",), "cleared", ("note",)),
        Act("confirm", "privacy.alarm-confirm", "officer", ("raised",), "confirmed", ("note",)),
    ),
    desk="auditor",
)  # fmt: skip

SCAN: Final = "alarm.scan"
KINDS: Final = {
    "same-name": "privacy.alarm-same-name",
    "colleague": "privacy.alarm-colleague",
    "neighbour": "privacy.alarm-neighbour",
    "watched": "privacy.alarm-watched",
    "volume": "privacy.alarm-volume",
    "idle": "privacy.alarm-idle",
    "refused": "privacy.alarm-refused",
    "look-ups": "privacy.alarm-look-ups",
}
"""Kind of alarm -> message key."""
_MOST: Final = 50
"""Residents that one alarm's evidence names; the count tells how many there were."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One finding about one person: how many against which limit, and the residents concerned."""

    kind: str
    person: str
    role: str
    organization: str
    count: int
    limit: int
    residents: tuple[str, ...] = ()


def arm(tx: Tx) -> None:
    """See to it that the audit is gone through every day; does nothing when that is so already."""
    if tx.holder("job", SCAN) is None:
        tx.claim("job", SCAN, holder=new_id(DIRECTORY))
        every = policy("alarm.every", on=day(tx.now), reads=tx).microseconds
        tx.due(tx.now + every, SCAN, ref="", payload={"since": tx.now})


def run(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Go through what has been done since the last time, raise what was found, and see to the next time."""
    scan(tx, since=int(payload["since"]), until=tx.now)
    every = policy("alarm.every", on=day(tx.now), reads=tx).microseconds
    tx.due(tx.now + every, SCAN, ref="", payload={"since": tx.now})


def scan(tx: Tx, *, since: int, until: int) -> list[Stored]:
    """One Task for each finding of a span of time."""
    return [_raise(tx, alarm, since) for alarm in found(tx, since=since, until=until)]


def found(tx: Tx, *, since: int, until: int) -> list[Alarm]:
    """What the audit of a span of time shows, by person and kind."""
    seen = watching.pairs(tx, since=since, until=until)
    looked = [pair for pair in seen if pair.resident and pair.reads + pair.lookups]
    return [*_curious(tx, looked), *_many(tx, seen), *_refused(tx, since, until)]


def clear(tx: Tx, *, task: str, note: str) -> Stored:
    """The officer found a reason for what was done."""
    return _end(tx, task, "clear", note)


def confirm(tx: Tx, *, task: str, note: str) -> Stored:
    """The officer found none, and says what follows."""
    return _end(tx, task, "confirm", note)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has looked into it in time."""
    witness.remind({TABLE.name: TABLE})(tx, ref=ref, payload=payload)


def waiting(store: Store, actor: Actor, *, over: bool = False) -> list[dict[str, Any]]:
    """The alarms of the actor's institution, newest first; with ``over`` also those that were dealt with."""
    if not roles.may(actor.role, "audit"):
        raise Forbidden("privacy.officers-only")
    query = [("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("_sort", "-authored-on")]
    with store.snapshot(SYSTEM, audited=False) as reads:
        tasks = [task for task in reads.search("Task", query if over else [*query, ("status", "requested")])
                 if task["restriction"]["recipient"][0]["reference"] == actor.organization]  # fmt: skip
    if tasks:
        store.audit(Access(actor, "search-type", "Task", refs=tuple(f"Task/{task['id']}" for task in tasks)))
    return tasks


def _curious(tx: Tx, looked: list[Pair]) -> list[Alarm]:
    """Looks at people whom the viewer knows, or who are watched over, without any entry of the viewer's."""
    colleagues = _colleagues(tx)
    people: dict[str, dict[str, Any]] = {}
    hits: dict[tuple[str, str, str, str], list[str]] = {}
    for pair in looked:
        if pair.writes:
            continue
        viewer = people.setdefault(pair.person, _read(tx, pair.person))
        resident = people.setdefault(f"Patient/{pair.resident}", _read(tx, f"Patient/{pair.resident}"))
        for kind in _kinds(tx, pair, viewer, resident, colleagues):
            hits.setdefault((kind, pair.person, pair.role, pair.organization), []).append(pair.resident)
    return [Alarm(kind, person, role, org, len(residents), 1, tuple(residents))
            for (kind, person, role, org), residents in hits.items()]  # fmt: skip


def _kinds(
    tx: Tx, pair: Pair, viewer: dict[str, Any], resident: dict[str, Any], colleagues: dict[str, str]
) -> Iterator[str]:
    family = _family(viewer)
    if family and family == _family(resident):
        yield "same-name"
    if any(contact in colleagues for contact in _contacts(resident)):
        yield "colleague"
    if _places(viewer) & _places(resident):
        yield "neighbour"
    if resident and messages.flagged(tx, resident=f"Patient/{pair.resident}", code=messages.WATCHED):
        yield "watched"


def _many(tx: Tx, seen: list[Pair]) -> list[Alarm]:
    """More residents than the role explains, looks that left no entry, and look-ups beyond the daily number."""
    on = day(tx.now)
    by_person: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in seen:
        by_person.setdefault((pair.person, pair.role, pair.organization), []).append(pair)
    counts = {who: len({pair.resident for pair in own if pair.resident and pair.reads})
              for who, own in by_person.items()}  # fmt: skip
    alarms = []
    for who, own in by_person.items():
        peers = [count for other, count in counts.items() if other != who and other[1] == who[1]]
        most = _usual(tx, peers)
        if most is not None and counts[who] > most:
            alarms.append(Alarm("volume", *who, counts[who], most, _residents(own)))
        idle = [pair for pair in own if pair.resident and pair.reads and not pair.writes]
        limit = policy("alarm.idle", on=on, reads=tx).amount
        if len(idle) >= limit:
            alarms.append(Alarm("idle", *who, len(idle), limit, _residents(idle)))
        lookups, allowed = sum(pair.lookups for pair in own), policy("alarm.look-ups", on=on, reads=tx).amount
        if lookups > allowed:
            alarms.append(Alarm("look-ups", *who, lookups, allowed, _residents([p for p in own if p.lookups])))
    return alarms


def _usual(tx: Tx, peers: list[int]) -> int | None:
    """How many residents are usual for a role: its median and so many deviations of the others, never under a floor."""
    on = day(tx.now)
    if len(peers) + 1 < policy("alarm.peers", on=on, reads=tx).amount:
        return None
    most = median(peers) + policy("alarm.sigma", on=on, reads=tx).amount * pstdev(peers)
    return max(int(most), policy("alarm.volume", on=on, reads=tx).amount)


def _refused(tx: Tx, since: int, until: int) -> list[Alarm]:
    on = day(tx.now)
    limit = policy("alarm.refused", on=on, reads=tx).amount
    within = policy("alarm.refused-within", on=on, reads=tx).microseconds
    alarms = []
    for who, moments in watching.refused(tx, since=since, until=until).items():
        burst = max(sum(start <= at < start + within for at in moments) for start in moments)
        if burst >= limit:
            alarms.append(Alarm("refused", *who, burst, limit))
    return alarms


def _raise(tx: Tx, alarm: Alarm, since: int) -> Stored:
    officers = affiliation.superior(tx, alarm.organization) if alarm.role == witness.ROLE else alarm.organization
    inputs = (
        item("kind", alarm.kind), item("person", alarm.person), item("role", alarm.role),
        item("since", instant(since)), item("until", instant(tx.now)), item("count", str(alarm.count)),
        item("limit", str(alarm.limit)), *(item("resident", f"Patient/{who}") for who in alarm.residents[:_MOST]),
    )  # fmt: skip
    return begin(tx, TABLE, TABLE.act("raise"), focus="", resident="", asking=alarm.organization, asked=officers,
                 inputs=inputs)  # fmt: skip


def _end(tx: Tx, task: str, act_code: str, note: str) -> Stored:
    act, officer = TABLE.act(act_code), tx.actor
    if not roles.may(officer.role, "audit"):
        raise Forbidden("privacy.officers-only")
    with _own_keeping(tx):
        case = load(tx, TABLE, task)
        TABLE.check(act, state=case.state, parties=witness.played(TABLE, case.task, officer))
        needed(act, {"note": note})
        return move(tx, case, act, note=note.strip(), by=officer)


@contextmanager
def _own_keeping(tx: Tx) -> Iterator[None]:
    """What is in the record's own keeping is read and written by its own hand; the audit names who asked for it."""
    officer = tx.actor
    tx.actor = replace(SYSTEM, at=officer.at)
    try:
        yield
    finally:
        tx.actor = officer


def _colleagues(tx: Tx) -> dict[str, str]:
    """Telephone or identity number -> the one at work who has it."""
    return {contact: f"Practitioner/{one['id']}" for one in tx.search("Practitioner", [("active", "true")])
            for contact in _contacts(one)}  # fmt: skip


def _contacts(person: dict[str, Any]) -> set[str]:
    phones = {entry["value"] for entry in person.get("telecom", ())
              if entry.get("system") == "phone" and "value" in entry}  # fmt: skip
    numbers = {entry["value"] for entry in person.get("identifier", ())
               if entry.get("system") == systems.IDENTITY_NUMBER and "value" in entry}  # fmt: skip
    return phones | numbers


def _places(person: dict[str, Any]) -> set[str]:
    """Home addresses, spaces apart."""
    given = (entry.get("text") or "".join(entry.get("line", ())) for entry in person.get("address", ())
             if entry.get("use") != "work")  # fmt: skip
    return {"".join(text.split()) for text in given if text.strip()}


def _family(person: dict[str, Any]) -> str:
    names = person.get("name") or [{}]
    return str(names[0].get("family") or name_of(person)[:1]) if person else ""


def _residents(own: list[Pair]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pair.resident for pair in own if pair.resident))


def _read(tx: Tx, reference: str) -> dict[str, Any]:
    target = Ref.parse(reference)
    try:
        return tx.read(target.type, target.id)
    except (Gone, NotFound):
        return {}
