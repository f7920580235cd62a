"""The demo as a running server that can be reset, and the walk through one of its own."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from doorstep import demo, locale_text
from doorstep.demo import check, keeping
from doorstep.demo.district import known
from doorstep.demo.figures import SHOWN
from doorstep.server import Settings
from doorstep.server import serve as run_server
from doorstep.terms.catalogue import titles

HOST = "127.0.0.1"
RESET: Final = "DOORSTEP_DEMO_RESET"
"""Names the file by which a page asks for the demo to be made as it was."""
_LOOK, _SELDOM, _SOON = 0.3, 30.0, 45.0
"""Seconds: between two looks, between two lines of a log, and what is too soon over to be worth an estimate."""


def serve(data_dir: Path, *, port: int, residents: int, database: str = "", scale: str = SHOWN) -> int:
    """Make or open the demo and serve it on loopback until it is stopped. Asked to, begin it again from its opening."""
    with keeping.alone(data_dir):
        while True:
            _say("demo.making", n=residents)
            if database:
                passwords = demo.prepare(data_dir, residents, database=database)
            else:
                passwords = keeping.opened(data_dir, residents=residents, scale=scale, progress=_Bar())
            _tell(passwords, port)
            again = not database and residents <= keeping.COPIED  # nobody waits an hour behind a button
            status = _until_stopped(data_dir, port, database, again=again)
            if status is not None:
                return status
            keeping.clear(data_dir)


def _until_stopped(data_dir: Path, port: int, database: str, *, again: bool) -> int | None:
    """The server, until it ends; None when it is to begin again."""
    asked = data_dir / "reset"
    environment = {**os.environ, RESET: str(asked)} if again else os.environ
    with _server(data_dir, port, database, environment) as server:
        return _watch(server, asked)


def walk(residents: int) -> int:
    """Serve a demo of its own on a free port, walk through the main line from outside, and say how it went."""
    with tempfile.TemporaryDirectory(prefix="doorstep-demo-") as folder:
        demo.prepare(folder, residents)
        port = _free_port()
        with _server(Path(folder), port, "", os.environ, subprocess.PIPE) as server:
            if not _ready(server):
                _say("demo.not-ready")
                return 1
            return check.run(f"http://{HOST}:{port}", folder)


def _tell(passwords: dict[str, str], port: int) -> None:
    _say("demo.open-this", address=f"http://{HOST}:{port}/")
    for row in known(wide=True)["staff"]:
        if row["id"] not in passwords:  # the wide district's, in the small one
            continue
        sys.stdout.write(f"  {row['id']:<12} {passwords[row['id']]}   {row['name']} {titles()[row['title']].zh}\n")
    _say("demo.stop-with")


@contextlib.contextmanager
def _server(
    data_dir: Path, port: int, database: str, environment: os._Environ[str] | dict[str, str], output: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The server as a process of its own, ended with whatever is done with it."""
    command = [sys.executable, "-m", "doorstep.demo.running", str(data_dir), str(port), database]
    with subprocess.Popen(command, stdout=output, text=True, env=dict(environment)) as server:
        before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            yield server
        finally:
            signal.signal(signal.SIGTERM, before)
            server.terminate()
            server.communicate()


def _watch(server: subprocess.Popen[str], asked: Path) -> int | None:
    """Until the server ends: its exit status; None when a page has asked for another beginning."""
    asked.unlink(missing_ok=True)
    while True:
        try:
            return server.wait(_LOOK)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # Ctrl-C goes to the server too, which ends in order
            if asked.exists():
                return None


class _Bar:
    """How far the making has come and how long it will go on: one line on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._first = -1

    def __call__(self, done: int, total: int) -> None:
        now, wait = time.monotonic(), _LOOK if sys.stdout.isatty() else _SELDOM
        if self._first < 0:
            self._first = done  # what an interrupted making had done says nothing of how fast this one is
        if not total or (now - self._last < wait and done < total):
            return
        self._last, share = now, done / total
        left = (now - self._began) * (total - done) / (done - self._first) if done > self._first else 0.0
        words = _text("demo.minutes-left", n=math.ceil(left / 60)) if left > _SOON else ""
        if sys.stdout.isatty():
            sys.stdout.write(f"\r  [{'#' * round(share * 40):<40}] {share:4.0%} {words:<40}" + "\n" * (done == total))
        elif left > _SOON:
            sys.stdout.write(f"  {share:4.0%} {words}\n")
        sys.stdout.flush()


def _ready(server: subprocess.Popen[str]) -> bool:
    """Wait for the server's ready line; false when it ended without one."""
    assert server.stdout is not None
    return any(line.startswith("ready ") for line in iter(server.stdout.readline, ""))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _say(key: str, **params: object) -> None:
    sys.stdout.write(_text(key, **params) + "\n")
    sys.stdout.flush()


def _text(key: str, **params: object) -> str:
    language = locale_text.language(os.environ.get("LANG", "").replace("_", "-"))
    return locale_text.text(key, dict(params), language)


if __name__ == "__main__":
    _folder, _port, _database = sys.argv[1:4]
    sys.exit(run_server(Settings(_database or f"sqlite:///{_folder}", _folder, int(_port), HOST, demo=True)))
