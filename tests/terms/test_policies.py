"""Given a limit that a state table names, when a deadline is computed, then the limit is dated data with a basis."""

from datetime import date

import pytest

from doorstep.terms.policies import Policy, policies, policy
from doorstep.workflows.order import PRIORITIES
from doorstep.workflows.registry import TABLES

DAY = date(2026, 11, 1)
LIMITS = sorted({state.limit for table in TABLES.values() for state in table.states if state.limit})


@pytest.mark.parametrize("limit", LIMITS)
def test_every_limit_of_a_table_is_known_for_every_priority(limit: str) -> None:
    for priority in PRIORITIES:
        assert policy(limit.replace("{priority}", priority), on=DAY).microseconds > 0


def test_every_policy_says_what_it_rests_on() -> None:
    assert [row.key for row in policies() if not row.basis.strip() or row.kind not in ("rule", "analogy", "proposal")] == []


def test_no_two_policies_of_a_key_hold_on_one_day() -> None:
    for row in policies():
        assert [other.key for other in policies() if other.key == row.key and other.holds(row.since)] == [row.key]


def test_a_limit_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(LookupError):
        policy("referral.answer.never", on=DAY)
    with pytest.raises(LookupError):
        policy("referral.answer.routine", on=date(1990, 1, 1))


def test_a_policy_ends_the_day_before_its_successor() -> None:
    row = Policy("a", 1, "h", date(2026, 1, 1), date(2026, 7, 1), "proposal", "-")
    assert [row.holds(day) for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1))] == [False, True, True, False]


def test_every_limit_of_a_workflow_is_asked_of_the_record_too() -> None:
    import re
    from pathlib import Path

    import doorstep.workflows as package

    folder = Path(package.__file__).parent
    asked = [(path.name, call) for path in sorted(folder.glob("*.py"))
             for call in re.findall(r"\bpolicy\((?:[^()]|\([^()]*\))*\)", path.read_text("utf-8"))]
    assert len(asked) > 20
    assert [each for each in asked if "reads=" not in each[1] and each[0] != "visit.py"] == []
