"""Utility functions (FHIRPath 2.0.0, sections 5.5.1, 5.9, 10)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from doorstep.kernel.fhirpath.dates import Part, Temporal
from doorstep.kernel.fhirpath.environment import Env, Run
from doorstep.kernel.fhirpath.model import TYPE_INFO
from doorstep.kernel.fhirpath.nodes import Items, Node
from doorstep.kernel.fhirpath.registry import eager, lazy
from doorstep.kernel.fhirpath.singleton import NONE, truth
from doorstep.kernel.fhirpath.typing_ import system_name


@lazy("trace", 1, 2)
def trace(env: Env, items: Items, name: Run, projection: Run | None = None) -> Items:
    """The input. Nothing is written down: values of residents do not belong in a log."""
    return items


@lazy("iif", 2, 3)
def iif(env: Env, items: Items, criterion: Run, then: Run, otherwise: Run | None = None) -> Items:
    if truth(criterion(env, items)):
        return then(env, items)
    return otherwise(env, items) if otherwise else NONE


def _offset(moment: datetime) -> int | None:
    zone = moment.utcoffset()
    return None if zone is None else int(zone.total_seconds()) // 60


def _clock(moment: datetime) -> tuple[Part, ...]:
    second = Decimal(moment.second) + Decimal(moment.microsecond // 1000).scaleb(-3)
    return (moment.hour, moment.minute, second)


@eager("now")
def now(env: Env, items: Items) -> Items:
    moment = env.now
    return [Temporal("dateTime", (moment.year, moment.month, moment.day, *_clock(moment)), _offset(moment))]


@eager("today")
def today(env: Env, items: Items) -> Items:
    moment = env.now
    return [Temporal("date", (moment.year, moment.month, moment.day))]


@eager("timeOfDay")
def time_of_day(env: Env, items: Items) -> Items:
    return [Temporal("time", _clock(env.now))]


@eager("type")
def type_(env: Env, items: Items) -> Items:
    """Namespace and name of each item's type."""
    return [_info(item) for item in items]


def _info(item: object) -> Node:
    if isinstance(item, Node):
        return Node(TYPE_INFO, {"namespace": "FHIR", "name": item.type})
    return Node(TYPE_INFO, {"namespace": "System", "name": system_name(item)})
