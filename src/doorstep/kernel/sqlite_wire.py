"""Works and outcomes as bytes, for the pipe between a server and the writer's own process (kernel/sqlite_apart.py)."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from doorstep.kernel import errors
from doorstep.kernel.errors import Issue, Refusal
from doorstep.kernel.sqlite_writer import Outcome, Statements, Work
from doorstep.kernel.writeset import LostRace, WriteSet

_SET, _ROW, _STATEMENTS = range(3)


class Foreign(Exception):
    """An error of the writer's process that is none of ours, by its name; its trace is a note."""


class _Works(msgspec.Struct, array_like=True):
    """``kinds`` says in which list the next work is."""

    kinds: list[int] = []
    sets: list[WriteSet] = []
    rows: list[tuple[Any, ...]] = []
    statements: list[Statements] = []


class _Error(msgspec.Struct, array_like=True):
    """``name``: of a Refusal; "" for a lost race; otherwise of a class that is not ours, with its trace as ``key``."""

    name: str
    key: str
    params: dict[str, Any] = {}
    issues: list[Issue] = []


class _Outcomes(msgspec.Struct, array_like=True):
    """``counts`` says how many of them answer each message."""

    following: int
    counts: list[int]
    values: list[Any]
    errors: list[_Error | None]


_encode = msgspec.msgpack.Encoder().encode
_works: Final = msgspec.msgpack.Decoder(_Works)
_outcomes: Final = msgspec.msgpack.Decoder(_Outcomes)


def of_works(works: Sequence[Work]) -> bytes:
    """What goes to the writer. TypeError for a value that no column holds."""
    found = _Works()
    for work in works:
        if isinstance(work, WriteSet):
            found.kinds.append(_SET)
            found.sets.append(work)
        elif isinstance(work, Statements):
            found.kinds.append(_STATEMENTS)
            found.statements.append(work)
        else:
            found.kinds.append(_ROW)
            found.rows.append(work)
    return _encode(found)


def works(sent: bytes) -> list[Work]:
    """The same works on the other side."""
    found = _works.decode(sent)
    lists: tuple[Iterator[Work], ...] = iter(found.sets), iter(found.rows), iter(found.statements)
    return [next(lists[kind]) for kind in found.kinds]


def of_outcomes(following: int, answers: Sequence[Sequence[Outcome]]) -> bytes:
    """What comes back of some messages, with the txid of the next write set."""
    each = [outcome for outcomes in answers for outcome in outcomes]
    counts = [len(outcomes) for outcomes in answers]
    return _encode(_Outcomes(following, counts, [one.value for one in each], [_of_error(one.error) for one in each]))


def outcomes(sent: bytes) -> tuple[int, list[list[Outcome]]]:
    """(txid of the next write set, what became of each work of each message)."""
    found = _outcomes.decode(sent)
    pairs = zip(found.values, found.errors, strict=True)
    each = iter([Outcome(value, _error(error) if error else None) for value, error in pairs])
    return found.following, [list(islice(each, count)) for count in found.counts]


def _of_error(error: BaseException | None) -> _Error | None:
    if error is None:
        return None
    if isinstance(error, LostRace):
        return _Error("", error.what)
    if isinstance(error, Refusal):
        return _Error(type(error).__name__, error.key, error.params, list(error.issues))
    return _Error(f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))


def _error(found: _Error) -> Exception:
    if not found.name:
        return LostRace(found.key)
    kind = getattr(errors, found.name, None)
    if isinstance(kind, type) and issubclass(kind, Refusal):
        refusal = kind(found.key, issues=tuple(found.issues))
        refusal.params = found.params
        return refusal
    foreign = Foreign(found.name)
    foreign.add_note(found.key)
    return foreign
