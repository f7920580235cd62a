"""Given what a follow-up found, when a programme judges it, then control, what follows and the next date are the standard's."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from doorstep.terms.chronic import KEYS, Found, Limits, grade, judge
from doorstep.terms.policies import policy

DAY = date(2026, 11, 1)
LIMITS = Limits(**{name: policy(key, on=DAY).amount for name, key in KEYS.items()})


def pressure(systolic: int, diastolic: int, age: int = 60, **more: object) -> Found:
    return Found(age, systolic, diastolic, **more)  # type: ignore[arg-type]


def glucose(value: str, **more: object) -> Found:
    return Found(60, 130, 80, Decimal(value), **more)  # type: ignore[arg-type]


TABLE = [
    ("hypertension", pressure(139, 89), "steady", "keep", 90),
    ("hypertension", pressure(140, 89), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(139, 90), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(149, 89, age=65), "steady", "keep", 90),
    ("hypertension", pressure(149, 89, age=64), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(150, 89, age=65), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(149, 90, age=80), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(150, 95, before="uncontrolled"), "uncontrolled", "refer", 14),
    ("hypertension", pressure(150, 95, before="danger"), "uncontrolled", "refer", 14),
    ("hypertension", pressure(150, 95, before="side-effect"), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(130, 80, before="uncontrolled"), "steady", "keep", 90),
    ("hypertension", pressure(179, 109), "uncontrolled", "adjust", 14),
    ("hypertension", pressure(180, 80), "danger", "refer", 14),
    ("hypertension", pressure(120, 110), "danger", "refer", 14),
    ("hypertension", pressure(120, 80, danger=("headache",)), "danger", "refer", 14),
    ("hypertension", pressure(141, 80, age=36, pregnant=True), "danger", "refer", 14),
    ("hypertension", pressure(130, 80, age=36, pregnant=True), "steady", "keep", 90),
    ("hypertension", pressure(130, 80, effects="mild"), "side-effect", "adjust", 14),
    ("hypertension", pressure(130, 80, effects="mild", before="side-effect"), "side-effect", "refer", 14),
    ("hypertension", pressure(130, 80, effects="severe"), "side-effect", "refer", 14),
    ("hypertension", pressure(130, 80, complication="new"), "complication", "refer", 14),
    ("diabetes", glucose("6.9"), "steady", "keep", 90),
    ("diabetes", glucose("7.0"), "uncontrolled", "adjust", 14),
    ("diabetes", glucose("7.0", before="uncontrolled"), "uncontrolled", "refer", 14),
    ("diabetes", glucose("16.6"), "uncontrolled", "adjust", 14),
    ("diabetes", glucose("16.7"), "danger", "refer", 14),
    ("diabetes", glucose("3.9"), "danger", "refer", 14),
    ("diabetes", glucose("4.0"), "steady", "keep", 90),
    ("diabetes", glucose("6.0", effects="mild"), "side-effect", "adjust", 14),
    ("diabetes", glucose("6.0", complication="new"), "complication", "refer", 14),
    ("diabetes", glucose("6.0", danger=("ketone",)), "danger", "refer", 14),
    ("diabetes", replace(glucose("6.0"), systolic=180), "danger", "refer", 14),
    ("diabetes", replace(glucose("6.0"), systolic=150), "steady", "keep", 90),
    ("general", pressure(150, 95), "steady", "keep", 14),
    ("general", pressure(181, 95), "danger", "refer", 14),
]


@pytest.mark.parametrize(("programme", "found", "control", "action", "days"), TABLE)
def test_the_table_of_the_standard(programme: str, found: Found, control: str, action: str, days: int) -> None:
    verdict = judge(programme, found, LIMITS)
    assert (verdict.control, verdict.action, verdict.days) == (control, action, days)
    assert bool(verdict.why) == (action != "keep")


def test_another_limit_gives_another_verdict() -> None:
    """The control: what is judged is the policy, not a number of ours."""
    strict = replace(LIMITS, systolic=130)
    assert judge("hypertension", pressure(135, 80), strict).action == "adjust"
    assert judge("hypertension", pressure(135, 80), LIMITS).action == "keep"


@pytest.mark.parametrize(("systolic", "diastolic", "expected"), [(139, 89, 0), (140, 80, 1), (139, 90, 1), (160, 80, 2), (150, 100, 2), (180, 80, 3), (150, 110, 3)])
def test_a_pressure_has_the_grade_of_its_higher_number(systolic: int, diastolic: int, expected: int) -> None:
    assert grade(systolic, diastolic, LIMITS) == expected
