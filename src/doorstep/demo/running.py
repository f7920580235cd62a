"""The demo as a running server, and the walk through one of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from doorstep import demo, locale_text
from doorstep.demo import check
from doorstep.demo.people import data
from doorstep.server import Settings
from doorstep.server import serve as run_server
from doorstep.terms.catalogue import titles

HOST = "127.0.0.1"


def serve(data_dir: Path, *, port: int, residents: int, database: str = "") -> int:
    """Make or open the demo and serve it on loopback until it is stopped."""
    _say("demo.making", n=residents)
    passwords = demo.prepare(data_dir, residents, database=database)
    _say("demo.open-this", address=f"http://{HOST}:{port}/")
    for row in data("district")["staff"]:
        sys.stdout.write(f"  {row['id']:<12} {passwords[row['id']]}   {row['name']} {titles()[row['title']].zh}\n")
    _say("demo.stop-with")
    return run_server(Settings(database or f"sqlite:///{data_dir}", str(data_dir), port, HOST, demo=True))


def walk(residents: int) -> int:
    """Serve a demo of its own on a free port, walk through the main line from outside, and say how it went."""
    with tempfile.TemporaryDirectory(prefix="doorstep-demo-") as folder:
        demo.prepare(folder, residents)
        port = _free_port()
        command = [sys.executable, "-m", "doorstep.demo.running", folder, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
            try:
                if not _ready(server):
                    _say("demo.not-ready")
                    return 1
                return check.run(f"http://{HOST}:{port}", folder)
            finally:
                server.terminate()
                server.communicate()


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
    language = locale_text.language(os.environ.get("LANG", "").replace("_", "-"))
    sys.stdout.write(locale_text.text(key, dict(params), language) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_server(Settings(f"sqlite:///{sys.argv[1]}", sys.argv[1], int(sys.argv[2]), HOST, demo=True)))
