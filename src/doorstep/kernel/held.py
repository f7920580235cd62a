"""Locks on files (flock): one process has one, and it ends with that process however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_held: set[int] = set()
"""The handles of this process's locks. A forked child lets go of its copies: a lock ends with whoever took it."""


def _let_go() -> None:
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


def take(file: Path) -> int | None:
    """The lock of a file, held until it is released or the process ends; None while another has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    _held.add(handle)
    return handle


def release(handle: int) -> None:
    """Others may take it."""
    _held.discard(handle)
    os.close(handle)
