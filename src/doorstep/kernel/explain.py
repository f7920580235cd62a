"""Why somebody may, or may not, see a resource: for operators, for the audit, and for the resident who asks.

The answer is put together from the same tables as the predicate of ``access.scoped`` and tests hold the two together:
``allowed`` is always what the predicate says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.kernel import roles, scopes
from doorstep.kernel.access import opens, purposes_of, scoped
from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.keyset import either
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, part_of_id, part_of_resident
from doorstep.kernel.roles import ADMINISTRATOR, RESTRICTED, role_of
from doorstep.kernel.writeset import REPLACED


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody may: a code of ``grants.REASONS``, the act that gave it (a reference), and until when (0: open)."""

    reason: str
    grant: str = ""
    source: str = ""
    until: int = 0
    resident: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody may not: a message key and its parameters."""

    key: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """``refusals`` are all that stand in the way, the widest first; empty when ``allowed``."""

    allowed: bool
    grounds: tuple[Ground, ...] = ()
    refusals: tuple[Refused, ...] = ()


_ROW: Final = "r.part, r.type, r.id, r.custodian, r.sens, r.label, r.several, r.deleted"
_NEVER: Final = 2**62


def explain(reads: Reads, actor: Actor, ref: Ref) -> Explanation:
    """Why this actor may or may not see a resource. ``reads`` only lends its reader; nobody's rights are widened."""
    reader = reads.reader
    number = definitions().number.get(ref.type)
    part = None if number is None else reads.part_of(ref.type, number, ref.id)
    found = [] if part is None else reader.rows(
        f"SELECT {_ROW} FROM resource r WHERE r.part = ? AND r.type = ? AND r.id = ?", [part, number, ref.id]
    )  # fmt: skip
    if not found:
        return Explanation(False, refusals=(Refused("access.why-absent"),))
    row = _Row(*found[0])
    predicate, bound = scoped("r", actor)
    allowed = bool(reader.rows(
        f"SELECT 1 FROM resource r WHERE r.part = ? AND r.type = ? AND r.id = ? AND {predicate}",
        [part, number, ref.id, *bound],
    ))  # fmt: skip
    if allowed:
        return Explanation(True, _grounds(reader, actor, row))
    return Explanation(False, refusals=tuple(_refusals(reader, actor, ref.type, row)))


@dataclass(frozen=True, slots=True)
class _Row:
    part: int
    type: int
    id: str
    custodian: str
    sens: int
    label: str
    several: int
    deleted: int

    @property
    def key(self) -> list[Any]:
        return [self.part, self.type, self.id]


def _grounds(reader: Reader, actor: Actor, row: _Row) -> tuple[Ground, ...]:
    if actor.role == ADMINISTRATOR:
        return (Ground("administrator"),)
    if row.sens == 0:
        return (Ground("directory"),)
    found = []
    if row.custodian == actor.organization and row.sens <= role_of(actor.role).own_level:
        found.append(Ground("own"))
    if actor.person.removeprefix("Patient/") in _residents(reader, row):
        found.append(Ground("subject"))
    return tuple(found) + grants_for(reader, actor, [(row.part, row.type, row.id)])


def grants_for(reader: Reader, actor: Actor, keys: list[tuple[int, int, str]]) -> tuple[Ground, ...]:
    """The grants through which an actor sees resources (part, type number, id): what an audit row names."""
    if actor.role == ADMINISTRATOR or not keys:
        return ()
    now = actor.at or real_now()
    found: dict[str, Ground] = {}
    for start in range(0, len(keys), 100):
        wanted, values = either(reader.dialect, ("r.part", "r.type", "r.id"), keys[start : start + 100])
        rows = reader.rows(
            "SELECT DISTINCT g_.id, g_.reason, g_.source, g_.ends, g_.resident FROM resource r"
            " JOIN subject s_ ON s_.rpart = r.part AND s_.type = r.type AND s_.id = r.id"
            " JOIN access_grant g_ ON g_.part = s_.part AND g_.resident = s_.resident"
            f" WHERE {wanted}"
            " AND ((g_.org = ? AND g_.person = '') OR g_.person = ?) AND g_.starts <= ? AND g_.ends > ?"
            f" AND (g_.purpose = '' OR g_.purpose IN (?, ?)) AND {opens('r')}"
            " AND (g_.firm = 1 OR NOT EXISTS (SELECT 1 FROM access_bar b_ WHERE b_.part = g_.part"
            " AND b_.resident = g_.resident AND b_.org IN (?, '*') AND b_.until > ?))",
            [*values, actor.organization, actor.person, now, now,
             *purposes_of(actor), actor.organization, now],
        )  # fmt: skip
        for id_, reason, source, ends, resident in rows:
            found[id_] = Ground(reason, id_, source, 0 if ends >= _NEVER else ends, resident)
    return tuple(found[key] for key in sorted(found))


def allowing(reader: Reader, actor: Actor, refs: Iterable[str]) -> str:
    """The ids of the grants through which an actor saw what ``refs`` ("Type/id", with or without a version) name.

    Nothing is asked for the directory, nor for the installation's own hand. A client's id lives where the locator says.
    """
    if actor.role == ADMINISTRATOR:
        return ""
    keys = []
    table = definitions().number
    for ref in refs:
        type_name, _, rest = ref.partition("/")
        if type_name not in table or type_name in DIRECTORY or not rest:
            continue
        id_ = rest.partition("/")[0]
        part = part_of_id(id_)
        if part is None:
            part = part_of_resident(id_) if type_name == "Patient" else _located(reader, table[type_name], id_)
        if part is not None:
            keys.append((part, table[type_name], id_))
    return " ".join(ground.grant for ground in grants_for(reader, actor, keys))


def allowing_writes(reader: Reader, actor: Actor, residents: Iterable[str]) -> dict[str, str]:
    """Resident -> the ids of the grants that an actor holds on them now: what the audit row of a write names."""
    named = sorted(set(residents))
    if actor.role == ADMINISTRATOR or not named:
        return {}
    now = actor.at or real_now()
    found: dict[str, list[str]] = {}
    for resident in named:
        rows = reader.rows(
            "SELECT g_.id FROM access_grant g_ WHERE g_.part = ? AND g_.resident = ?"
            " AND ((g_.org = ? AND g_.person = '') OR g_.person = ?) AND g_.starts <= ? AND g_.ends > ? ORDER BY g_.id",
            [part_of_resident(resident), resident, actor.organization, actor.person, now, now],
        )
        found[resident] = [row[0] for row in rows]
    return {resident: " ".join(ids) for resident, ids in found.items()}


def _located(reader: Reader, number: int, id_: str) -> int | None:
    found = reader.rows("SELECT part FROM locator WHERE type = ? AND id = ?", [number, id_])
    return int(found[0][0]) if found else None


def _residents(reader: Reader, row: _Row) -> list[str]:
    found = reader.rows(
        f"SELECT DISTINCT resident FROM subject WHERE rpart = ? AND type = ? AND id = ? AND direct < {REPLACED}",
        row.key,
    )
    return [each[0] for each in found]


def _refusals(reader: Reader, actor: Actor, type_name: str, row: _Row) -> list[Refused]:
    """Everything that stands in the way; never a word of what the entry says."""
    role = role_of(actor.role)
    found = []
    if not roles.may_read(actor.role, type_name) or row.sens > max(role.level, role.own_level):
        found.append(Refused("access.why-role", {"role": actor.role}))
    allowed = scopes.readable_types(actor.scopes)
    if allowed is not None and type_name not in allowed:
        found.append(Refused("access.why-scopes"))
    residents = _residents(reader, row)
    if actor.patient and actor.patient not in residents and row.sens:
        found.append(Refused("access.why-patient"))
    missing = [why for resident in residents if (why := _missing(reader, actor, resident, row))]
    if row.several and len(missing) < len(residents):
        return [*found, Refused("access.why-several")]
    if not residents and not found:
        found.append(Refused("access.why-no-ground", {"institution": actor.organization}))
    return found + [why for each in missing for why in each]


def _missing(reader: Reader, actor: Actor, resident: str, row: _Row) -> list[Refused]:
    """Why no grant on one resident opens the entry; empty when one does."""
    if actor.person == f"Patient/{resident}":
        return []
    now = actor.at or real_now()
    grants = reader.rows(
        "SELECT g.reason, g.level, g.label, g.purpose, g.starts, g.ends, g.firm, g.scope_ref FROM access_grant g"
        " JOIN subject s ON s.part = g.part AND s.resident = g.resident AND s.rpart = ? AND s.type = ? AND s.id = ?"
        " WHERE g.resident = ? AND ((g.org = ? AND g.person = '') OR g.person = ?)",
        [*row.key, resident, actor.organization, actor.person],
    )
    barred = bool(reader.rows(
        "SELECT 1 FROM access_bar WHERE resident = ? AND org IN (?, '*') AND until > ? LIMIT 1",
        [resident, actor.organization, now],
    ))  # fmt: skip
    reasons: dict[str, Refused] = {}
    for reason, level, label, purpose, starts, ends, firm, scope in grants:
        why = _why(actor, row, now, reason, level, label, purpose, starts, ends, barred and not firm, scope)
        if why is None:
            return []
        reasons.setdefault(repr(why), why)
    return list(reasons.values()) or [Refused("access.why-no-ground", {"institution": actor.organization})]


def _why(
    actor: Actor, row: _Row, now: int, reason: str, level: int, label: str, purpose: str, starts: int, ends: int,
    refused: bool, scope: str | None,
) -> Refused | None:  # fmt: skip
    if ends <= now:
        return Refused("access.why-over", {"reason": reason, "until": instant(ends)})
    if starts > now:
        return Refused("access.why-early", {"reason": reason, "starts": instant(starts)})
    if refused:
        return Refused("access.why-refused")
    if purpose and purpose not in purposes_of(actor):
        return Refused("access.why-purpose", {"reason": reason, "purpose": actor.purpose})
    if row.sens == RESTRICTED and (level < RESTRICTED or label not in ("*", row.label)):
        return Refused("access.why-category", {"label": row.label})
    if level < row.sens:
        return Refused("access.why-level", {"reason": reason})
    if scope is not None and row.sens > roles.IDENTITY:
        return Refused("access.why-scope", {"reason": reason})
    return None
