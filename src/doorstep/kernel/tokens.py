"""Opaque bearer tokens: only their hashes are kept, read on each request, so that ending one holds at once."""

from __future__ import annotations

import hashlib
import json
import secrets
from functools import lru_cache

from doorstep.kernel.clock import SECOND, real_now
from doorstep.kernel.engine import Engine
from doorstep.kernel.refs import Actor

PREFIX = "dst_"
_FIELDS = ("person", "role", "organization", "purpose", "account")


def issue(engine: Engine, account: str, actor: Actor, *, ttl: int) -> str:
    """A new token for a local operator's account; ``ttl`` in seconds."""
    token = PREFIX + secrets.token_urlsafe(32)
    known = json.dumps({name: getattr(actor, name) for name in _FIELDS} | {"account": account})
    now = real_now()
    engine.write(
        [("INSERT INTO token VALUES (?, ?, ?, ?, ?)", [_hash(token), account, known, now, now + ttl * SECOND])]
    )
    return token


def find(engine: Engine, token: str) -> Actor | None:
    """The actor behind a token that holds now."""
    rows = engine.once("SELECT actor, expires FROM token WHERE hash = ?", [_hash(token)])
    if not rows or rows[0][1] <= real_now():
        return None
    return _actor(rows[0][0])


@lru_cache(maxsize=1024)
def _actor(known: str) -> Actor:
    return Actor(**json.loads(known))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
