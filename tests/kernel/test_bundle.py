"""Transactions as a command of the record: on bytes, and harmless to run again."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel import bundle, exact
from doorstep.kernel.errors import BrokenReference, Invalid
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

ZHANG = "urn:uuid:00000000-0000-4000-8000-000000000001"
PATIENT = {"resourceType": "Patient", "name": [{"family": "张"}]}
SEEN: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": ZHANG}}


def transaction(*entries: tuple[str, str, dict[str, Any] | None, str]) -> bytes:
    made = [{"request": {"method": method, "url": url}, **({"resource": resource} if resource else {}), **({"fullUrl": name} if name else {})}
            for method, url, resource, name in entries]
    return exact.encode({"resourceType": "Bundle", "type": "transaction", "entry": made})


def test_given_bytes_when_run_as_a_command_then_each_entry_is_answered_in_order(store: Store, admin: Actor) -> None:
    raw = transaction(("POST", "Observation", SEEN, ""), ("GET", "Patient", None, ""), ("POST", "Patient", PATIENT, ZHANG))
    done = store.run(admin, bundle.transaction, raw)
    assert [(result.index, result.status) for result in done] == [(0, 201), (2, 201)]
    seen, person = (result.stored for result in done)
    assert seen is not None
    assert person is not None
    with store.snapshot(admin) as snapshot:
        assert snapshot.read("Observation", seen.id)["subject"] == {"reference": f"Patient/{person.id}"}
    assert seen.part == person.part


def test_given_a_plan_when_run_again_after_a_lost_race_then_nothing_of_the_first_run_is_left(store: Store, admin: Actor) -> None:
    raw = transaction(("POST", "Observation", SEEN, ""), ("POST", "Patient", PATIENT, ZHANG))
    plan = bundle.read(exact.decode(raw), raw)
    with pytest.raises(ZeroDivisionError), store.transaction(admin) as tx:
        bundle.transaction(tx, plan)
        raise ZeroDivisionError
    done = store.run(admin, bundle.transaction, plan)
    with store.snapshot(admin) as snapshot:
        assert len(snapshot.search("Observation", "")) == len(snapshot.search("Patient", "")) == 1
        assert all(snapshot.exists(result.stored.type, result.stored.id) for result in done if result.stored)


def test_given_a_reference_that_breaks_at_the_commit_when_run_then_its_entry_is_found(store: Store, admin: Actor) -> None:
    raw = transaction(("POST", "Patient", PATIENT, ""), ("POST", "Observation", {**SEEN, "subject": {"reference": "Patient/gone"}}, ""))
    plan = bundle.read(exact.decode(raw), raw)
    with pytest.raises(BrokenReference) as refused:
        store.run(admin, bundle.transaction, plan)
    assert bundle.locate(plan, refused.value).elements == ("Bundle.entry[1].resource.subject",)


def test_given_the_same_name_twice_when_run_then_both_entries_are_named(store: Store, admin: Actor) -> None:
    raw = transaction(("POST", "Patient", PATIENT, ZHANG), ("POST", "Patient", PATIENT, ZHANG))
    with pytest.raises(Invalid) as refused:
        store.run(admin, bundle.transaction, raw)
    assert refused.value.elements == ("Bundle.entry[1]",)
    assert refused.value.params["other"] == "Bundle.entry[0]"
