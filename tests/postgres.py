"""PostgreSQL for a test run: one throw-away cluster, started by the first test that asks, shared by all workers.

``server()`` answers a URL; ``new_database()`` makes an empty database or a copy of a template. Set DOORSTEP_TEST_PG to the
URL of a server of your own (its user must be allowed to create databases) and no cluster is started.
A durability test makes a ``Cluster(folder, durable=True)`` for itself and may ``crash()`` it.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

OWN_SERVER = "DOORSTEP_TEST_PG"
_FOLDER = "DOORSTEP_TEST_PG_FOLDER"
_TUNING = {"max_connections": "300", "shared_buffers": "64MB", "max_wal_size": "256MB", "log_min_messages": "warning"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL cluster of its own in ``folder``, on a free loopback port. As root it runs as user postgres."""

    folder: Path
    durable: bool = False
    port: int = 0
    tuning: Mapping[str, str] = field(default_factory=dict)
    """Settings other than those of a test run."""

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> Cluster:
        """Make the cluster when it is not there, start it, and wait until it answers."""
        if not self._data.exists():
            if os.geteuid() == 0:
                account = pwd.getpwnam("postgres")
                os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")
        self.port = self.port or free_port()
        settings = {**_TUNING, **({} if self.durable else _FAST), **self.tuning, "port": str(self.port),
                    "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "-t", "60", "-o", options, "start")
        return self

    def stop(self) -> None:
        """An orderly stop that does not wait for clients."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "fast", "stop")

    def crash(self) -> None:
        """What kill -9 of the whole server does: no checkpoint, recovery at the next start."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        output = self.folder / "output"
        with output.open("a", encoding="utf-8") as stream:
            done = subprocess.run([str(programs() / program), *arguments], stdin=subprocess.DEVNULL, stdout=stream,
                                  stderr=stream, cwd=self.folder, check=False, **as_postgres)
        if done.returncode:
            logs = [path.read_text(encoding="utf-8", errors="replace")[-4000:]
                    for path in (output, self.folder / "log") if path.exists()]
            raise RuntimeError(f"{program} failed\n" + "\n".join(logs))


def programs() -> Path:
    """Where the newest installed PostgreSQL of version 15 or later keeps its programs."""
    found = {int(path.parent.name): path for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin")
             if (path / "initdb").exists() and path.parent.name.isdigit()}
    if found and max(found) >= 15:
        return found[max(found)]
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError(f"PostgreSQL 15 or later is not installed: run tools/needs, or set {OWN_SERVER} to a server's URL")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server() -> str:
    """The URL of the server that this test run shares; starts it at first use, once for all workers."""
    own = os.environ.get(OWN_SERVER)
    if own:
        return own
    folder = Path(os.environ[_FOLDER])
    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = folder / "url"
        if not known.exists():
            inner = folder / "cluster"
            inner.mkdir(exist_ok=True)
            known.write_text(Cluster(inner).start().url, encoding="utf-8")
        return known.read_text(encoding="utf-8")


def new_database(template: str = "template0") -> str:
    """The URL of a new database, copied from ``template`` (a name or a URL; nobody may be connected to it)."""
    base, name = server(), f"doorstep_{secrets.token_hex(8)}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
            sql.Identifier(name), sql.Identifier(_name(template))))
    return urlunsplit(urlsplit(base)._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Remove a database and whoever is still connected to it."""
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))


def _name(database: str) -> str:
    return urlsplit(database).path.lstrip("/") if "://" in database else database


def pytest_configure(config: Any) -> None:
    """Name the folder in the process that starts the workers, so that they all find the one cluster."""
    if not hasattr(config, "workerinput") and _FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="doorstep-pg-")
        os.chmod(folder, 0o711)
        os.environ[_FOLDER] = config._doorstep_pg = folder


def pytest_unconfigure(config: Any) -> None:
    """Stop the cluster, if some test started it, and leave nothing behind."""
    made = getattr(config, "_doorstep_pg", "")
    if made:
        if (Path(made) / "url").exists():
            Cluster(Path(made) / "cluster").crash()
        shutil.rmtree(made)
        del os.environ[_FOLDER]
