"""Given the official examples, when each is asked for by each of its own values, then it is found on both engines.

Values come from the FHIRPath engine and are written as a client would write them; nothing is taken from the index.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.kernel import fhirpath, index
from doorstep.kernel.definitions import SearchParameter, definitions
from doorstep.kernel.index.rules import CONVERTED, keys_of
from doorstep.kernel.postgres import PostgresEngine
from doorstep.kernel.search import references
from doorstep.kernel.search.model import Match, Resident
from doorstep.kernel.sqlite import SqliteEngine
from tests import postgres
from tests.kernel.index.examples import clinical
from tests.kernel.search.record import Record

TABLE = definitions()
MOST = 2_000
"""Questions to each engine; the examples give more, and every kind and type stays in."""


def known() -> dict[tuple[str, str], dict[str, Any]]:
    """By type and id; where two examples share an id the first stays."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for resource in clinical().values():
        if "id" in resource:
            found.setdefault((resource["resourceType"], resource["id"]), resource)
    return found


def escaped(text: str) -> str:
    for letter in "\\,|$":
        text = text.replace(letter, "\\" + letter)
    return text


def questions(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(parameter, value) of every simple value that a search parameter of the resource has."""
    for code, parameter in TABLE.search[resource["resourceType"]].items():
        if not parameter.expression or parameter.kind in ("composite", "special") or code in ("_id", "_lastUpdated", "phonetic"):
            continue
        for type_name, value in fhirpath.compile(parameter.expression, base=parameter.base).typed(resource):
            if type_name in CONVERTED[parameter.kind]:
                yield from ((code, text) for text in written(parameter, type_name, value) if text)


def written(parameter: SearchParameter, type_name: str, value: Any) -> list[str]:
    """A value as a client writes it in a search."""
    if parameter.kind == "token":
        return tokens(type_name, value)
    if parameter.kind == "reference":
        text = value.get("reference", "") if isinstance(value, dict) else value
        return [] if text.startswith("#") or isinstance(value, dict) and "resourceType" in value else [escaped(text)]
    if parameter.kind == "string":
        return strings(value)
    if parameter.kind == "date":
        if isinstance(value, dict):
            ends = [value.get("start"), value.get("end")] if type_name == "Period" else []
            return [f"{prefix}{text}" for prefix, text in zip(("ge", "le"), ends, strict=False) if text]
        return [str(value)]
    if parameter.kind in ("number", "quantity"):
        return numbers(type_name, value)
    return [escaped(str(value))]


def tokens(type_name: str, value: Any) -> list[str]:
    if type_name == "CodeableConcept":
        return [each for coding in value.get("coding", []) for each in tokens("Coding", coding)]
    if type_name == "Coding":
        if "code" not in value:
            return [escaped(value["system"]) + "|"] if "system" in value else []
        return [f"{escaped(value['system'])}|{escaped(value['code'])}" if "system" in value else escaped(value["code"])]
    if type_name == "Identifier":
        if "value" not in value:
            return []
        return [f"{escaped(value['system'])}|{escaped(value['value'])}" if "system" in value else "|" + escaped(value["value"])]
    if type_name == "ContactPoint":
        return [escaped(value["value"])] if "value" in value else []
    return [str(value).lower() if isinstance(value, bool) else escaped(value)]


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        parts = [value.get(name) for name in ("text", "family", "city", "state", "postalCode", "country")]
        parts += [*value.get("given", []), *value.get("line", [])]
        return [escaped(part) for part in parts if isinstance(part, str) and part.strip()]
    return [escaped(value)] if value.strip() else []


def numbers(type_name: str, value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [str(value)]
    if type_name == "Range":
        return [f"le{value['high']['value']}"] if "high" in value and "value" in value["high"] else []
    if "value" not in value or "comparator" in value:
        return []
    if type_name == "Money":
        return [f"{value['value']}||{value['currency']}" if "currency" in value else str(value["value"])]
    found = [str(value["value"])]
    if "code" in value:
        found.append(f"{value['value']}|{escaped(value.get('system', ''))}|{escaped(value['code'])}")
    if "unit" in value:
        found.append(f"{value['value']}||{escaped(value['unit'])}")
    return found


@pytest.fixture(scope="module")
def libraries(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Record]]:
    directory = tmp_path_factory.mktemp("examples")
    shutil.copy(request.getfixturevalue("sqlite_template"), directory / "doorstep.db")
    url = postgres.new_database(request.getfixturevalue("postgres_template"))
    engines = {"sqlite": SqliteEngine(directory, synchronous="OFF"), "postgresql": PostgresEngine(url, size=2)}
    records = {name: Record(engine) for name, engine in engines.items()}
    for each in records.values():
        each.put(*known().values())
    yield records
    for engine in engines.values():
        engine.close()
    postgres.drop_database(url)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_example_is_found_by_its_own_values(libraries: dict[str, Record], dialect: str) -> None:
    record = libraries[dialect]
    asked: dict[tuple[str, str, str], list[str]] = {}
    for (type_name, id_), resource in known().items():
        for code, value in questions(resource):
            asked.setdefault((type_name, code, value), []).append(id_)
    every = sorted(asked)
    parameters = {(type_name, code): place for place, (type_name, code, _) in enumerate(every)}
    chosen = {*parameters.values(), *range(0, len(every), max(1, len(every) // MOST))}
    lost = []
    for place in sorted(chosen):
        type_name, code, value = every[place]
        found = record.ids(type_name, [(code, value), ("_count", "1000")])
        if not set(asked[every[place]]) <= set(found):
            lost.append((type_name, code, value, sorted(set(asked[every[place]]) - set(found))))
    assert len(chosen) > 1_000
    assert lost == []


def test_every_example_is_in_the_whole(libraries: dict[str, Record]) -> None:
    for record in libraries.values():
        assert record.page(None, "_summary=count").total == len(known())


# -- the table ``subject`` must mean what the parameters mean


def test_the_codes_of_subject_rows_are_those_of_the_parameter_code() -> None:
    for (type_name, _), resource in known().items():
        rows = index.extract(resource)
        parameter = TABLE.search[type_name].get("code")
        if parameter is None or not rows.residents:
            continue
        assert parameter.kind == "token"
        tokens_of_code = {(code, system) for key, code, system in rows.token if key == keys_of(parameter).own}
        assert set(rows.codes) <= tokens_of_code
        assert {code for code, _ in tokens_of_code - set(rows.codes)} <= {code.casefold() for code, _ in rows.codes}


def test_direct_rows_are_those_whom_the_parameter_names() -> None:
    """``patient=X`` and ``subject=Patient/X`` may be led by subject rows exactly where these say the same."""
    checked = set()
    for (type_name, _), resource in known().items():
        rows = index.extract(resource)
        for code in ("patient", "subject"):
            parameter = TABLE.search[type_name].get(code)
            if parameter is None or not references.is_direct(parameter, TABLE):
                continue
            named = {id_ for key, target, id_ in rows.reference if key == parameter.key and target == "Patient"}
            direct = {id_ for id_, is_direct in rows.residents if is_direct}
            assert named == direct, (type_name, code)
            checked.add((type_name, code))
    assert len(checked) > 60


def test_every_type_with_a_patient_is_led_by_the_resident(ward: Record) -> None:
    for type_name, parameters in TABLE.search.items():
        for code in ("patient", "subject"):
            if code in parameters and references.is_direct(parameters[code], TABLE):
                (node,) = ward.parse(type_name, [(code, "Patient/x")]).shape.nodes
                assert isinstance(node, Resident), (type_name, code)
    (node,) = ward.parse("Observation", [("performer", "Patient/x")]).shape.nodes
    assert isinstance(node, Match)
