"""Who may call what, and that every look is written down."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest.routes import ROUTES, Route, Rule
from tests.rest.client import Client
from tests.rest.conftest import observation, patient

PUBLIC = {("GET", "metadata"), ("GET", "openapi.json"), ("GET", ".well-known/smart-configuration")}
FILLED = {"{type}": "Observation", "{id}": "1", "{vid}": "1"}


def target(route: Route) -> str:
    """An address of a route."""
    owner = "Patient" if route.code in ("search-compartment", "$everything") else next(iter(route.types), "Observation")
    first, rest = route.shape.replace("{type}", owner, 1), FILLED
    for name, value in rest.items():
        first = first.replace(name, value)
    return first


def test_every_route_has_a_rule_and_only_these_are_public() -> None:
    assert {(route.method, route.shape) for route in ROUTES if route.rule is Rule.PUBLIC} == PUBLIC
    assert all(route.rule in Rule for route in ROUTES)
    assert len({(route.method, route.shape, route.types) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.shape} {route.code}")
def test_given_nobody_when_a_route_is_called_then_401_unless_it_is_public(nobody: Client, route: Route) -> None:
    body = None if route.method in ("GET", "DELETE") else {}
    answer = nobody(route.method, target(route), body)
    if route.rule is Rule.PUBLIC:
        assert answer.status == 200
    else:
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="fhir"')
        assert answer.json["issue"][0]["code"] == "login"


@pytest.mark.parametrize("path", ["nothing", "Planet/1", "Patient/1/$fly", "_search/x", "$export"])
def test_given_nobody_when_an_address_does_not_exist_then_401_too(nobody: Client, path: str) -> None:
    assert nobody.get(path).status == 401


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic YTpi", "Bearer", "bearer  ", "Bearer " + "x" * 9000, "Bearer 张", "x"])
def test_given_a_wrong_token_when_asked_then_401_says_invalid(nobody: Client, header: str) -> None:
    answer = nobody.get("Patient", authorization=header)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="fhir", error="invalid_token"')


def test_given_a_token_when_revoked_then_the_next_request_is_refused(store: Store, client: Client) -> None:
    assert client.get("Patient").status == 200
    store.revoke("admin")
    assert client.get("Patient").status == 401


def audit(store: Store) -> list[dict[str, Any]]:
    """All audit rows, sealed or not."""
    columns = "action, type, refs, resident, query, outcome, account, address, request"
    found = store.engine.once(f"SELECT {columns} FROM audit ORDER BY at, id")
    return [dict(zip(columns.split(", "), row, strict=True)) for row in found]


def test_given_each_way_of_looking_when_answered_then_an_audit_row_names_what_was_shown(store: Store, client: Client) -> None:
    id_ = client.post("Patient", patient()).json["id"]
    seen = client.post("Observation", observation(f"Patient/{id_}")).json["id"]
    before = len(audit(store))
    for path in (f"Patient/{id_}", f"Observation/{seen}", f"Observation/{seen}/_history/1", "Observation?code=8867-4",
                 f"Patient/{id_}/_history", f"Patient/{id_}/Observation", f"Patient/{id_}/$everything",
                 f"Patient/{id_}/$meta"):
        assert client.get(path, x_request_id="r1").status == 200, path
    rows = audit(store)[before:]
    assert [row["action"] for row in rows] == [
        "read", "read", "vread", "search-type", "history-instance", "search-type", "$everything", "$meta"]
    assert {row["resident"] for row in rows} == {id_}
    assert {(row["account"], row["address"], row["request"], row["outcome"]) for row in rows} == {("admin", "127.0.0.1", "r1", 200)}
    assert rows[1]["refs"] == f"Observation/{seen}/_history/1"
    assert rows[3]["refs"] == f"Observation/{seen}"
    assert rows[3]["query"] == "code=8867-4"


def test_given_a_write_when_done_then_its_audit_row_came_with_it(store: Store, client: Client) -> None:
    id_ = client.post("Patient", patient(), x_request_id="w1").json["id"]
    client.put(f"Patient/{id_}", patient(id=id_))
    client.patch(f"Patient/{id_}", [{"op": "add", "path": "/active", "value": True}])
    client.delete(f"Patient/{id_}")
    rows = [row for row in audit(store) if row["action"] != "read"]
    assert [(row["action"], row["resident"]) for row in rows] == [
        ("create", id_), ("update", id_), ("patch", id_), ("delete", id_)]
    assert rows[0]["request"] == "w1"


def test_given_a_refused_look_when_answered_then_that_is_written_down_too(store: Store, client: Client) -> None:
    stranger = Client(client.app, store.issue_token(
        "stranger", Actor("Practitioner/x", "doctor", "Organization/elsewhere", account="stranger"), ttl=60))
    id_ = client.post("Patient", patient()).json["id"]
    assert stranger.get(f"Patient/{id_}").status == 404
    last = audit(store)[-1]
    assert (last["account"], last["refs"], last["outcome"]) == ("stranger", f"Patient/{id_}", 404)
