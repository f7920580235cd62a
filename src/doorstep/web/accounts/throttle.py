"""Guessing passwords: a name or an address that fails too often waits, each time twice as long.

Names that nobody has are counted like the others, so that waiting tells nothing about who has an account.
"""

from __future__ import annotations

from django.db import transaction

from doorstep.kernel.clock import real_now
from doorstep.kernel.sessions import hashed
from doorstep.web.accounts.limits import limit
from doorstep.web.accounts.models import Tries, tidy


def of_name(username: str) -> str:
    return hashed("name:" + tidy(username))


def of_address(address: str) -> str:
    return hashed("address:" + address)


def waits(*keys: str) -> int:
    """For how many microseconds the next try must wait; 0 when it may be made now."""
    latest = max((tries.until for tries in Tries.objects.filter(key__in=keys)), default=0)
    return max(0, latest - real_now())


def failed(username: str, address: str) -> None:
    """Count a failure against the name and the address; together, so that neither is lost in a race."""
    with transaction.atomic():
        _count(of_name(username), limit("sign-in.tries-of-account").amount)
        _count(of_address(address), limit("sign-in.tries-of-address").amount)


def missed(key: str, allowed: int) -> None:
    """Count a guess at something else that must not be guessed, against whoever makes it."""
    with transaction.atomic():
        _count(key, allowed)


def forget(username: str) -> None:
    """The name has signed in, or an administrator opens it again. Its address keeps its count."""
    Tries.objects.filter(key=of_name(username)).delete()


def _count(key: str, allowed: int) -> None:
    now = real_now()
    tries, _ = Tries.objects.select_for_update().get_or_create(key=key)
    if now - tries.last > limit("sign-in.tries-forgotten").microseconds:
        tries.failures = 0
    tries.failures += 1
    tries.last = now
    over = tries.failures - allowed
    if over >= 0:
        longest = limit("sign-in.wait-longest").microseconds
        tries.until = now + min(longest, limit("sign-in.wait").microseconds << min(over, 20))
    tries.save()
