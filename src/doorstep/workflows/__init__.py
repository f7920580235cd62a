"""What moves a person, a specimen or a decision between institutions: one file each, opening with its state table.

A workflow's state is its resource. A request resource and one coordinating Task stand for it; ``Task.businessStatus``
is the state, ``Task.owner`` the next actor, ``Task.restriction.period.end`` the deadline. Workflows do not import each
other; what several of them do in one transaction is a journey.
"""

from __future__ import annotations

from doorstep.kernel.due import Runner


def register(runner: Runner) -> None:
    """Tell the due runner what to do when a deadline of a workflow passes."""
    from doorstep.workflows import deadlines

    deadlines.register(runner)
