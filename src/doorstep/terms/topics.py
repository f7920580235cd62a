"""The topics that another system may subscribe to: what happened to which type of resource, and how to narrow it.

A topic is a SubscriptionTopic of R5 in the little that R4 needs of it (Subscriptions R5 Backport 1.1.0): a canonical,
one trigger with its condition in FHIRPath over %previous (empty when it is new) and %current (empty when it is
deleted), and the search parameters to filter by.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.kernel import fhirpath
from doorstep.kernel.errors import BadRequest
from doorstep.terms import systems

_BASE: Final = f"{systems.BASE}/SubscriptionTopic/"


@dataclass(frozen=True, slots=True)
class Topic:
    """``on`` are the interactions that can trigger it, ``filters`` the search parameters to narrow by."""

    code: str
    version: str
    resource: str
    on: tuple[str, ...]
    zh: str
    en: str
    fhirpath: str
    filters: tuple[str, ...]

    @property
    def canonical(self) -> str:
        return _BASE + self.code


@cache
def topics() -> dict[str, Topic]:
    """All topics by canonical."""
    text = files("doorstep.terms.data").joinpath("topics.json").read_text("utf-8")
    found = [Topic(**{**row, "on": tuple(row["on"]), "filters": tuple(row["filters"])})
             for row in json.loads(text)["topics"]]  # fmt: skip
    return {topic.canonical: topic for topic in found}


def topic(canonical: str) -> Topic:
    """One topic, also when its version is named; refused when there is none."""
    address, _, version = canonical.partition("|")
    found = topics().get(address)
    if found is None or version not in ("", found.version):
        raise BadRequest("topics.unknown", element="Subscription.criteria", topic=canonical[:200])
    return found


def fires(canonical: str, previous: dict[str, Any] | None, current: dict[str, Any] | None) -> bool:
    """Whether this change is what the topic is about: from None when it is new, to None when it is deleted."""
    found, about = topic(canonical), previous if current is None else current
    happened = "delete" if current is None else "create" if previous is None else "update"
    if about is None or happened not in found.on:
        return False
    known = {"previous": [] if previous is None else previous, "current": [] if current is None else current}
    return fhirpath.compile(found.fhirpath)(about, variables=known) == [True]
