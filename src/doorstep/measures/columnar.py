"""The columnar files: what has been committed since the last time is read from the feed in commit order and added.

A folder holds Parquet files of each view and one small file that says up to where they go. It is written by one process
at a time, under a lock; readers open what that small file names. Losing the folder loses nothing: it is made anew.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import duckdb

from doorstep.kernel import exact
from doorstep.kernel.refs import Stored
from doorstep.kernel.store import Store
from doorstep.measures import views
from doorstep.measures.views import VIEWS, View

BATCH: Final = 20_000
"""Versions that one reading of the feed takes."""
KEPT_EVERY: Final = 10
"""Readings after which what is there is kept, so that an interrupted first time goes on from it."""
Told = Callable[[int], None]
"""Hears how many of a hundred parts of the feed have been read."""
MANY: Final = 12
"""Files of one view, above which they are made into one."""
_STATE: Final = "state.json"
_KEPT: Final = 600


@dataclass(frozen=True, slots=True)
class State:
    """Up to where the files go: the feed's cursor and the business time when it was read (the data cut-off)."""

    cursor: str = ""
    cut_off: int = 0
    columns: int = views.VERSION
    files: dict[str, list[str]] = field(default_factory=dict)


def state_of(folder: Path) -> State:
    """What the folder holds; nothing when it was never written, or by code with other columns."""
    try:
        found = State(**json.loads((folder / _STATE).read_text("utf-8")))
    except FileNotFoundError:
        return State()
    return found if found.columns == views.VERSION else State()


def refresh(store: Store, folder: Path, told: Told = lambda percent: None) -> State:
    """Add what was committed since the last time; the state after it."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = state_of(folder)
        _forget(folder, before)
        cut_off, cursor = store.clock.now(), before.cursor
        files = {name: list(before.files.get(name, ())) for name in VIEWS}
        types = sorted({view.type for view in VIEWS.values()})
        whole = max(1, store.engine.horizon())
        for reading in count(1):
            feed = store.feed(cursor, limit=BATCH, types=types)
            if not feed.entries:
                break
            cursor = feed.cursor
            for name, file in _write(folder, feed.entries).items():
                files[name].append(file)
            told(min(99, int(cursor.partition("~")[0]) * 100 // whole))
            if reading % KEPT_EVERY == 0:
                _keep(folder, replace(before, cursor=cursor, files=files))
        for name in VIEWS:
            if len(files[name]) > MANY:
                files[name] = [_join(folder, VIEWS[name], files[name])]
        # Frames are made of what is returned here: the files of one moment, whole.
        return _keep(folder, replace(before, cursor=feed.cursor, cut_off=cut_off, files=files))


def _write(folder: Path, entries: list[Stored]) -> dict[str, str]:
    """One file a view, of those that these versions have rows of."""
    rows: dict[str, list[bytes]] = {}
    for entry in entries:
        for view in VIEWS.values():
            if view.type == entry.type:
                rows.setdefault(view.name, []).extend(_lines(view, entry))
    return {name: _file(folder, VIEWS[name], lines) for name, lines in rows.items() if lines}


def _lines(view: View, entry: Stored) -> Iterator[bytes]:
    own: dict[str, Any] = {"id": entry.id, "version": entry.version, "deleted": entry.deleted,
                           "keeper": entry.custodian}  # fmt: skip
    rows = [] if entry.deleted else list(view.rows(exact.decode(entry.body)))
    if not rows:  # a version without rows must hide those of the version before
        yield exact.encode({**own, "deleted": True})
    for row in rows:
        yield exact.encode({**own, **row})


def _file(folder: Path, view: View, lines: list[bytes]) -> str:
    name = f"{view.name}-{uuid4().hex}"
    raw = folder / f"{name}.ndjson"
    raw.write_bytes(b"\n".join(lines))
    columns = ", ".join(f"'{column}': '{kind}'" for column, kind in view.all_columns.items())
    source = f"read_json('{_quoted(raw)}', format='newline_delimited', columns={{{columns}}})"
    _copy(f"SELECT * FROM {source}", folder / f"{name}.parquet")
    raw.unlink()
    return f"{name}.parquet"


def _join(folder: Path, view: View, files: list[str]) -> str:
    """One file of the newest versions, instead of many of all."""
    name = f"{view.name}-{uuid4().hex}.parquet"
    _copy(newest(folder, view, files, deleted=True), folder / name)
    return name


def newest(folder: Path, view: View, files: list[str], *, deleted: bool = False) -> str:
    """The SQL of a view's rows: those of the newest version of each resource."""
    listed = ", ".join(f"'{_quoted(folder / file)}'" for file in files)
    named = ", ".join(f'"{column}"' for column in view.all_columns)
    kept = "" if deleted else " AND NOT deleted"
    return (f"SELECT {named} FROM (SELECT *, max(version) OVER (PARTITION BY id) AS last FROM read_parquet([{listed}]))"
            f" WHERE version = last{kept}")  # fmt: skip


def _copy(select: str, target: Path) -> None:
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute(f"COPY ({select}) TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _keep(folder: Path, state: State) -> State:
    draft = folder / f"{_STATE}.new"
    draft.write_text(json.dumps(asdict(state)), encoding="utf-8")
    draft.replace(folder / _STATE)
    return state


def _forget(folder: Path, state: State) -> None:
    """Files that no state names: those that were joined, and what a process that was killed left behind.

    Not the youngest: another process may be reading what the state before this one named.
    """
    named = {file for files in state.files.values() for file in files}
    for path in folder.iterdir():
        old = path.suffix in (".parquet", ".ndjson") and path.stat().st_mtime < time.time() - _KEPT
        if old and path.name not in named:
            path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def drop(folder: Path) -> None:
    """Away with all of it: the next refresh makes it anew."""
    shutil.rmtree(folder, ignore_errors=True)
