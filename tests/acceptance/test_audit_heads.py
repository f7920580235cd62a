"""Given heads of the audit chain that were kept outside of the record, when its newest rows are cut, then that is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from doorstep import cli
from doorstep.kernel import audit, audit_heads
from doorstep.kernel.errors import Conflict, Malformed
from doorstep.kernel.store import Store
from tests.acceptance.places import change, opened, where
from tests.conftest import ADMIN
from tests.server.running import doorstep, serving

CUT = "DELETE FROM audit_sealed WHERE seq > 3"


def sealed(store: Store, count: int) -> None:
    for number in range(count):
        store.run(ADMIN, lambda tx, number=number: tx.create({"resourceType": "Basic", "code": {"text": str(number)}}))
    while audit.seal(store.engine):
        pass


@pytest.fixture
def kept(store_url: str, tmp_path: Path) -> Path:
    """A record with five sealed rows; the head of the third and of the fifth were written down beside it."""
    data, _ = where(store_url, tmp_path)
    store = opened(store_url)
    try:
        for count in (3, 2):
            sealed(store, count)
            audit_heads.append(data / audit_heads.FILE, store.engine)
    finally:
        store.close()
    return data / audit_heads.FILE


def checked(store_url: str, tmp_path: Path, *options: str) -> int:
    data, database = where(store_url, tmp_path)
    return cli.main(["check", "--data", str(data), *(["--database", database] if database else []), *options])


def test_given_a_record_that_is_whole_when_it_is_checked_then_its_heads_agree(
    kept: Path, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [head.seq for head in audit_heads.read(kept)] == [3, 5]
    assert checked(store_url, tmp_path) == 0
    assert "No head" not in capsys.readouterr().out


def test_given_newest_rows_that_were_cut_when_the_record_is_checked_then_the_head_is_missed(
    kept: Path, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store_url, CUT)
    assert checked(store_url, tmp_path) == 1
    assert "audit row 5" in capsys.readouterr().out


def test_control_without_a_head_outside_the_same_cut_is_not_noticed_and_check_says_so(
    kept: Path, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store_url, CUT)
    kept.unlink()
    assert checked(store_url, tmp_path) == 0
    assert "No head of the audit chain" in capsys.readouterr().out


def test_given_a_chain_that_was_made_anew_when_it_is_checked_then_the_head_is_missed(
    kept: Path, store_url: str, tmp_path: Path
) -> None:
    change(store_url, CUT)
    store = opened(store_url)
    sealed(store, 4)
    assert audit.verify(store.engine) == []
    store.close()
    assert checked(store_url, tmp_path) == 1


def test_given_a_printed_head_when_it_is_kept_elsewhere_then_it_serves_as_well(
    kept: Path, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, database = where(store_url, tmp_path)
    place = ["--data", str(data), *(["--database", database] if database else [])]
    assert cli.main(["audit-head", *place]) == 0
    printed = tmp_path / "printed.txt"
    printed.write_text(capsys.readouterr().out, "utf-8")
    assert checked(store_url, tmp_path, "--audit-heads", str(printed)) == 0
    change(store_url, CUT)
    kept.unlink()
    assert checked(store_url, tmp_path, "--audit-heads", str(printed)) == 1
    assert checked(store_url, tmp_path, "--audit-heads", str(tmp_path / "nowhere")) == 2


def test_given_a_head_that_is_missed_when_the_next_is_to_be_written_then_nothing_is_written_over_it(
    kept: Path, store_url: str
) -> None:
    change(store_url, CUT)
    store = opened(store_url)
    sealed(store, 4)
    with pytest.raises(Conflict) as refused:
        audit_heads.append(kept, store.engine)
    assert (refused.value.key, refused.value.params["seq"]) == ("audit.cut", 5)
    assert [head.seq for head in audit_heads.read(kept)] == [3, 5]
    store.close()


def test_given_rows_that_were_cut_when_a_sealer_starts_then_health_names_it(kept: Path, store_url: str) -> None:
    change(store_url, CUT)
    store = opened(store_url)
    sealer = audit.Sealer(store.engine, every=0.01, heads=kept, every_head=0)
    sealer.close()
    assert sealer.failed == "audit.cut"
    store.close()


def test_given_a_sealer_when_it_ends_then_the_head_is_written_down_once(store_url: str, tmp_path: Path) -> None:
    store = opened(store_url)
    sealed(store, 2)
    for _ in range(2):
        audit.Sealer(store.engine, heads=tmp_path / "outside" / "heads.txt").close()
    (head,) = audit_heads.read(tmp_path / "outside" / "heads.txt")
    assert (head.seq, head.hash) == store.engine.once("SELECT seq, hash FROM audit_sealed WHERE seq = 2")[0]
    store.close()


def test_given_a_line_that_was_changed_or_cut_off_by_a_power_cut_when_it_is_read_then_only_the_first_is_damage(
    kept: Path, store_url: str
) -> None:
    whole = kept.read_text("utf-8")
    kept.write_text(f"{whole}2026-01-0", "utf-8")
    assert len(audit_heads.read(kept)) == 2
    store = opened(store_url)
    sealed(store, 1)
    audit_heads.append(kept, store.engine)
    assert [head.seq for head in audit_heads.read(kept)] == [3, 5, 6]
    store.close()
    kept.write_text(whole.replace(" 3 ", " three "), "utf-8")
    with pytest.raises(Malformed) as refused:
        audit_heads.read(kept)
    assert refused.value.params["line"] == 1


def test_given_an_older_record_that_an_operator_put_back_when_it_is_checked_then_the_loss_is_said_and_no_error(
    kept: Path, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store_url, CUT)
    data, database = where(store_url, tmp_path)
    place = ["--data", str(data), *(["--database", database] if database else [])]
    assert cli.main(["audit-head", "--set-back", *place]) == 0
    assert checked(store_url, tmp_path) == 0
    assert "older record was put back" in capsys.readouterr().out
    change(store_url, "DELETE FROM audit_sealed WHERE seq > 2")
    assert checked(store_url, tmp_path) == 1


def test_given_a_server_when_it_stops_then_its_head_lies_where_the_operator_said(store_url: str, tmp_path: Path) -> None:
    data, database = where(store_url, tmp_path)
    outside = tmp_path / "outside"
    with serving(data, database, "--audit-heads", str(outside)) as server:
        server.client.post("/fhir/Basic", json={"resourceType": "Basic", "code": {"text": "x"}},
                           headers={"Content-Type": "application/fhir+json"}).raise_for_status()  # fmt: skip
        while server.get("/ops/health")["unsealed"]:
            continue
        assert server.terminate() == 0
    assert audit_heads.read(outside / audit_heads.FILE)
    assert doorstep("check", "--audit-heads", str(outside), data=data, url=database).returncode == 0
    shutil.rmtree(outside)
