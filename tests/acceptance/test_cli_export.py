"""Given a record, when it is exported, cut or not, then the files hold each resource once and make the same record again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doorstep.kernel import export as exports
from doorstep.kernel import store as stores
from doorstep.kernel.load import load
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from tests.acceptance.compare import differences
from tests.acceptance.lines import made, write
from tests.acceptance.official import asked_about, line
from tests.acceptance.places import where
from tests.acceptance.test_examples import WRONG
from tests.conftest import ADMIN
from tests.server.inside import doorstep


@pytest.fixture
def filled(store_url: str, tmp_path: Path) -> tuple[Path, str]:
    """A record with every fourth official example, a resource with a history, and one that was deleted."""
    store = stores.open(store_url)
    try:
        texts = [line(text) for name, text in asked_about().items() if name not in WRONG][::4]
        assert load(store, ADMIN, write(tmp_path, texts)).refused == []
        store.run(ADMIN, with_history)
        store.run(ADMIN, lambda tx: tx.update({"resourceType": "Basic", "id": "old", "code": {"text": "second"}}))
        store.run(ADMIN, lambda tx: tx.delete("Basic", "gone"))
    finally:
        store.close()
    return where(store_url, tmp_path)


def with_history(tx: Tx) -> None:
    tx.create({"resourceType": "Basic", "code": {"text": "𠮷 5.40"}})
    for name in ("old", "gone"):
        tx.update({"resourceType": "Basic", "id": name, "code": {"text": "first"}})


def files(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


def by_name(directory: Path) -> dict[str, bytes]:
    """Type/id -> text of everything in an export, each of which is there once and in the file of its type."""
    found: dict[str, bytes] = {}
    for file, content in files(directory).items():
        for text in content.splitlines():
            resource = json.loads(text)
            name = f"{resource['resourceType']}/{resource['id']}"
            assert file == f"{resource['resourceType']}.ndjson" and name not in found
            found[name] = text
    return found


def test_given_an_export_when_it_is_loaded_into_an_empty_record_then_its_export_is_equal(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    data, database = filled
    doorstep("export", "--out", str(tmp_path / "one"), data=data, url=database)
    one = by_name(tmp_path / "one")
    assert "Basic/gone" not in one and b"second" in one["Basic/old"]
    doorstep("load", *map(str, sorted((tmp_path / "one").iterdir())), data=tmp_path / "other")
    doorstep("export", "--out", str(tmp_path / "two"), data=tmp_path / "other")
    two = by_name(tmp_path / "two")
    assert list(one) == list(two)
    assert [differences(one[name], two[name]) for name in one if differences(one[name], two[name])] == []
    assert doorstep("check", data=tmp_path / "other").returncode == 0


def test_given_an_export_that_was_cut_when_it_is_run_again_then_the_files_are_those_of_one_run(
    filled: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, database = filled
    doorstep("export", "--out", str(tmp_path / "whole"), data=data, url=database)
    store = stores.open(database or f"sqlite:///{data}")
    monkeypatch.setattr(exports, "_PAGE", 3)
    try:
        cut_at(store, tmp_path / "cut", "Observation", 6)
    finally:
        store.close()
    half = tmp_path / "cut" / "Observation.ndjson"
    half.write_bytes(half.read_bytes() + b'{"resourceType":"Observation","id":"torn')
    doorstep("export", "--out", str(tmp_path / "cut"), data=data, url=database)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def cut_at(store: Store, directory: Path, type_name: str, count: int) -> None:
    """Export, and break off when so many of a type are written."""

    def progress(name: str, written: int) -> None:
        if name == type_name and written >= count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exports.export(store, ADMIN, directory, progress=progress)
    assert (directory / exports.STATE).exists()


def test_given_types_when_they_are_exported_then_no_others_are(store_url: str, tmp_path: Path) -> None:
    data, database = where(store_url, tmp_path)
    doorstep("load", str(write(tmp_path, made(30))), data=data, url=database)
    doorstep("export", "--out", str(tmp_path / "some"), "--type", "Observation", data=data, url=database)
    assert list(files(tmp_path / "some")) == ["Observation.ndjson"]
    assert len(by_name(tmp_path / "some")) == 10
    wrong = doorstep("export", "--out", str(tmp_path / "no"), "--type", "Starship", data=data, url=database, check=False)
    assert wrong.returncode == 2 and "Starship" in wrong.stderr and "Traceback" not in wrong.stderr
