"""Pages of the privacy officer: emergency accesses, questions of residents, alarms, unverified visits."""
