"""Given an order, when an answer is read page by page, then every match stands once, in order, whatever is written meanwhile."""

from __future__ import annotations

import random

import pytest

from doorstep.kernel.errors import BadRequest, NotSupported, Refusal, TooCostly
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import choose, limits, plan, statement
from tests.conftest import ADMIN
from tests.kernel.search.record import DOCTOR, NOW, Record
from tests.kernel.search.test_chains import CHAINS
from tests.kernel.search.test_kinds import ROWS
from tests.kernel.search.ward import SERVER_ID, observation, patient, quantity

SORTS = [
    ("Patient", "_sort=birthdate", f"chen wang {SERVER_ID}"),
    ("Patient", "_sort=-birthdate", f"{SERVER_ID} wang chen"),
    ("Patient", "_sort=gender,-birthdate", f"chen {SERVER_ID} wang"),
    ("Patient", "_sort=-gender,birthdate", f"wang {SERVER_ID} chen"),
    ("Patient", "_sort=gender&_sort=-birthdate", f"chen {SERVER_ID} wang"),
    ("Patient", "_sort=-active,_id", f"chen wang {SERVER_ID}"),
    ("Patient", "_sort=active,_id", f"wang chen {SERVER_ID}"),
    ("Patient", "_sort=death-date,_id", f"{SERVER_ID} chen wang"),
    ("Patient", "_sort=-death-date,-_id", f"{SERVER_ID} wang chen"),
    ("Patient", "_sort=organization", f"wang chen {SERVER_ID}"),
    ("Patient", "_sort=-organization", f"chen wang {SERVER_ID}"),
    ("Patient", "_sort=-_lastUpdated", f"{SERVER_ID} wang chen"),
    ("Patient", "_sort=_lastUpdated", f"chen wang {SERVER_ID}"),
    ("Patient", "_sort=_profile,_id", f"chen {SERVER_ID} wang"),
    ("Patient", "_lastUpdated=ge2020", f"chen wang {SERVER_ID}"),
    ("Observation", "value-quantity:missing=false&_sort=value-quantity", "glu-5.4 glu-5.45 glu-unit glu-98"),
    ("Observation", "value-quantity:missing=false&_sort=-value-quantity", "glu-98 glu-unit glu-5.45 glu-5.4"),
    ("Observation", "code=15074-8&patient=wang&_sort=value-quantity,_id", "glu-5.45 glu-unit logical undated"),
    ("Observation", "patient=wang&_sort=-date", "glu-5.45 logical glu-unit undated"),
    ("Observation", "patient=wang&_sort=date", "undated glu-unit logical glu-5.45"),
    ("Observation", "patient=wang", "glu-5.45 logical glu-unit undated"),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&_sort=-date", "glu-98 glu-5.4"),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8&_sort=date", "glu-5.4 glu-98"),
    ("Observation", "patient=chen&code=http://loinc.org|15074-8,http://loinc.org|8251-1&_sort=-date", "note glu-98 glu-5.4"),
    ("Observation", "code=http://loinc.org|15074-8&_sort=-date", "glu-5.45 logical of-group glu-98 glu-5.4 glu-unit undated"),
    ("RiskAssessment", "_sort=-probability", "risk"),
    ("Encounter", "_sort=-date", "on-floor in-room"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "asked", "expected"), SORTS)
def test_the_answer_comes_in_the_order_asked(ward: Record, type_name: str, asked: str, expected: str) -> None:
    assert ward.ids(type_name, asked) == expected.split()
    assert ward.ids(type_name, asked + "&_count=1") == expected.split()
    assert ward.ids(type_name, asked + "&_count=2") == expected.split()


@pytest.mark.parametrize(("type_name", "asked", "expected"), [*SORTS, *ROWS, *CHAINS], ids=lambda value: str(value)[:60])
def test_every_way_to_lead_a_statement_gives_the_same_answer(
    ward: Record, monkeypatch: pytest.MonkeyPatch, type_name: str, asked: str | list[tuple[str, str]], expected: str
) -> None:
    count = [("_count", "2")] if isinstance(asked, list) else "&_count=2"
    question = [*asked, *count] if isinstance(asked, list) else asked + str(count)
    shape = ward.parse(type_name, question).shape
    ways = {*choose.candidates(shape), statement.SCAN}
    if statement.can_follow_sort(shape):
        ways.add(statement.PRESENT)
    resident = statement.resident(shape)
    if resident is not None:  # it decides the order as well
        ways = {resident}
    for way in ways:
        monkeypatch.setattr(choose, "by_counting", lambda *_, way=way, **__: way)
        found = ward.ids(type_name, question)
        assert sorted(found) == sorted(expected.split()), way
        if "_sort" in str(asked):
            assert found == expected.split(), way
        assert ward.page(type_name, [*_pairs(asked), ("_summary", "count")]).total == len(found), way


def _pairs(asked: str | list[tuple[str, str]]) -> list[tuple[str, str]]:
    from tests.kernel.search.record import pairs

    return pairs(asked)


def test_counting_chooses_what_is_selective_and_never_changes_the_answer(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "GAUGE", 5)
    statement.gauge.cache_clear()
    record.put(patient("a"), *[observation(f"o{n:02}", of="a", on=f"2024-01-{n % 28 + 1:02}") for n in range(40)],
               observation("rare", "8251-1", of="a"))  # fmt: skip
    statement_of = statement.page
    ways: list[int] = []

    def noted(shape: object, dialect: str, scope: object, way: int, behind: bool) -> statement.Template:
        ways.append(way)
        return statement_of(shape, dialect, scope, way, behind)  # type: ignore[arg-type]

    monkeypatch.setattr(statement, "page", noted)
    assert record.ids("Observation", "status=final&code=8251-1") == ["rare"]
    assert ways == [1], "the second criterion is the selective one"
    ways.clear()
    assert len(record.ids("Observation", "status=final&_sort=-date")) == 41
    assert ways == [statement.PRESENT, statement.ABSENT], "many rows: follow the index of the order, then what has no date"
    ways.clear()
    assert len(record.ids("Observation", "status=final")) == 41
    assert ways == [statement.SCAN], "many rows: follow the type"
    statement.gauge.cache_clear()


def test_a_page_neither_repeats_nor_skips_when_rows_are_inserted(record: Record) -> None:
    """The trap of offset paging: rows that were there at the start stand once, whatever comes between."""
    rng = random.Random(7)
    questions = ("_sort=-date", "_sort=date", "", "status=final&_sort=-date", "patient=a&_sort=-date", "_sort=value-quantity")
    for number, asked in enumerate(questions):
        tag = f"q{number}-"
        start = [f"{tag}{n:02}" for n in range(20)]
        record.put(patient("a"), *[
            observation(each, of="a", on=f"2024-01-{rng.randint(1, 28):02}", valueQuantity=quantity(rng.randint(1, 9)))
            for each in start
        ])  # fmt: skip
        seen: list[str] = []
        cursor = None
        while True:
            page = record.page("Observation", f"{asked}&_count=3" if asked else "_count=3", cursor=cursor)
            seen += [row.id for row in page.matches]
            cursor = page.next_cursor
            if cursor is None:
                break
            if len(seen) < 60:
                record.put(*[
                    observation(f"{tag}new{len(seen)}{n}", of="a", on=f"2024-01-{rng.randint(1, 28):02}",
                                valueQuantity=quantity(rng.randint(1, 9))) for n in range(2)
                ])  # fmt: skip
        assert len(seen) == len(set(seen)), asked
        assert set(start) <= set(seen), asked


def test_a_control_offset_paging_does_repeat(record: Record) -> None:
    """Why a cursor: the same reading with OFFSET shows a row twice."""
    record.put(patient("a"), *[observation(f"o{n}", of="a", on=f"2024-01-{n + 10}") for n in range(4)])
    query = record.parse("Observation", "patient=a&code=http://loinc.org|15074-8&_sort=-date&_count=2")
    found = plan(query, actor=ADMIN, dialect=record.reader.dialect)
    text = found.sql.replace("LIMIT ?", "LIMIT 2 OFFSET 2")
    first = [row[2] for row in record.reader.rows(found.sql, found.params)][:2]
    record.put(observation("new", of="a", on="2024-02-01"))
    second = [row[2] for row in record.reader.rows(text, found.params[:-1])]
    assert set(first) & set(second)


def test_rows_of_equal_value_are_told_apart(record: Record) -> None:
    record.put(patient("a"), *[observation(f"o{n}", of="a", on="2024-01-01") for n in range(7)])
    for asked in ("_sort=date", "_sort=-date", "patient=a", "_sort=status,-date", "_sort=-status,date", "code=15074-8"):
        found = record.ids("Observation", asked + "&_count=2")
        assert sorted(found) == [f"o{n}" for n in range(7)], asked


def test_resources_without_a_value_come_last_both_ways(record: Record) -> None:
    record.put(*[patient(f"p{n}", **({"birthDate": f"19{n}0"} if n in (5, 6) else {})) for n in range(4, 8)])
    assert record.ids("Patient", "_sort=birthdate,_id&_count=1") == ["p5", "p6", "p4", "p7"]
    assert record.ids("Patient", "_sort=-birthdate,_id&_count=1") == ["p6", "p5", "p4", "p7"]
    assert record.ids("Patient", "_sort=family,_id&_count=1") == ["p4", "p5", "p6", "p7"]


def test_several_values_sort_by_the_least_or_descending_by_the_greatest(record: Record) -> None:
    record.put(patient("a", name=[{"given": ["B", "Y"]}]), patient("b", name=[{"given": ["A", "Z"]}]),
               patient("c", name=[{"given": ["C"]}]))  # fmt: skip
    assert record.ids("Patient", "_sort=given") == ["b", "a", "c"]
    assert record.ids("Patient", "_sort=-given") == ["b", "a", "c"]
    assert record.ids("Patient", "_sort=given&_count=1") == ["b", "a", "c"]
    assert record.ids("Patient", "_sort=-given&_count=1") == ["b", "a", "c"]


REFUSED: list[tuple[str, type[Refusal], str]] = [
    ("_sort=nonsense", BadRequest, "search.unknown-sort"),
    ("_sort=", BadRequest, "search.unknown-sort"),
    ("_sort=date,", BadRequest, "search.unknown-sort"),
    ("_sort=--date", BadRequest, "search.unknown-sort"),
    ("_sort=date:missing", BadRequest, "search.unknown-sort"),
    ("_sort=_content", NotSupported, "search.cannot-sort"),
    ("_sort=code-value-quantity", NotSupported, "search.cannot-sort"),
    ("_sort=" + ",".join(["date"] * 9), TooCostly, "search.too-many-sort-keys"),
]


@pytest.mark.parametrize(("asked", "refusal", "key"), REFUSED)
def test_an_order_that_cannot_be_kept_is_refused(ward: Record, asked: str, refusal: type[Refusal], key: str) -> None:
    with pytest.raises(refusal) as raised:
        ward.page("Observation", asked, strict=False)
    assert (raised.value.key, raised.value.elements) == (key, ("_sort",))


def test_a_cursor_belongs_to_its_question_and_its_actor(ward: Record) -> None:
    asked = "code=15074-8&_count=2&_sort=date"
    cursor = ward.page("Observation", asked).next_cursor
    assert cursor
    assert ward.page("Observation", asked, cursor=cursor).matches
    others = [
        ("Observation", "code=15074-8&_count=3&_sort=date", ADMIN, cursor),
        ("Observation", "code=8251-1&_count=2&_sort=date", ADMIN, cursor),
        ("Condition", "_count=2", ADMIN, cursor),
        ("Observation", asked, DOCTOR, cursor),
        ("Observation", asked, Actor("Practitioner/other", "administrator", "Organization/alliance", "HOPERAT", "b"), cursor),
        ("Observation", asked, ADMIN, cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
        ("Observation", asked, ADMIN, "AA" + cursor[2:]),
        ("Observation", asked, ADMIN, ""),
        ("Observation", asked, ADMIN, "~"),
        ("Observation", asked, ADMIN, "é"),
        ("Observation", asked, ADMIN, cursor + "A" * 100_000),
    ]
    for type_name, question, actor, token in others:
        with pytest.raises(BadRequest) as raised:
            ward.page(type_name, question, actor=actor, cursor=token)
        assert raised.value.key == "search.bad-cursor"


def test_a_cursor_holds_for_the_same_actor_at_a_later_moment(ward: Record) -> None:
    import dataclasses

    later = dataclasses.replace(ADMIN, at=NOW, request="r2", address="10.0.0.1")
    cursor = ward.page("Patient", "_count=1").next_cursor
    assert ward.page("Patient", "_count=1", actor=later, cursor=cursor).matches


def test_a_cursor_does_not_show_what_it_was_made_from_without_its_key(ward: Record) -> None:
    from doorstep.kernel.search import run

    query = ward.parse("Patient", "_count=1")
    cursor = run(ward.reader, query, ADMIN, key=b"one").next_cursor
    with pytest.raises(BadRequest):
        run(ward.reader, query, ADMIN, cursor=cursor, key=b"two")
