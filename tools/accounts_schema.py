"""Print the accounts database as all migrations leave it. A first start begins from it, where the steps take seconds.

Run it after a migration was added. Nothing breaks while it is behind: what it does not know yet is migrated at a start.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from doorstep.web.wsgi import BEGINNING, migrated


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        migrated(Path(folder))
        with closing(sqlite3.connect(Path(folder) / "accounts.db")) as made:
            # When it was printed is no property of the tables.
            made.execute("UPDATE django_migrations SET applied = '2000-01-01 00:00:00'")
            BEGINNING.write_text("\n".join(made.iterdump()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
