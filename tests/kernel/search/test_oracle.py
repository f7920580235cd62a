"""Given random people and findings, when random questions are asked, then search answers what a slow reading answers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.kernel.search import choose, statement
from tests.kernel.search import oracle
from tests.kernel.search.record import Record

SYSTEMS = ["http://loinc.org", "urn:local", ""]
CODES = ["a", "b", "B", "8480-6"]
NAMES = ["Wang", "wang", "Wáng Li", "陈", "陈小", "O'Neil", "100%", "a_b", "Straße"]
DATES = ["1990", "1990-05", "1990-05-17", "1990-05-17T08:00:00+08:00", "1990-05-17T00:00:00Z", "1990-05-17T08:00", "1991-01-01", "2001"]
NUMBERS = ["5.4", "5.40", "5", "98", "-1", "0", "100", "5.35", "5.45"]
UNITS = ["mg", "mmol/L", "g"]


def world(seed: int) -> list[dict[str, Any]]:
    """A few dozen resources with values that lie close together."""
    rng = random.Random(seed)

    def maybe(chance: float, made: dict[str, Any]) -> dict[str, Any]:
        return made if rng.random() < chance else {}

    organizations = [{"resourceType": "Organization", "id": f"o{n}", "active": rng.random() < 0.5} for n in range(3)]
    people = [
        {
            "resourceType": "Patient", "id": f"p{n}",
            **maybe(0.8, {"gender": rng.choice(["male", "female"])}),
            **maybe(0.6, {"active": rng.random() < 0.5}),
            **maybe(0.8, {"birthDate": rng.choice([each for each in DATES if "T" not in each])}),
            **maybe(0.9, {"name": [{"family": rng.choice(NAMES), **maybe(0.5, {"given": rng.sample(NAMES, 2)})}
                                   for _ in range(rng.randint(1, 2))]}),
            **maybe(0.5, {"identifier": [{**maybe(0.7, {"system": "urn:id"}), "value": f"{rng.randint(1, 5)}"}]}),
            **maybe(0.6, {"managingOrganization": {"reference": f"Organization/o{rng.randint(0, 2)}"}}),
        }
        for n in range(15)
    ]  # fmt: skip

    def concept() -> dict[str, Any]:
        return {"coding": [
            {**({"system": system} if system else {}), "code": rng.choice(CODES)} for system in rng.sample(SYSTEMS, rng.randint(1, 2))
        ]}  # fmt: skip

    def period() -> dict[str, Any]:
        start, end = sorted(rng.sample(DATES, 2), key=lambda text: oracle.moment(text)[0])
        return {**maybe(0.8, {"start": start}), **maybe(0.8, {"end": end})} or {"start": start}

    def effective() -> dict[str, Any]:
        return {"effectiveDateTime": rng.choice(DATES)} if rng.random() < 0.6 else maybe(0.7, {"effectivePeriod": period()})

    findings = [
        {
            "resourceType": "Observation", "id": f"x{n}", "status": rng.choice(["final", "amended", "preliminary"]),
            "code": concept(), **maybe(0.6, {"category": [concept() for _ in range(rng.randint(1, 2))]}), **effective(),
            **maybe(0.9, {"subject": {"reference": f"Patient/p{rng.randint(0, 14)}"}}),
            **maybe(0.5, {"performer": [{"reference": rng.choice(["Organization/o1", "Patient/p3", "Organization/o2"])}]}),
            **maybe(0.7, {"valueQuantity": {"value": Decimal(rng.choice(NUMBERS)), **maybe(0.8, {
                "system": "http://unitsofmeasure.org", "code": rng.choice(UNITS)}), **maybe(0.3, {"unit": rng.choice(UNITS)})}}),
        }
        for n in range(60)
    ]  # fmt: skip
    return [*organizations, *people, *findings]


SEED = 20240601


@pytest.fixture(scope="session")
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Record]]:
    import shutil

    from doorstep.kernel.postgres import PostgresEngine
    from doorstep.kernel.sqlite import SqliteEngine
    from tests import postgres

    directory: Path = tmp_path_factory.mktemp("world")
    shutil.copy(request.getfixturevalue("sqlite_template"), directory / "doorstep.db")
    url = postgres.new_database(request.getfixturevalue("postgres_template"))
    engines = {"sqlite": SqliteEngine(directory, synchronous="OFF"), "postgresql": PostgresEngine(url, size=2)}
    records = {name: Record(engine) for name, engine in engines.items()}
    for each in records.values():
        each.put(*world(SEED))
    yield records
    for engine in engines.values():
        engine.close()
    postgres.drop_database(url)


KNOWN: oracle.Record = {f"{each['resourceType']}/{each['id']}": each for each in world(SEED)}

prefix = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
one_of_many = lambda values: st.lists(values, min_size=1, max_size=3).map(",".join)  # noqa: E731
date = one_of_many(st.builds(str.__add__, prefix, st.sampled_from(DATES)))
number = st.builds(str.__add__, st.one_of(prefix, st.just("ap")), st.sampled_from(NUMBERS))
quantity = one_of_many(st.builds(lambda value, unit: f"{value}||{unit}" if unit else value, number, st.sampled_from(["", *UNITS])))
coded = st.sampled_from([*CODES, *(f"{system}|{code}" for system in SYSTEMS for code in CODES), "http://loinc.org|", "nothing"])
code = one_of_many(coded)
name = one_of_many(st.sampled_from([*NAMES, "w", "陈小", "li", "stra", "%", "_", "100%"]))
missing = st.sampled_from(["true", "false"])
reference = lambda kind, letter, most: one_of_many(  # noqa: E731
    st.builds(lambda n, typed: f"{kind}/{letter}{n}" if typed else f"{letter}{n}", st.integers(0, most), st.booleans()))


def pairs(names: st.SearchStrategy[str] | list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.sampled_from(names) if isinstance(names, list) else names, values)


person = st.one_of(
    pairs(["gender", "gender:not"], one_of_many(st.sampled_from(["male", "female", "http://hl7.org/fhir/administrative-gender|male"]))),
    pairs(["active", "active:not"], st.sampled_from(["true", "false", "true,false"])),
    pairs(["family", "given", "family:exact", "given:exact", "family:contains", "given:contains"], name),
    pairs(["birthdate"], date),
    pairs(["identifier", "identifier:not"], one_of_many(st.sampled_from(["1", "2", "urn:id|3", "|4", "urn:id|"]))),
    pairs(["organization"], reference("Organization", "o", 3)),
    pairs([f"{each}:missing" for each in ("gender", "active", "family", "given", "birthdate", "identifier", "organization")], missing),
    pairs(["organization.active", "organization:Organization.active"], missing),
    pairs(["_id"], reference("Patient", "p", 16).map(lambda text: text.replace("Patient/", ""))),
)
finding = st.one_of(
    pairs(["status", "status:not"], one_of_many(st.sampled_from(["final", "amended"]))),
    pairs(["code", "category", "code:not", "category:not"], code),
    pairs(["date"], date),
    pairs(["value-quantity"], quantity),
    pairs(["patient"], reference("Patient", "p", 15)),
    pairs(["subject"], reference("Patient", "p", 15)),
    pairs(["performer"], st.one_of(reference("Organization", "o", 3), reference("Patient", "p", 4))),
    pairs([f"{each}:missing" for each in ("category", "date", "value-quantity", "patient", "performer")], missing),
)


def through(prefixes: list[str], inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    return st.builds(lambda before, pair: (before + pair[0], pair[1]), st.sampled_from(prefixes), inner)


of_findings = st.one_of(finding, finding, through(["patient.", "subject:Patient.", "performer:Patient."], person))
of_people = st.one_of(
    person, person, through(["_has:Observation:patient:", "_has:Observation:performer:", "_has:Observation:subject:"], finding),
    through(["_has:Observation:patient:performer:Patient."], person),
)
SORTS = {"Observation": ["", "date", "-date", "status,-date", "-value-quantity", "code", "_id", "-_lastUpdated", "performer,-_id"],
         "Patient": ["", "birthdate", "-family", "gender,-birthdate", "-_id", "organization,birthdate"]}  # fmt: skip


@pytest.mark.fuzz
@settings(max_examples=max(150, settings().max_examples))
@given(
    type_name=st.just("Observation"), asked=st.lists(of_findings, min_size=1, max_size=3), sort=st.sampled_from(SORTS["Observation"]),
    count=st.sampled_from(["3", "7", "50"]),
)  # fmt: skip
def test_findings_are_those_of_the_slow_reading(
    worlds: dict[str, Record], type_name: str, asked: list[tuple[str, str]], sort: str, count: str
) -> None:
    check(worlds, type_name, asked, sort, count)


@pytest.mark.fuzz
@settings(max_examples=max(150, settings().max_examples))
@given(
    type_name=st.just("Patient"), asked=st.lists(of_people, min_size=1, max_size=3), sort=st.sampled_from(SORTS["Patient"]),
    count=st.sampled_from(["2", "5", "50"]),
)  # fmt: skip
def test_people_are_those_of_the_slow_reading(
    worlds: dict[str, Record], type_name: str, asked: list[tuple[str, str]], sort: str, count: str
) -> None:
    check(worlds, type_name, asked, sort, count)


def check(worlds: dict[str, Record], type_name: str, asked: list[tuple[str, str]], sort: str, count: str) -> None:
    """Same matches on both engines, whatever leads; each once over all pages; the total is their number."""
    expected = oracle.search(KNOWN, type_name, asked)
    question = [*asked, ("_count", count), *([("_sort", sort)] if sort else [])]
    orders = []
    for record in worlds.values():
        found = record.ids(type_name, question)
        assert len(found) == len(set(found))
        assert set(found) == expected
        assert record.page(type_name, [*asked, ("_summary", "count")]).total == len(expected)
        orders.append(found)
    assert orders[0] == orders[1], "both engines answer in one order"
    shape = worlds["sqlite"].parse(type_name, question).shape
    if statement.resident(shape) is None:
        with pytest.MonkeyPatch.context() as patch:
            for way in [*choose.candidates(shape), statement.SCAN, *([statement.PRESENT] if statement.can_follow_sort(shape) else [])]:
                patch.setattr(choose, "by_counting", lambda *_, way=way, **__: way)
                assert worlds["sqlite"].ids(type_name, question) == orders[0], way
