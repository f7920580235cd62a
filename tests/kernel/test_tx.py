"""Given commands on a record, when they commit, then what they promised holds, on both engines."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import exact
from doorstep.kernel import store as stores
from doorstep.kernel import tx as tx_module
from doorstep.kernel.check import check
from doorstep.kernel.errors import (
    BadRequest,
    BrokenReference,
    Conflict,
    Gone,
    Invalid,
    MultipleMatches,
    NotFound,
    PreconditionFailed,
)  # fmt: skip
from doorstep.kernel.refs import Actor, Stored, part_of_id
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx

PATIENT = {"resourceType": "Patient", "name": [{"family": "李", "given": ["建国"]}]}


def patient(number: str = "1") -> dict[str, Any]:
    return {**PATIENT, "identifier": [{"system": "urn:test", "value": number}]}


def about(subject: Stored | str, value: str = "5.40") -> dict[str, Any]:
    reference = subject if isinstance(subject, str) else str(subject.ref)
    return exact.decode(
        f'{{"resourceType":"Observation","status":"final","code":{{"text":"K"}},"subject":{{"reference":"{reference}"}},'
        f'"valueQuantity":{{"value":{value}}}}}'
    )


def create(store: Store, actor: Actor, resource: dict[str, Any], raw: bytes | None = None) -> Stored:
    return store.run(actor, lambda tx: tx.create(resource, raw=raw))


def test_digits_order_and_unknown_white_space_come_back(store: Store, admin: Actor) -> None:
    raw = (
        '{"status":"final", "resourceType":"Observation","code":{"text":"𠮷"},"valueQuantity":{"value":5.40}}'.encode()
    )
    made = create(store, admin, exact.decode(raw), raw)
    text = store.read_once(admin, "Observation", made.id).body.decode()
    assert '"value":5.40' in text and "𠮷" in text
    assert [k for k in exact.decode(text) if k not in ("id", "meta")] == [
        "status",
        "resourceType",
        "code",
        "valueQuantity",
    ]


def test_what_is_about_a_resident_lives_in_the_residents_part(store: Store, admin: Actor) -> None:
    resident = create(store, admin, patient())
    seen = create(store, admin, about(resident))
    assert seen.part == resident.part == part_of_id(seen.id) != 0


def test_two_records_of_one_process_each_know_where_their_own_ids_live(
    store: Store, admin: Actor, tmp_path: Path
) -> None:
    """Given one client's id about another resident in each record; then each record finds its own."""
    with closing(stores.open(f"sqlite:///{tmp_path / 'other'}")) as other:
        for record, number in ((store, "1"), (other, "2")):
            resident = record.run(admin, lambda tx, number=number: tx.create(patient(number)))
            named = {**about(resident), "id": f"k-{tmp_path.name[:40].replace('_', '-')}"}
            record.run(admin, lambda tx, named=named: tx.update(named))
            with record.snapshot(admin) as reads:
                assert reads.read("Observation", named["id"])["subject"]["reference"] == str(resident.ref)


def test_two_new_resources_may_refer_to_each_other_in_one_transaction(store: Store, admin: Actor) -> None:
    def both(tx: Tx) -> tuple[Stored, Stored]:
        resident = tx.create(patient())
        return resident, tx.create(about(resident))

    resident, observation = store.run(admin, both)
    with store.snapshot(admin) as snap:
        assert snap.read("Observation", observation.id)["subject"]["reference"] == f"Patient/{resident.id}"


@pytest.mark.parametrize("target", ["Patient/nobody", "Patient/d123-000000000000000000"])
def test_a_reference_to_nothing_is_refused_and_named(store: Store, admin: Actor, target: str) -> None:
    with pytest.raises(BrokenReference) as refused:
        create(store, admin, about(target))
    assert refused.value.elements == ("Observation.subject",) or "subject" in refused.value.elements[0]
    assert store.engine.once("SELECT count(*) FROM resource") == [(0,)]


def test_a_failed_command_leaves_nothing(store: Store, admin: Actor) -> None:
    def half(tx: Tx) -> None:
        tx.create(patient())
        tx.claim("slot", "1", holder="x")
        raise Conflict("claims.taken", kind="slot", key="1")

    with pytest.raises(Conflict):
        store.run(admin, half)
    for table in ("resource", "claim", "audit"):
        assert store.engine.once(f"SELECT count(*) FROM {table}") == [(0,)]


def test_an_invalid_resource_is_refused_with_every_element_named(store: Store, admin: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        create(store, admin, {"resourceType": "Patient", "gender": "x", "nonsense": 1})
    assert {"Patient.gender", "Patient.nonsense"} <= set(refused.value.elements)


def test_versions_count_up_and_history_keeps_them(store: Store, admin: Actor) -> None:
    made = create(store, admin, patient())
    for gender in ("male", "female"):
        store.run(admin, lambda tx, g=gender: tx.update({**patient(), "id": made.id, "gender": g}))
    with store.snapshot(admin) as snap:
        page = snap.history("Patient", made.id)
        assert [entry.stored.version for entry in page.entries] == [3, 2, 1]
        assert [entry.method for entry in page.entries] == ["PUT", "PUT", "POST"]
        assert exact.decode(snap.vread("Patient", made.id, 2).body)["gender"] == "male"
        updated = [entry.stored.updated for entry in page.entries]
        assert updated == sorted(updated, reverse=True) and len(set(updated)) == 3


def test_if_match_of_twenty_writers_lets_one_through(store: Store, admin: Actor) -> None:
    made = create(store, admin, patient())

    def attempt(n: int) -> bool:
        try:
            store.run(admin, lambda tx: tx.update({**patient(), "id": made.id, "active": bool(n % 2)}, if_match=1))
            return True
        except PreconditionFailed:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(attempt, range(20))) == 1


def test_twenty_updates_without_if_match_all_land_one_after_another(store: Store, admin: Actor) -> None:
    made = create(store, admin, patient())
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda n: store.run(admin, lambda tx: tx.update({**patient(), "id": made.id})), range(20)))
    with store.snapshot(admin) as snap:
        assert snap.stored("Patient", made.id).version == 21
        assert [e.stored.version for e in snap.history("Patient", made.id).entries] == list(range(21, 0, -1))


def test_of_twenty_conditional_creates_one_creates(store: Store, admin: Actor) -> None:
    def attempt(_: int) -> tuple[str, bool]:
        made, created = store.run(admin, lambda tx: tx.create_if_none(patient("77"), "identifier=urn:test|77"))
        return made.id, created

    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(attempt, range(20)))
    assert sum(created for _, created in outcomes) == 1
    assert len({id_ for id_, _ in outcomes}) == 1


def test_control_without_the_guard_racing_creates_make_several(
    store: Store, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Tx.close

    def unguarded(self: Tx) -> Any:
        work = original(self)
        work.guards.clear()
        return work

    monkeypatch.setattr(tx_module.Tx, "close", unguarded)

    together = threading.Barrier(2)

    def command(tx: Tx) -> bool:
        created = tx.create_if_none(patient("78"), "identifier=urn:test|78")[1]
        together.wait(timeout=30)  # both have looked before either writes
        return created

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: store.run(admin, command), range(2))) == [True, True]
    assert store.engine.once("SELECT count(*) FROM resource") == [(2,)]


def test_a_conditional_create_after_a_delete_creates_again(store: Store, admin: Actor) -> None:
    query = "identifier=urn:test|79"
    made, _ = store.run(admin, lambda tx: tx.create_if_none(patient("79"), query))
    store.run(admin, lambda tx: tx.delete("Patient", made.id))
    again, created = store.run(admin, lambda tx: tx.create_if_none(patient("79"), query))
    assert created and again.id != made.id


def test_conditional_update_creates_updates_or_refuses(store: Store, admin: Actor) -> None:
    query = "identifier=urn:test|5"
    first, created = store.run(admin, lambda tx: tx.update_where("Patient", query, patient("5")))
    assert created
    second, created = store.run(admin, lambda tx: tx.update_where("Patient", query, {**patient("5"), "active": True}))
    assert not created and second.id == first.id and second.version == 2
    with pytest.raises(BadRequest):
        store.run(admin, lambda tx: tx.update_where("Patient", query, {**patient("5"), "id": "other"}))
    create(store, admin, patient("5"))
    with pytest.raises(MultipleMatches):
        store.run(admin, lambda tx: tx.update_where("Patient", query, patient("5")))
    with pytest.raises(PreconditionFailed):
        store.run(admin, lambda tx: tx.update_where("Patient", "", patient("5")))


def test_delete_leaves_a_tombstone_and_history(store: Store, admin: Actor) -> None:
    made = create(store, admin, patient())
    assert store.run(admin, lambda tx: tx.delete("Patient", made.id)) == 2
    with store.snapshot(admin) as snap:
        with pytest.raises(Gone):
            snap.read("Patient", made.id)
        assert exact.decode(snap.vread("Patient", made.id, 1).body)["name"] == PATIENT["name"]
        assert [e.method for e in snap.history("Patient", made.id).entries] == ["DELETE", "POST"]
        assert snap.search("Patient", "identifier=urn:test|1") == []
    assert store.run(admin, lambda tx: tx.delete("Patient", made.id)) is None
    revived, created = store.run(admin, lambda tx: tx.update({**patient(), "id": made.id}))
    assert created and revived.version == 3


def test_what_is_referred_to_cannot_be_deleted_alone(store: Store, admin: Actor) -> None:
    resident = create(store, admin, patient())
    observation = create(store, admin, about(resident))
    with pytest.raises(Conflict):
        store.run(admin, lambda tx: tx.delete("Patient", resident.id))

    def both(tx: Tx) -> None:
        tx.delete("Patient", resident.id)
        tx.delete("Observation", observation.id)

    store.run(admin, both)
    with store.snapshot(admin) as snap, pytest.raises(Gone):
        snap.read("Patient", resident.id)


def test_a_reference_and_a_deletion_at_once_never_leave_it_dangling(store: Store, admin: Actor) -> None:
    for _ in range(8):
        resident = create(store, admin, patient())

        def refer(target: Stored = resident) -> None:
            create(store, admin, about(target))

        def delete(target: Stored = resident) -> None:
            store.run(admin, lambda tx: tx.delete("Patient", target.id))

        with ThreadPoolExecutor(4) as threads:
            for future in [threads.submit(work) for work in (refer, delete, refer, delete)]:
                future.exception()
    assert check(store.engine, now=store.clock.now()).dangling == []


def test_delete_where_several_only_when_asked(store: Store, admin: Actor) -> None:
    for _ in range(3):
        create(store, admin, patient("9"))
    with pytest.raises(MultipleMatches):
        store.run(admin, lambda tx: tx.delete_where("Patient", "identifier=urn:test|9"))
    assert store.run(admin, lambda tx: tx.delete_where("Patient", "identifier=urn:test|9", many=True)) == 3


def test_patch_keeps_digits_and_identity(store: Store, admin: Actor) -> None:
    made = create(store, admin, {**about(create(store, admin, patient())), "status": "preliminary"})
    after = store.run(
        admin, lambda tx: tx.patch("Observation", made.id, [{"op": "replace", "path": "/status", "value": "final"}])
    )
    assert b'"value":5.40' in after.body and b'"status":"final"' in after.body and after.version == 2
    with pytest.raises(Invalid):
        store.run(admin, lambda tx: tx.patch("Observation", made.id, [{"op": "replace", "path": "/id", "value": "x"}]))


def test_a_clients_id_is_found_again_and_stays_where_it_is(store: Store, admin: Actor) -> None:
    resident, _ = store.run(admin, lambda tx: tx.update({**patient(), "id": "li.jianguo"}))
    observation, created = store.run(admin, lambda tx: tx.update({**about("Patient/li.jianguo"), "id": "k-1"}))
    assert created and observation.part == resident.part
    again, created = store.run(admin, lambda tx: tx.update({**about("Patient/li.jianguo"), "id": "k-1"}))
    assert not created and again.version == 2
    other = create(store, admin, patient("2"))
    moved, _ = store.run(admin, lambda tx: tx.update({**about(other), "id": "k-1"}))
    assert moved.part == resident.part
    with store.snapshot(admin) as snap:
        assert [r["id"] for r in snap.search("Observation", f"patient={other.id}")] == ["k-1"]
        assert snap.search("Observation", "patient=li.jianguo") == []


def test_an_id_of_our_shape_in_anothers_part_is_refused(store: Store, admin: Actor) -> None:
    resident = create(store, admin, patient())
    wrong = f"d{(resident.part % 4095) + 1:03x}-000000000000000000"
    with pytest.raises(Invalid):
        store.run(admin, lambda tx: tx.update({**about(resident), "id": wrong}))


def test_twenty_clients_choosing_one_new_id_make_one_resource(store: Store, admin: Actor) -> None:
    def attempt(n: int) -> bool:
        return store.run(admin, lambda tx: tx.update({"resourceType": "Basic", "id": "one", "code": {"text": str(n)}}))[
            1
        ]

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(attempt, range(20))) == 1
    assert store.engine.once("SELECT version FROM resource") == [(20,)]


def test_history_of_a_type_and_of_all_pages_without_gap_or_repeat(store: Store, admin: Actor) -> None:
    made = [create(store, admin, patient(str(n))) for n in range(7)]
    store.run(admin, lambda tx: tx.update({**patient("0"), "id": made[0].id}))
    for type_name in ("Patient", None):
        seen, cursor = [], None
        with store.snapshot(admin) as snap:
            while True:
                page = snap.history(type_name, count=3, cursor=cursor)
                seen += [(e.stored.id, e.stored.version) for e in page.entries]
                cursor = page.next
                if cursor is None:
                    break
        assert len(seen) == len(set(seen)) == 8
        assert seen[0] == (made[0].id, 2)


def test_a_stranger_sees_nothing_of_a_resident_until_there_is_a_grant(store: Store, admin: Actor) -> None:
    resident = create(store, admin, patient())
    observation = create(store, admin, about(resident))
    doctor = Actor("Practitioner/d", "doctor", "Organization/hospital")
    with store.snapshot(doctor) as snap:
        with pytest.raises(NotFound):
            snap.read("Observation", observation.id)
        with pytest.raises(NotFound):
            snap.history("Observation", observation.id)
        assert snap.search("Observation", f"patient={resident.id}") == []
    with pytest.raises(BrokenReference):
        create(store, doctor, about(resident))

    def give(tx: Tx) -> None:
        tx.grant(resident=resident.id, org="Organization/hospital", level=2, reason="referral", source="Task/t")

    store.run(admin, give)
    with store.snapshot(doctor) as snap:
        assert snap.read("Observation", observation.id)["id"] == observation.id
        assert len(snap.search("Observation", f"patient={resident.id}")) == 1
    store.run(admin, lambda tx: tx.end_grants("Task/t"))
    with store.snapshot(doctor) as snap, pytest.raises(NotFound):
        snap.read("Observation", observation.id)


def test_every_write_and_read_is_in_the_audit(store: Store, admin: Actor) -> None:
    made = create(store, admin, patient())
    with store.snapshot(admin) as snap:
        snap.read("Patient", made.id)
    rows = store.engine.once("SELECT action, type, resident, person FROM audit ORDER BY at")
    assert rows == [
        ("create", "Patient", made.id, admin.person), ("read", "", made.id, admin.person),
    ]  # fmt: skip


def test_the_record_agrees_with_itself_after_all_kinds_of_writes(store: Store, admin: Actor) -> None:
    resident = create(store, admin, patient())
    observation = create(store, admin, about(resident))
    store.run(admin, lambda tx: tx.update({**about(resident, "7.10"), "id": observation.id}))
    store.run(admin, lambda tx: tx.delete("Observation", observation.id))
    store.run(admin, lambda tx: tx.update({"resourceType": "Basic", "id": "chosen", "code": {"text": "x"}}))
    report = check(store.engine, now=store.clock.now())
    assert (report.errors, report.dangling, report.resources, report.versions) == ([], [], 3, 2)


BROKEN = [
    "UPDATE ix_token SET code = 'altered' WHERE code = 'urn:test' OR code = '1'",
    "DELETE FROM subject",
    "DELETE FROM version",
    "UPDATE resource SET body = replace(body, '李', '王')",
    "DELETE FROM locator",
    "UPDATE ix_reference SET rid = 'x'",
]


@pytest.mark.parametrize("damage", BROKEN)
def test_check_notices_what_somebody_changed_underneath(store: Store, admin: Actor, damage: str) -> None:
    resident = create(store, admin, patient())
    observation = create(store, admin, about(resident))
    store.run(admin, lambda tx: tx.update({**about(resident, "7.10"), "id": observation.id}))
    store.run(admin, lambda tx: tx.update({"resourceType": "Basic", "id": "chosen", "code": {"text": "x"}}))
    assert check(store.engine, now=store.clock.now()).clean
    store.engine.write([(damage, [])])
    assert not check(store.engine, now=store.clock.now()).clean


def test_a_rule_between_elements_is_refused_too(store: Store, admin: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        create(store, admin, {"resourceType": "Observation", "status": "final", "code": {"text": "K"},
                              "valueString": "x", "dataAbsentReason": {"text": "y"}})  # fmt: skip
    assert "obs-6" in str(refused.value.issues)


@pytest.mark.parametrize("deleted_first", [True, False])
def test_what_goes_in_the_same_transaction_cannot_be_referred_to(store: Store, admin: Actor, deleted_first: bool) -> None:
    resident = create(store, admin, patient())

    def both(tx: Tx) -> None:
        if deleted_first:
            tx.delete("Patient", resident.id)
        tx.create(about(resident))
        if not deleted_first:
            tx.delete("Patient", resident.id)

    with pytest.raises(BrokenReference):
        store.run(admin, both)
    assert store.engine.once("SELECT count(*), max(version) FROM resource") == [(1, 1)]


def test_a_stored_value_set_serves_conditions_too(store: Store, admin: Actor) -> None:
    store.run(admin, lambda tx: tx.create({
        "resourceType": "ValueSet", "status": "active", "url": "urn:test:vs",
        "compose": {"include": [{"system": "urn:test", "concept": [{"code": "a"}]}]},
    }))  # fmt: skip
    made, _ = store.run(admin, lambda tx: tx.create_if_none(
        {"resourceType": "Basic", "code": {"coding": [{"system": "urn:test", "code": "a"}]}}, "code:in=urn:test:vs"))
    again, created = store.run(admin, lambda tx: tx.create_if_none(
        {"resourceType": "Basic", "code": {"coding": [{"system": "urn:test", "code": "a"}]}}, "code:in=urn:test:vs"))
    assert not created and again.id == made.id


def test_a_resident_with_a_chosen_id_is_found_through_lists_and_chains(store: Store, admin: Actor) -> None:
    store.run(admin, lambda tx: tx.update({**patient("9"), "id": "chosen"}))
    store.run(admin, lambda tx: tx.update({
        "resourceType": "List", "id": "mine", "status": "current", "mode": "working",
        "entry": [{"item": {"reference": "Patient/chosen"}}],
    }))  # fmt: skip
    with store.snapshot(admin) as snap:
        assert [found["id"] for found in snap.search("Patient", "_list=mine")] == ["chosen"]
        assert [found["id"] for found in snap.search("Patient", "_has:List:item:status=current")] == ["chosen"]
        assert [found["id"] for found in snap.search("List", "item:Patient.identifier=urn:test|9")] == ["mine"]


def test_who_wants_what_another_holds_hears_it_before_anything_is_written(store: Store, admin: Actor) -> None:
    def take(tx: Tx, holder: str) -> None:
        tx.claim("slot", "1", holder=holder)

    store.run(admin, take, "first")
    store.run(admin, take, "first")
    if store.engine.dialect == "sqlite":
        with pytest.raises(Conflict):
            store.run(admin, take, "second")
        return
    with store.engine.reader() as reader:
        late = Tx(reader, admin, store.secret, store.clock.now(), tx_module.checked)
        with pytest.raises(Conflict) as refused:
            late.claim("slot", "1", holder="second")
    assert (refused.value.key, refused.value.params) == ("claims.taken", {"kind": "slot", "key": "1"})


def test_what_is_given_back_or_has_expired_is_free_for_the_same_command(store: Store, admin: Actor) -> None:
    def hand_over(tx: Tx) -> None:
        tx.release("slot", "1", holder="first")
        tx.claim("slot", "1", holder="second")

    store.run(admin, lambda tx: tx.claim("slot", "1", holder="first"))
    store.run(admin, hand_over)
    store.run(admin, lambda tx: tx.claim("slot", "2", holder="first", expires=tx.now + 1))
    store.clock.advance(2)
    store.run(admin, lambda tx: tx.claim("slot", "2", holder="second"))
    held = store.engine.once("SELECT key, holder FROM claim ORDER BY key")
    assert [tuple(row) for row in held] == [("1", "second"), ("2", "second")]


def test_of_two_who_saw_it_free_at_the_same_moment_the_second_hears_it_at_the_commit(store: Store, admin: Actor) -> None:
    with store.engine.reader() as reader:
        both = [Tx(reader, admin, store.secret, store.clock.now(), tx_module.checked) for _ in range(2)]
        for holder, tx in zip(("first", "second"), both, strict=True):
            tx.claim("slot", "1", holder=holder)
            tx.create(patient())
        first, second = (tx.close() for tx in both)
    store.engine.apply(first)
    with pytest.raises(Conflict):
        store.engine.apply(second)
    assert store.engine.once("SELECT count(*) FROM resource") == [(1,)]
