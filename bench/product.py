"""The product as a benchmark runs it: its own commands, on loopback, with token, validation and audit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.engines import Engine
from bench.processes import Process, doorstep, free_port, run

JSON = "application/fhir+json"
PATIENCE = 120
"""Seconds that the sealer of audit rows may take to catch up after a run."""


def where(url: str, folder: Path) -> list[str]:
    """The options that name a record; ``folder`` holds keys and accounts when the record is elsewhere."""
    if url.startswith("sqlite:///"):
        return ["--data", url.removeprefix("sqlite:///")]
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return ["--database", url, "--data", str(home)]


def token(url: str, folder: Path) -> dict[str, str]:
    """The headers of an authenticated client."""
    word = run(doorstep("token", *where(url, folder), "--as", "admin")).strip()
    return {"Authorization": f"Bearer {word}", "Content-Type": JSON, "Accept": JSON}


def load(url: str, folder: Path, *files: Path) -> None:
    """``doorstep load``."""
    run(doorstep("load", *where(url, folder), *map(str, files)))


def workers(url: str) -> int:
    """One process on SQLite, one a core on PostgreSQL."""
    return 1 if url.startswith("sqlite") else os.cpu_count() or 1


@contextmanager
def server(url: str, folder: Path, *, core: int | None = None) -> Iterator[Process]:
    """``doorstep serve`` with the FHIR interface and the background work.

    Each server takes a core that no other has, and of several the last would find none. Those that are asked in turn
    and compared share one by its number ``core`` (SQLite only: with PostgreSQL the workers take several).
    """
    port = free_port()
    options = ["--port", str(port), "--roles", "api,jobs", "--workers", str(workers(url))]
    bound = ["taskset", "-c", str(core)] if core is not None and url.startswith("sqlite") else []
    process = Process([*bound, *doorstep("serve", *where(url, folder), *options)], port=port, log=folder / "serve.log")
    try:
        yield process
    finally:
        process.stop()


def sealed(engine: Engine, url: str) -> float:
    """Wait until every audit row is in the chain; how long that took."""
    began = time.monotonic()
    while engine.ask(url, "SELECT count(*) FROM audit")[0][0]:
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError(f"audit rows were not sealed within {PATIENCE} s")
        time.sleep(0.05)
    return time.monotonic() - began
