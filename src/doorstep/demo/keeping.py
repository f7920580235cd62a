"""The district is made once and kept; a demo is a copy of it in which people have begun their day.

So it opens in seconds, and resetting is copying again; only a very large one is not copied. What was made for another
program, or is a week old, is made anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from doorstep.demo.figures import SHOWN
from doorstep.demo.opening import MARK, STAGED, Progress, begin, make_accounts, refuse_others, snapshot
from doorstep.kernel import held
from doorstep.kernel import store as stores
from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Conflict

KEPT: Final = "kept"
_SAID: Final = "made.json"
_LOCK: Final = "demo.lock"
_RECORD, _FIGURES = "doorstep.db", "figures"
COPIED: Final = 20_000
"""Up to how many residents the district is kept beside the demo that is a copy of it."""
_FRESH: Final = timedelta(days=7)


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """A folder whose demo one process makes, serves and resets. Conflict for another, which touches nothing in it."""
    lock = held.take(data_dir / _LOCK)
    if lock is None:
        raise Conflict("demo.made-here", folder=str(data_dir))
    try:
        yield
    finally:
        held.release(lock)


def opened(data_dir: Path, *, residents: int, scale: str = SHOWN, progress: Progress | None = None) -> dict[str, str]:
    """Make or open the demo in a folder that one has ``alone``; account -> password. Refuses what is no demo."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not _is_open(data_dir):
        if not is_kept(data_dir / KEPT, residents, scale):
            keep(data_dir / KEPT, residents=residents, scale=scale, progress=progress)
        if residents > COPIED:
            _move(data_dir)
        else:
            clear(data_dir)
            for file in (data_dir / KEPT).iterdir():
                if file.name != _SAID:
                    shutil.copy(file, data_dir / file.name)
            _begin(data_dir)
    known: dict[str, str] = json.loads((data_dir / "demo-accounts.json").read_text("utf-8"))
    return known


def is_kept(folder: Path, residents: int, scale: str = SHOWN) -> bool:
    """Whether a district of that size was made by this program within a week."""
    said = folder / _SAID
    if not said.exists():
        return False
    made = json.loads(said.read_text("utf-8"))
    today = datetime.now(HOME).date()
    return made["of"] == _program(residents, scale) and today - date.fromisoformat(made["day"]) < _FRESH


def keep(folder: Path, *, residents: int, scale: str = SHOWN, progress: Progress | None = None) -> None:
    """Make the district anew, or go on where this program was interrupted. A folder appears only when it is whole."""
    from doorstep.web.wsgi import prepare as prepare_accounts

    partial, today = folder.with_name(folder.name + ".partial"), datetime.now(HOME).date()
    if is_kept(partial, residents, scale):
        today = date.fromisoformat(json.loads((partial / _SAID).read_text("utf-8"))["day"])
    else:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        said = {"day": today.isoformat(), "of": _program(residents, scale)}
        (partial / _SAID).write_text(json.dumps(said), "utf-8")
    # A power cut may take the last commits with it, never their order: what is lost is made again.
    store = stores.open(f"sqlite:///{partial}", synchronous="NORMAL")
    try:
        snapshot(store, residents=residents, today=today, wide=True, scale=scale, progress=progress)
        prepare_accounts(partial)
        make_accounts(partial, store, wide=True)
    finally:
        store.close()
        _close_accounts()
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _move(data_dir: Path) -> None:
    """A district as large as a disk is not copied: the day begins where it was made, then it is what is open.

    What says that it is kept goes first: killed within these seconds, it is made anew and no day begins twice.
    """
    kept = data_dir / KEPT
    (kept / _SAID).unlink()
    _begin(kept)
    clear(data_dir)
    for file in sorted(kept.iterdir(), key=lambda each: each.name == _RECORD):  # with it the demo is open
        file.replace(data_dir / file.name)
    kept.rmdir()


def _begin(folder: Path) -> None:
    store = stores.open(f"sqlite:///{folder}")
    try:
        begin(store)
    finally:
        store.close()


def clear(data_dir: Path) -> None:
    """Take away a demo with what its figures were counted from, not what it is copied from."""
    for file in data_dir.iterdir():
        if file.is_file() and file.name != _LOCK:
            file.unlink()
    shutil.rmtree(data_dir / _FIGURES, ignore_errors=True)


def _is_open(data_dir: Path) -> bool:
    """Whether a whole demo lies here. What was begun and not finished is none; what is no demo is refused."""
    if not (data_dir / _RECORD).exists():
        return False
    store = stores.open(f"sqlite:///{data_dir}")
    try:
        refuse_others(store)
        return bool(store.setting(MARK, "") and store.setting(STAGED, ""))
    finally:
        store.close()


@cache
def _program(residents: int, scale: str) -> str:
    """Changes with the generator, with the shape of the record and with what is asked for."""
    package = Path(__file__).parent
    found = hashlib.sha256(f"{residents} {scale}".encode())
    for file in sorted([*package.rglob("*.py"), *package.rglob("*.json"), *package.parent.rglob("kernel/sql/*.sql")]):
        found.update(file.read_bytes())
    return found.hexdigest()


def _close_accounts() -> None:
    from django.db import connections

    connections.close_all()
