"""History: R4 3.1.0.9."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient


def lived(client: Client) -> None:
    client.put("Patient/a", patient(id="a", active=True))
    client.patch("Patient/a", [{"op": "replace", "path": "/active", "value": False}])
    client.delete("Patient/a")


def test_given_a_life_when_its_history_is_read_then_every_version_newest_first(client: Client) -> None:
    lived(client)
    told = client.get("Patient/a/_history")
    assert (told.status, told.json["type"], told.json["total"]) == (200, "history", 3)
    assert [(each["request"], each["response"]["status"][:3], each["response"]["etag"]) for each in told.entries] == [
        ({"method": "DELETE", "url": "Patient/a"}, "204", 'W/"3"'),
        ({"method": "PATCH", "url": "Patient/a"}, "200", 'W/"2"'),
        ({"method": "PUT", "url": "Patient/a"}, "201", 'W/"1"'),
    ]
    assert [each.get("resource", {}).get("active") for each in told.entries] == [None, False, True]
    assert told.entries[0]["fullUrl"] == f"http://{HOST}/fhir/Patient/a"


def test_given_a_created_resource_when_its_history_is_read_then_the_request_was_a_post(client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    assert client.get(f"Patient/{id_}/_history").entries[0]["request"] == {"method": "POST", "url": "Patient"}


def test_given_many_changes_when_paged_then_each_version_comes_once(client: Client) -> None:
    for number in range(7):
        client.put("Patient/a", patient(id="a", multipleBirthInteger=number))
    first = client.get("Patient/a/_history?_count=3")
    client.put("Patient/a", patient(id="a", multipleBirthInteger=99))
    rest = client.pages(str(first.link("next")).removeprefix(f"http://{HOST}"))
    numbers = [each["resource"]["multipleBirthInteger"] for page in (first, *rest) for each in page.entries]
    assert numbers == [6, 5, 4, 3, 2, 1, 0]


def test_given_types_when_their_histories_are_read_then_each_holds_its_own(client: Client) -> None:
    lived(client)
    client.put("Patient/b", patient(id="b"))
    client.post("Observation", observation("Patient/b"))
    assert len(client.get("Patient/_history").entries) == 4
    assert len(client.get("Observation/_history").entries) == 1
    assert len(client.get("_history").entries) == 5
    assert [len(page.entries) for page in client.pages("_history?_count=2")] == [2, 2, 1]


def test_given_moments_when_asked_then_what_came_since_and_what_stood_at(client: Client) -> None:
    first = client.put("Patient/a", patient(id="a", active=True)).json["meta"]["lastUpdated"]
    second = client.put("Patient/a", patient(id="a", active=False)).json["meta"]["lastUpdated"]
    since = client.get(f"Patient/a/_history?_since={quote(second)}")
    assert [each["resource"]["active"] for each in since.entries] == [False]
    assert [each["resource"]["active"] for each in client.get(f"Patient/a/_history?_at={quote(first)}").entries] == [True]
    assert [each["resource"]["active"] for each in client.get(f"_history?_at={quote(second)}").entries] == [False]
    assert len(client.get(f"Patient/a/_history?_since={second}").entries) == 1, "an unescaped + is forgiven"
    assert client.get("Patient/a/_history?_since=2000-01-01").json["entry"]


@pytest.mark.parametrize(("query", "key"), [
    ("_since=yesterday", "rest.bad-moment"), ("_at=2020-13-01", "rest.bad-moment"), ("_at=2020", "rest.at-too-wide"),
    ("_since=2020&_at=2020-01-01T00:00:00Z", "rest.since-and-at"), ("_count=x", "rest.not-a-number"),
    ("_count=-1", "rest.not-a-number"), ("_cursor=x", "read.bad-cursor"), ("_cursor=1~1~1~x~99999999999999999999", "read.bad-cursor"),
    ("name=x", "rest.unknown-parameter"), ("_since=2020&_since=2021", "rest.parameter-repeated"), ("_summary=x", "rest.bad-summary"),
])
def test_given_a_bad_question_when_asked_then_the_parameter_is_named(shared: Client, query: str, key: str) -> None:
    shared.put("Patient/a", patient(id="a"))
    answer = shared.get(f"Patient/a/_history?{query}")
    assert (answer.status, answer.key) == (400, key)


def test_given_counts_when_asked_then_bounded_and_zero_tells_the_total_only(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    assert len(client.get("Patient/a/_history?_count=1000000000").entries) == 1
    none = client.get("Patient/a/_history?_count=0")
    assert (none.entries, none.json["total"], none.link("next")) == ([], 1, None)
    assert client.get("Patient/a/_history?_summary=count").entries == []


def test_given_nothing_when_its_history_is_read_then_404(client: Client) -> None:
    assert client.get("Patient/nobody/_history").status == 404
    assert client.get("Planet/_history").status == 404
    assert client.get("Patient/_history").entries == []
