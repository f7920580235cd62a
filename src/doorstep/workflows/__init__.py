"""What moves a person, a specimen or a decision between institutions: one file each, opening with its state table.

A workflow's state is its resource. A request resource and one coordinating Task stand for it; ``Task.businessStatus``
is the state, ``Task.owner`` the next actor, ``Task.restriction.period.end`` the deadline. Workflows do not import each
other; what several of them do in one transaction is a journey.
"""

from __future__ import annotations

from doorstep.kernel.due import Runner
from doorstep.kernel.store import Store


def register(runner: Runner) -> None:
    """Tell the due runner what to do when a deadline of a workflow passes."""
    from doorstep.workflows import deadlines

    deadlines.register(runner)


def arm(store: Store) -> None:
    """See to what runs every day by itself; a record that is armed already stays as it is."""
    from contextlib import suppress

    from doorstep.kernel.access import SYSTEM
    from doorstep.kernel.errors import Conflict
    from doorstep.workflows import alarms, satisfaction

    with suppress(Conflict):  # another process has armed it this moment
        store.run(SYSTEM, alarms.arm)
    with suppress(Conflict):
        store.run(SYSTEM, satisfaction.arm)
