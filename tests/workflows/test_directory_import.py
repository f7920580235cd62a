"""Given a list from an office program, when it is looked at and done, then every row says what it is, and twice is once."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest
from openpyxl import Workbook

from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.terms.identifiers import credit_check
from doorstep.workflows import directory_import as imports
from doorstep.workflows.directory_sheet import MOST_ROWS, as_csv, rows_of
from tests.directory import DOCTOR, HOME, RULES, put_directory

CODE = "12500105MB9000003" + credit_check("12500105MB9000003")
INSTITUTIONS = f"名称,类型,上级机构,统一社会信用代码,等级\n新桥镇卫生院,乡镇卫生院或社区中心,云岭区紧密型医共体,{CODE},一级甲等\n新桥村卫生室,village,新桥镇卫生院,,\n坏,乡镇卫生院或社区中心,,{CODE[:-1]}0,\n".encode()
STAFF = "姓名,工号,角色,执业证书编号,执业范围\n夏雨,D910001,doctor,110500105000777,全科医学专业\n夏雨,D910001,registrar,,\n冬雪,D910003,doctor,,\n".encode()


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def outcomes(lines: list[imports.Line]) -> list[str]:
    return [line.outcome for line in lines]


def counted(store: Store, type_name: str) -> int:
    with store.snapshot(DOCTOR) as reads:
        return len(reads.search(type_name, []))


def test_a_preview_says_what_each_row_would_do_and_keeps_nothing(here: Store) -> None:
    before = counted(here, "Organization")
    lines = imports.preview(here, RULES, what="institutions", rows=rows_of(INSTITUTIONS, "institutions"))
    assert outcomes(lines) == ["new", "new", "wrong"]
    assert [(issue.key, issue.element) for issue in lines[2].problems] == [("terms.credit-check", "credit")]
    assert counted(here, "Organization") == before


def test_institutions_come_in_once_and_changes_are_told(here: Store) -> None:
    rows = rows_of(INSTITUTIONS, "institutions")[:1]
    assert outcomes(imports.apply(here, RULES, what="institutions", rows=rows)) == ["new"]
    assert outcomes(imports.apply(here, RULES, what="institutions", rows=rows)) == ["same"]
    changed = [{**rows[0], "phone": "000-99", "name": "新桥中心卫生院"}]
    assert outcomes(imports.apply(here, RULES, what="institutions", rows=changed)) == ["changed"]
    assert outcomes(imports.apply(here, RULES, what="institutions", rows=changed)) == ["same"]


def test_people_come_in_once_with_their_posts(here: Store) -> None:
    rows = rows_of(STAFF, "staff")
    assert outcomes(imports.preview(here, HOME, what="staff", rows=rows)) == ["new", "new", "wrong"]
    before = counted(here, "Practitioner")
    assert outcomes(imports.apply(here, HOME, what="staff", rows=rows)) == ["new", "changed", "wrong"]
    assert outcomes(imports.apply(here, HOME, what="staff", rows=rows)) == ["same", "same", "wrong"]
    assert counted(here, "Practitioner") == before + 1


def test_rights_are_those_of_the_forms(here: Store) -> None:
    rows = rows_of(INSTITUTIONS, "institutions")
    assert outcomes(imports.apply(here, HOME, what="institutions", rows=rows)) == ["wrong"] * 3
    assert outcomes(imports.apply(here, DOCTOR, what="staff", rows=rows_of(STAFF, "staff"))) == ["wrong"] * 3


def test_a_workbook_reads_like_text() -> None:
    book = Workbook()
    for line in (["姓名", "工号", "起始日期"], ["夏雨", 910002, datetime(2026, 1, 2)], [None, None, None]):
        book.active.append(line)
    data = io.BytesIO()
    book.save(data)
    assert rows_of(data.getvalue(), "staff") == [{"name": "夏雨", "number": "910002", "on": "2026-01-02"}]
    assert rows_of("name,staff number\n夏雨,D1\n".encode("gb18030"), "staff") == [{"name": "夏雨", "number": "D1"}]
    rows = rows_of(STAFF, "staff")
    assert [{key: text for key, text in row.items() if text} for row in rows_of(as_csv(rows, "staff").encode(), "staff")] == [
        {key: text for key, text in row.items() if text} for row in rows]


def _zip(**parts: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("_", "."), content)
    return data.getvalue()


@pytest.mark.parametrize(("data", "key"), [
    (b"", "directory.file-empty"), (b"\n,,\n", "directory.file-empty"), (b"\x00\x01\xff", "directory.file-unreadable"),
    (b"x" * 2_000_001, "directory.file-large"), ("工号\n1\n".encode(), "directory.missing-column"),
    ("姓名,密码\n1,2\n".encode(), "directory.unknown-column"), ("姓名,name\n1,2\n".encode(), "directory.double-column"),
    (("姓名\n" + "x\n" * (MOST_ROWS + 1)).encode(), "directory.file-long"), (b"PK\x03\x04nonsense", "directory.file-unreadable"),
    (_zip(a_txt=b"x"), "directory.file-unreadable"), (_zip(a_txt=b"0" * 50_000_000), "directory.file-large"),
    (_zip(a_xml=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), "directory.file-unreadable"),
])
def test_what_is_no_list_is_refused(data: bytes, key: str) -> None:
    with pytest.raises(Refusal) as caught:
        rows_of(data, "staff")
    assert caught.value.key == key
