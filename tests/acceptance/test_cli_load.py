"""Given a file of lines, when an operator loads it, killed or not, then every line is there once or reported by number."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.compare import differences
from tests.acceptance.lines import PACKERS, made, write
from tests.acceptance.places import opened, rows, where
from tests.server.inside import doorstep
from tests.server.running import ROOT, environment


def bodies(store_url: str) -> list[bytes]:
    """The texts of everything that is there, and that nothing was written twice."""
    assert rows(store_url, "SELECT count(*) FROM version") == [(0,)]
    return [row[0].encode() for row in rows(store_url, "SELECT body FROM resource")]


def as_sent(text: bytes) -> str:
    """What names a line whatever id it was given."""
    resource = json.loads(text, parse_float=str)
    return str(resource.get("valueQuantity") or resource["id"])


def assert_once(sent: list[bytes], stored: list[bytes]) -> None:
    """Every line is there exactly once and as it was sent."""
    by_name = {as_sent(text): text for text in stored}
    assert Counter(map(as_sent, stored)) == Counter(map(as_sent, sent))
    assert [difference for line in sent if (difference := differences(line, by_name[as_sent(line)]))] == []


@pytest.mark.parametrize("suffix", PACKERS)
def test_given_a_packed_file_when_it_is_loaded_twice_then_every_line_is_there_once(
    sqlite_template: Path, tmp_path: Path, suffix: str
) -> None:
    file, url = write(tmp_path, made(40), suffix), f"sqlite:///{tmp_path / 'data'}"
    for _ in range(2):
        assert doorstep("load", str(file), data=tmp_path / "data").returncode == 0
        assert_once(made(40), bodies(url))


def test_given_a_copy_of_a_file_when_it_is_loaded_too_then_nothing_changes(store_url: str, tmp_path: Path) -> None:
    data, database = where(store_url, tmp_path)
    doorstep("load", str(write(tmp_path, made(40))), data=data, url=database)
    (tmp_path / "copy").mkdir()
    doorstep("load", str(write(tmp_path / "copy", made(40))), data=data, url=database)
    assert_once(made(40), bodies(store_url))


def test_given_a_collection_when_it_is_loaded_twice_then_every_entry_is_there_once_and_wrong_ones_are_numbered(
    store_url: str, tmp_path: Path
) -> None:
    data, database = where(store_url, tmp_path)
    entries = [b'{"resource":%s}' % line for line in [*made(12), b'{"resourceType":"Patient","shoe":"42"}']]
    file = tmp_path / "some.json"
    file.write_bytes(b'{"resourceType":"Bundle","type":"collection","entry":[%s]}' % b",".join(entries))
    for _ in range(2):
        done = doorstep("load", str(file), data=data, url=database, check=False)
        assert done.returncode == 1 and "some.json:13: " in done.stderr
        assert_once(made(12), bodies(store_url))


def test_given_a_load_that_is_killed_when_it_is_run_again_then_every_line_is_there_once(
    store_url: str, tmp_path: Path
) -> None:
    data, database = where(store_url, tmp_path)
    file = write(tmp_path, made(4600), ".gz")
    killed = started(data, database, file)
    helpers = killed_after_some(killed, store_url)
    assert 0 < len(bodies(store_url)) < 4600
    assert all(ended(helper) for helper in helpers), "a helper process outlives its parent and holds the data"
    done = doorstep("load", str(file), data=data, url=database)
    assert done.returncode == 0, done.stderr
    assert_once(made(4600), bodies(store_url))
    assert doorstep("check", "--strict", data=data, url=database).returncode == 0


def test_given_a_chunk_that_was_written_but_not_counted_when_the_load_goes_on_then_it_is_not_written_again(
    store_url: str, tmp_path: Path
) -> None:
    """The moment between two commits, in which a kill would have to hit: the count goes back by hand."""
    data, database = where(store_url, tmp_path)
    file = write(tmp_path, made(700))
    doorstep("load", str(file), data=data, url=database)
    store = opened(store_url)
    ((name, position),) = store.engine.once("SELECT name, value FROM setting WHERE name LIKE 'load.%'")
    assert position == "700"
    store.set_setting(name, "500")
    store.close()
    doorstep("load", str(file), data=data, url=database)
    assert_once(made(700), bodies(store_url))


def test_given_wrong_lines_when_a_file_is_loaded_then_each_is_reported_by_number_also_the_next_time(
    store_url: str, tmp_path: Path
) -> None:
    data, database = where(store_url, tmp_path)
    lines = made(30)
    sound = [line for number, line in enumerate(lines, 1) if number not in (3, 7, 12, 28)]
    lines[2], lines[6], lines[11] = b'{"resourceType":"Patient"', b'{"resourceType":"Patient","shoe":"42"}', b'"Patient"'
    lines[27] = b'{"resourceType":"Patient","id":"not/an/id"}'
    lines.insert(14, b"")
    file = write(tmp_path, lines)
    for _ in range(2):
        done = doorstep("load", str(file), data=data, url=database, check=False)
        assert done.returncode == 1
        named = [line.split(":")[1] for line in done.stderr.splitlines() if "lines.ndjson:" in line]
        assert named == ["3", "7", "12", "29"]
        assert "Patient.shoe" in done.stderr and "Traceback" not in done.stderr
        assert_once(sound, bodies(store_url))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_given_a_packed_file_that_was_cut_when_it_is_loaded_then_that_is_said_in_one_sentence(
    tmp_path: Path, suffix: str
) -> None:
    file = write(tmp_path, made(3000), suffix)
    file.write_bytes(file.read_bytes()[:-2000])
    done = doorstep("load", str(file), data=tmp_path / "data", check=False)
    assert done.returncode == 2
    assert file.name in done.stderr and "Traceback" not in done.stderr
    assert doorstep("check", data=tmp_path / "data").returncode == 0


def test_given_a_file_of_another_kind_when_it_is_loaded_then_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n")
    for name in ("a.csv", "absent.ndjson"):
        done = doorstep("load", str(tmp_path / name), data=tmp_path / "data", check=False)
        assert done.returncode == 2 and name in done.stderr and "Traceback" not in done.stderr


# -- killing


def started(data: Path, database: str, file: Path) -> subprocess.Popen[bytes]:
    place = ["--data", str(data), *(["--database", database] if database else [])]
    return subprocess.Popen(
        [sys.executable, "-m", "doorstep.cli", "load", *place, str(file)], cwd=ROOT, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def killed_after_some(process: subprocess.Popen[bytes], store_url: str) -> list[int]:
    """Kill the one process, nobody else, as soon as something has been written; its children."""
    store = opened(store_url)
    try:
        while store.engine.once("SELECT count(*) FROM resource")[0][0] < 500:
            assert waited(process) is None, "it was over too soon"
        helpers = list(children(process.pid))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        return helpers
    finally:
        store.close()


def waited(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(timeout=0.02)
    except subprocess.TimeoutExpired:
        return None


def children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def ended(pid: int) -> bool:
    """Whether a process that is not ours is gone, or goes within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)
