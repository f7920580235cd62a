"""The code on a referral's slip: scanned at the door it says which referral has come, and nothing else to anybody."""

from __future__ import annotations

import hmac
import re
from hashlib import blake2b
from typing import Final

from doorstep.kernel.errors import Invalid
from doorstep.kernel.refs import is_id
from doorstep.kernel.store import Store

PREFIX: Final = "DSR"
CODE: Final = re.compile(r"DSR-[0-9A-Z.-]+", re.ASCII)
_SIGNED: Final = 8


def token(store: Store, task: str) -> str:
    """What the QR code of a referral holds: readable by us alone, with a check against a wrong scan."""
    return f"{PREFIX}-{task}-{_signature(store, task)}".upper()


def task_of(store: Store, code: str) -> str:
    """The referral (its Task's id) that a code, or an address that ends in one, names. Refuses what is not ours."""
    found = CODE.search(code.strip().upper())
    id_, _, signature = (found[0].removeprefix(f"{PREFIX}-") if found else "").rpartition("-")
    id_ = id_.lower()
    if not is_id(id_) or not hmac.compare_digest(signature, _signature(store, id_).upper()):
        raise Invalid("referral.bad-code", element="code")
    return id_


def _signature(store: Store, task: str) -> str:
    known = blake2b(task.lower().encode(), key=store.secret[:64], person=b"referral-slip", digest_size=_SIGNED)
    return known.hexdigest()
