"""How a follow-up of hypertension or type 2 diabetes is judged, and when the next one is due: pure functions.

The rules are those of the national standard for basic public health services (third edition, health management of
residents with hypertension and with type 2 diabetes). The limits are dated policies and come in as ``Limits``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from typing import Final

from doorstep.terms.catalogue import Concept, reasons

HYPERTENSION: Final = "hypertension"
DIABETES: Final = "diabetes"
GENERAL: Final = "general"
"""A follow-up that no programme asks for: what a discharge plan wants. Only danger is judged."""
PROGRAMMES: Final = (HYPERTENSION, DIABETES)

STEADY, UNCONTROLLED, SIDE_EFFECT, COMPLICATION, DANGER = (
    "steady", "uncontrolled", "side-effect", "complication", "danger",
)  # fmt: skip
"""How somebody is found."""
KEEP, ADJUST, REFER = "keep", "adjust", "refer"
"""What follows: the next regular date; a change and two weeks; a referral and two weeks."""
PRIORITIES: Final = {KEEP: "routine", ADJUST: "urgent", REFER: "stat"}
"""What follows -> the priority of the next follow-up: lists are sorted by it."""

MILD, SEVERE = "mild", "severe"
NEW: Final = "new"


@dataclass(frozen=True, slots=True)
class Limits:
    """Pressures in mmHg, glucose in umol/L, ages in years, distances in days."""

    systolic: int
    diastolic: int
    systolic_old: int
    diastolic_old: int
    old: int
    second_systolic: int
    second_diastolic: int
    danger_systolic: int
    danger_diastolic: int
    glucose: int
    danger_glucose_high: int
    danger_glucose_low: int
    regular: int
    soon: int


KEYS: Final = {each.name: f"chronic.{each.name.replace('_', '-')}" for each in fields(Limits)}
"""Limit -> the key of its policy."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a follow-up found. Numbers are None when they were not taken; ``before`` is how the last one ended.

    ``effects`` is "", "mild" or "severe" (cannot be managed here); ``complication`` "" or "new" (new or worse);
    ``danger`` are the signs of danger that were seen; ``pregnant`` also while breast-feeding.
    """

    age: int
    systolic: int | None = None
    diastolic: int | None = None
    glucose: Decimal | None = None
    effects: str = ""
    complication: str = ""
    danger: tuple[str, ...] = ()
    pregnant: bool = False
    before: str = STEADY


@dataclass(frozen=True, slots=True)
class Verdict:
    """How somebody is found, what follows, in how many days the next follow-up is, and why (message keys)."""

    control: str
    action: str
    days: int
    why: tuple[str, ...] = ()


def judge(programme: str, found: Found, limits: Limits) -> Verdict:
    """The verdict of a programme."""
    return _ENGINES[programme](found, limits)


def hypertension(found: Found, limits: Limits) -> Verdict:
    """Below 140/90 (from 65 on 150/90) is steady: three months. A first time above, or a side effect: two weeks."""
    danger = _danger(found, limits)
    if found.pregnant and _above(found, limits):
        danger = (*danger, "chronic.why-pregnant")
    high = ("chronic.why-pressure",) if _above(found, limits) else ()
    return _judged(found, limits, danger, high)


def diabetes(found: Found, limits: Limits) -> Verdict:
    """Fasting glucose below 7.0 mmol/L is steady: three months. A first time above, or a side effect: two weeks."""
    danger = _danger(found, limits)
    glucose = None if found.glucose is None else found.glucose * 1000
    if glucose is not None and glucose >= limits.danger_glucose_high:
        danger = (*danger, "chronic.why-glucose-high")
    if glucose is not None and glucose <= limits.danger_glucose_low:
        danger = (*danger, "chronic.why-glucose-low")
    high = ("chronic.why-glucose",) if glucose is not None and glucose >= limits.glucose else ()
    return _judged(found, limits, danger, high)


def general(found: Found, limits: Limits) -> Verdict:
    """Without a programme: danger and what cannot be managed here lead to a referral, nothing sets a date."""
    danger = _danger(found, limits)
    verdict = _judged(found, limits, danger, ())
    return verdict if verdict.action == REFER else Verdict(verdict.control, verdict.action, limits.soon, verdict.why)


def grade(systolic: int, diastolic: int, limits: Limits) -> int:
    """The grade of a pressure, 0 to 3, by the higher of its two numbers (Chinese guidelines for hypertension)."""
    upper = (limits.systolic, limits.second_systolic, limits.danger_systolic)
    lower = (limits.diastolic, limits.second_diastolic, limits.danger_diastolic)
    return max(_step(systolic, upper), _step(diastolic, lower))


def measures(programme: str) -> tuple[str, ...]:
    """The boxes that a follow-up of a programme cannot do without, face to face."""
    return {HYPERTENSION: ("systolic", "diastolic"), DIABETES: ("glucose",)}.get(programme, ())


@cache
def dangers(programme: str) -> dict[str, Concept]:
    """The signs of danger that are asked for."""
    kinds = (f"chronic.danger.{programme}", "chronic.danger")
    return {code: each for kind in kinds for code, each in reasons(kind).items()}


# -- inside


def _judged(found: Found, limits: Limits, danger: tuple[str, ...], high: tuple[str, ...]) -> Verdict:
    if danger:
        return Verdict(DANGER, REFER, limits.soon, danger)
    if found.complication == NEW:
        return Verdict(COMPLICATION, REFER, limits.soon, (*high, "chronic.why-complication"))
    if found.effects == SEVERE:
        return Verdict(SIDE_EFFECT, REFER, limits.soon, (*high, "chronic.why-effects-severe"))
    if high and found.before in (UNCONTROLLED, DANGER):
        return Verdict(UNCONTROLLED, REFER, limits.soon, (*high, "chronic.why-twice"))
    if found.effects == MILD and found.before == SIDE_EFFECT:
        return Verdict(SIDE_EFFECT, REFER, limits.soon, (*high, "chronic.why-effects-twice"))
    if high:
        return Verdict(UNCONTROLLED, ADJUST, limits.soon, high)
    if found.effects == MILD:
        return Verdict(SIDE_EFFECT, ADJUST, limits.soon, ("chronic.why-effects",))
    return Verdict(STEADY, KEEP, limits.regular)


def _danger(found: Found, limits: Limits) -> tuple[str, ...]:
    why: tuple[str, ...] = ()
    high = found.systolic is not None and found.systolic >= limits.danger_systolic
    if high or (found.diastolic is not None and found.diastolic >= limits.danger_diastolic):
        why = ("chronic.why-danger-pressure",)
    return (*why, "chronic.why-danger-sign") if found.danger else why


def _above(found: Found, limits: Limits) -> bool:
    old = found.age >= limits.old
    systolic, diastolic = (
        (limits.systolic_old, limits.diastolic_old) if old else (limits.systolic, limits.diastolic)
    )  # fmt: skip
    return bool((found.systolic is not None and found.systolic >= systolic)
                or (found.diastolic is not None and found.diastolic >= diastolic))  # fmt: skip


def _step(value: int, steps: tuple[int, ...]) -> int:
    return sum(value >= step for step in steps)


_ENGINES: Final[dict[str, Callable[[Found, Limits], Verdict]]] = {
    HYPERTENSION: hypertension, DIABETES: diabetes, GENERAL: general,
}  # fmt: skip
