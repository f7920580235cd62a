"""Records as the command line names them, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doorstep.kernel import store as stores
from doorstep.kernel.store import Store


def where(store_url: str, tmp_path: Path) -> tuple[Path, str]:
    """(data directory, database) of the record of a test; the database is "" on SQLite."""
    return (tmp_path, "") if store_url.startswith("sqlite") else (tmp_path / "data", store_url)


def url_of(data: Path, database: str) -> str:
    return database or f"sqlite:///{data}"


def opened(store_url: str) -> Store:
    """A second, short client, as the command line is one."""
    return stores.open(store_url, exclusive=False)


def rows(store_url: str, sql: str) -> list[tuple[Any, ...]]:
    store = opened(store_url)
    try:
        return store.engine.once(sql)
    finally:
        store.close()


def change(store_url: str, sql: str) -> None:
    """Damage: what no command would do."""
    store = opened(store_url)
    try:
        store.engine.write([(sql, [])])
    finally:
        store.close()
