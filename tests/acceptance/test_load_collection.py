"""Given a Bundle whose entries name each other, when it is loaded, then the names are references and all else is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.kernel import exact
from doorstep.kernel.check import check
from doorstep.kernel.load import Loaded, load
from doorstep.kernel.refs import part_of_id
from doorstep.kernel.store import Store
from tests.conftest import ADMIN

PATIENT, OBSERVATION, REPORT = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(3))
KINDS = ("collection", "searchset", "document")


def bundle(directory: Path, *entries: str, kind: str = "collection") -> Path:
    file = directory / "bundle.json"
    file.write_text(f'{{"resourceType":"Bundle","type":"{kind}","entry":[{",".join(entries)}]}}', "utf-8")
    return file


def entry(name: str, resource: str) -> str:
    return f'{{"fullUrl":"{name}","resource":{resource}}}'


def three(directory: Path, kind: str = "collection") -> Path:
    """What refers stands before what is referred to; digits and blanks that must stay."""
    return bundle(
        directory,
        entry(REPORT, f'{{"resourceType":"DiagnosticReport","status":"final","code":{{"text":"x"}},'
                      f'"subject":{{"reference":"{PATIENT}"}},"result":[{{"reference":"{OBSERVATION}"}}],'
                      f'"text":{{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">'
                      f'<a href=\\"{PATIENT}\\">x</a></div>"}}}}'),
        entry(OBSERVATION, f'{{"resourceType" : "Observation","status":"final","code":{{"text":"{PATIENT}"}},'
                           f'"subject":{{"reference":"{PATIENT}"}},"valueQuantity":{{"value":72.50}}}}'),
        entry(PATIENT, '{"resourceType":"Patient","name":[{"family":"李"}]}'),
        kind=kind,
    )  # fmt: skip


def loaded(store: Store, file: Path) -> Loaded:
    return load(store, ADMIN, file, processes=1)


def texts(store: Store) -> dict[str, str]:
    """Type -> text."""
    return {exact.decode(body)["resourceType"]: body for (body,) in store.engine.once("SELECT body FROM resource")}


@pytest.mark.parametrize("kind", KINDS)
def test_given_names_of_entries_when_a_bundle_is_loaded_then_they_are_references_in_the_residents_part(
    store: Store, tmp_path: Path, kind: str
) -> None:
    assert (loaded(store, three(tmp_path, kind)).written, loaded(store, three(tmp_path, kind)).unchanged) == (3, 3)
    found = texts(store)
    ids = {name: exact.decode(text)["id"] for name, text in found.items()}
    report = exact.decode(found["DiagnosticReport"])
    assert report["subject"] == {"reference": f"Patient/{ids['Patient']}"}
    assert report["result"] == [{"reference": f"Observation/{ids['Observation']}"}]
    assert f'href=\\"Patient/{ids["Patient"]}\\"' in found["DiagnosticReport"]
    assert len({part_of_id(id_) for id_ in ids.values()}) == 1
    with store.snapshot(ADMIN) as reads:
        assert len(reads.page("Observation", [("subject", f"Patient/{ids['Patient']}")], strict=True).matches) == 1
    report = check(store.engine, now=store.clock.now())
    assert report.clean and report.dangling == []


def test_given_what_is_no_link_when_a_bundle_is_loaded_then_it_stays_exactly_as_it_was(store: Store, tmp_path: Path) -> None:
    loaded(store, three(tmp_path))
    observation = texts(store)["Observation"]
    assert '"resourceType" : "Observation"' in observation
    assert f'"code":{{"text":"{PATIENT}"}}' in observation
    assert '"value":72.50' in observation


def test_given_a_canonical_resource_under_its_own_address_when_it_is_loaded_then_its_url_stays(
    store: Store, tmp_path: Path
) -> None:
    url = "http://example.org/fhir/ValueSet/few"
    value_set = f'{{"resourceType":"ValueSet","id":"few","url":"{url}","status":"active"}}'
    loaded(store, bundle(tmp_path, entry(url, value_set), entry(PATIENT, '{"resourceType":"Patient"}')))
    assert f'"url":"{url}"' in texts(store)["ValueSet"]


def test_given_a_name_that_no_entry_has_when_a_bundle_is_loaded_then_it_stays_and_check_lists_it(
    store: Store, tmp_path: Path
) -> None:
    loaded(store, bundle(tmp_path, entry(REPORT, f'{{"resourceType":"Basic","id":"b","code":{{"text":"x"}},'
                                                 f'"subject":{{"reference":"{PATIENT}"}}}}')))  # fmt: skip
    assert PATIENT in texts(store)["Basic"]
    assert check(store.engine, now=store.clock.now()).dangling == [f"Basic/b Basic.subject -> {PATIENT}"]


def test_given_entries_with_ids_when_others_name_them_then_the_ids_are_kept(store: Store, tmp_path: Path) -> None:
    loaded(store, bundle(
        tmp_path,
        entry(PATIENT, '{"resourceType":"Patient","id":"p1"}'),
        entry("urn:oid:1.2.3", '{"resourceType":"Organization","id":"o1","name":"x"}'),
        entry("", f'{{"resourceType":"Basic","code":{{"text":"x"}},"subject":{{"reference":"{PATIENT}"}},'
                  '"author":{"reference":"urn:oid:1.2.3"}}'),
    ))  # fmt: skip
    basic = exact.decode(texts(store)["Basic"])
    assert (basic["subject"], basic["author"]) == ({"reference": "Patient/p1"}, {"reference": "Organization/o1"})


@pytest.mark.parametrize("wrong", ['{"resourceType":"Shoe"}', '{"resourceType":"Patient","id":"a/b"}', '"x"', "[1]"])
def test_given_a_wrong_entry_that_has_a_name_when_a_bundle_is_loaded_then_it_is_numbered_and_the_rest_is_there(
    store: Store, tmp_path: Path, wrong: str
) -> None:
    result = loaded(store, bundle(tmp_path, entry(PATIENT, wrong), entry(REPORT, '{"resourceType":"Patient","id":"ok"}')))
    assert ([number for number, _ in result.refused], result.written) == ([1], 1)


@pytest.mark.parametrize("wrong", ['{"entry":{}}', '{"entry":[1]}', '{"entry":[{"fullUrl":1,"resource":{}}]}'])
def test_given_entries_that_are_none_when_a_bundle_is_loaded_then_it_is_refused(
    store: Store, tmp_path: Path, wrong: str
) -> None:
    file = tmp_path / "bundle.json"
    file.write_text('{"resourceType":"Bundle","type":"collection",' + wrong[1:], "utf-8")
    result = loaded(store, file)
    assert [(number, refusal.key) for number, refusal in result.refused] == [(1, "bundle.bad-entry")]
