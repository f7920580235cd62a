"""A worker's threads take turns on one core, each worker on its own; the system may be told to decide instead."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs a second core")

_WORKER = """
import os, sys, threading
from doorstep import process
took = process.take_core(sys.argv[1])
seen = []
thread = threading.Thread(target=lambda: seen.append(sorted(os.sched_getaffinity(0))))
thread.start(); thread.join()
print(took, seen[0], flush=True)
sys.stdin.read()
"""


def _worker(**environment: str) -> tuple[subprocess.Popen[str], str]:
    started = subprocess.Popen(
        [sys.executable, "-c", _WORKER, f"doorstep-test-{os.getpid()}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert started.stdout is not None
    return started, started.stdout.readline().strip()


def _end(started: subprocess.Popen[str]) -> None:
    started.communicate("", timeout=30)


def test_each_worker_has_a_core_of_its_own_with_all_its_threads_and_gives_it_back() -> None:
    """Given workers on one machine; then no two share a core, threads stay on it, and it is free after the end."""
    started, took = [], []
    for _ in range(len(os.sched_getaffinity(0)) + 1):
        worker, said = _worker()
        started.append(worker)
        took.append(said)
    had = [said.split()[0] for said in took]
    cores = [core for core in had if core != "None"]
    assert cores and len(cores) == len(set(cores))
    assert had[-1] == "None", "one more worker than cores was given one"
    assert all(said == f"{said.split()[0]} [{said.split()[0]}]" for said in took if not said.startswith("None"))
    for worker in started:
        _end(worker)
    again, said = _worker()
    assert said.split()[0] in cores
    _end(again)


def test_the_system_decides_when_it_is_told_to() -> None:
    """Given DOORSTEP_ALL_CORES; then no core is taken and threads may run on any."""
    worker, said = _worker(DOORSTEP_ALL_CORES="1")
    assert said == f"None {sorted(os.sched_getaffinity(0))}"
    _end(worker)
