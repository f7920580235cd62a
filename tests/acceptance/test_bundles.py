"""Given patients that another program made up, when their bundles come in, then all of each is there, once, or nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import store as stores
from doorstep.kernel.check import check
from doorstep.kernel.load import load
from doorstep.kernel.store import Store
from tests.acceptance.made import bundles, resources
from tests.conftest import ADMIN
from tests.rest.client import Client
from tests.server.running import doorstep

KEPT = ("resourceType", "status", "code", "valueQuantity", "birthDate", "component", "identifier", "dosageInstruction")
"""Members that hold no reference: they are compared as they were sent."""


def counted(store: Store) -> Counter[str]:
    """How many resources of each type there are."""
    with store.snapshot(ADMIN, audited=False) as reads:
        types = {resource["resourceType"] for text in bundles() for resource in resources(text)}
        return +Counter({name: len(reads.search(name, "")) for name in types})


def sent() -> Counter[str]:
    return Counter(resource["resourceType"] for text in bundles() for resource in resources(text))


def plain(resource: dict[str, Any]) -> str:
    """What of a resource can be compared whatever ids it was given."""
    return json.dumps({name: resource[name] for name in KEPT if name in resource})


def is_clean(store: Store) -> bool:
    report = check(store.engine, now=store.clock.now())
    assert report.errors == []
    assert report.dangling == []
    return True


def everything(client: Client, patient: str) -> list[dict[str, Any]]:
    """All pages of $everything: what belongs to the patient comes once, what it refers to with each page."""
    pages = client.pages(f"Patient/{patient}/$everything?_count=20")
    assert len(pages) > 1
    entries = [entry for page in pages for entry in json.loads(page.body)["entry"]]
    own = [entry["fullUrl"] for entry in entries if entry["search"]["mode"] == "match"]
    assert len(own) == len(set(own))
    return list({entry["fullUrl"]: entry["resource"] for entry in entries}.values())


def references(value: Any) -> list[str]:
    """Every reference in a resource."""
    if isinstance(value, list):
        return [name for each in value for name in references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if isinstance(value.get("reference"), str) else []
    return own + [name for each in value.values() for name in references(each)]


def files(directory: Path) -> list[Path]:
    found = [directory / f"patient-{number}.json" for number in range(len(bundles()))]
    for file, text in zip(found, bundles(), strict=True):
        file.write_bytes(text)
    return found


def with_bad(member: Callable[[dict[str, Any]], None], at: int = -1) -> bytes:
    """The first bundle with something wrong in one entry."""
    bundle = json.loads(bundles()[0])
    member(bundle["entry"][at])
    return json.dumps(bundle).encode()


def unknown_member(entry: dict[str, Any]) -> None:
    entry["resource"]["favouriteColour"] = "blue"


def dangling_reference(entry: dict[str, Any]) -> None:
    entry["resource"]["subject"] = {"reference": "Patient/nobody"}


def unknown_name(entry: dict[str, Any]) -> None:
    entry["resource"]["subject"] = {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}


def unknown_type(entry: dict[str, Any]) -> None:
    entry["request"]["url"] = "Starship"


BAD = [unknown_member, dangling_reference, unknown_name, unknown_type]


def test_given_ten_patients_when_each_is_posted_as_a_transaction_then_everything_of_each_is_there(
    client: Client, store: Store
) -> None:
    for text in bundles():
        answer = client.post("/fhir", text)
        assert answer.status == 200, answer.body
        done = json.loads(answer.body)
        assert [entry["response"]["status"][:3] for entry in done["entry"]] == ["201"] * len(resources(text))
        patient = done["entry"][0]["response"]["location"].split("Patient/")[1].partition("/")[0]
        found = everything(client, patient)
        assert Counter(map(plain, found)) == Counter(map(plain, resources(text)))
        assert [name for resource in found for name in references(resource) if name.startswith("urn:")] == []
    assert counted(store) == sent()
    assert is_clean(store)


def test_given_ten_files_when_they_are_loaded_twice_then_the_second_time_changes_nothing(store: Store, tmp_path: Path) -> None:
    for file in files(tmp_path):
        first = load(store, ADMIN, file)
        assert (first.written, first.unchanged, first.refused) == (len(resources(file.read_bytes())), 0, [])
    assert counted(store) == sent()
    for file in files(tmp_path):
        again = load(store, ADMIN, file)
        assert (again.written, again.unchanged, again.refused) == (0, len(resources(file.read_bytes())), [])
    assert counted(store) == sent()
    with store.snapshot(ADMIN, audited=False) as reads:
        assert len(reads.history(count=1000).entries) == sum(sent().values())
    assert is_clean(store)


@pytest.mark.parametrize("bad", BAD)
def test_given_one_bad_entry_when_a_transaction_is_posted_then_nothing_of_it_is_there(
    client: Client, store: Store, bad: Callable[[dict[str, Any]], None]
) -> None:
    refused = client.post("/fhir", with_bad(bad))
    last = len(resources(bundles()[0])) - 1
    assert 400 <= refused.status < 500
    assert f"Bundle.entry[{last}]" in refused.json["issue"][0]["expression"][0]
    assert counted(store) == {}
    assert is_clean(store)
    assert client.post("/fhir", bundles()[0]).status == 200


@pytest.mark.parametrize("bad", BAD)
def test_given_one_bad_entry_when_a_file_is_loaded_then_nothing_of_it_is_there_and_the_entry_is_named(
    store: Store, tmp_path: Path, bad: Callable[[dict[str, Any]], None]
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(with_bad(bad, at=7))
    done = load(store, ADMIN, file)
    assert [number for number, _ in done.refused] == [8] and done.written == 0
    assert counted(store) == {}
    file.write_bytes(bundles()[0])
    assert load(store, ADMIN, file).refused == []


def test_given_ten_files_and_a_bad_one_when_an_operator_loads_them_then_all_but_that_one_are_there(
    store_url: str, tmp_path: Path
) -> None:
    data, url = (tmp_path, "") if store_url.startswith("sqlite") else (tmp_path / "data", store_url)
    (tmp_path / "bad.json").write_bytes(with_bad(unknown_member))
    (tmp_path / "cut.json").write_bytes(bundles()[0][:500])
    names = [str(tmp_path / "bad.json"), str(tmp_path / "cut.json"), *map(str, files(tmp_path))]
    done = doorstep("load", *names, data=data, url=url, check=False)
    assert done.returncode == 1, done.stderr
    last = len(resources(bundles()[0]))
    assert f"bad.json:{last}: " in done.stderr and "cut.json:1: " in done.stderr
    assert doorstep("check", "--strict", data=data, url=url).returncode == 0
    store = stores.open(store_url)
    try:
        assert counted(store) == sent()
    finally:
        store.close()
    assert doorstep("load", *names[2:], data=data, url=url).returncode == 0
    store = stores.open(store_url)
    try:
        assert counted(store) == sent()
    finally:
        store.close()
