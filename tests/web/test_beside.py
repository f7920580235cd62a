"""Given lists from an existing hospital system, when they come in, then every row says what it is, and twice is once."""

from __future__ import annotations

from io import BytesIO

from openpyxl import load_workbook

from doorstep.journeys import importing
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import recognition
from doorstep.terms.identifiers import identity_check
from doorstep.workflows import clinics
from doorstep.workflows.coordination import day
from doorstep.workflows.directory_import import Line
from doorstep.workflows.directory_sheet import as_csv, rows_of
from tests.district import DOCTOR, who
from tests.web.conftest import Door
from tests.workflows.clinic import MANAGER, SHIQIAO, tomorrow

REGISTRAR = Actor("Practitioner/liting", "registrar", SHIQIAO, "HOPERAT", "liting")
NEW_NUMBER = "11010519620704011" + identity_check("11010519620704011")
KEEPER = Actor("Practitioner/wugang", "security-admin", "Organization/alliance", "HOPERAT", "wugang")


def outcomes(lines: list[Line]) -> list[str]:
    return [line.outcome for line in lines]


def problems(lines: list[Line]) -> list[tuple[str, str]]:
    return [(issue.key, issue.element) for line in lines for issue in line.problems]


def people() -> str:
    new = NEW_NUMBER
    known = who()
    return (f"姓名,证件类型,身份证号,性别,电话\n{known.name},身份证,{known.number},,\n何新来,,{new},男,13800000001\n"
            f"别的名字,,{who().number},,\n何新来,居民身份证,{new},,\n,,{new[:-1]}x,,\n")


def counted(store: Store) -> int:
    with store.snapshot(SYSTEM) as reads:
        return len(reads.search("Patient", []))


def test_residents_are_recognised_or_registered_once(district: Store) -> None:
    rows, before = rows_of(people().encode(), "residents"), counted(district)
    seen = importing.preview(district, REGISTRAR, what="residents", rows=rows)
    assert outcomes(seen) == ["same", "new", "wrong", "wrong", "wrong"], problems(seen)
    assert problems(seen)[:2] == [("beside.twice", "number"), ("beside.twice", "number")]
    assert counted(district) == before
    assert outcomes(importing.apply(district, REGISTRAR, what="residents", rows=rows[:2])) == ["same", "new"]
    assert outcomes(importing.apply(district, REGISTRAR, what="residents", rows=rows[:2])) == ["same", "same"]
    assert counted(district) == before + 1
    other = importing.preview(district, REGISTRAR, what="residents", rows=rows[2:3])
    assert problems(other) == [("beside.other-name", "name")]
    assert who().name not in repr(other)
    assert problems(importing.apply(district, DOCTOR, what="residents", rows=rows[:1])) == [("persons.not-your-desk", "")]
    said = district.engine.once("SELECT query FROM audit WHERE action = ? ORDER BY at, id", ["operation"])
    assert ("import-residents new=1 changed=0 same=1 wrong=0",) in [tuple(each) for each in said]


def test_prices_hold_from_their_day_and_come_in_once(district: Store) -> None:
    on = day(district.clock.now())
    rows = rows_of(f"item,yuan,since,institution\nRFT,60.00,{on},{name_of(district)}\nRFT,x,{on},\nnone,1,2026-01-01,\n"
                   f"RFT,1,{on},不存在的医院\nRFT,1,,\n".encode(), "prices")  # fmt: skip
    seen = importing.preview(district, KEEPER, what="prices", rows=rows)
    assert outcomes(seen) == ["new", "wrong", "wrong", "wrong", "wrong"]
    assert [element for _, element in problems(seen)] == ["yuan", "item", "institution", "since"]
    assert outcomes(importing.apply(district, KEEPER, what="prices", rows=rows[:1])) == ["new"]
    assert outcomes(importing.apply(district, KEEPER, what="prices", rows=rows[:1])) == ["same"]
    dearer = [{**rows[0], "yuan": "61.5"}]
    assert outcomes(importing.apply(district, KEEPER, what="prices", rows=dearer)) == ["changed"]
    with district.snapshot(SYSTEM) as reads:
        assert recognition.price(reads, SHIQIAO, "RFT", on) == 6150
    assert outcomes(importing.apply(district, REGISTRAR, what="prices", rows=dearer)) == ["same"]
    assert outcomes(importing.apply(district, REGISTRAR, what="prices", rows=rows[:1])) == ["wrong"]


def name_of(store: Store) -> str:
    with store.snapshot(SYSTEM) as reads:
        return str(reads.read("Organization", "shiqiao")["name"])


def number_of(store: Store, who_: str) -> str:
    with store.snapshot(SYSTEM) as reads:
        return str(reads.read("Practitioner", who_)["identifier"][0]["value"])


def test_a_week_of_clinics_comes_in_row_by_row_once(district: Store) -> None:
    at = tomorrow(district).isoweekday()
    doctor = number_of(district, "zhangmin")
    head = "门诊,专科,医生工号,星期,开始,结束,每号分钟\n"
    rows = rows_of((head + f"慢病门诊,endocrinology,{doctor},{at},8:00,10:00,15\n慢病门诊,,{doctor},{at},14:00,15:00,15\n"
                    f"慢病门诊,,NOBODY,{at},8:00,9:00,15\n慢病门诊,,{doctor},八,8:00,9:00,15\n"
                    f"慢病门诊,,{doctor},{at},25:00,9:00,15\n慢病门诊,,{doctor},{at},9:00,11:00,many\n").encode(), "clinics")  # fmt: skip
    assert outcomes(importing.apply(district, MANAGER, what="clinics", rows=rows)) == ["new", "new", *["wrong"] * 4]
    again = importing.apply(district, MANAGER, what="clinics", rows=rows)
    assert outcomes(again) == ["same", "same", *["wrong"] * 4]
    assert [element for _, element in problems(again)] == ["doctor", "weekday", "begins", "minutes"]
    longer = [{**rows[1], "ends": "16:00"}]
    assert outcomes(importing.apply(district, MANAGER, what="clinics", rows=longer)) == ["changed"]
    with district.snapshot(SYSTEM) as reads:
        (own,) = [each for each in clinics.clinics(reads, SHIQIAO) if each["name"] == "慢病门诊"]
        (schedule,) = clinics.schedules(reads, f"HealthcareService/{own['id']}")
        assert len(clinics.ahead(reads, schedule["id"], now=district.clock.now(), on=tomorrow(district))) == 16
    assert problems(importing.apply(district, DOCTOR, what="clinics", rows=longer)) == [("booking.administrators-only", "")]


def test_the_page_previews_does_and_gives_back_what_is_wrong(door: Door) -> None:
    desk = door.enter("liting")
    assert "姓名" in desk.get("/admin/import/residents/?sample=1").content.decode()
    sheet = as_csv(rows_of(people().encode(), "residents"), "residents")
    seen = desk.post("/admin/import/residents/", {"sheet": sheet})
    page = seen.content.decode()
    assert seen.status_code == 200 and "何新来" in page and "beside." not in page
    report = desk.post("/admin/import/residents/", {"sheet": sheet, "report": "1"})
    book = load_workbook(BytesIO(report.content))
    lines = list(book.active.iter_rows(values_only=True))
    assert len(lines) == 4 and lines[0][0] == "姓名" and lines[0][-1] == "问题" and "第 2 行" in lines[1][-1]
    assert rows_of(report.content, "residents")[0]["name"] == "别的名字"
    before = counted(door.store)
    assert desk.post("/admin/import/residents/", {"sheet": sheet, "apply": "1"}).status_code == 200
    assert counted(door.store) == before + 1
    wrong = desk.post("/admin/import/residents/", {"sheet": "性别\n男\n"})
    assert wrong.status_code == 422 and "姓名" in wrong.content.decode()
    assert desk.get("/admin/import/prices/").status_code == 403
    assert desk.get("/admin/import/clinics/").status_code == 200
