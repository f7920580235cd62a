"""What the whole run shares: the throw-away PostgreSQL server and the large budget of generated tests."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.postgres",)

EXAMPLES = int(os.environ.get("DOORSTEP_FUZZ_EXAMPLES", "2000"))
SHOTS = os.environ.get("DOORSTEP_SHOTS", "")
"""Where the journeys keep pictures of what they see; "" for nowhere."""

settings.register_profile("fuzz", deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many pictures there are to look at, and where."""
    kept = [each.stat().st_size for each in Path(SHOTS).glob("*.*")] if SHOTS else []
    if kept:
        terminalreporter.write_line(f"{len(kept)} pictures of the journeys, {sum(kept) / 1e6:.1f} MB, in {SHOTS}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand cases and what they import stay to the end: nobody looks through them for what could be freed."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
