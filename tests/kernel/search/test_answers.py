"""Given what shapes an answer (count, total, summary, types), when it is asked, then the page is so and says so."""

from __future__ import annotations

import pytest

from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.search import limits
from tests.kernel.search.record import Record
from tests.kernel.search.ward import observation, patient


def test_no_total_unless_asked(ward: Record) -> None:
    page = ward.page("Observation", "code=15074-8&_count=2")
    assert (page.total, page.capped) == (None, False)


def test_a_total_counts_all_matches_and_no_includes(ward: Record) -> None:
    for how in ("accurate", "estimate"):
        page = ward.page("Observation", f"code=15074-8&_count=2&_total={how}&_include=Observation:patient")
        assert (len(page.matches), page.total, page.capped) == (2, 7, False)
    page = ward.page("Observation", "code=15074-8&_total=accurate")
    assert (len(page.matches), page.total) == (7, 7)


def test_a_count_alone_has_no_resources(ward: Record) -> None:
    for asked in ("code=15074-8&_summary=count", "code=15074-8&_count=0", "code=15074-8&_count=0&_sort=-date"):
        page = ward.page("Observation", asked)
        assert (page.matches, page.includes, page.next_cursor, page.total) == ([], [], None, 7), asked


def test_a_total_that_stops_says_so(ward: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ESTIMATE_CAP", 3)
    page = ward.page("Observation", "code=15074-8&_count=1&_total=estimate")
    assert (page.total, page.capped) == (3, True)
    assert [(issue.severity, issue.key, issue.params) for issue in page.warnings] == [
        ("information", "search.total-capped", {"limit": 3})
    ]
    monkeypatch.setattr(limits, "TOTAL_CAP", 7)
    page = ward.page("Observation", "code=15074-8&_summary=count")
    assert (page.total, page.capped) == (7, False)


def test_pages_are_as_long_as_asked_and_only_the_last_has_no_next(ward: Record) -> None:
    page = ward.page("Observation", "code=15074-8&_count=7")
    assert (len(page.matches), page.next_cursor) == (7, None)
    page = ward.page("Observation", "code=15074-8&_count=6")
    assert len(page.matches) == 6
    assert page.next_cursor


def test_what_is_presentation_is_parsed_and_kept(ward: Record) -> None:
    query = ward.parse("Patient", "_summary=text&_format=json&_pretty=true&_cursor=x")
    assert query.summary == "text"
    assert query.pairs == (("_summary", "text"),)
    query = ward.parse("Patient", "_elements=name,Patient.gender")
    assert query.elements == ("name", "Patient.gender")
    assert not query.only_count


def test_rows_carry_what_the_interface_needs(record: Record) -> None:
    record.put(patient("a", active=True), updated=1_700_000_000_000_000)
    record.put(patient("a", active=False), updated=1_700_000_001_000_000)
    (row,) = record.page("Patient", "").matches
    assert (row.type_name, row.id, row.version, row.updated, row.mode) == ("Patient", "a", 2, 1_700_000_001_000_000, "match")
    assert row.body == '{"resourceType":"Patient","id":"a","active":false}'


LAST_UPDATED = [
    ("2023-11-14", "b c"), ("2023-11-15", "a b c"), ("2023-11-15T06:13:20%2B08:00", "a"),
    ("2023-11-14T22:13:20Z", "a"), ("gt2023-11-14T22:13:20Z", "b c"), ("ge2023-11-14T22:13:20Z", "a b c"),
    ("lt2023-11-14T22:13:21Z", "a"), ("le2023-11-14T22:13:21Z", "a b"), ("sa2023-11-14T22:13:20.000Z", "b c"),
    ("eb2023-11-14T22:13:22Z", "a b"), ("ne2023-11-14T22:13:21Z", "a c"), ("gt2023", ""), ("ap2023-11-15", "a b c"),
    ("2023-11-14T22:13:20Z,2023-11-14T22:13:22Z", "a c"), ("gt2023-11-14T22:13:20Z&_lastUpdated=lt2023-11-14T22:13:22Z", "b"),
]  # fmt: skip


def test_last_updated_is_compared_as_a_moment(record: Record) -> None:
    for number, name in enumerate("abc"):
        record.put(patient(name), updated=1_700_000_000_000_000 + number * 1_000_000)
    for asked, expected in LAST_UPDATED:
        found = record.ids("Patient", f"_lastUpdated={asked}")
        assert found == (expected.split() if asked != "2023-11-14" else []), asked


def test_a_search_on_several_types_takes_what_they_have_in_common(ward: Record) -> None:
    assert ward.refs(ward.page(None, "_type=Encounter,Provenance&_sort=_id").matches) == [
        "Encounter/in-room", "Encounter/on-floor", "Provenance/prov",
    ]  # fmt: skip
    assert ward.ids(None, "_type=Encounter,Observation&patient=wang&_sort=_id") == [
        "glu-5.45", "glu-unit", "logical", "on-floor", "undated",
    ]  # fmt: skip
    assert ward.ids(None, "_type=Observation,DiagnosticReport&code=8251-1") == ["note"]
    assert ward.ids(None, "_type=Encounter,Observation&date=ge2024-05-10&_sort=date") == ["on-floor", "glu-5.45"]
    assert ward.ids(None, "_type=Encounter,Observation&patient.name=wang&_sort=-_id") == [
        "undated", "on-floor", "logical", "glu-unit", "glu-5.45",
    ]  # fmt: skip
    with pytest.raises(BadRequest):
        ward.page(None, "_type=Encounter,Observation&code=1")
    with pytest.raises(BadRequest):
        ward.page(None, "_type=Encounter,Nonsense")
    with pytest.raises(NotSupported):
        ward.page(None, "_type=Patient,Observation&_list=round")


def test_a_search_on_everything_takes_what_all_types_have(ward: Record) -> None:
    everything = ward.ids(None, "_count=5")
    assert len(everything) == len(set(everything)) == ward.page(None, "_summary=count").total
    assert "gone" not in everything
    assert ward.ids(None, "_tag=vip") == ["chen"]
    assert ward.refs(ward.page(None, "_id=chen,bp").matches) == ["Observation/bp", "Patient/chen"]
    assert sorted(ward.ids(None, "_lastUpdated=ge2020&_sort=-_lastUpdated")) == sorted(everything)
    with pytest.raises(BadRequest):
        ward.page(None, "name=a")


def test_text_is_looked_for_only_among_few(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TEXT_CANDIDATES", 3)
    record.put(patient("a"), *[observation(f"o{n}", of="a", on=f"2024-01-0{n + 1}", valueString="word") for n in range(4)])
    with pytest.raises(TooCostly) as raised:
        record.page("Observation", "_content=word")
    assert raised.value.key == "search.text-too-wide"
    assert record.ids("Observation", "_content=word&date=2024-01-02") == ["o1"]
    assert record.ids("Observation", "_content=word,other&patient=a&date=2024-01-02") == ["o1"]


def test_own_absolute_addresses_count_as_relative(ward: Record) -> None:
    asked = "patient=http://127.0.0.1:8000/fhir/Patient/wang&status=amended"
    assert ward.ids("Observation", asked, base="http://127.0.0.1:8000/fhir/") == ["glu-5.45"]
    assert ward.ids("Observation", asked, base="http://elsewhere/fhir") == []
