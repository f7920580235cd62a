"""Given a place for data, when the demo is prepared, then it is made once, and never into somebody else's record."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from doorstep import demo
from doorstep.demo.opening import day_of, fill
from doorstep.demo.people import data
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict
from doorstep.kernel.store import Store
from doorstep.workflows import queue
from tests.district import DESK, DOCTOR, TECHNICIAN


def test_it_is_prepared_once(tmp_path: Path) -> None:
    passwords = demo.prepare(tmp_path, residents=8)
    assert demo.prepare(tmp_path, residents=8) == passwords
    assert len(set(passwords.values())) == len(passwords)
    assert passwords.keys() == {row["id"] for row in data("district")["staff"]} | {"lijianguo", "lifang"}
    assert (tmp_path / "demo-accounts.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "demo-accounts.json").read_text()) == passwords
    store = stores.open(f"sqlite:///{tmp_path}")
    with store.snapshot(SYSTEM) as reads:
        assert len(reads.search("Patient", [])) == 8
    store.close()


def test_a_record_that_is_not_a_demo_is_left_alone(store: Store) -> None:
    store.run(SYSTEM, lambda tx: tx.create({"resourceType": "Organization", "name": "Somebody's"}))
    with pytest.raises(Conflict) as refused:
        fill(store, residents=8, today=date(2026, 11, 1))
    assert refused.value.key == "demo.not-a-demo"
    with store.snapshot(SYSTEM) as reads:
        assert len(reads.search("Organization", [])) == 1


def test_it_opens_with_work_under_way_in_every_list(store: Store) -> None:
    fill(store, residents=8, today=date(2026, 11, 1))
    assert day_of(store) == date(2026, 11, 1)
    waiting = {}
    for reader in (TECHNICIAN, DESK):
        with store.snapshot(reader) as reads:
            waiting[reader.role] = len(reads.search("Task", [("owner", reader.organization)]))
    assert waiting == {"technician": 8, "nurse": 6}
    with store.snapshot(DOCTOR) as reads:
        assert len(reads.search("Encounter", [("service-provider", DOCTOR.organization), ("status", "in-progress")])) == 3


def test_what_is_under_way_was_done_by_the_people_of_the_district(store: Store) -> None:
    fill(store, residents=8, today=date(2026, 11, 1))
    with store.snapshot(SYSTEM) as reads:
        acts = reads.search("Provenance", [])
    assert {each["agent"][0]["who"]["reference"].partition("/")[0] for each in acts} == {"Practitioner", "Device"}
    devices = {each["agent"][0]["onBehalfOf"]["reference"] for each in acts if "Device/" in each["agent"][0]["who"]["reference"]}
    assert devices == {"Organization/zhuxi", "Organization/hospital", "Organization/laboratory"}  # their modalities, its system
    assert "Organization/doorstep" not in {each["agent"][0]["onBehalfOf"]["reference"] for each in acts}


def test_in_the_wide_district_people_wait_at_a_clinic_and_a_pair_is_asked_about(store: Store) -> None:
    fill(store, residents=21, today=date(2026, 11, 1), wide=True)
    with store.snapshot(SYSTEM) as reads:
        line = queue.tickets(reads, institution="Organization/shiqiao")
        asked = reads.search("Task", [("code", "duplicate")])
        booked = reads.search("Appointment", [("status", "booked")])
    assert sorted(each.state for each in line) == ["called", "called", *["waiting"] * 5]
    assert (len(asked), len(booked)) == (1, 3)
