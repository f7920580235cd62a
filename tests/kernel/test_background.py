"""Given work for later and accesses to seal, when the background runs, then each is dealt with once and nothing hides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from doorstep.kernel import audit, due, rows
from doorstep.kernel.clock import SECOND
from doorstep.kernel.due import Due, Runner
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.kernel.writeset import LostRace

BASIC = {"resourceType": "Basic", "code": {"text": "x"}}


def test_a_deadline_runs_when_the_clock_reaches_it_and_only_once(store: Store, admin: Actor) -> None:
    ran: list[str] = []

    def escalate(tx: Tx, row: Due) -> None:
        tx.create({**BASIC, "code": {"text": row.payload["why"]}})
        ran.append(row.ref)

    store.runner.deadline("escalate", escalate)
    at = store.clock.now() + 3600 * SECOND
    store.run(admin, lambda tx: tx.due(at, "escalate", ref="Basic/b1", payload={"why": "late"}))
    assert store.runner.run_due() == 0
    store.advance_clock(3601 * SECOND)
    assert ran == ["Basic/b1"]
    assert store.engine.once("SELECT count(*) FROM due") == [(0,)]
    assert store.engine.once("SELECT count(*) FROM resource") == [(1,)]


def test_two_runners_do_not_do_it_twice(store: Store, admin: Actor) -> None:
    def make(tx: Tx, row: Due) -> None:
        tx.create(BASIC)

    runners = [Runner(store) for _ in range(4)]
    for runner in runners:
        runner.deadline("make", make)
    for n in range(12):
        store.run(admin, lambda tx, n=n: tx.due(tx.now, "make", ref=f"Basic/n{n}"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda runner: runner.run_due(), runners))
    assert store.engine.once("SELECT count(*) FROM resource") == [(12,)]


def test_an_effect_is_delivered_after_the_commit_and_again_until_it_succeeds(store: Store, admin: Actor) -> None:
    seen: list[str] = []

    def deliver(row: Due) -> None:
        seen.append(row.payload["to"])
        if len(seen) < 3:
            raise ConnectionError("no answer")

    store.runner.delivery("sms", deliver)
    store.run(admin, lambda tx: tx.emit("sms", {"to": "a"}))
    for _ in range(4):
        store.advance_clock(120 * SECOND)
    assert seen == ["a", "a", "a"]
    assert store.health()["due"] == {}


def test_what_keeps_failing_is_set_aside_and_shown(store: Store, admin: Actor) -> None:
    def fail(row: Due) -> None:
        raise ConnectionError("never")

    store.runner.delivery("sms", fail)
    store.run(admin, lambda tx: tx.emit("sms", {}))
    for _ in range(due.ATTEMPTS + 1):
        store.advance_clock(4000 * SECOND)
    assert store.health()["dead_due"] == 1
    assert "never" in store.engine.once("SELECT error FROM due")[0][0]


def test_a_failed_handler_leaves_no_trace_of_its_writes(store: Store, admin: Actor) -> None:
    def half(tx: Tx, row: Due) -> None:
        tx.create(BASIC)
        raise ValueError("half way")

    store.runner.deadline("half", half)
    store.run(admin, lambda tx: tx.due(tx.now, "half", ref="Basic/b"))
    store.runner.run_due()
    assert store.engine.once("SELECT count(*) FROM resource") == [(0,)]
    assert store.engine.once("SELECT attempts FROM due") == [(1,)]


def test_cancelled_work_does_not_run(store: Store, admin: Actor) -> None:
    store.runner.deadline("k", lambda tx, row: pytest.fail("ran"))
    store.run(admin, lambda tx: tx.due(tx.now + SECOND, "k", ref="Basic/b"))
    store.run(admin, lambda tx: tx.cancel_due("k", "Basic/b"))
    store.advance_clock(10 * SECOND)


def test_late_work_is_an_alarm(store: Store, admin: Actor) -> None:
    store.run(admin, lambda tx: tx.due(tx.now, "nobody-handles-this", ref="Basic/b"))
    assert store.health()["late_due"] == 0
    store.clock.advance(due.LATE + SECOND)
    assert store.health()["late_due"] == 1


def test_the_clock_only_goes_forward_and_is_kept(store: Store) -> None:
    with pytest.raises(ValueError):
        store.clock.advance(-1)
    store.advance_clock(5 * SECOND)
    assert store.setting("clock.offset", "") == str(5 * SECOND)


def sealed(store: Store, admin: Actor) -> None:
    for n in range(5):
        store.run(admin, lambda tx, n=n: tx.create({**BASIC, "code": {"text": str(n)}}))
    while audit.seal(store.engine):
        pass


def test_sealed_rows_form_a_chain(store: Store, admin: Actor) -> None:
    sealed(store, admin)
    assert store.engine.once("SELECT count(*) FROM audit") == [(0,)]
    assert [row[0] for row in store.engine.once("SELECT seq FROM audit_sealed ORDER BY seq")] == [1, 2, 3, 4, 5]
    assert audit.verify(store.engine) == []


@pytest.mark.parametrize(
    "tampering",
    ["UPDATE audit_sealed SET person = 'somebody' WHERE seq = 3", "DELETE FROM audit_sealed WHERE seq = 3",
     "UPDATE audit_sealed SET at = at + 1 WHERE seq = 5"],
)  # fmt: skip
def test_tampering_shows(store: Store, admin: Actor, tampering: str) -> None:
    sealed(store, admin)
    store.engine.write([(tampering, [])])
    assert audit.verify(store.engine) != []


def test_two_sealers_make_one_chain(store: Store, admin: Actor) -> None:
    for n in range(30):
        store.run(admin, lambda tx, n=n: tx.create({**BASIC, "code": {"text": str(n)}}))

    for _ in range(6):
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: audit.seal(store.engine, limit=7), range(4)))
    audit.seal(store.engine)
    assert store.engine.once("SELECT count(*) FROM audit") == [(0,)]
    assert store.engine.once("SELECT count(*) FROM audit_sealed") == [(30,)]
    assert audit.verify(store.engine) == []


def test_many_rows_are_sealed_in_one_step_in_order(store: Store, admin: Actor) -> None:
    for n in range(180):
        store.audit(audit.Access(admin, "read", "Basic", query=str(n)))
    assert audit.seal(store.engine) == 180
    assert store.engine.once("SELECT count(*) FROM audit") == [(0,)]
    assert store.engine.once("SELECT count(*), max(seq) FROM audit_sealed") == [(180, 180)]
    assert audit.verify(store.engine) == []


def test_when_one_of_many_has_been_moved_meanwhile_none_is(store: Store, admin: Actor) -> None:
    for n in range(40):
        store.audit(audit.Access(admin, "read", "Basic", query=str(n)))
    found = store.engine.once(f"SELECT {rows.AUDIT_COLUMNS} FROM audit")
    store.engine.write([("DELETE FROM audit WHERE part = ? AND id = ?", found[20][:2])])
    with pytest.raises(LostRace):
        audit._move(store.engine, [audit.Link(n + 1, str(n), row) for n, row in enumerate(found)], 1)
    assert store.engine.once("SELECT count(*) FROM audit") == [(39,)]
    assert store.engine.once("SELECT count(*) FROM audit_sealed") == [(0,)]


def test_the_sealer_goes_on_at_once_only_while_its_steps_are_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [512, 512, 8, 8, 8]
    monkeypatch.setattr(audit, "seal", lambda _, *, limit: min(limit, steps.pop(0)))
    sealer = audit.Sealer(store.engine, every=3600)
    sealer._seal()
    sealer.close()
    assert steps == [8, 8], "what came while it worked waits for the next time"


def test_tokens_hold_until_they_expire_or_are_ended(store: Store, admin: Actor) -> None:
    token = store.issue_token("admin", admin, ttl=60)
    assert store.account(token) == admin
    assert store.account(token + "x") is None
    assert store.account(store.issue_token("admin", admin, ttl=-1)) is None
    assert token not in str(store.engine.once("SELECT * FROM token"))
    assert store.revoke("admin") == 2
    assert store.account(token) is None
