"""Start the writer, read what it acknowledged, and look at what is there afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doorstep.kernel import store as stores
from doorstep.kernel.check import check


class Writer:
    """The writing process; ``acknowledged`` grows while ``read`` is called."""

    def __init__(self, url: str, *, threads: int = 4, synchronous: str = "FULL", apart: bool = False) -> None:
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer", url, str(threads), synchronous, "apart" if apart else ""],
            stdout=subprocess.PIPE, cwd=root, env=environment, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self.acknowledged: list[tuple[str, str]] = []
        self.refused: list[str] = []
        assert self._out.readline() == b"ready\n"

    def read(self, count: int) -> None:
        """Wait until so many pairs more were acknowledged, or the writer ended."""
        for _ in range(count):
            line = self._out.readline()
            if not line:
                return
            self._note(line)

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGSTOP)

    def kill(self, *, alone: bool = False) -> None:
        """End the whole group at once, or the server alone, and read what it had still said."""
        (os.kill if alone else os.killpg)(self._process.pid, signal.SIGKILL)
        for line in self._out:
            if line.endswith(b"\n"):
                self._note(line)
        self._process.wait()

    def wait(self) -> None:
        for line in self._out:
            self._note(line)
        self._process.wait()

    def _note(self, line: bytes) -> None:
        word, *rest = line.decode().split()
        if word == "ok":
            self.acknowledged.append((rest[0], rest[1]))
        else:
            self.refused.append(rest[0])


def violations(url: str, acknowledged: list[tuple[str, str]]) -> list[str]:
    """What a client was promised and does not find, or finds half."""
    found = []
    store = stores.open(url)
    try:
        patients = {row[0] for row in store.engine.once("SELECT id FROM resource WHERE type = ?", [_number("Patient")])}
        observations = {
            row[0]: row[1] for row in store.engine.once(
                "SELECT i.id, i.rid FROM ix_reference i WHERE i.rtype = 'Patient' GROUP BY i.id, i.rid"
            )
        }
        claims = {row[0] for row in store.engine.once("SELECT holder FROM claim WHERE kind = 'pair'")}
        for patient, observation in acknowledged:
            if patient not in patients or observation not in observations or patient not in claims:
                found.append(f"lost {patient} {observation}")
        for patient in patients ^ set(observations.values()) | patients ^ claims:
            found.append(f"half {patient}")
        report = check(store.engine, now=store.clock.now())
        found += report.errors + [f"dangling {reference}" for reference in report.dangling]
    finally:
        store.close()
    return found


def _number(type_name: str) -> int:
    from doorstep.kernel.definitions import definitions

    return definitions().number[type_name]


@contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    """An ext4 image mounted as a disk of its own."""
    point.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(point)], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


def make_disk(image: Path, megabytes: int) -> None:
    with image.open("wb") as stream:
        stream.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
