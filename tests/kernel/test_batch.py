"""Given write sets that wait together, when SQLite commits them as one batch, then each ends as it would by itself.

The batch asks for all that its sets expect at once and notes what they put and claim; a set that came later must
still see the one before.
"""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import sqlite_apply
from doorstep.kernel.errors import Refusal
from doorstep.kernel.sqlite import SqliteEngine
from doorstep.kernel.sqlite_apply import Batch
from doorstep.kernel.writeset import ClaimOp, Expect, LostRace, Put, WriteSet

BASIC = 15
NAMES = ("a", "b", "c")
TABLES = ("resource", "version", "locator", "claim")


def drawn(dice: random.Random) -> WriteSet:
    """A set over few things, so that sets meet."""
    work = WriteSet(now=1000)
    if dice.random() < 0.7:
        expected = dice.choice((0, 0, 1, 1, 2, 3))
        work.puts.append(Put(0, BASIC, "Basic", dice.choice(NAMES), expected, expected + 1, 1000, "Organization/a", 2,
                             dice.random() < 0.2, "PUT", b"{}", True, None))  # fmt: skip
    if dice.random() < 0.5:
        work.expects.append(Expect(0, BASIC, "Basic", dice.choice(NAMES), dice.choice((0, 0, 1, 2)), "Basic.x"))
    for _ in range(dice.choice((0, 0, 1, 2))):
        expires = dice.choice((500, 2000, 2000))
        work.claims.append(ClaimOp("slot", dice.choice(NAMES), dice.choice("xy"), expires, 1000, dice.random() < 0.7))
    return work


def outcomes(connection: sqlite3.Connection, works: list[WriteSet], together: int) -> list[str]:
    """What becomes of each, when so many are committed together."""
    found = []
    for start in range(0, len(works), together):
        some = works[start : start + together]
        connection.execute("BEGIN IMMEDIATE")
        batch = Batch(connection, some)
        for txid, work in enumerate(some, start):
            try:
                batch.add(work, txid)
                found.append("done")
            except (LostRace, Refusal) as error:
                found.append(type(error).__name__)
        batch.flush()
        connection.execute("COMMIT")
    return found


def tables(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall()) for name in TABLES}  # noqa: S608


def compared(folder: Path, seed: int) -> tuple[tuple[list[str], Any], tuple[list[str], Any]]:
    """Outcomes and rows, one by one and all at once."""
    dice = random.Random(seed)
    works = [drawn(dice) for _ in range(40)]
    found = []
    for together in (1, 40):
        home = folder / f"{seed}-{together}"
        home.mkdir()
        SqliteEngine(home, synchronous="OFF").close()
        connection = sqlite3.connect(home / "doorstep.db", isolation_level=None)
        found.append((outcomes(connection, works, together), tables(connection)))
        connection.close()
    return found[0], found[1]


@pytest.mark.parametrize("seed", range(25))
def test_sets_of_one_batch_end_as_they_would_one_by_one(tmp_path: Path, seed: int) -> None:
    alone, together = compared(tmp_path, seed)
    assert together == alone
    assert len(set(alone[0])) > 2, "some are done, some lose, some are refused"


def test_control_without_noting_what_was_put_and_claimed_they_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(dict[Any, Any]):
        """What was asked for at the beginning stays as it was."""

        def __setitem__(self, key: Any, value: Any) -> None:
            if key not in self:
                super().__setitem__(key, value)

    def begun(batch: Batch, works: Any) -> None:
        looked(batch, works)
        batch._live, batch._held = Forgetful(batch._live), Forgetful(batch._held)

    looked = Batch._look_ahead
    monkeypatch.setattr(sqlite_apply.Batch, "_look_ahead", begun)
    differing = 0
    for seed in range(10):
        try:
            alone, together = compared(tmp_path, seed)
            differing += alone != together
        except sqlite3.IntegrityError:
            differing += 1
    assert differing


def test_what_a_batch_expects_is_asked_for_by_few_statements(tmp_path: Path) -> None:
    SqliteEngine(tmp_path, synchronous="OFF").close()
    connection = sqlite3.connect(tmp_path / "doorstep.db", isolation_level=None)
    asked: list[str] = []
    works = [WriteSet(claims=[ClaimOp("slot", str(n), "x", 2000, 1000, True)], now=1000) for n in range(100)]
    connection.execute("BEGIN IMMEDIATE")
    connection.set_trace_callback(asked.append)
    batch = Batch(connection, works)
    for txid, work in enumerate(works):
        batch.add(work, txid)
    batch.flush()
    connection.set_trace_callback(None)
    assert connection.execute("SELECT count(*) FROM claim").fetchone() == (100,)
    assert len(asked) < 12
    connection.close()
