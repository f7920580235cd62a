"""The day's review list: visits that were opened without verifying that the resident was there.

The officer of the institution asks each one's reason. Nothing of the record was shown because of such a visit but the
identity, so the list is about who opens visits and why, not about what was read.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import verified, witness
from doorstep.workflows.coordination import move
from doorstep.workflows.table import Table, needed

TABLE: Final[Table] = verified.PRESENCE


def explain(tx: Tx, *, task: str, note: str) -> Stored:
    """The visit was as it says; the officer writes how that was found out."""
    return _end(tx, task, "explain", note)


def doubt(tx: Tx, *, task: str, note: str) -> Stored:
    """Nobody was there, or nobody knows; the officer writes what follows."""
    return _end(tx, task, "doubt", note)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The day's list has not been gone through."""
    witness.remind({TABLE.name: TABLE})(tx, ref=ref, payload=payload)


def _end(tx: Tx, task: str, act_code: str, note: str) -> Stored:
    act = TABLE.act(act_code)
    case = witness.case_of(tx, TABLE, task, act)
    needed(act, {"note": note})
    return move(tx, case, act, note=note.strip())
