"""Heads of the sealed audit chain, written down outside of the record.

Inside the record a cut of the newest sealed rows leaves a chain that holds. So a server appends the head (one line:
moment, place, hash) to a file that is only ever appended to, beside the data or in a folder that an operator gives,
best on another machine; an operator may print it too. A head that the record no longer holds is a cut or another chain.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Conflict, Malformed

FILE: Final = "audit-heads.txt"
_LINE: Final = re.compile(r"(\S{10,40}) ([0-9]{1,18}) ([0-9a-f]{64})( set-back)?")
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Head:
    """The sealed row ``seq`` and its hash at a moment. ``set_back``: an older record was put back then."""

    at: str
    seq: int
    hash: str
    set_back: bool = False

    def __str__(self) -> str:
        return f"{self.at} {self.seq} {self.hash}{' set-back' if self.set_back else ''}"


def current(engine: Engine) -> Head:
    """The newest sealed row; place 0 when there is none yet."""
    found = engine.once("SELECT seq, hash FROM audit_sealed ORDER BY seq DESC LIMIT 1")
    seq, sealed = found[0] if found else (0, "0" * 64)
    return Head(instant(real_now()), int(seq), str(sealed))


def read(file: Path) -> list[Head]:
    """The heads of a file, oldest first; Malformed names the line that is none."""
    whole, _, _ = file.read_text("utf-8", "replace").rpartition("\n")
    return list(_parsed(whole.split("\n") if whole else [], file))


def append(file: Path, engine: Engine, *, set_back: bool = False) -> Head | None:
    """Write the head down, durably, when it has moved; None when it has not.

    Conflict when the record no longer holds the last head of the file: nothing is written down over that, until an
    operator says with ``set_back`` that an older record was put back.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        last, end = _last(handle, file)
        head = current(engine)
        if set_back:
            head = Head(head.at, head.seq, head.hash, set_back=True)
        elif last and missing(engine, [last]):
            raise Conflict("audit.cut", at=last.at, seq=last.seq, file=str(file))
        elif head.seq == (last.seq if last else 0):
            return None
        os.ftruncate(handle, end)
        os.write(handle, f"{head}\n".encode())
        os.fsync(handle)
        return head
    finally:
        os.close(handle)


def missing(engine: Engine, heads: Sequence[Head]) -> list[Head]:
    """Those of some heads that the record does not hold. Heads above a later set-back do not count."""
    wanted = [head for head in _valid(heads) if head.seq]
    there: dict[int, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = [head.seq for head in wanted[start : start + _AT_ONCE]]
        marks = ", ".join("?" * len(some))
        there.update(dict(engine.once(f"SELECT seq, hash FROM audit_sealed WHERE seq IN ({marks})", some)))
    return [head for head in wanted if there.get(head.seq) != head.hash]


def _valid(heads: Iterable[Head]) -> list[Head]:
    kept: list[Head] = []
    for head in heads:
        if head.set_back:
            kept = [each for each in kept if each.seq <= head.seq]
        kept.append(head)
    return kept


def _last(handle: int, file: Path) -> tuple[Head | None, int]:
    """The last whole line, and where it ends: behind it may stand what a power cut left of one."""
    size = os.fstat(handle).st_size
    whole, _, cut = os.pread(handle, 400, max(0, size - 400)).decode("utf-8", "replace").rpartition("\n")
    heads = list(_parsed(whole.split("\n")[-1:] if whole else [], file))
    return (heads[0] if heads else None), size - len(cut.encode())


def _parsed(lines: list[str], file: Path) -> Iterable[Head]:
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise Malformed("audit.heads-damaged", file=str(file), line=number)
        yield Head(match[1], int(match[2]), match[3], bool(match[4]))
