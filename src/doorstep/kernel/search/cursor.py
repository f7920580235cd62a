"""The opaque token of the next page: the place in the order, signed together with the question and the asker.

A cursor of another question, of another actor or with one character changed is refused (security: page tokens).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.refs import Actor
from doorstep.kernel.search.model import Query

_MAC = 16
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def seal(values: Sequence[Any], query: Query, actor: Actor, key: bytes) -> str:
    """A cursor behind the row with these order values."""
    place = _text(list(values)).encode()
    return base64.urlsafe_b64encode(_mac(place, query, actor, key) + place).decode().rstrip("=")


def unseal(text: str, query: Query, actor: Actor, key: bytes) -> list[Any]:
    """The order values in a cursor; BadRequest when it was not made here for this question and this actor."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    place = raw[_MAC:]
    if not place or not hmac.compare_digest(raw[:_MAC], _mac(place, query, actor, key)):
        raise BadRequest("search.bad-cursor", element="_cursor", parameter="_cursor")
    values: list[Any] = json.loads(place)
    return values


def _mac(place: bytes, query: Query, actor: Actor, key: bytes) -> bytes:
    asked = repr((query.type, query.compartment, query.pairs))
    asker = repr((actor.account, actor.person, actor.role, actor.organization, actor.purpose))
    signed = b"\0".join((asked.encode(), asker.encode(), place))
    made = _begun(key).copy()
    made.update(signed)
    return made.digest()[:_MAC]


@lru_cache(maxsize=8)
def _begun(key: bytes) -> hmac.HMAC:
    """What all cursors begin with. Going on from here keeps the interpreter lock, which ``hmac.digest`` gives away."""
    return hmac.new(key, b"search cursor\0", "sha256")
