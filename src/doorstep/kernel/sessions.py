"""Sign-ins: who acts, in which posting, on which device. Read on each request, so that ending one holds at once.

A session holds as long as its row is there, its time has not run out, the posting (PractitionerRole) in which its
holder acts says what it said when they chose it, and the record does not say that the holder is inactive. Whoever ends
a posting, or sets somebody inactive, therefore ends their sessions in the same commit. A resident whose entry was
merged into another acts as the one who stands for it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from doorstep.kernel import alias, exact
from doorstep.kernel.clock import HOME, SECOND, Clock, real_now
from doorstep.kernel.engine import Engine
from doorstep.kernel.read import type_number
from doorstep.kernel.refs import DIRECTORY, Actor, part_of_id

PAGE: Final = "page"
"""A browser's cookie."""
BEARER: Final = "bearer"
"""What a program sends in the Authorization header."""
SEEN_EVERY: Final = 60 * SECOND
"""How exactly the moment of the last request is kept: a write on every request would cost more than it tells."""

_COLUMNS: Final = (
    "id, kind, account, posting, posted, actor, issued, seen, proved, factor, expires, device, address, client, family"
)
_PEOPLE: Final = ("Practitioner", "Patient", "RelatedPerson")
_KNOWN: Final = frozenset(field.name for field in fields(Actor))


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. ``proved`` is when the holder last gave their password, ``factor`` the second thing they showed.

    ``posting`` is "" as long as no role is chosen and for residents; ``family`` joins tokens that follow each other.
    """

    id: str
    kind: str
    account: str
    posting: str
    posted: str
    actor: Actor
    issued: int
    seen: int
    proved: int
    factor: str
    expires: int
    device: str
    address: str
    client: str
    family: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a session's row says, in one text besides what a request may change. Whether it holds is asked elsewhere."""

    said: str
    seen: int
    expires: int


class Sessions:
    """The sign-ins of a record. A secret is never kept, only its hash."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def start(
        self, secret: str, actor: Actor, *, account: str, posting: str = "", kind: str = PAGE, ttl: int,
        factor: str = "", device: str = "", address: str = "", client: str = "", family: str = "",
    ) -> Session:  # fmt: skip
        """A new session for ``ttl`` seconds of the real clock; sessions of the account that have run out go."""
        now, id_ = real_now(), secrets.token_hex(8)
        session = Session(
            id_, kind, account, posting, self._posted(posting), replace(actor, account=account, session=id_), now, now,
            now, factor, now + ttl * SECOND, device[:200], address, client, family,
        )  # fmt: skip
        marks = ", ".join("?" * (1 + len(_COLUMNS.split(","))))
        self._engine.write(
            [
                ("DELETE FROM session WHERE account = ? AND expires <= ?", [account, now]),
                (f"INSERT INTO session (hash, {_COLUMNS}) VALUES ({marks})", [hashed(secret), *_row(session)]),
            ]
        )
        return session

    def find(self, secret: str, *kinds: str) -> Session | None:
        """The session behind a secret, if it holds now and is of one of the kinds."""
        found = self._engine.once(
            f"SELECT {', '.join('s.' + name for name in _COLUMNS.split(', '))}, r.body"
            " FROM session s LEFT JOIN resource r ON r.part = ? AND r.type = ? AND r.id = s.posting AND r.deleted = 0"
            " WHERE s.hash = ?",
            [DIRECTORY, type_number("PractitionerRole"), hashed(secret)],
        )
        if not found:
            return None
        session = _session(found[0][:-1])
        if session.kind not in kinds or session.expires <= real_now():
            return None
        if session.posting and digest(found[0][-1], self._today()) != session.posted:
            return None
        actor = self.standing(session.actor)
        return replace(session, actor=actor) if actor is not None else None

    def said(self, secret: str, kind: str) -> SignIn | None:
        """The row behind a secret, for whoever has found before that it holds and asks whether it is the same still."""
        found = self._engine.once(
            "SELECT seen, expires, id, account, posting, posted, actor, proved, factor FROM session"
            " WHERE hash = ? AND kind = ?", [hashed(secret), kind],
        )  # fmt: skip
        return SignIn(repr(found[0][2:]), found[0][0], found[0][1]) if found else None

    def standing(self, actor: Actor) -> Actor | None:
        """As whom somebody acts now: as the survivor when they, or the one they act for, were merged; None when the
        record says that they are inactive or has deleted them. Whom it never knew (a device) it says nothing of."""
        kind, _, id_ = actor.person.partition("/")
        if kind not in _PEOPLE:
            return actor
        residents = {each for each in (id_ if kind == "Patient" else "", actor.patient) if each}
        moved = alias.find(self._engine.once, sorted(residents)) if residents else {}
        id_ = moved[id_][1] if kind == "Patient" and id_ in moved else id_
        part = DIRECTORY if kind == "Practitioner" else part_of_id(id_)
        place, bound = ("?", [part]) if part is not None else (
            "(SELECT part FROM locator WHERE type = ? AND id = ?)", [type_number(kind), id_])  # fmt: skip
        found = self._engine.once(
            f"SELECT body, deleted FROM resource WHERE part = {place} AND type = ? AND id = ?",
            [*bound, type_number(kind), id_],
        )
        if found and (found[0][1] or exact.decode(found[0][0]).get("active") is False):
            return None
        if not moved:
            return actor
        patient = moved[actor.patient][1] if actor.patient in moved else actor.patient
        return replace(actor, person=f"{kind}/{id_}", patient=patient)

    def of(self, account: str) -> list[Session]:
        """What an account has open, the last used first."""
        found = self._engine.once(
            f"SELECT {_COLUMNS} FROM session WHERE account = ? AND expires > ? ORDER BY seen DESC, id",
            [account, real_now()],
        )
        return [_session(row) for row in found]

    def seen(self, session: Session) -> None:
        """Note that somebody is there, once a minute."""
        now = real_now()
        if now - session.seen >= SEEN_EVERY:
            self._engine.write([("UPDATE session SET seen = ? WHERE account = ? AND id = ?",
                                 [now, session.account, session.id])])  # fmt: skip

    def prove(self, secret: str, session: Session, *, factor: str = "") -> bool:
        """The holder has shown again who they are: it goes on under another secret. False when it has ended."""
        now = real_now()
        done = self._engine.write(
            [("UPDATE session SET hash = ?, seen = ?, proved = ?, factor = ? WHERE account = ? AND id = ?",
              [hashed(secret), now, now, factor or session.factor, session.account, session.id])]
        )  # fmt: skip
        return done == [1]

    def act_as(self, session: Session, actor: Actor, *, posting: str) -> bool:
        """Go on in another role. False when the session has ended meanwhile."""
        known = replace(actor, account=session.account, session=session.id)
        done = self._engine.write(
            [("UPDATE session SET actor = ?, posting = ?, posted = ? WHERE account = ? AND id = ?",
              [_json(known), posting, self._posted(posting), session.account, session.id])]
        )  # fmt: skip
        return done == [1]

    def end(self, account: str, id: str) -> int:
        """End one session of an account; how many there were."""
        return self._engine.write([("DELETE FROM session WHERE account = ? AND id = ?", [account, id])])[0]

    def end_all(self, account: str, *, but: str = "") -> int:
        """End everything that an account has open, bearer tokens too; ``but`` one session. One commit."""
        return sum(
            self._engine.write(
                [
                    ("DELETE FROM session WHERE account = ? AND id <> ?", [account, but]),
                    ("DELETE FROM token WHERE account = ?", [account]),
                ]
            )
        )

    def end_family(self, family: str) -> int:
        """End all tokens that followed from one another."""
        return self._engine.write([("DELETE FROM session WHERE family = ? AND family <> ''", [family])])[0]

    def _posted(self, posting: str) -> str:
        if not posting:
            return ""
        found = self._engine.once(
            "SELECT body FROM resource WHERE part = ? AND type = ? AND id = ? AND deleted = 0",
            [DIRECTORY, type_number("PractitionerRole"), posting],
        )
        return digest(found[0][0], self._today()) if found else ""

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now() / 1e6, HOME).date()


def digest(body: str | None, today: date) -> str:
    """What a posting says about who may act where as what; "" when it does not hold on that day."""
    role: dict[str, Any] = exact.decode(body) if body else {}
    if not role.get("active"):
        return ""
    period = role.get("period", {})
    day = today.isoformat()
    if str(period.get("start", ""))[: len(day)] > day or (period.get("end") and str(period["end"])[: len(day)] < day):
        return ""
    said = [role.get("practitioner", {}).get("reference"), role.get("organization", {}).get("reference"),
            [(coding.get("system"), coding.get("code")) for code in role.get("code", ()) for coding in
             code.get("coding", ())]]  # fmt: skip
    return sha256(json.dumps(said).encode()).hexdigest()[:32]


def hashed(secret: str) -> str:
    """How a secret is kept."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _row(session: Session) -> list[Any]:
    return [_json(getattr(session, name)) if name == "actor" else getattr(session, name)
            for name in _COLUMNS.split(", ")]  # fmt: skip


def _session(row: tuple[Any, ...]) -> Session:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    known = json.loads(values["actor"])
    values["actor"] = Actor(**{name: value for name, value in known.items() if name in _KNOWN})
    return Session(**values)


def _json(actor: Actor) -> str:
    return json.dumps(asdict(actor))
