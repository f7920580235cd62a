"""Given results of many residents, of several at once and of nobody, when the latest of one code are asked for, then
each stands once, newest first, page after page, as the other ways of asking give them."""

from __future__ import annotations

import pytest

from doorstep.kernel import search
from doorstep.kernel.search import statement
from tests.conftest import ADMIN
from tests.kernel.search.record import DOCTOR, Record

LOINC = "http://loinc.org"
QUERY = [("code", f"{LOINC}|2823-3"), ("_sort", "-date")]


def observation(id_: str, day: int, code: str = "2823-3", **more: object) -> dict:
    return {"resourceType": "Observation", "id": id_, "status": "final", "effectiveDateTime": f"2026-03-{day:02d}",
            "code": {"coding": [{"system": LOINC, "code": code}]}, **more}  # fmt: skip


@pytest.fixture
def filled(record: Record) -> Record:
    record.put({"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b"})
    for number in range(12):
        who = {"reference": f"Patient/{'ab'[number % 2]}"}
        record.put(observation(f"one-{number}", 1 + number, subject=who))
        record.put(observation(f"other-{number}", 1 + number, "2160-0", subject=who))
    record.put(observation("both", 7, subject={"reference": "Patient/a"}, performer=[{"reference": "Patient/b"}]))
    record.put(observation("nobody", 9, device={"reference": "Device/thermometer"}))
    record.put(observation("never", 1, subject={"reference": "Patient/a"}) | {"effectiveDateTime": "2026"})
    return record


def test_it_is_led_by_the_codes_own_order(filled: Record) -> None:
    shape = search.parse("Observation", QUERY, strict=True).shape
    assert statement.latest_of_code(shape) is not None
    ascending = search.parse("Observation", [QUERY[0], ("_sort", "date")], strict=True).shape
    assert statement.latest_of_code(ascending) is None


@pytest.mark.parametrize("extra", [[], [("date", "ge2026-03-05")], [("date", "lt2026-03-09")]])
def test_pages_together_are_what_another_way_gives(filled: Record, extra: list[tuple[str, str]]) -> None:
    pairs = [*QUERY, *extra, ("_count", "4")]
    query, told, cursor = search.parse("Observation", pairs, strict=True), [], None
    while True:
        page = search.run(filled.reader, query, ADMIN, cursor=cursor, key=b"k" * 32)
        told += [row.id for row in page.matches]
        cursor = page.next_cursor
        if cursor is None:
            break
    plan = search.plan(search.parse("Observation", [*QUERY, *extra, ("_count", "500")], strict=True), actor=ADMIN,
                       dialect=filled.engine.dialect, way=statement.SCAN)  # fmt: skip
    other = [row[2] for row in filled.reader.rows(plan.sql, plan.params)]
    assert len(told) == len(set(told))
    assert sorted(told) == sorted(other)
    assert "nobody" in told or extra
    days = {row[2]: row[-3] for row in filled.reader.rows(plan.sql, plan.params)}
    assert [days[id_] for id_ in told] == sorted((days[id_] for id_ in told), reverse=True)


def test_a_doctor_without_grants_sees_none_of_them(filled: Record) -> None:
    query = search.parse("Observation", QUERY, strict=True)
    assert search.run(filled.reader, query, DOCTOR).matches == []
