"""Given a record without accounts, when it is served, then only whoever reads the token on its machine sets it up."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from doorstep import cli
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.server import Settings, set_up_token
from doorstep.web import wsgi
from doorstep.web.accounts import first
from doorstep.web.accounts.models import Account
from doorstep.web.wsgi import prepare
from tests.web.conftest import PASSWORD, Door


def credit() -> str:
    from doorstep.terms.identifiers import credit_check

    first17 = "12509900MB0000099"
    return first17 + credit_check(first17)


def sheet(given: str, **changed: str) -> dict[str, str]:
    return {"token": given, "institution": "石桥镇卫生院", "kind": "township", "credit": credit(), "name": "王安",
            "username": "wa", "new": PASSWORD, "repeat": PASSWORD, **changed}


@pytest.fixture
def bare(store: Store, tmp_path: Path) -> Door:
    folder = tmp_path / "bare"
    prepare(folder)
    return Door(store)


def within(folder: Path) -> tuple[set[str], ...]:
    """What an accounts database holds: its tables, and the rows that were there before anybody."""
    with closing(sqlite3.connect(folder / "accounts.db")) as opened:
        rows = (
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL",
            "SELECT app || ' ' || name FROM django_migrations",
            "SELECT t.app_label || ' ' || t.model || ' ' || p.codename FROM auth_permission p"
            " JOIN django_content_type t ON t.id = p.content_type_id",
        )
        return tuple({text for (text,) in opened.execute(each)} for each in rows)


def test_a_first_start_has_what_every_step_one_after_the_other_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path / "at once")
    (tmp_path / "nothing.sql").touch()
    monkeypatch.setattr(wsgi, "BEGINNING", tmp_path / "nothing.sql")
    prepare(tmp_path / "step by step")
    for at_once, steps in zip(within(tmp_path / "at once"), within(tmp_path / "step by step"), strict=True):
        assert at_once == steps and at_once, "run tools/accounts_schema.py"


def test_there_is_no_page_without_a_token(bare: Door) -> None:
    assert bare.client().get("/setup/").status_code == 404


def test_the_token_makes_the_first_institution_and_its_security_administrator(bare: Door) -> None:
    token = first.token(bare.store)
    client = bare.client()
    assert client.get("/setup/").status_code == 200
    assert client.post("/setup/", sheet(token.upper().replace("-", " ")))["Location"] == "/sign-in/"
    assert client.post("/sign-in/", {"username": "wa", "password": PASSWORD})["Location"].startswith("/me/factors/")
    bare.prove_factors()
    assert "王安" in client.get("/admin/accounts/").content.decode()
    assert client.get("/setup/").status_code == 404
    assert first.token(bare.store) == ""


WRONG = (
    ({"token": "x"}, "设置码不正确"), ({"credit": "12509900MB00000990"}, "统一社会信用代码不正确"), ({"name": " "}, "必填"),
    ({"repeat": "y"}, "不一致"), ({"new": "short", "repeat": "short"}, "short"), ({"kind": "palace"}, "必填"),
)


def test_a_wrong_sheet_is_refused_in_words_and_makes_nothing(bare: Door) -> None:
    token = first.token(bare.store)
    for changed, said in WRONG:
        answer = bare.client().post("/setup/", sheet(token, **changed))
        text = answer.content.decode()
        assert (answer.status_code, said in text or 'role="alert"' in text) == (422, True), changed
        assert not Account.objects.exists()
        with bare.store.snapshot(SYSTEM) as reads:
            assert reads.search("Organization", [("_count", "5")]) == []


def test_guessing_the_token_waits(bare: Door) -> None:
    token = first.token(bare.store)
    for _ in range(5):
        bare.client().post("/setup/", sheet("guess"))
    assert bare.client().post("/setup/", sheet(token)).status_code == 422
    assert not Account.objects.exists()


def test_another_start_prints_another_token_and_the_earlier_one_ends(bare: Door) -> None:
    earlier, later = first.token(bare.store), first.token(bare.store)
    assert bare.client().post("/setup/", sheet(earlier)).status_code == 422
    assert bare.client().post("/setup/", sheet(later)).status_code == 302


def test_a_server_without_accounts_says_its_token_and_one_with_accounts_none(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "doorstep.db")
    url = f"sqlite:///{tmp_path}"
    assert re.fullmatch(r"([2-9a-z]{5}-){3}[2-9a-z]{5}", set_up_token(Settings(url, str(tmp_path), 0)))
    assert set_up_token(Settings(url, str(tmp_path), 0, demo=True)) == ""
    assert set_up_token(Settings(url, str(tmp_path), 0, roles=("api", "jobs"))) == ""
    Account.objects.make("a", PASSWORD, "Practitioner/a")
    assert set_up_token(Settings(url, str(tmp_path), 0)) == ""


def test_the_local_operator_adds_lists_closes_and_resets_accounts(tmp_path: Path, district_on_sqlite: Path,
                                                                  capsys: pytest.CaptureFixture[str],
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(district_on_sqlite, tmp_path / "doorstep.db")
    monkeypatch.setenv("LC_ALL", "en")

    def account(*arguments: str) -> tuple[int, str]:
        status = cli.main(["account", *arguments, "--data", str(tmp_path)])
        said = capsys.readouterr()
        return status, said.out + said.err

    status, said = account("add", "zhangmin", "--person", "Practitioner/zhangmin", "--external", "hospital:0815")
    assert (status, "/welcome/" in said) == (0, True)
    assert account("add", "zhangmin", "--person", "Practitioner/zhangmin")[0] == 2
    assert account("add", "x", "--person", "Practitioner/nobody")[0] == 2
    assert account("add", "x")[0] == 2
    assert account("disable")[0] == 2
    assert account("disable", "nobody")[0] == 2
    assert "Practitioner/zhangmin\topen" in account("list")[1]
    assert account("disable", "zhangmin")[0] == 0
    assert "Practitioner/zhangmin\tclosed" in account("list")[1]
    assert account("enable", "zhangmin")[0] == 0
    assert account("unlock", "zhangmin")[0] == 0
    assert "/welcome/" in account("reset", "zhangmin")[1]
