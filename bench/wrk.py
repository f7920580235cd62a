"""The load: wrk, because a client in Python would take half of the machine from the server that it measures."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import cpu_seconds, idle, memory

HERE = Path(__file__).parent


class Missing(Exception):
    """A program that a benchmark needs is not installed; the message says which and how to get it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the load. Times in ms, ``cpu`` of all server processes a request too; memory in MB."""

    rate: float
    p50: float
    p99: float
    requests: int
    cpu: float
    resident: float
    own: float


def check() -> None:
    """Refuse to begin without the load generator."""
    if shutil.which("wrk") is None:
        raise Missing("wrk is not installed, and the benchmarks over HTTP need it: apt-get install wrk")


def requests_file(file: Path, lines: Iterable[tuple[str, str]]) -> Path:
    """(path, body) of requests, "" for no body, as the script reads them."""
    with file.open("w", encoding="utf-8") as out:
        for path, body in lines:
            out.write(f"{path}\t{body}\n" if body else f"{path}\n")
    return file


def load(
    base: str, requests: Path, headers: Mapping[str, str], *, connections: int, seconds: float, pids: list[int],
    settled: Callable[[], object] = lambda: None,
) -> Run:
    """Send a file of requests over and over for a time. Raises when any answer was not a success.

    ``settled`` returns when the server has done what it put off; that work counts as the requests' own. What is under
    way when the time is over is done too, though nobody waits for it: so many requests more have used the processor.
    """
    before = cpu_seconds(pids)
    told = run(base, "requests.lua", [str(requests), *lines(headers)], connections=connections, seconds=seconds)
    idle(pids)
    settled()
    cpu = cpu_seconds(pids) - before
    if told["failed"] or told["broken"] or not told["requests"]:
        raise RuntimeError(f"{base}: {told} for {requests.name}")
    resident, own = memory(pids)
    return Run(
        told["requests"] / told["micros"] * 1e6, told["p50"] / 1e3, told["p99"] / 1e3, told["requests"],
        cpu / (told["requests"] + connections) * 1e3, resident, own,
    )  # fmt: skip


def run(
    base: str, script: str, arguments: list[str], *, connections: int, seconds: float, until: str = ""
) -> dict[str, Any]:
    """wrk with one of our scripts; the members of the JSON lines that it wrote. A line with ``until`` ends it."""
    process = subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}", "--timeout", "60", "-s", str(HERE / script), base, "--",
         *arguments], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told: dict[str, Any] = {}
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("{"):
            told |= json.loads(line)
        if until and until in line:
            process.send_signal(signal.SIGINT)
    process.wait()
    if "p50" not in told or (until and not any(until in line for line in said)):
        raise RuntimeError(f"wrk said nothing of use:\n{''.join(said)}")
    return told


def lines(headers: Mapping[str, str]) -> list[str]:
    """Headers as the scripts take them."""
    return [f"{name}: {value}" for name, value in headers.items()]


def fetch(url: str, headers: Mapping[str, str], body: str = "") -> tuple[int, bytes]:
    """One request by hand: status and body."""
    asked = urllib.request.Request(url, data=body.encode() or None, headers=dict(headers))
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
