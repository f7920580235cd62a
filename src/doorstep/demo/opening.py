"""Makes the demo once: the district as its institutions would have written it, accounts, and work that is under way.

The opening snapshot is loaded; everything after it is made by the commands that people run.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final, TextIO

from doorstep.demo import figures, front, private
from doorstep.demo.people import data, main_resident
from doorstep.demo.population import SEED, owned
from doorstep.demo.stage import set_stage
from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict
from doorstep.kernel.load import load
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx

MARK: Final = "demo.day"
STAGED: Final = "demo.staged"
"""The setting that says that work is under way."""
_NEXT: Final = "demo.next"
"""The setting that says how many residents are written."""
_PORTION, _FEW, _CASES = 500, 100, 8
"""Residents of one portion; up to how many are written without the loader; what part of the work the cases are."""
_ORDER: Final = {"alliance": 0, "hospital": 2, "laboratory": 3}
"""Whose entries refer to those of others come later."""
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"

Progress = Callable[[int, int], None]
"""Told (done, of how many) while something long is made."""


def fill(store: Store, *, residents: int, today: date, seed: int = SEED, wide: bool = False) -> None:
    """Put the district into an empty record, once. Conflict when the record holds anything else."""
    snapshot(store, residents=residents, today=today, seed=seed, wide=wide)
    begin(store)


def snapshot(
    store: Store, *, residents: int, today: date, seed: int = SEED, wide: bool = False, scale: str = figures.SHOWN,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """What the institutions had written until the day, once. Conflict when the record holds anything else.

    It is made in portions of residents; what was interrupted goes on behind the last whole portion.
    """
    if store.setting(MARK, ""):
        return
    begun = int(store.setting(_NEXT, "0"))
    if not begun:
        refuse_others(store)
    total = residents + residents // _CASES
    for first in range(begun, residents, _PORTION):
        last = min(first + _PORTION, residents)
        _write(store, owned(last, seed, today=today, wide=wide, first=first), last - first)
        store.set_setting(_NEXT, str(last))
        if progress:
            progress(last, total)
    _load(store, figures.cases(residents, seed, today=today, wide=wide, scale=scale))
    if progress:
        progress(total, total)
    store.set_setting("demo.residents", str(residents))
    mark(store, today=today, seed=seed)


def begin(store: Store) -> None:
    """People sign in and begin their day, once."""
    if store.setting(STAGED, ""):
        return
    front.open_the_day(store)
    set_stage(store, today=day_of(store), seed=SEED)
    store.set_setting(STAGED, day_of(store).isoformat())


def refuse_others(store: Store) -> None:
    """Conflict when a record holds anything and is not a demo."""
    if store.setting(MARK, ""):
        return
    with store.snapshot(SYSTEM, audited=False) as reads:
        if reads.history(count=1).entries:
            raise Conflict("demo.not-a-demo")


def mark(store: Store, *, today: date, seed: int) -> None:
    """Say that this record is a demo's, of which day, and whom its main line is about."""
    main = main_resident(today, seed=seed)
    store.set_setting("demo.number", main.number)
    store.set_setting("demo.resident", main.id)
    store.set_setting(MARK, today.isoformat())


def day_of(store: Store) -> date:
    """The day on which the demo was made: its residents are derived from it."""
    return date.fromisoformat(store.setting(MARK, ""))


def make_accounts(data_dir: Path, store: Store) -> dict[str, str]:
    """One account for each of the staff and two for a family, with random passwords, kept in a file for the owner."""
    file = data_dir / "demo-accounts.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text("utf-8"))
        return known
    from doorstep.web.accounts.models import Account

    people = {row["id"]: f"Practitioner/{row['id']}" for row in data("district")["staff"]} | private.people(store)
    passwords = {username: "".join(secrets.choice(_LETTERS) for _ in range(10)) for username in people}
    for username, password in passwords.items():
        Account.objects.make(username, password, people[username])
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as made:
        json.dump(passwords, made)
    return passwords


def _writer(owner: str) -> Actor:
    return Actor("Device/doorstep", "administrator", f"Organization/{owner}", "HOPERAT", "demo")


def _write(store: Store, entries: Iterable[tuple[str, dict[str, Any]]], residents: int) -> None:
    """Each institution is the custodian of what it wrote. Few are written as one transaction each, many are loaded."""
    if residents <= _FEW:
        by_owner: dict[str, list[dict[str, Any]]] = {}
        for owner, entry in entries:
            by_owner.setdefault(owner, []).append(entry)
        for owner in sorted(by_owner, key=lambda each: _ORDER.get(each, 1)):
            store.run(_writer(owner), _put, by_owner[owner])
    else:
        _load(store, entries)


def _load(store: Store, entries: Iterable[tuple[str, dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for owner, file in _files(Path(folder), entries):
            for _, refusal in load(store, _writer(owner), file, processes=1).refused:
                raise refusal


def _put(tx: Tx, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        tx.update(entry)


def _files(folder: Path, entries: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, Path]]:
    """One file an institution."""
    open_files: dict[str, TextIO] = {}
    paths: dict[str, Path] = {}
    try:
        for owner, resource in entries:
            if owner not in open_files:
                paths[owner] = folder / f"{owner}.ndjson"
                open_files[owner] = paths[owner].open("w", encoding="utf-8")
            open_files[owner].write(exact.encode(resource).decode() + "\n")
    finally:
        for file in open_files.values():
            file.close()
    return list(paths.items())
