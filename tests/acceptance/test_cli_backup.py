"""Given a server that is written to, when it is backed up and restored elsewhere, then nothing acknowledged before is lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from doorstep.kernel.backup import backup, restore
from tests import postgres
from tests.acceptance.lines import made, write
from tests.acceptance.places import rows, url_of, where
from tests.server.inside import doorstep
from tests.server.running import Server, serving

PATIENT = {"resourceType": "Patient", "name": [{"family": "李"}]}
JSON = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def elsewhere(store_url: str, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """An empty place on the same engine."""
    if store_url.startswith("sqlite"):
        yield tmp_path / "elsewhere", ""
    else:
        url = postgres.new_database()
        yield tmp_path / "elsewhere", url
        postgres.drop_database(url)


class Writers:
    """Some clients that write until told to stop; ``acknowledged`` grows meanwhile."""

    def __init__(self, server: Server, count: int = 3) -> None:
        self.acknowledged: list[str] = []
        self._server, self._stop = server, threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        with httpx.Client(base_url=self._server.base, headers=dict(self._server.client.headers), timeout=60) as client:
            while not self._stop.is_set():
                answer = client.post("/fhir/Patient", json=PATIENT, headers=JSON)
                assert answer.status_code == 201, answer.text
                self.acknowledged.append(json.loads(answer.text)["id"])

    def wait_for(self, more: int) -> None:
        goal = len(self.acknowledged) + more
        while len(self.acknowledged) < goal:
            self._threads[0].join(0.02)
            assert all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_given_writes_going_on_when_a_backup_is_restored_then_it_holds_all_that_was_acknowledged_before(
    store_url: str, tmp_path: Path, elsewhere: tuple[Path, str]
) -> None:
    data, database = where(store_url, tmp_path)
    doorstep("load", str(write(tmp_path, made(900))), data=data, url=database)
    with serving(data, database) as server:
        writers = Writers(server)
        try:
            writers.wait_for(30)
            before = list(writers.acknowledged)
            done = doorstep("backup", "--out", str(tmp_path / "set"), data=data, url=database)
            assert done.returncode == 0
            writers.wait_for(10)
        finally:
            writers.stop()
    there, other = elsewhere
    restored = doorstep("restore", "--from", str(tmp_path / "set"), data=there, url=other)
    assert restored.returncode == 0, restored.stderr
    found = {row[0] for row in rows(url_of(there, other), "SELECT id FROM resource")}
    assert set(before) <= found and len(found) >= 900 + len(before)
    assert doorstep("check", "--strict", data=there, url=other).returncode == 0
    with serving(there, other) as server:
        assert server.client.get(f"/fhir/Patient/{before[0]}").status_code == 200


def test_given_a_large_database_that_is_written_to_when_it_is_backed_up_then_the_copy_ends(tmp_path: Path) -> None:
    """The writer stops by itself after a while, so that a copy that begins again at each write fails and does not hang."""
    (tmp_path / "data").mkdir()
    connection = sqlite3.connect(tmp_path / "data" / "doorstep.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE t (x)")
    for _ in range(40):
        connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    stop = threading.Event()

    def write_on() -> None:
        count = 0
        while not stop.is_set() and count < 2_000_000:
            count += 1
            connection.execute("INSERT INTO t VALUES (1)")

    writer = threading.Thread(target=write_on)
    writer.start()
    backup(tmp_path / "data", "sqlite:///", tmp_path / "set")
    was_writing = writer.is_alive()
    stop.set()
    writer.join()
    connection.close()
    assert was_writing


_SETS: dict[bool, Path] = {}
"""Backup sets of this run by engine: making one costs more than what is tried with it."""


@pytest.fixture
def kept(store_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup set of a small record."""
    data, database = where(store_url, tmp_path)
    if bool(database) not in _SETS:
        doorstep("load", str(write(tmp_path, made(30))), data=data, url=database)
        _SETS[bool(database)] = tmp_path_factory.mktemp("kept") / "set"
        doorstep("backup", "--out", str(_SETS[bool(database)]), data=data, url=database)
    shutil.copytree(_SETS[bool(database)], tmp_path / "set")
    return tmp_path / "set"


def altered(kept: Path) -> None:
    file = largest(kept)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def shortened(kept: Path) -> None:
    file = largest(kept)
    file.write_bytes(file.read_bytes()[:-1])


def incomplete(kept: Path) -> None:
    largest(kept).unlink()


def unnamed(kept: Path) -> None:
    (kept / "manifest.json").unlink()


def garbled(kept: Path) -> None:
    (kept / "manifest.json").write_text("{}")


def leading_outside(kept: Path) -> None:
    manifest = json.loads((kept / "manifest.json").read_text())
    name = largest(kept).name
    (kept.parent / "outside.db").write_bytes((kept / name).read_bytes())
    manifest["files"]["../outside.db"] = manifest["files"][name]
    (kept / "manifest.json").write_text(json.dumps(manifest))


def largest(kept: Path) -> Path:
    return max((file for file in kept.iterdir() if file.suffix != ".json"), key=lambda file: file.stat().st_size)


@pytest.mark.parametrize("damage", [altered, shortened, incomplete, unnamed, garbled, leading_outside])
def test_given_a_set_that_is_not_as_it_was_made_when_it_is_restored_then_nothing_is_written(
    kept: Path, elsewhere: tuple[Path, str], damage: object
) -> None:
    assert callable(damage)
    damage(kept)
    there, other = elsewhere
    refused = doorstep("restore", "--from", str(kept), data=there, url=other, check=False)
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert not there.exists() or list(there.iterdir()) == []
    if other:
        assert tables(other) == 0


def tables(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert found is not None
        return int(found[0])


def test_given_a_set_when_it_is_restored_where_something_is_then_it_is_refused(
    kept: Path, store_url: str, tmp_path: Path, elsewhere: tuple[Path, str]
) -> None:
    there, other = elsewhere
    assert doorstep("restore", "--from", str(kept), data=there, url=other).returncode == 0
    before = rows(url_of(there, other), "SELECT id FROM resource ORDER BY id")
    again = doorstep("restore", "--from", str(kept), data=there, url=other, check=False)
    assert again.returncode == 2 and "Traceback" not in again.stderr
    assert rows(url_of(there, other), "SELECT id FROM resource ORDER BY id") == before
    data, database = where(store_url, tmp_path)
    full = doorstep("backup", "--out", str(kept), data=data, url=database, check=False)
    assert full.returncode == 2 and str(kept) in full.stderr


def without_an_entry(kept: Path) -> None:
    manifest = json.loads((kept / "manifest.json").read_text())
    del manifest["files"][largest(kept).name]
    (kept / "manifest.json").write_text(json.dumps(manifest))


def with_a_file_more(kept: Path) -> None:
    (kept / "accounts.db").write_bytes(b"")


@pytest.mark.parametrize("damage", [without_an_entry, with_a_file_more])
def test_given_a_manifest_that_does_not_name_what_is_there_when_it_is_restored_then_it_is_refused(
    kept: Path, elsewhere: tuple[Path, str], damage: object
) -> None:
    """The files that it names are all as they were: without the manifest's own hash this would be restored."""
    assert callable(damage)
    damage(kept)
    there, other = elsewhere
    refused = doorstep("restore", "--from", str(kept), data=there, url=other, check=False)
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert not there.exists() or list(there.iterdir()) == []


def test_given_a_backup_when_it_has_been_said_to_be_done_then_every_file_and_the_manifest_were_kept_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doorstep("load", str(write(tmp_path, made(3))), data=tmp_path / "data")
    fsynced: list[str] = []

    def note(handle: int) -> None:
        fsynced.append(os.readlink(f"/proc/self/fd/{handle}"))

    monkeypatch.setattr(os, "fsync", note)
    names = backup(tmp_path / "data", "sqlite:///", tmp_path / "set")
    directory = str(tmp_path / "set")
    assert fsynced == [*(f"{directory}/{name}" for name in [*names, "manifest.json"]), directory]
    fsynced.clear()
    restore(tmp_path / "set", tmp_path / "new", "sqlite:///")
    assert fsynced == [*(f"{tmp_path}/new/{name}" for name in names), f"{tmp_path}/new"]


def test_given_audit_rows_lost_by_a_restore_when_the_heads_were_kept_then_check_says_so_and_goes_on(
    store_url: str, tmp_path: Path, elsewhere: tuple[Path, str]
) -> None:
    data, database = where(store_url, tmp_path)
    doorstep("load", str(write(tmp_path, made(3))), data=data, url=database)
    doorstep("backup", "--out", str(tmp_path / "set"), data=data, url=database)
    there, other = elsewhere
    there.mkdir()
    later = "2026-01-01T00:00:00.000+08:00 7 " + "a" * 64
    (there / "audit-heads.txt").write_text(f"{later}\n")
    restored = doorstep("restore", "--from", str(tmp_path / "set"), data=there, url=other)
    assert "older record was put back" in restored.stdout
    assert (there / "audit-heads.txt").read_text().startswith(f"{later}\n")
