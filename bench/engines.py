"""Where the records of a benchmark live: SQLite in a directory, PostgreSQL in a durable cluster of its own."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgres import Cluster

ENGINES = ("sqlite", "postgresql")
_TUNING = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
"""What anybody sets who runs PostgreSQL for more than a try."""


class Engine(Protocol):
    """Makes empty records, copies them, and looks into them from outside."""

    name: str
    pids: list[int]
    """Server processes of the engine itself."""

    def new(self, name: str) -> str: ...
    def find(self, name: str) -> str | None: ...
    def copy(self, url: str, name: str) -> str: ...
    def rename(self, url: str, name: str) -> str: ...
    def ask(self, url: str, sql: str) -> list[tuple[Any, ...]]: ...
    def settle(self, url: str) -> None: ...
    def size(self, url: str) -> int: ...
    def drop(self, url: str) -> None: ...


class Sqlite:
    """Each record is a directory below ``folder``."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pids: list[int] = []

    def new(self, name: str) -> str:
        (self._folder / name).mkdir()
        return f"sqlite:///{self._folder / name}"

    def find(self, name: str) -> str | None:
        """A record that an earlier run has left here."""
        return f"sqlite:///{self._folder / name}" if (self._folder / name).exists() else None

    def copy(self, url: str, name: str) -> str:
        """A record nobody has open, under another name."""
        self.settle(url)
        shutil.copytree(_directory(url), self._folder / name)
        return f"sqlite:///{self._folder / name}"

    def rename(self, url: str, name: str) -> str:
        _directory(url).rename(self._folder / name)
        return f"sqlite:///{self._folder / name}"

    def ask(self, url: str, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{_file(url)}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def settle(self, url: str) -> None:
        """Everything into the one file."""
        connection = sqlite3.connect(_file(url), timeout=30)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def size(self, url: str) -> int:
        self.settle(url)
        return _file(url).stat().st_size

    def drop(self, url: str) -> None:
        shutil.rmtree(_directory(url))


class Postgres:
    """Each record is a database of one cluster that commits durably."""

    name = "postgresql"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.pids = [int((cluster.folder / "data" / "postmaster.pid").read_text("ascii").split()[0])]

    def new(self, name: str, *, template: str = "template0") -> str:
        with psycopg.connect(self._cluster.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
        return self._at(name)

    def find(self, name: str) -> str | None:
        found = self.ask(self._cluster.url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
        return self._at(name) if found else None

    def _at(self, name: str) -> str:
        return self._cluster.url.rpartition("/")[0] + f"/{name}"

    def copy(self, url: str, name: str) -> str:
        return self.new(name, template=url.rpartition("/")[2])

    def rename(self, url: str, name: str) -> str:
        with psycopg.connect(self._cluster.url, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" RENAME TO "{name}"')
        return self._at(name)

    def ask(self, url: str, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def settle(self, url: str) -> None:
        """Statistics as they will be later, and no autovacuum in the middle of a measurement."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def size(self, url: str) -> int:
        return int(self.ask(url, "SELECT pg_database_size(current_database())")[0][0])

    def drop(self, url: str) -> None:
        with psycopg.connect(self._cluster.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


@contextmanager
def engine(name: str, folder: Path, *, keep: bool = False) -> Iterator[Engine]:
    """An engine with its home below ``folder``, taken away at the end unless it is kept for the next run."""
    home = folder / name
    home.mkdir(exist_ok=keep)
    os.chmod(folder, 0o711)  # the cluster of a root's benchmark runs as user postgres
    try:
        if name == "sqlite":
            yield Sqlite(home)
        else:
            cluster = Cluster(home, durable=True, tuning=_TUNING).start()
            try:
                yield Postgres(cluster)
            finally:
                cluster.stop()
    finally:
        if not keep:
            shutil.rmtree(home)


def _directory(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _file(url: str) -> Path:
    return _directory(url) / "doorstep.db"
