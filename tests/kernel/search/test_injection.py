"""Given strings that try to be SQL, wildcards or separators, when they stand in any parameter, then they are only values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Refusal
from doorstep.kernel.search import parse, plan
from tests.conftest import ADMIN
from tests.kernel.search.record import DOCTOR, NOW, Record
from tests.kernel.search.ward import patient

STRINGS = [
    "' OR '1'='1", "'; DROP TABLE resource; --", '" OR ""="', "1) OR (1=1", "a' UNION SELECT body FROM resource --",
    "%", "_", "%%", "100%", "\\%", "[a-z]*", "?", "??", "$1", "%s", "%(x)s", ":name", "{x}", "{r}", "{0}", "{}", "--", "/*",
    "0x27", "char(39)", "x'27'", "NULL", "null", "-1", "1e308", "-1e-308", "9" * 39, "２０２４", "\u202e", "\ufeff", "\U0010ffff", "\uffff",
    "陈'小明", "\t", "\r\n", "a\u0000b", "a\\,b", "\\", ",", "|", "$", "||", "a|b|c|d", "a$b$c", "Patient/", "/", "//", "../..",
    "http://", "urn:uuid:", "#", "&", "=", "+", " ", "true'--", "2024-01-01' --", "gt'", "eq", "5||'", "5|'|'", "Patient/1' OR 1=1",
]  # fmt: skip
TARGETS = [
    ("Patient", "name"), ("Patient", "name:exact"), ("Patient", "name:contains"), ("Patient", "identifier"),
    ("Patient", "identifier:text"), ("Patient", "identifier:of-type"), ("Patient", "gender:not"), ("Patient", "gender:in"),
    ("Patient", "gender:below"), ("Patient", "birthdate"), ("Patient", "organization"), ("Patient", "organization:identifier"),
    ("Patient", "organization:below"), ("Patient", "_id"), ("Patient", "_lastUpdated"), ("Patient", "_tag"), ("Patient", "_profile"),
    ("Patient", "_profile:below"), ("Patient", "_profile:above"), ("Patient", "_text"), ("Patient", "_content"), ("Patient", "_list"),
    ("Patient", "_sort"), ("Patient", "_count"), ("Patient", "_include"), ("Patient", "_revinclude"), ("Patient", "_elements"),
    ("Patient", "_has:Observation:patient:code"), ("Patient", "organization.name"), ("Patient", "name:missing"),
    ("Observation", "value-quantity"), ("Observation", "code-value-quantity"), ("Observation", "code-value-string"),
    ("RiskAssessment", "probability"), ("Location", "near"), ("Patient", "_total"), ("Patient", "_summary"), ("Patient", "phonetic"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "name"), TARGETS, ids=lambda value: str(value))
def test_a_string_in_a_value_is_only_a_value(ward: Record, type_name: str, name: str) -> None:
    everybody = len(ward.page(type_name, "").matches)
    for text in STRINGS:
        try:
            page = ward.page(type_name, [(name, text)], strict=False)
        except Refusal as refusal:
            assert refusal.status == 400, (text, refusal)
            continue
        if name not in ("gender:not", "_sort", "_count", "_elements", "_total", "_summary") and not page.warnings:
            assert len(page.matches) < everybody or everybody == 0 or text in ("-1",), (name, text)
    assert len(ward.page(type_name, "").matches) == everybody


@pytest.mark.parametrize("type_name", ["Patient", "Observation"])
def test_a_string_in_a_name_is_refused_or_told(ward: Record, type_name: str) -> None:
    for text in STRINGS:
        for name in (text, f"name:{text}", f"{text}:exact", f"subject.{text}", f"_has:{text}:patient:code", f"_has:Observation:{text}:code",
                     f"_include:{text}", f"_sort:{text}", f"subject:{text}.name", f"_has:Observation:patient:{text}"):  # fmt: skip
            try:
                page = ward.page(type_name, [(name, "a")], strict=False)
            except Refusal as refusal:
                assert refusal.status == 400, (name, refusal)
            else:
                assert page.warnings, name


def test_no_string_of_a_client_is_in_the_text_of_a_statement() -> None:
    """The text depends on the shape alone: two questions of one shape share it, whatever the values."""
    marker = "zq7'\"%_x"
    for type_name, name in TARGETS:
        for value in (marker, f"http://{marker}", f"{marker}|{marker}", f"a|{marker}|b", f"5||{marker}", f"{marker}$5||{marker}"):
            try:
                query = parse(type_name, [(name, value)], strict=False, now=NOW)
            except Refusal:
                continue
            for dialect in ("sqlite", "postgresql"):
                for actor in (ADMIN, DOCTOR):
                    found = plan(query, actor=actor, dialect=dialect)
                    assert "zq7" not in found.sql
                    assert found.sql.count("?") == len(found.params)
                    assert "'zq" not in found.sql


def test_equal_shapes_share_one_statement() -> None:
    pairs_of = [
        ("patient=a&code=http://loinc.org|1&_sort=-date", "patient=b&code=urn:x|2&_sort=-date"),
        ("name=a,b,c,d,e", "name=v,w,x,y,z,zz"),
        ("status=final&date=ge2024", "status=amended&date=ge1999-01-01"),
    ]
    for one, other in pairs_of:
        texts = set()
        for asked in (one, other):
            pairs = [tuple(each.split("=", 1)) for each in asked.split("&")]
            type_name = "Patient" if "name" in asked else "Observation"
            texts.add(plan(parse(type_name, pairs, strict=True), actor=ADMIN, dialect="sqlite").sql)  # type: ignore[arg-type]
        assert len(texts) == 1


def test_percent_and_underscore_are_themselves(record: Record) -> None:
    """The trap: % in a string search acting as a wildcard."""
    record.put(patient("percent", name=[{"family": "100% sure"}]), patient("under", name=[{"family": "a_b"}]),
               patient("plain", name=[{"family": "100 sure"}]), patient("axb", name=[{"family": "axb"}]))  # fmt: skip
    assert record.ids("Patient", [("family", "100%")]) == ["percent"]
    assert record.ids("Patient", [("family", "a_b")]) == ["under"]
    assert record.ids("Patient", [("family:contains", "%")]) == ["percent"]
    assert record.ids("Patient", [("family:contains", "_")]) == ["under"]
    assert record.ids("Patient", [("family:exact", "a_b")]) == ["under"]
    assert record.ids("Patient", [("family", "%")]) == []


NAMES = sorted({f"{code}{modifier}" for code in definitions().search["Patient"] for modifier in ("", ":missing", ":exact", ":not", ":x")})


@pytest.mark.fuzz
@settings(max_examples=max(150, settings().max_examples))
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([*NAMES, *(name for _, name in TARGETS)]), st.text(max_size=12)),
            st.one_of(st.sampled_from(STRINGS), st.text(max_size=20), st.from_regex(r"(ge|lt|ap)?[0-9\-T:.Z|,$\\]{1,20}", fullmatch=True)),
        ),
        max_size=4,
    )
)
def test_anything_is_answered_or_refused(ward: Record, pairs: list[tuple[str, str]]) -> None:
    try:
        ward.page("Patient", pairs, strict=False)
    except Refusal as refusal:
        assert refusal.status == 400
        json.dumps([refusal.key, {name: str(value) for name, value in refusal.params.items()}, refusal.elements]).encode()
