"""A real server process, started and stopped as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from doorstep.kernel import store as stores
from doorstep.verbs import ACCOUNTS
from tests.postgres import free_port

ROOT = Path(__file__).parents[2]


def doorstep(*arguments: str, data: Path, url: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one verb of the command line on a data directory (and a database)."""
    where = ["--data", str(data), *(["--database", url] if url else [])]
    done = subprocess.run(
        [sys.executable, "-m", "doorstep.cli", arguments[0], *where, *arguments[1:]], capture_output=True, text=True,
        cwd=ROOT, env=environment(), timeout=240, check=False,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


class Server:
    """A started server; ``base`` is its address, ``client`` speaks to it as administrator."""

    def __init__(self, process: subprocess.Popen[str], ready: str, data: Path, url: str) -> None:
        self.process, self.ready, self.data, self.url = process, ready, data, url
        self.base = ready.split()[1].rstrip("/") if len(ready.split()) > 1 else ""
        self.errors: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()
        store = stores.open(url or f"sqlite:///{data}", exclusive=False)
        self.token = store.issue_token("admin", ACCOUNTS["admin"], ttl=12 * 3600)
        store.close()
        self.client = httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def get(self, path: str) -> Any:
        return json.loads(self.client.get(path).text)

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)


@contextmanager
def serving(data: Path, url: str = "", *arguments: str) -> Iterator[Server]:
    """``doorstep serve`` on a free loopback port, ended at the end."""
    where = ["--data", str(data), *(["--database", url] if url else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "doorstep.cli", "serve", *where, "--port", str(free_port()), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if not ready.startswith("ready"):
            process.kill()
            raise AssertionError(f"not ready: {ready!r} {process.communicate()}")
        yield Server(process, ready, data, url)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
