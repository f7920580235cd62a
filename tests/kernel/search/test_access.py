"""Given records of several sensitivities, owners and grants, when anybody searches, then nobody learns of the invisible.

One rule for every road: ``search as A`` equals ``search as root`` cut down by a slow reading of the rule (security 2.4).
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import search
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.search import everything, lastn
from tests.conftest import ADMIN
from tests.kernel.search.record import DOCTOR, KEY, STRANGER, Record
from tests.kernel.search.ward import observation, patient

TOWN = DOCTOR.organization


@pytest.fixture
def guarded(record: Record) -> Record:
    """Two residents; the town may read the first up to level 2, and wrote one thing about the second."""
    record.put({"resourceType": "Organization", "id": "o", "name": "Open"}, sens=0)
    record.put(*[patient(name, gender="male", managingOrganization={"reference": "Organization/o"}) for name in ("seen", "unseen")], sens=1)
    for name in ("seen", "unseen"):
        record.put(observation(f"{name}-2", of=name, on="2024-01-02"), sens=2)
        record.put(observation(f"{name}-3", of=name, on="2024-01-03"), sens=3)
        record.put({"resourceType": "Provenance", "id": f"{name}-p", "target": [{"reference": f"Observation/{name}-3"}],
                    "recorded": "2024-01-04T00:00:00Z", "agent": [{"who": {"reference": f"Patient/{name}"}}]}, sens=3)  # fmt: skip
    record.put(observation("own", of="unseen", on="2024-01-05"), sens=2, custodian=TOWN)
    record.put({"resourceType": "List", "id": "l", "status": "current", "mode": "working",
                "entry": [{"item": {"reference": "Patient/seen"}}, {"item": {"reference": "Patient/unseen"}}]}, sens=0)  # fmt: skip
    record.put({"resourceType": "List", "id": "hidden", "status": "current", "mode": "working",
                "entry": [{"item": {"reference": "Patient/seen"}}]}, sens=3)  # fmt: skip
    record.grant("seen", TOWN, level=2)
    return record


VISIBLE = {
    "li": {"Organization/o", "Patient/seen", "Observation/seen-2", "Observation/own", "List/l"},
    "wu": {"Organization/o", "List/l"},
}
"""By account; written from the rule, not from the code."""

QUESTIONS = [
    ("Patient", ""), ("Patient", "gender=male"), ("Patient", "_sort=-_lastUpdated"), ("Patient", "_id=seen,unseen"),
    ("Observation", ""), ("Observation", "status=final&_sort=-date"), ("Observation", "patient=seen"),
    ("Observation", "patient=unseen"), ("Observation", "code=http://loinc.org|15074-8"), ("Observation", "date=ge2024"),
    ("Observation", "patient=seen&code=http://loinc.org|15074-8&_sort=-date"), ("Provenance", ""), ("List", ""),
    ("Observation", "_filter=patient eq unseen or status eq final"), ("Observation", "_filter=not (patient eq seen)"),
    ("Patient", "_filter=not (gender eq female) or organization pr true"),
    ("Observation", "_filter=status eq final and not (date lt 2024)"), ("AllergyIntolerance", "_list=$current-allergies"),
    ("Observation", "performer:missing=true"), (None, ""), (None, "_type=Patient,Observation"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "asked"), QUESTIONS)
def test_an_answer_is_the_whole_answer_cut_down_to_what_is_visible(guarded: Record, type_name: str | None, asked: str) -> None:
    whole = list(guarded.page(type_name, asked).matches)
    for actor in (DOCTOR, STRANGER):
        page = guarded.page(type_name, asked, actor=actor)
        assert guarded.refs(page.matches) == [each for each in guarded.refs(whole) if each in VISIBLE[actor.account]]
        total = guarded.page(type_name, f"{asked}&_summary=count" if asked else "_summary=count", actor=actor).total
        assert total == len(page.matches)
        assert len(guarded.ids(type_name, f"{asked}&_count=1" if asked else "_count=1", actor=actor)) == total


LINKS = [
    ("Observation", "patient.gender=male", ["seen-2"], "the target of a chain"),
    ("Observation", "patient.organization.name=open", ["seen-2"], "the middle of a chain"),
    ("Observation", "subject:Patient._id=unseen", [], "a chain to an id"),
    ("Patient", "_has:Observation:patient:date=2024-01-03", [], "the source of a reverse chain"),
    ("Patient", "_has:Observation:patient:date=2024-01-02", ["seen"], "a control: a visible source"),
    ("Patient", "_has:Observation:patient:_has:Provenance:target:recorded=2024", [], "the far end of two reverse chains"),
    ("Organization", "_has:Patient:organization:_id=unseen", [], "the source, by id"),
    ("Organization", "_has:Patient:organization:_id=seen", ["o"], "a control"),
    ("Patient", "_list=l", ["seen"], "the items of a list"),
    ("Patient", "_list=hidden", [], "a list that is invisible"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "asked", "expected", "road"), LINKS)
def test_no_link_goes_over_the_invisible(guarded: Record, type_name: str, asked: str, expected: list[str], road: str) -> None:
    assert guarded.ids(type_name, asked, actor=DOCTOR) == expected, road
    assert guarded.ids(type_name, asked, actor=STRANGER) == [], road
    assert guarded.ids(type_name, asked), "a control: the administrator finds something"


def test_nothing_invisible_is_included(guarded: Record) -> None:
    page = guarded.page("Observation", "_include=Observation:patient&_include:iterate=Patient:organization", actor=DOCTOR)
    assert guarded.refs(page.includes) == ["Patient/seen", "Organization/o"]
    page = guarded.page("Patient", "_revinclude=Observation:patient&_revinclude:iterate=Provenance:target", actor=DOCTOR)
    assert guarded.refs(page.includes) == ["Observation/seen-2"]
    page = guarded.page("List", "_include=List:item", actor=STRANGER)
    assert page.includes == []


def test_operations_see_no_more_than_searches(guarded: Record) -> None:
    page = lastn(guarded.reader, [("patient", "seen")], DOCTOR)
    assert [row.id for row in page.matches] == ["seen-2"], "the newer one is invisible, so the newest visible one counts"
    page = everything(guarded.reader, "seen", [], DOCTOR, key=KEY)
    assert sorted(guarded.refs(page.matches)) == ["Observation/seen-2", "Patient/seen"]
    assert guarded.refs(page.includes) == ["Organization/o"]
    page = everything(guarded.reader, "unseen", [], DOCTOR, key=KEY)
    assert guarded.refs(page.matches) == ["Observation/own"]
    assert everything(guarded.reader, "unseen", [], STRANGER, key=KEY).matches == []


def test_a_compartment_shows_no_more(guarded: Record) -> None:
    page = guarded.page("Observation", "", actor=DOCTOR, compartment=("Patient", "unseen"))
    assert [row.id for row in page.matches] == ["own"]


def test_a_grant_that_ends_ends_the_page_as_well(guarded: Record) -> None:
    """Rights are judged at each page, not once for the whole answer."""
    guarded.put(observation("more", of="seen", on="2024-02-01"), sens=2)
    page = guarded.page("Observation", "patient=seen&_count=1", actor=DOCTOR)
    guarded.engine.write([("DELETE FROM access_grant", [])])
    assert guarded.page("Observation", "patient=seen&_count=1", actor=DOCTOR, cursor=page.next_cursor).matches == []
    with pytest.raises(BadRequest):
        guarded.page("Observation", "patient=seen&_count=1", actor=STRANGER, cursor=page.next_cursor)


def test_every_pair_of_roads_gives_only_what_is_visible(guarded: Record) -> None:
    roads = ["patient.gender=male", "patient=seen", "_has:Provenance:target:recorded=2024", "code=15074-8", "_id=seen-3,own,seen-2",
             "patient._has:Observation:patient:status=final", "status:not=draft", "_content=display"]  # fmt: skip
    for pair in itertools.combinations(roads, 2):
        page = guarded.page("Observation", "&".join(pair) + "&_include=*&_revinclude=Provenance:target", actor=DOCTOR)
        assert set(guarded.refs([*page.matches, *page.includes])) <= VISIBLE["li"], pair


# -- the table itself

_SOURCES = sorted(Path(search.__file__).parent.glob("*.py"))
_RAW_TABLE = re.compile(r"(?:FROM|JOIN)\s+(?:resource|version)\b|[\"'{]resource \{|resource r\b", re.IGNORECASE)


def test_only_one_function_writes_the_name_of_the_table() -> None:
    found = [
        (path.name, line.strip())
        for path in _SOURCES
        for line in path.read_text(encoding="utf-8").splitlines()
        if _RAW_TABLE.search(line) and not line.strip().startswith(("#", '"""'))
    ]
    assert found == [("sql.py", 'table = f"resource {alias}"')]


def statements(record: Record, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """Every statement that a record is asked from now on."""
    seen: list[tuple[str, list[Any]]] = []
    rows = record.reader.rows
    monkeypatch.setattr(record.reader, "rows", lambda sql, params=(): seen.append((sql, list(params))) or rows(sql, params))
    return seen


def test_every_use_of_the_table_carries_the_rule(guarded: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the question: as often as the table is named, so often is the rule, and the row must be alive."""
    seen = statements(guarded, monkeypatch)
    asked = [*QUESTIONS, *[(type_name, asked) for type_name, asked, _, _ in LINKS],
             ("Observation", "_include=*&_include:iterate=Patient:organization&_revinclude=Provenance:target"),
             ("Observation", "subject:missing=false&_content=a&_sort=-date,status,_id"),
             ("Patient", "organization:below=o"), ("Patient", "organization:above=o")]  # fmt: skip
    for type_name, question in asked:
        guarded.page(type_name, question, actor=DOCTOR)
        guarded.page(type_name, f"{question}&_total=estimate" if question else "_total=estimate", actor=DOCTOR)
    lastn(guarded.reader, [("patient", "seen")], DOCTOR)
    everything(guarded.reader, "seen", [("start", "2024")], DOCTOR, key=KEY)
    assert seen
    for sql, _ in seen:
        uses = re.findall(r"\bresource (\w+)", sql)
        assert sorted(uses) == sorted(re.findall(r"\((\w+)\.sens = 0 OR \1\.custodian", sql)), sql
        for alias in uses:
            assert f"{alias}.deleted = 0" in sql


def test_the_administrator_is_a_control(guarded: Record) -> None:
    assert len(guarded.page("Observation", "", actor=ADMIN).matches) == 5
