"""Numbered migrations, one text for both engines (sql/NNNN-name.sql).

A migration that old code can live with carries no mark; a step that must wait until no old process runs is named
``NNNN-name.post.sql`` and is applied by ``migrate --post`` (expand first, contract later).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from doorstep.kernel.errors import Unavailable

_OWN_KEY = re.compile(r"\{own_key:([^}]*)\}")
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step. ``post`` steps may break code older than them."""

    number: int
    name: str
    post: bool
    text: str


def migrations() -> list[Migration]:
    """All steps in order."""
    found = []
    for entry in resources.files("doorstep.kernel.sql").iterdir():
        if entry.name.endswith(".sql"):
            number, _, rest = entry.name.partition("-")
            found.append(Migration(int(number), rest.split(".")[0], ".post." in entry.name, entry.read_text("utf-8")))
    return sorted(found, key=lambda step: step.number)


def refuse_newer(done: dict[int, bool]) -> None:
    """Old code may run on a schema that was only expanded; not on one whose later steps took something away."""
    known = {step.number for step in migrations()}
    newer = [number for number, post in done.items() if post and number not in known]
    if newer:
        raise Unavailable("store.schema-newer", found=max(newer))


def render(text: str, *, dialect: str) -> list[str]:
    """The statements of a migration for one engine.

    On SQLite an index table is clustered by resource (WITHOUT ROWID), which halves its pages; PostgreSQL has no such
    tables, so there the same columns are a plain index.
    """
    sqlite = dialect == "sqlite"
    text = text.replace("{text}", "TEXT" if sqlite else 'TEXT COLLATE "C"')
    text = text.replace("{clustered}", "WITHOUT ROWID" if sqlite else "")
    key = r",\n  PRIMARY KEY (part, type, id, key, \1)" if sqlite else ""
    text = _OWN_KEY.sub(key, text)
    statements = [part.strip() for part in _COMMENT.sub("", text).split(";") if part.strip()]
    if not sqlite:
        statements += [
            f"CREATE INDEX {table}_own ON {table} (part, type, id, key)"
            for table in re.findall(r"CREATE TABLE (ix_(?!text)\w+)", text)
        ]
    return statements
