"""Given what somebody may not see, deleted or named by what is theirs, when they ask, then it is as if it had never been.

Beside the walk over every road (test_every_road.py): what has gone, what hangs on one's own entries, and every sentence
of a refusal. Two questions, one about what is there and one about what never was, must have one answer.
"""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import read
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from tests.district import DOCTOR, STRANGER
from tests.security.test_every_road import (
    NUMBER,
    OWNER,
    PATCH,
    WORD,
    Target,
    absent,
    client_of,
    note,
    planted,
    shown,
)

OURS = Actor("Device/doorstep", "administrator", STRANGER.organization, "HOPERAT", "ours")


@pytest.fixture
def there(district: Store) -> Target:
    """What another institution keeps; its Condition and its Communication are deleted."""
    target = planted(district)
    for name in ("Condition", "Communication"):
        district.run(OWNER, lambda tx, name=name: tx.delete(name, target[name]))
    return target


def own(store: Store, about: str) -> str:
    """An entry of one's own institution whose references lead to ``about``; written by the record itself."""
    return store.run(OURS, lambda tx: tx.create({
        "resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": about}, "identifier": [{"value": "ours"}]})).id


def asks(x: Target) -> list[tuple[str, str, Any, dict[str, str]]]:
    refer = {"op": "add", "path": "/basedOn", "value": [{"reference": f"ServiceRequest/{x['Basic']}"}]}
    focus = [{"reference": x.at("Condition")}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": method, "url": x.at("Condition")}} for method in ("GET", "DELETE")]}
    found: list[tuple[str, str, Any, dict[str, str]]] = []
    for name in ("Condition", "Communication", "Observation"):
        at = x.at(name)
        found += [("GET", each, None, {}) for each in (at, f"{at}/_history", f"{at}/_history/1", f"{at}/_history/2", f"{at}/_history/9", f"{at}/$meta")]
        found += [("GET", at, None, {"if_none_match": 'W/"1"'}), ("GET", at, None, {"if_none_match": "*"}),
                  ("GET", at, None, {"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"}), ("HEAD", at, None, {}),
                  ("DELETE", at, None, {}), ("DELETE", at, None, {"if_match": 'W/"1"'}), ("DELETE", at, None, {"if_match": 'W/"99"'}),
                  ("PATCH", at, [refer], PATCH), ("PATCH", at, [refer], {**PATCH, "if_match": 'W/"1"'}),
                  ("GET", f"{name}?_id={x[name]}&_summary=count", None, {}), ("GET", f"{name}?_id={x[name]}&_elements=id", None, {})]
    return [
        *found, ("POST", "", bundle, {}),
        ("POST", "Observation/$validate", note(x, focus=focus), {}), ("POST", "Observation/$validate", note(x, encounter={"reference": x.at("Encounter")}), {}),
        ("POST", "Observation", note(x, focus=focus), {}), ("POST", "Observation", note(x), {"if_none_exist": f"identifier={x.number}"}),
        ("POST", "Communication", {"resourceType": "Communication", "status": "completed", "about": focus}, {}),
        ("POST", "Communication", {"resourceType": "Communication", "status": "completed", "about": [{"reference": f"{x.at('Observation')}/_history/1"}]}, {}),
        ("PUT", f"Communication?identifier={x.number}", {"resourceType": "Communication", "status": "completed"}, {}),
        ("PATCH", f"Communication?identifier={x.number}", [{"op": "remove", "path": "/status"}], PATCH),
        ("DELETE", f"Observation?identifier={x.number}", None, {}), ("GET", f"Patient/{x['Patient']}/Condition", None, {}),
        ("GET", f"Provenance?target={x.at('Observation')}&_include=Provenance:target&_revinclude:iterate=Provenance:target", None, {}),
    ]  # fmt: skip


def different(store: Store, real: Target) -> list[str]:
    client, ghost = client_of(store, STRANGER), absent(real)
    found = []
    for (method, address, body, headers), other in zip(asks(real), asks(ghost), strict=True):
        got, never = client(method, address, body, **headers), client(other[0], other[1], other[2], **other[3])
        if shown(got, real) != shown(never, ghost) or got.status in (304, 410) or WORD in got.body.decode("utf-8", "replace"):
            found.append(f"{method} {address} {headers}: {got.status} {got.body.decode()[:200]} / {never.status} {never.body.decode()[:200]}")
    return found


def test_what_has_gone_and_what_is_refused_tell_nothing(district: Store, there: Target) -> None:
    assert different(district, there) == []
    doctor = client_of(district, DOCTOR)
    assert doctor.get(there.at("Condition")).status == 410, "whoever may see it is told that it was deleted: control"
    assert doctor.get(there.at("Observation"), if_none_match='W/"2"').status == 304


def test_what_ones_own_entry_leads_to_is_not_included(district: Store, there: Target) -> None:
    id_, client = own(district, there.at("Patient")), client_of(district, STRANGER)
    answer = client.get(f"Basic?_id={id_}&_include=*&_include:iterate=Basic:subject")
    assert answer.ids == [id_]
    assert [entry["resource"]["resourceType"] for entry in answer.entries] == ["Basic"]
    for query in (f"subject:Patient.name={WORD}", f"subject:Patient.identifier={NUMBER}", f"subject.family={WORD}"):
        assert client.get(f"Basic?_id={id_}&{query}&_total=accurate").json["total"] == 0, query
    assert client.get(f"Basic/{id_}").status == 200
    assert WORD not in client.get(f"Basic/{id_}/_history").body.decode()


def test_the_trial_sees_a_record_that_says_what_has_gone(district: Store, there: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(district.engine, "_locked", None, raising=False)  # PostgreSQL's second lock would hold it back
    monkeypatch.setattr(read, "scoped", lambda alias, actor: ("1=1", []))
    assert any("410" in each for each in different(district, there))
