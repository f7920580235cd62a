"""Given the floor beside which writes are measured, when it does a request, then it writes the rows that the record writes."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bench import data, floor, floor_plan
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.conftest import ADMIN
from tests.rest.client import Client

RESIDENT = data.Resident(7)
BODIES = {"create": data.new_observation(RESIDENT, 3), "bundle": data.transaction(RESIDENT, 4)}
"""Of the benchmark itself: one resource, and a transaction whose resources refer to each other."""


@pytest.fixture
def client(store: Store) -> Client:
    """Of a record in which those are to whom the bodies refer."""
    client = Client(make_app(store), store.issue_token("admin", ADMIN, ttl=3600))
    patient = next(RESIDENT.texts(observations=0))
    for text in (*data.directory(), patient):
        found = json.loads(text)
        assert client.put(f"/fhir/{found['resourceType']}/{found['id']}", found).status == 201
    return client


_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def rows(store: Store, engine: str) -> Counter[str]:
    """Rows of every table."""
    names = [name for (name,) in store.engine.once(_TABLES[engine])]
    return Counter({name: store.engine.once(f"SELECT count(*) FROM {name}")[0][0] for name in names})


@pytest.mark.parametrize("kind", BODIES)
def test_the_floor_writes_as_many_rows_into_each_table_as_the_record(
    store: Store, store_url: str, client: Client, kind: str
) -> None:
    # Given
    engine = store_url.partition(":")[0]
    before = rows(store, engine)
    body = json.loads(BODIES[kind])
    answer = client.post("/fhir/Observation" if kind == "create" else "/fhir", body)
    assert answer.status in (200, 201), answer.body
    written = rows(store, engine) - before
    stored = [BODIES[kind]] if kind == "create" else floor_plan.plain(BODIES[kind])
    plan = floor_plan.planned(store, store_url, searches=[], writes={kind: [stored]})

    # When
    base = floor.opened(plan)
    base.commit(floor.Rowing(plan).write(kind, 0), ())
    base.close()

    # Then
    assert written["resource"] == written["audit"] == (1 if kind == "create" else 4)
    assert rows(store, engine) - before - written == written
