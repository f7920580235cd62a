"""Makes the demo once: the district as its institutions would have written it, accounts, and work that is under way.

The opening snapshot is loaded; everything after it is made by the commands that people run.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from datetime import date
from pathlib import Path
from typing import Final, TextIO

from doorstep.demo.people import data, main_resident
from doorstep.demo.population import SEED, owned
from doorstep.demo.stage import set_stage
from doorstep.kernel import exact
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict
from doorstep.kernel.load import load
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

MARK: Final = "demo.day"
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def fill(store: Store, *, residents: int, today: date, seed: int = SEED) -> None:
    """Put the district into an empty record, once. Conflict when the record holds anything else."""
    if store.setting(MARK, ""):
        return
    with store.snapshot(SYSTEM, audited=False) as reads:
        if reads.history(count=1).entries:
            raise Conflict("demo.not-a-demo")
    with tempfile.TemporaryDirectory() as folder:
        for owner, file in _files(Path(folder), residents, today, seed):
            loaded = load(store, _writer(owner), file, processes=1)
            for _, refusal in loaded.refused:
                raise refusal
    set_stage(store, today=today, seed=seed)
    mark(store, today=today, seed=seed)


def mark(store: Store, *, today: date, seed: int) -> None:
    """Say that this record is a demo's, of which day, and whom its main line is about."""
    store.set_setting("demo.number", main_resident(today, seed=seed).number)
    store.set_setting(MARK, today.isoformat())


def day_of(store: Store) -> date:
    """The day on which the demo was made: its residents are derived from it."""
    return date.fromisoformat(store.setting(MARK, ""))


def make_accounts(data_dir: Path) -> dict[str, str]:
    """One account for each of the staff, with a random password; the passwords, kept in a file for the owner alone."""
    file = data_dir / "demo-accounts.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text("utf-8"))
        return known
    from doorstep.web.accounts.models import Account

    passwords = {row["id"]: "".join(secrets.choice(_LETTERS) for _ in range(10)) for row in data("district")["staff"]}
    for username, password in passwords.items():
        Account.objects.make(username, password, f"Practitioner/{username}")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as made:
        json.dump(passwords, made)
    return passwords


def _writer(owner: str) -> Actor:
    return Actor("Device/doorstep", "administrator", f"Organization/{owner}", "HOPERAT", "demo")


def _files(folder: Path, residents: int, today: date, seed: int) -> list[tuple[str, Path]]:
    """One file an institution, so that each is the custodian of what it wrote."""
    open_files: dict[str, TextIO] = {}
    paths: dict[str, Path] = {}
    try:
        for owner, resource in owned(residents, seed, today=today):
            if owner not in open_files:
                paths[owner] = folder / f"{owner}.ndjson"
                open_files[owner] = paths[owner].open("w", encoding="utf-8")
            open_files[owner].write(exact.encode(resource).decode() + "\n")
    finally:
        for file in open_files.values():
            file.close()
    return list(paths.items())
