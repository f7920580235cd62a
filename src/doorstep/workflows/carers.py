"""Whose hands care for residents at home: who signs contracts, follows up and takes residents over."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.errors import Forbidden
from doorstep.kernel.refs import Actor

CARERS: Final = frozenset({"doctor", "nurse", "family-team", "public-health", "specialist"})


def carer(actor: Actor) -> None:
    """Refuse everybody else."""
    if actor.role not in CARERS:
        raise Forbidden("chronic.carers-only")
