"""Given a folder, when the demo is opened there, then the district is made once and each demo begins as a copy of it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from doorstep import cli
from doorstep.demo import front, keeping
from doorstep.demo.district import known
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict
from tests.district import opened as open_visit

PEOPLE = 11


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    keeping.opened(made, residents=PEOPLE)
    return made


def counts(folder: Path) -> dict[str, int]:
    store = stores.open(f"sqlite:///{folder}")
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = {each: len(reads.search(each, [])) for each in ("Patient", "Encounter", "Task", "Appointment")}
    store.close()
    return found


def test_what_people_did_stays_until_it_is_reset(folder: Path) -> None:
    before, passwords = counts(folder), keeping.opened(folder, residents=PEOPLE)
    assert passwords.keys() == {row["id"] for row in known(wide=True)["staff"]} | {"lijianguo", "lifang"}
    store = stores.open(f"sqlite:///{folder}")
    open_visit(store)
    store.close()
    keeping.opened(folder, residents=PEOPLE)
    assert counts(folder)["Encounter"] == before["Encounter"] + 1
    (folder / "figures").mkdir()
    keeping.clear(folder)
    assert not (folder / "figures").exists()  # they would count what is no longer there
    assert keeping.opened(folder, residents=PEOPLE) == passwords
    assert counts(folder) == before


def test_the_district_is_made_again_when_it_is_old_or_another_was_asked_for(folder: Path) -> None:
    kept, said = folder / keeping.KEPT, folder / keeping.KEPT / "made.json"
    assert keeping.is_kept(kept, PEOPLE)
    assert not keeping.is_kept(kept, PEOPLE + 1)
    made = json.loads(said.read_text("utf-8"))
    said.write_text(json.dumps({**made, "day": "2026-01-01"}), "utf-8")
    assert not keeping.is_kept(kept, PEOPLE)
    said.write_text(json.dumps(made), "utf-8")
    assert not keeping.is_kept(folder / "kept.partial", PEOPLE)


def test_what_was_begun_and_not_finished_is_begun_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").symlink_to(folder / "kept")
    stores.open(f"sqlite:///{tmp_path}").close()
    keeping.opened(tmp_path, residents=PEOPLE)
    assert counts(tmp_path)["Patient"] == PEOPLE


def test_a_district_too_large_to_copy_is_opened_where_it_was_made(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / keeping.KEPT, tmp_path / keeping.KEPT)
    monkeypatch.setattr(keeping, "COPIED", PEOPLE - 1)
    passwords = keeping.opened(tmp_path, residents=PEOPLE)
    assert not (tmp_path / keeping.KEPT).exists()
    monkeypatch.setattr(keeping, "keep", None)  # it is open, nothing is made again
    assert keeping.opened(tmp_path, residents=PEOPLE) == passwords
    assert counts(tmp_path)["Patient"] == PEOPLE


def test_a_folder_with_somebodys_record_is_refused(tmp_path: Path) -> None:
    store = stores.open(f"sqlite:///{tmp_path}")
    store.run(SYSTEM, lambda tx: tx.create({"resourceType": "Organization", "name": "Somebody's"}))
    store.close()
    with pytest.raises(Conflict) as refused:
        keeping.opened(tmp_path, residents=PEOPLE)
    assert refused.value.key == "demo.not-a-demo"
    assert (tmp_path / "doorstep.db").exists()


def test_of_two_who_start_in_one_folder_the_second_hears_it_and_touches_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / keeping.KEPT, tmp_path / "kept.partial")
    begun = tmp_path / "kept.partial" / "of-the-first"
    begun.touch()

    def second(*_: object, **__: object) -> None:
        raise AssertionError("something is made")

    monkeypatch.setattr(keeping, "snapshot", second)
    command = ["demo", "--data", str(tmp_path), "--residents", str(PEOPLE + 1)]
    with keeping.alone(tmp_path):
        keeping.clear(tmp_path)  # as a reset does, and the folder is still taken
        for language, sentence in (("en_GB.UTF-8", "making or serving the demo"), ("zh_CN.UTF-8", "正由另一个进程准备或运行")):
            monkeypatch.setenv("LANG", language)
            assert cli.main(command) == 2
            assert begun.exists() and sentence in capsys.readouterr().err
    monkeypatch.setattr(keeping, "alone", contextlib.nullcontext)
    with keeping.alone(tmp_path), pytest.raises(AssertionError, match="something is made"):
        cli.main(command)
    assert not begun.exists(), "without the lock the second takes away what the first has made"


def test_the_folder_is_free_again_when_whoever_had_it_is_killed(tmp_path: Path) -> None:
    holds = "import sys, pathlib\nfrom doorstep.kernel import held\nheld.take(pathlib.Path(sys.argv[1]))\nprint(1, flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holds, str(tmp_path / "demo.lock")], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None and other.stdout.readline() == b"1\n"
        with pytest.raises(Conflict), keeping.alone(tmp_path):
            pass
        other.kill()
    with keeping.alone(tmp_path):
        pass


@pytest.mark.parametrize(("now", "begins"), [
    ("2026-11-01T03:10", "2026-11-01T09:00"), ("2026-11-01T10:30", "2026-11-01T10:30"),
    ("2026-11-01T20:00", "2026-11-02T09:00"), ("2026-11-01T15:30", "2026-11-02T09:00"),
])
def test_a_demo_begins_while_clinics_are_open(now: str, begins: str) -> None:
    assert front.begins(datetime.fromisoformat(now)).isoformat()[:16] == begins
