"""The second lock, on PostgreSQL: row-level security with the same rule, for what people read.

Questions of an actor run as a database role that owns nothing and sees of ``resource`` and ``version`` only what the
policy lets through; who asks is told by settings of the connection, and a connection that was told nothing sees
nothing. A statement that forgot its predicate is so still held back. Commands read as the owner: their writes are
judged by state tables, and what they may ask beyond their actor's eyes is listed in ``kernel.keys``.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import psycopg
from psycopg import errors as pg
from psycopg import sql

from doorstep.kernel import roles
from doorstep.kernel.access import Shape, purposes_of, text
from doorstep.kernel.clock import real_now
from doorstep.kernel.refs import Actor
from doorstep.kernel.scopes import readable_types

READER: Final = "doorstep_reader"
"""The database role of what people read."""

_NAMES: Final = ("all", "subject", "org", "person", "now", "purpose", "wider", "level", "own", "types", "scopes",
                 "patient")  # fmt: skip
_GENERAL: Final = Shape("specialist", True, True, False, None)
"""The widest kind of actor: what narrower ones lack is taken away by the settings."""

SET: Final = "SELECT " + ", ".join(f"set_config('doorstep.{name}', ?, false)" for name in _NAMES)


def settings(actor: Actor) -> list[str]:
    """What ``SET`` binds for an actor."""
    role = roles.role_of(actor.role)
    everything = actor.role == roles.ADMINISTRATOR
    types = None if everything else role.reads
    scopes = readable_types(actor.scopes)
    purpose, wider = purposes_of(actor)
    known: Mapping[str, Any] = {
        "all": "1" if everything else "",
        "subject": actor.person.removeprefix("Patient/") if actor.person.startswith("Patient/") else "",
        "org": "" if everything else actor.organization,
        "person": actor.person,
        "now": actor.at or real_now(),
        "purpose": purpose,
        "wider": wider,
        "level": roles.RESTRICTED if everything else role.level,
        "own": role.own_level if actor.organization else -1,
        "types": "*" if types is None else roles.numbers(types),
        "scopes": "*" if scopes is None else roles.numbers(scopes),
        "patient": actor.patient,
    }
    return [str(known[name]) for name in _NAMES]


def policy() -> str:
    """The rule as an expression on ``resource``, with settings of the connection where ``scoped`` binds values."""
    pieces = text("resource", _GENERAL, own_limit=_number("own")).split("?")
    cover = [_word("subject"), _word("org"), _word("person"), _number("now"), _number("now"), _word("purpose"),
             _word("wider"), _word("org"), _number("now")]  # fmt: skip
    marks = [_word("org"), *cover, *cover]
    ruled = "".join(piece + mark for piece, mark in zip(pieces, [*marks, ""], strict=True))
    named = "subject s_ WHERE s_.rpart = resource.part AND s_.type = resource.type AND s_.id = resource.id"
    return (
        f"({_word('all')} = '1' OR ({ruled}))"
        f" AND resource.sens <= {_number('level')}"
        f" AND ({_word('types')} = '*' OR resource.sens = 0 OR {_among('types')})"
        f" AND ({_word('scopes')} = '*' OR {_among('scopes')})"
        f" AND ({_word('patient')} = '' OR resource.sens = 0 OR EXISTS (SELECT 1 FROM {named}"
        f" AND s_.resident = {_word('patient')}))"
    )


def keep(connection: psycopg.Connection[tuple[Any, ...]], *, changed: bool) -> None:
    """Install when tables were made or the rule is another than the one installed: it locks the tables for a moment."""
    known = connection.execute(
        "SELECT obj_description(p.oid, 'pg_policy') FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
        " WHERE p.polname = 'doorstep_rule' AND c.relname = 'resource'"
    ).fetchone()
    if changed or known is None or known[0] != _digest():
        install(connection)


def _digest() -> str:
    return sha256(policy().encode()).hexdigest()


def install(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Make the role and the policies, or bring them up to date; false when this login may not make roles.

    Then an administrator of the server runs it once: the role must exist and be granted to the login.
    """
    if not _has_role(connection):
        return False
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {0}").format(sql.Identifier(READER)))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}").format(sql.Identifier(READER)))
    for table in ("session", "token", "opened"):
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(table), sql.Identifier(READER)))
    current = ("EXISTS (SELECT 1 FROM resource r WHERE r.part = version.part AND r.type = version.type"
               " AND r.id = version.id)")  # fmt: skip
    for table, rule in (("resource", policy()), ("version", current)):
        connection.execute(f"DROP POLICY IF EXISTS doorstep_rule ON {table}")
        connection.execute(f"CREATE POLICY doorstep_rule ON {table} FOR SELECT TO {READER} USING ({rule})")
        connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    connection.execute("DROP POLICY IF EXISTS doorstep_rule ON draft")
    connection.execute(f"CREATE POLICY doorstep_rule ON draft FOR SELECT TO {READER} USING (org = {_word('org')})")
    connection.execute("ALTER TABLE draft ENABLE ROW LEVEL SECURITY")
    connection.execute(f"COMMENT ON POLICY doorstep_rule ON resource IS '{_digest()}'")
    return True


def is_installed(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Whether the second lock is there and this login may put on the role."""
    found = connection.execute(
        "SELECT 1 FROM pg_policies p JOIN pg_roles g ON g.rolname = %s"
        " WHERE p.policyname = 'doorstep_rule' AND p.tablename = 'resource'"
        " AND pg_has_role(current_user, g.oid, 'MEMBER')",
        [READER],
    ).fetchone()
    return found is not None


def _has_role(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    try:
        with connection.transaction():
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
                connection.execute(f"CREATE ROLE {READER} NOLOGIN NOSUPERUSER NOBYPASSRLS")
            connection.execute(f"GRANT {READER} TO CURRENT_USER")
    except (pg.DuplicateObject, pg.UniqueViolation):  # another process of the same server was first
        return _has_role(connection)
    except pg.InsufficientPrivilege:
        found = connection.execute(
            "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", [READER]
        ).fetchone()
        return bool(found and found[0])
    return True


def _word(name: str) -> str:
    return f"current_setting('doorstep.{name}', true)"


def _among(name: str) -> str:
    """The type is in a list; the server may look at either side of an OR first, so "*" must be no error here."""
    return f"resource.type = ANY (string_to_array(nullif(nullif({_word(name)}, ''), '*'), ', ')::int[])"


def _number(name: str) -> str:
    return f"nullif(current_setting('doorstep.{name}', true), '')::bigint"
