"""What a browser has under way: kept with its cookie, found by a random state, used once, for a short time."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

from doorstep.kernel.clock import SECOND, real_now
from doorstep.kernel.errors import Conflict, RuleBroken
from doorstep.kernel.sessions import hashed
from doorstep.kernel.tx import Tx
from doorstep.web.accounts.limits import seconds

KIND: Final = "launch-state"
"""The kind of the claims that say that a state was used."""
_KEPT: Final = "doorstep.launches"
_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Pending:
    """A launch that went to another system's authorization endpoint and has not come back."""

    system: str
    token: str
    issuer: str
    verifier: str
    account: str
    until: int


def begin(request: Any, *, system: str, token: str, issuer: str) -> tuple[str, Pending]:
    """A new state, and what is kept under it."""
    state = secrets.token_urlsafe(32)
    until = real_now() + seconds("launch.state") * SECOND
    made = Pending(system, token, issuer, secrets.token_urlsafe(48), request.sign_in.account, until)
    kept = dict(request.session.get(_KEPT, {}))
    while len(kept) >= _MOST:
        kept.pop(next(iter(kept)))
    request.session[_KEPT] = {**kept, hashed(state): asdict(made)}
    return state, made


def take(request: Any, state: str) -> Pending:
    """What this browser began under a state, used up. Refuses what it did not begin, what is over and what was used."""
    kept = dict(request.session.get(_KEPT, {}))
    found = kept.pop(hashed(state), None)
    if found is None:
        raise RuleBroken("launch.no-state")
    request.session[_KEPT] = kept
    pending = Pending(**found)
    if pending.account != request.sign_in.account:
        raise RuleBroken("launch.no-state")
    if pending.until <= real_now():
        raise RuleBroken("launch.over")
    try:
        request.store.run(request.person.actor, _use, state=hashed(state))
    except Conflict:
        raise RuleBroken("launch.no-state") from None
    return pending


def _use(tx: Tx, *, state: str) -> None:
    """Of several that come back at once one goes on."""
    tx.claim(KIND, state, holder=secrets.token_hex(8))
