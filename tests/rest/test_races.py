"""Twenty clients at once: conditions and versions hold (R4 3.1.0.5, 3.1.0.8.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.rest.client import Answer, Client
from tests.rest.conftest import patient

CLIENTS = 20
NUMBERED = {"identifier": [{"system": "http://doorstep.example/card", "value": "7"}]}
QUERY = "identifier=http://doorstep.example/card|7"


def at_once(ask: Callable[[int], Answer]) -> list[Answer]:
    """What each of the clients got when all began together."""
    start = Barrier(CLIENTS)

    def one(number: int) -> Answer:
        start.wait()
        return ask(number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(one, range(CLIENTS)))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_given_one_condition_when_twenty_create_then_one_does_and_all_get_the_same(client: Client) -> None:
    answers = at_once(lambda _: client.post("Patient", patient(**NUMBERED), if_none_exist=QUERY))
    assert statuses(answers) == {201: 1, 200: CLIENTS - 1}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(client.get(f"Patient?{QUERY}").ids) == 1


def test_given_one_condition_when_twenty_transactions_create_then_one_does(client: Client) -> None:
    def bundle(number: int) -> dict[str, Any]:
        return {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": "urn:uuid:1", "resource": patient(**NUMBERED), "request": {"method": "POST", "url": "Patient", "ifNoneExist": QUERY}},
            {"resource": {"resourceType": "Basic", "code": {"text": str(number)}, "subject": {"reference": "urn:uuid:1"}},
             "request": {"method": "POST", "url": "Basic"}},
        ]}

    answers = at_once(lambda number: client.post("", bundle(number)))
    assert statuses(answers) == {200: CLIENTS}
    assert Counter(answer.entries[0]["response"]["status"][:3] for answer in answers) == {"201": 1, "200": CLIENTS - 1}
    (person,) = client.get(f"Patient?{QUERY}").ids
    assert len(client.get(f"Basic?subject=Patient/{person}").ids) == CLIENTS


def test_given_one_version_when_twenty_update_it_then_one_does(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    answers = at_once(lambda number: client.put("Patient/a", patient(id="a", multipleBirthInteger=number), if_match='W/"1"'))
    assert statuses(answers) == {200: 1, 412: CLIENTS - 1}
    assert client.get("Patient/a").headers["etag"] == 'W/"2"'


def test_given_one_condition_when_twenty_update_then_one_creates_and_each_writes_a_version(client: Client) -> None:
    answers = at_once(lambda number: client.put(f"Patient?{QUERY}", patient(**NUMBERED, multipleBirthInteger=number)))
    assert statuses(answers) == {201: 1, 200: CLIENTS - 1}
    (person,) = client.get(f"Patient?{QUERY}").ids
    assert client.get(f"Patient/{person}/_history?_summary=count").json["total"] == CLIENTS


def test_given_patches_without_a_version_when_twenty_come_then_none_is_lost(client: Client) -> None:
    client.put("Patient/a", patient(id="a", identifier=[{"value": "start"}]))
    answers = at_once(lambda number: client.patch("Patient/a", [{"op": "add", "path": "/identifier/-", "value": {"value": str(number)}}]))
    assert statuses(answers) == {200: CLIENTS}
    assert {item["value"] for item in client.get("Patient/a").json["identifier"]} == {"start", *map(str, range(CLIENTS))}


def test_given_one_resource_when_twenty_delete_it_then_one_tombstone(client: Client) -> None:
    client.put("Patient/a", patient(id="a"))
    assert statuses(at_once(lambda _: client.delete("Patient/a"))) == {204: CLIENTS}
    assert client.get("Patient/a/_history").json["total"] == 2
