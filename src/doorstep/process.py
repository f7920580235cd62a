"""How a worker process uses the machine: its threads take turns on one core, and what stays is not swept again.

The threads of one interpreter run one at a time. Where they may run on several cores, every statement of SQLite hands
the interpreter lock to a thread that must first be woken on another core: on two cores the same search cost twice the
processor time and half as many were answered. Several processes take a core each.
"""

from __future__ import annotations

import gc
import os
import socket
from typing import Final

ALL_CORES: Final = "DOORSTEP_ALL_CORES"
"""Set to anything, the system decides where the threads run."""
_YOUNG: Final = 20_000
"""New objects between two looks for rings: a page makes some thousands and leaves none."""

_held: list[socket.socket] = []
"""The name of this process's core, as long as the process lives."""
_left: list[int] = []
"""The cores that this process gave up when it took one."""


def left() -> tuple[int, ...] | None:
    """The cores for another process beside this one; () for any, None when there is but one."""
    if not hasattr(os, "sched_getaffinity"):
        return () if (os.cpu_count() or 1) > 1 else None
    if _left:
        return tuple(_left)
    return () if len(os.sched_getaffinity(0)) > 1 else None


def take_core(names: str = "doorstep-core") -> int | None:
    """Called first of all in a worker, because threads run where the one ran that started them.

    The core it took; None when there is but one, or none that no other worker has. Workers see each other's cores by
    ``names``, which the system forgets when their process ends, however it ends.
    """
    if os.environ.get(ALL_CORES) or not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    for core in cores:
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0{names}-{core}")
        except OSError:
            name.close()
            continue
        _held.append(name)
        os.sched_setaffinity(0, {core})
        _left[:] = [other for other in cores if other != core]
        return core
    return None


def loaded() -> None:
    """Called when all that stays is there: the collector passes over it from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)
