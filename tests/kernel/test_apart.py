"""Given SQLite's writer in a process of its own, then an engine does all that it does with a thread, and outlives it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from doorstep import process
from doorstep.kernel import held, sqlite_wire
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import BrokenReference, Unavailable
from doorstep.kernel.rows import audit_row
from doorstep.kernel.sqlite import FILE, SqliteEngine
from doorstep.kernel.sqlite_apart import Apart
from doorstep.kernel.sqlite_wire import Foreign
from doorstep.kernel.sqlite_writer import Statements, Work
from doorstep.kernel.writeset import Expect, LostRace, WriteSet
from tests.conftest import ADMIN
from tests.kernel.test_engine import *  # noqa: F403 - each of its tests, with the engine that this module makes
from tests.kernel.test_engine import count, put


@pytest.fixture
def store_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / FILE)
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    opened = SqliteEngine(Path(store_url.removeprefix("sqlite:///")), synchronous="OFF", apart=())
    yield opened
    opened.close()


def child(engine: Engine) -> subprocess.Popen[bytes]:
    assert isinstance(engine, SqliteEngine)
    assert isinstance(engine._writer, Apart)
    assert engine._writer._life is not None
    return engine._writer._life.process


def all_sent(engine: SqliteEngine, pool: ThreadPoolExecutor, names: Sequence[str]) -> list[Future[int]]:
    """A write of each name by a thread of its own, when all are with the process, which is held up."""
    sent = [pool.submit(engine.apply, WriteSet(puts=[put(name)])) for name in names]
    while engine.waiting() < len(sent):
        assert not any(each.done() for each in sent)
    return sent


def test_the_rows_are_written_by_another_process(engine: Engine) -> None:
    assert child(engine).pid != os.getpid()
    status = Path(f"/proc/{child(engine).pid}/io")
    before = status.read_text()
    engine.apply(WriteSet(puts=[put("a")]))
    assert status.read_text() != before


def test_a_refusal_comes_back_with_all_that_it_says(engine: Engine) -> None:
    missing = Expect(0, 15, "Basic", "nobody", 0, "Basic.subject")
    with pytest.raises(BrokenReference) as refused:
        engine.apply(WriteSet(puts=[put("a")], expects=[missing]))
    assert (refused.value.key, refused.value.elements) == ("tx.broken-reference", ("Basic.subject",))
    assert refused.value.params == {"reference": "Basic/nobody"}
    assert refused.value.issues[0].params == {"reference": "Basic/nobody"}


def test_a_fault_of_ours_comes_back_with_its_trace(engine: Engine) -> None:
    with pytest.raises(Exception, match="no such table") as failed:
        engine.write([("DELETE FROM nowhere", [])])
    assert "sqlite_writer" in "".join(failed.value.__notes__)
    engine.write([("DELETE FROM setting", [])])


def test_what_cannot_go_through_the_pipe_is_refused_and_the_next_goes(engine: Engine) -> None:
    with pytest.raises(TypeError):
        engine.write([("DELETE FROM setting WHERE name = ?", [threading.Lock()])])
    assert engine.write([("DELETE FROM setting", [])]) == [0]


@pytest.mark.parametrize("broken", [
    Statements([("DELETE FROM setting WHERE name = ?", [threading.Lock()])], None),  # not read here
    WriteSet(puts=[replace(put("bad"), part="nowhere")]),  # type: ignore[arg-type]  # not read there
], ids=["here", "there"])  # fmt: skip
def test_what_does_not_go_through_the_pipe_takes_nothing_else_with_it(engine: Engine, broken: Work) -> None:
    before = child(engine).pid
    assert isinstance(engine, SqliteEngine)
    first, failed, last = engine._writer.commit([WriteSet(puts=[put("a")]), broken, WriteSet(puts=[put("b")])])
    assert isinstance(failed.error, TypeError | Foreign)
    assert (first.error, last.error) == (None, None)
    assert sorted(engine.once("SELECT id FROM resource")) == [("a",), ("b",)]
    assert child(engine).pid == before


def test_when_its_process_is_lost_during_a_write_that_is_refused_and_nothing_acknowledged_is_gone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.apply(WriteSet(puts=[put("a")]))
    lost, sent = child(engine), threading.Event()
    assert isinstance(engine, SqliteEngine)
    assert isinstance(engine._writer, Apart)
    assert engine._writer._life is not None
    send = engine._writer._life.send
    monkeypatch.setattr(engine._writer._life, "send", lambda message: (send(message), sent.set())[0])
    lost.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        held_up = pool.submit(engine.apply, WriteSet(puts=[put("b")]))
        assert sent.wait(30)
        lost.kill()
        with pytest.raises(Unavailable) as refused:
            held_up.result(30)
    assert refused.value.key == "store.writer-lost"
    number = engine.apply(WriteSet(puts=[put("c")]))
    assert child(engine).pid != lost.pid
    assert sorted(engine.once("SELECT id, txid FROM resource")) == [("a", 1), ("c", number)]
    assert engine.horizon() == number + 1


def test_what_comes_while_it_commits_is_one_commit_and_each_sender_hears_of_its_own(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a process that is held up, when many send meanwhile, then it takes all of them together."""
    first = engine.apply(WriteSet(puts=[put("first")]))
    assert isinstance(engine, SqliteEngine)
    assert isinstance(engine._writer, Apart)
    assert engine._writer._life is not None
    writing, hear, heard = child(engine), engine._writer._life._hear, []
    monkeypatch.setattr(engine._writer._life, "_hear", lambda: (heard.append(1), hear())[1])
    writing.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(24) as pool:
            sent = all_sent(engine, pool, [*(f"p{n}" for n in range(20)), "first"])
            writing.send_signal(signal.SIGCONT)
            told = [each.exception(30) or each.result() for each in sent]
    finally:
        writing.send_signal(signal.SIGCONT)
    assert sorted(told[:20]) == list(range(first + 1, first + 21))
    assert isinstance(told[20], LostRace)
    assert len(heard) <= 2, "one answer to all, or one more for the first"
    assert engine.horizon() == first + 21


def test_audit_rows_of_reads_are_gathered_while_it_commits(engine: Engine) -> None:
    assert isinstance(engine, SqliteEngine)
    assert isinstance(engine._writer, Apart)
    writing = child(engine)
    writing.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(10) as pool:
            sent = [pool.submit(engine.audit, audit_row(ADMIN, id="r0", at=1, action="t"))]
            while not engine._writer.waiting():
                assert not sent[0].done()
            sent += [pool.submit(engine.audit, audit_row(ADMIN, id=f"r{n}", at=1, action="t")) for n in range(1, 10)]
            while engine.waiting() < len(sent):
                assert not any(each.done() for each in sent)
            messages = engine._writer.waiting()
            writing.send_signal(signal.SIGCONT)
            assert [each.result(30) for each in sent] == [None] * 10
    finally:
        writing.send_signal(signal.SIGCONT)
    assert messages == 1, "one message, and the rest behind it together"
    assert count(engine, "audit") == 10


def test_of_many_that_are_with_it_when_it_is_lost_all_are_refused(engine: Engine) -> None:
    assert isinstance(engine, SqliteEngine)
    lost = child(engine)
    lost.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(8) as pool:
        sent = all_sent(engine, pool, "abcdefgh")
        lost.kill()
        told = [getattr(each.exception(30), "key", None) for each in sent]
    assert told == ["store.writer-lost"] * 8
    assert engine.apply(WriteSet(puts=[put("a")])) == 1


def test_when_its_answer_cannot_be_read_nobody_waits_for_ever(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = child(engine)
    monkeypatch.setattr(sqlite_wire, "outcomes", lambda _: [][0])
    with pytest.raises(Unavailable) as refused:
        engine.apply(WriteSet(puts=[put("a")]))
    assert refused.value.key == "store.writer-lost"
    monkeypatch.undo()
    engine.apply(WriteSet(puts=[put("b")]))
    assert (broken.poll() is not None, child(engine) is not broken) == (True, True)


def test_who_waits_while_another_cannot_begin_one_does_not_try_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    child(engine).kill()
    child(engine).wait()
    assert isinstance(engine, SqliteEngine)
    assert isinstance(engine._writer, Apart)
    began, all_here = [], threading.Barrier(6)
    real, standing, turn = subprocess.Popen, engine._writer._standing, engine._writer._turn

    def begin(*given: object, **how: object) -> subprocess.Popen[bytes]:
        began.append(given)
        return real(["/bin/false"], **how)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "Popen", begin)

    class Turn:
        """Nobody has it before all have asked for it."""

        def __enter__(self) -> None:
            all_here.wait(30)
            turn.acquire()

        def __exit__(self, *_: object) -> None:
            turn.release()

    monkeypatch.setattr(engine._writer, "_turn", Turn())
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(engine.apply, WriteSet(puts=[put(f"p{n}")])) for n in range(6)]
        told = [getattr(each.exception(30), "key", None) for each in sent]
    assert told == ["store.unavailable"] * 6
    assert len(began) == 1
    monkeypatch.undo()
    assert standing == engine._writer._standing
    assert engine.apply(WriteSet(puts=[put("d")])) == 1


def test_what_was_sent_before_the_end_is_answered_and_nothing_behind_it(engine: Engine) -> None:
    assert isinstance(engine, SqliteEngine)
    writing = child(engine)
    writing.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(5) as pool:
        sent = all_sent(engine, pool, "abcd")
        ended = pool.submit(engine.close)
        writing.send_signal(signal.SIGCONT)
        assert sorted(each.result(30) for each in sent) == [1, 2, 3, 4]
        ended.result(30)
    with pytest.raises(Unavailable) as refused:
        engine.apply(WriteSet(puts=[put("late")]))
    assert refused.value.key == "store.stopping"
    assert writing.poll() == 0
    assert [thread for thread in threading.enumerate() if "answers" in thread.name] == []


def test_it_leaves_no_handles_behind(engine: Engine) -> None:
    def handles() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = handles()
    for number in range(3):
        child(engine).kill()
        child(engine).wait()
        engine.apply(WriteSet(puts=[put(f"p{number}")]))
    assert handles() == before


def test_when_it_was_lost_before_nobody_hears_of_it(engine: Engine) -> None:
    lost = child(engine)
    lost.kill()
    lost.wait()
    assert engine.apply(WriteSet(puts=[put("a")])) == 1
    assert child(engine).pid != lost.pid


def test_while_no_other_can_begin_all_that_wait_are_refused_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    child(engine).kill()
    child(engine).wait()
    assert isinstance(engine, SqliteEngine)
    began: list[object] = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **how: began.append(given) or real(["/bin/false"], **how))
    outcomes = engine._writer.commit([WriteSet(puts=[put(name)]) for name in "abc"])
    assert [getattr(each.error, "key", None) for each in outcomes] == ["store.unavailable"] * 3
    assert len(began) == 1
    monkeypatch.undo()
    assert engine.apply(WriteSet(puts=[put("d")])) == 1


def test_a_signal_to_the_whole_group_leaves_the_writer_to_the_server(engine: Engine) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        child(engine).send_signal(each)
    engine.audit(audit_row(ADMIN, id="x", at=1, action="t"))
    assert (child(engine).poll(), count(engine, "audit")) == (None, 1)


def test_closing_ends_it_and_gives_the_record_free(engine: Engine, store_url: str, tmp_path: Path) -> None:
    writing = child(engine)
    with pytest.raises(Unavailable) as refused:
        SqliteEngine(tmp_path, synchronous="OFF")
    assert refused.value.key == "store.locked"
    engine.close()
    assert writing.poll() == 0
    SqliteEngine(tmp_path, synchronous="OFF").close()


def test_while_the_writer_of_a_killed_server_is_at_work_the_record_is_taken(tmp_path: Path) -> None:
    """Given a server that is killed with its writer held up, when another one starts, then it does not write beside it."""
    script = ("import sys; from pathlib import Path; from doorstep.kernel.sqlite import SqliteEngine\n"
              "e = SqliteEngine(Path(sys.argv[1]), synchronous='OFF', apart=())\n"
              "print(e._writer._life.process.pid, flush=True); sys.stdin.read()")
    server = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    writing = int(server.stdout.readline())
    os.kill(writing, signal.SIGSTOP)
    server.kill()
    server.wait()
    try:
        with pytest.raises(Unavailable) as refused:
            SqliteEngine(tmp_path, synchronous="OFF")
        assert refused.value.key == "store.locked"
    finally:
        os.kill(writing, signal.SIGCONT)
    SqliteEngine(tmp_path, synchronous="OFF").close()  # it has noticed, and ended


def test_what_is_wrong_with_the_file_is_told_by_whoever_opens_it(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, whatever its name says" * 200)
    with pytest.raises(Exception, match="not a database"):
        SqliteEngine(tmp_path, apart=())
    lock = held.take(tmp_path / "doorstep.lock")
    assert lock is not None, "and it is free again"
    held.release(lock)


def test_it_runs_on_the_core_that_the_server_left(tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    engine = SqliteEngine(tmp_path, synchronous="OFF", apart=cores[-1:])
    try:
        assert os.sched_getaffinity(child(engine).pid) == {cores[-1]}
    finally:
        engine.close()


def test_a_core_that_is_not_there_any_more_stops_nobody(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path, synchronous="OFF", apart=[1023])
    assert engine.write([("DELETE FROM setting", [])]) == [0]
    engine.close()


def test_a_server_that_takes_a_core_knows_which_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = os.sched_getaffinity(0)
    monkeypatch.setattr(process, "_left", [])
    monkeypatch.delenv(process.ALL_CORES, raising=False)
    if len(cores) > 1:
        assert process.left() == (), "any of them"
    try:
        taken = process.take_core(f"doorstep-test-{os.getpid()}")
        assert taken is None or process.left() == tuple(sorted(cores - {taken}))
    finally:
        os.sched_setaffinity(0, cores)
    monkeypatch.setattr(process, "_left", [])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert process.left() is None, "on a single core the writer is a thread"


def test_it_imports_nothing_of_the_folder_in_which_the_server_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    engine = SqliteEngine(tmp_path / "data", synchronous="OFF", apart=())
    assert engine.write([("DELETE FROM setting", [])]) == [0]
    engine.close()


def test_a_process_that_does_not_begin_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unavailable) as refused:
        SqliteEngine(tmp_path, apart=())
    assert refused.value.key == "store.unavailable"
    SqliteEngine(tmp_path).close()  # the lock is free again
