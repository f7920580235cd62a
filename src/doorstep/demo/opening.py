"""Makes the demo once: the district as its institutions would have written it, accounts, and work that is under way.

The opening snapshot is loaded; everything after it is made by the commands that people run.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final, TextIO

from doorstep.demo import figures, front, private
from doorstep.demo.district import directory, known
from doorstep.demo.people import main_resident
from doorstep.demo.population import SEED, by_part, lived
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
_PORTION, _FEW = 2000, 100
"""Residents of one portion; up to how many are written without the loader."""
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
    refuse_others(store)
    begun = int(store.setting(_NEXT, "0"))
    store.set_setting(_NEXT, str(begun))
    if not begun:
        _few(store, (("alliance", entry) for entry in directory(wide=wide)))
    total = residents + figures.weight(residents, today=today, scale=scale)
    tell = progress or (lambda done, total: None)
    order = by_part(residents, seed, today=today, wide=wide)
    for first in range(begun, residents, _PORTION):
        some = order[first : first + _PORTION]
        _write(store, lived(some, seed, today=today, wide=wide), len(some), _part(tell, first, len(some), total))
        store.set_setting(_NEXT, str(first + len(some)))
        tell(first + len(some), total)
    cases = figures.cases(residents, seed, today=today, wide=wide, scale=scale)
    _load(store, cases, _part(tell, residents, total - residents, total))
    tell(total, total)
    if residents >= figures.LEAST:
        store.set_setting("demo.half", figures.wanted(today, scale).code)
        store.set_setting("demo.scale", scale)
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
    """Conflict when a record holds anything and is not a demo, nor one that was begun."""
    if store.setting(MARK, "") or store.setting(_NEXT, ""):
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


def make_accounts(data_dir: Path, store: Store, *, wide: bool = False) -> dict[str, str]:
    """One account for each of the staff and two for a family, with random passwords, kept in a file for the owner."""
    file = data_dir / "demo-accounts.json"
    if file.exists():
        made: dict[str, str] = json.loads(file.read_text("utf-8"))
        return made
    from doorstep.web.accounts.models import Account

    people = {row["id"]: f"Practitioner/{row['id']}" for row in known(wide)["staff"]} | private.people(store)
    Account.objects.filter(username__in=people).delete()  # of a making that was killed before their passwords were kept
    passwords = {username: "".join(secrets.choice(_LETTERS) for _ in range(10)) for username in people}
    for username, password in passwords.items():
        Account.objects.make(username, password, people[username])
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        json.dump(passwords, written)
    return passwords


def _writer(owner: str) -> Actor:
    return Actor("Device/doorstep", "administrator", f"Organization/{owner}", "HOPERAT", "demo")


def _part(tell: Progress, first: int, many: int, total: int) -> Progress:
    """Tells of a whole how far one part of it is, which begins at ``first`` and is ``many`` large."""
    return lambda done, of: tell(first + int(many * done / of) if of else first, total)


def _write(store: Store, entries: Iterable[tuple[str, dict[str, Any]]], residents: int, tell: Progress) -> None:
    """Few are written as one transaction an institution, many are loaded."""
    if residents <= _FEW:
        _few(store, entries)
    else:
        _load(store, entries, tell)


def _few(store: Store, entries: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Each institution keeps what it wrote, in one transaction: of a killed making all of it is there, or nothing."""
    by_owner: dict[str, list[dict[str, Any]]] = {}
    for owner, entry in entries:
        by_owner.setdefault(owner, []).append(entry)
    for owner in sorted(by_owner, key=lambda each: _ORDER.get(each, 1)):
        first = by_owner[owner][0]
        with store.snapshot(SYSTEM, audited=False) as reads:
            there = reads.exists(first["resourceType"], first["id"])
        if not there:
            store.run(_writer(owner), _put, by_owner[owner])


def _load(store: Store, entries: Iterable[tuple[str, dict[str, Any]]], tell: Progress) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = _files(Path(folder), entries)
        total, before = sum(file.stat().st_size for _, file in found), 0
        for owner, file in found:
            counted = functools.partial(_reached, tell, before, total)
            for _, refusal in load(store, _writer(owner), file, processes=1, progress=counted).refused:
                raise refusal
            before += file.stat().st_size


def _reached(tell: Progress, before: int, total: int, done: int, _: int) -> None:
    tell(before + done, total)


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
