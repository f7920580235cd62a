"""Given a disk of its own, when the power is cut or the disk is full, then what was acknowledged is there.

A power cut is the image of the disk as it is at that moment: what the file system has not been told to keep is not in
it. The control shows that the test can fail: without fsync the same cut loses acknowledged writes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from doorstep.kernel import store as stores
from doorstep.kernel.errors import StorageFull, Unavailable
from tests.faults.running import Writer, make_disk, mounted, violations
from tests.faults.writer import ACTOR, pair

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own needs root")


def cut(tmp_path: Path, synchronous: str, pairs: int, *, apart: bool = False) -> list[str]:
    """Write, cut the power, start from what the disk holds; what is missing."""
    image, after = tmp_path / "disk", tmp_path / "after"
    make_disk(image, 96)
    with mounted(image, tmp_path / "a") as point:
        writer = Writer(f"sqlite:///{point / 'data'}", synchronous=synchronous, apart=apart)
        writer.read(pairs)
        writer.stop()
        promised = list(writer.acknowledged)
        shutil.copyfile(image, after)
        writer.kill()
    subprocess.run(["e2fsck", "-fy", str(after)], check=False, capture_output=True)
    with mounted(after, tmp_path / "b") as point:
        if not (point / "data" / "doorstep.db").exists():
            return ["everything"]
        return violations(f"sqlite:///{point / 'data'}", promised)


@pytest.mark.parametrize(("pairs", "apart"), [(3, False), (40, False), (150, False), (40, True), (150, True)])
def test_a_power_cut_loses_nothing(tmp_path: Path, pairs: int, apart: bool) -> None:
    assert cut(tmp_path, "FULL", pairs, apart=apart) == []


def test_control_without_fsync_the_same_cut_loses_writes(tmp_path: Path) -> None:
    assert cut(tmp_path, "OFF", 150) != []


@pytest.mark.parametrize("apart", [None, ()], ids=["a thread", "a process"])
def test_a_full_disk_refuses_writes_keeps_reading_and_recovers(tmp_path: Path, apart: tuple[int, ...] | None) -> None:
    image = tmp_path / "disk"
    make_disk(image, 24)
    with mounted(image, tmp_path / "a") as point:
        ballast = point / "ballast"
        ballast.write_bytes(b"0" * (12 << 20))
        store = stores.open(f"sqlite:///{point / 'data'}", apart=apart)
        first = store.run(ACTOR, pair, "first")
        refused = None
        for number in range(100_000):
            try:
                store.run(ACTOR, pair, f"n{number}")
            except (StorageFull, Unavailable) as refusal:
                refused = refusal
                break
        assert isinstance(refused, StorageFull)
        assert store.read_once(ACTOR, "Patient", first[0]).id == first[0]
        ballast.unlink()
        again = store.run(ACTOR, pair, "again")
        assert store.read_once(ACTOR, "Observation", again[1]).version == 1
        assert store.engine.once("PRAGMA integrity_check") == [("ok",)]
        store.close()
