"""The writer in a process of its own, on a core of its own: SQLite takes no turn of those who answer.

Write sets are closed and outcomes are values, so both go through a pipe as they are. The process holds the data's lock
with the server and ends by itself when the server is gone, after the commit that it was about.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from doorstep.kernel import sqlite_wire, sqlite_writer
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.sqlite_writer import BATCH, Outcome, Work

_log = logging.getLogger("doorstep.writer")
_END_S = 15.0
"""How long a clean stop waits for the process: longer than any commit."""


class Apart:
    """A ``sqlite_writer.Writer`` in another process, for any number of threads.

    What they send waits in the pipe, so the process waits for none of them: when it has committed, it takes all that
    came meanwhile.
    """

    def __init__(self, file: Path, synchronous: str, *, lock: int | None, cores: Sequence[int]) -> None:
        self._arguments = [str(file), synchronous, ",".join(map(str, cores))]
        self._lock = () if lock is None else (lock,)
        self._turn = threading.Lock()
        self._closed = False
        self._tried = self._next = 0
        self._life: _Life | None = None
        self._begin()

    def commit(self, works: Sequence[Work]) -> list[Outcome]:
        """As ``Writer.commit``. When the process is lost meanwhile they are refused; the next begin another one."""
        try:
            message = sqlite_wire.of_works(works)
        except Exception as error:  # noqa: BLE001 - whatever cannot be said to the process: its sender hears of it
            outcomes = [Outcome(0, error)]
        else:
            outcomes = self._answer(message, len(works))
        if len(outcomes) != len(works):  # one of them does not go through the pipe
            return [self.commit([work])[0] for work in works]
        return outcomes

    def waiting(self) -> int:
        """Messages that are not answered."""
        life = self._life
        return len(life.sent) if life is not None else 0

    @property
    def next(self) -> int:
        """The txid of the next write set."""
        life = self._life
        return life.next if life is not None else self._next

    def close(self) -> None:
        """Returns when all that was sent is answered and the process has ended."""
        with self._turn:
            self._closed = True
            self._end()

    def _answer(self, message: bytes, works: int) -> list[Outcome]:
        """An outcome for each; a single one when they could not be read there, and nothing was written."""
        try:
            tried = self._tried
            with self._turn:
                sent = self._standing(tried).send(message)
        except Exception as error:  # noqa: BLE001 - the writer must outlive every bug: its sender hears of it
            return [Outcome(0, error)] * works
        sent.done.acquire()
        return sent.outcomes or [Outcome(0, Unavailable("store.writer-lost"))] * works

    def _standing(self, tried: int) -> _Life:
        """The process, or another when there is none any more; raises what keeps it from beginning.

        ``tried``: how often one could not begin when the asker came. Who waited while another tried in vain does not
        try again.
        """
        if self._closed:
            raise Unavailable("store.stopping")
        if self._life is not None and self._life.is_over():
            self._end()
        if self._life is None:
            if tried != self._tried:
                raise Unavailable("store.unavailable", reason=__name__)
            self._begin()
        assert self._life is not None
        return self._life

    def _begin(self) -> None:
        try:
            self._life = _Life(self._arguments, self._lock)
        except BaseException:
            self._tried += 1
            raise

    def _end(self) -> None:
        if self._life is not None:
            self._life.end()
            self._next, self._life = self._life.next, None


class _Sent:
    """A message that waits for its answer, and the lock on which its sender does. No outcomes: the process is lost."""

    __slots__ = ("done", "outcomes")

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.done = threading.Lock()
        self.done.acquire()


class _Life:
    """One process from its beginning to its end."""

    def __init__(self, arguments: Sequence[str], lock: tuple[int, ...]) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                # -P: nothing is imported from the folder in which the server was started
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(theirs.fileno(), *lock),
            )  # fmt: skip
        self._pipe = Connection(os.dup(self._socket.fileno()))
        self.sent: deque[_Sent] = deque()
        self._guard = threading.Lock()
        self._over = False
        try:
            self.next, [started] = self._hear()
        except (EOFError, OSError) as error:
            self._pipe.close()
            self._gone()
            raise Unavailable("store.unavailable", reason=f"{__name__}: {error!r}") from error
        for outcome in started:
            if outcome.error is not None:
                self._pipe.close()
                self._gone()
                raise outcome.error
        self._listener = threading.Thread(target=self._listen, name="doorstep-writer-answers", daemon=True)
        self._listener.start()

    def send(self, message: bytes) -> _Sent:
        """Its ``done`` is released with the answer, or when there will be none."""
        sent = _Sent()
        with self._guard:
            if self._over:
                sent.done.release()
                return sent
            self.sent.append(sent)
        try:
            self._pipe.send_bytes(message)
        except OSError as error:  # nobody reads it any more: the listener tells those who wait
            _log.error("the writer's process does not hear: %r", error)
            self.process.kill()
        return sent

    def is_over(self) -> bool:
        """Whether the process has ended by itself."""
        if not self._over and self.process.poll() is None:
            return False
        _log.error("the writer's process ended by itself: %s", self.process.poll())
        return True

    def end(self) -> None:
        """Let the process commit what was sent, and end."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            _log.info("the writer's process has ended: %r", error)
        self._gone()
        self._listener.join()
        self._pipe.close()

    def _gone(self) -> None:
        self._socket.close()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            _log.error("the writer's process does not end")
            self.process.kill()
            self.process.wait()

    def _listen(self) -> None:
        """Give each message its answer, in their order; when there is nobody to answer any more, say so to all."""
        try:
            while True:
                self.next, answers = self._hear()
                for outcomes in answers:
                    sent = self.sent.popleft()
                    sent.outcomes = outcomes
                    sent.done.release()
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            with self._guard:
                self._over = True
            if not isinstance(error, EOFError):
                self.process.kill()
            if self.sent:
                _log.error("the writer's process is lost: %r", error)
            for sent in self.sent:
                sent.done.release()

    def _hear(self) -> tuple[int, list[list[Outcome]]]:
        answered = self._pipe.recv_bytes()
        return sqlite_wire.outcomes(answered)


def main(handle: str, file: str, synchronous: str, cores: str) -> None:
    """Commit what comes through the pipe until its other end is closed.

    A signal to the whole group (Ctrl-C, a service manager) is for the server, which still has works to send.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    pipe = Connection(int(handle))
    try:
        _take(cores)
        writer = sqlite_writer.writer(Path(file), synchronous)
    except BaseException as error:  # noqa: BLE001 - whoever began the process hears why it does not work
        _tell(pipe, 0, [[Outcome(0, error)]])
        return
    gc.freeze()
    _tell(pipe, writer.next, [[]])
    more = select.poll()
    more.register(pipe.fileno(), select.POLLIN)
    while messages := _heard(pipe, more):
        read = [_read(message) for message in messages]
        outcomes = iter(writer.commit([work for works, _ in read for work in works]))
        answers = [[Outcome(0, error)] if error else list(islice(outcomes, len(works))) for works, error in read]
        _tell(pipe, writer.next, answers)
    writer.close()


def _heard(pipe: Connection, more: select.poll) -> list[bytes]:
    """The messages that have come, at least one; none when there will be no more."""
    messages: list[bytes] = []
    while not messages or (len(messages) < BATCH and more.poll(0)):
        try:
            messages.append(pipe.recv_bytes())
        except (EOFError, OSError):
            break
    return messages


def _read(message: bytes) -> tuple[list[Work], Exception | None]:
    try:
        return sqlite_wire.works(message), None
    except Exception as error:  # noqa: BLE001 - as everywhere in the writer: the sender hears of it
        return [], error


def _take(cores: str) -> None:
    try:
        if cores:
            os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    except OSError as error:  # taken away since: any other core will do
        _log.warning("the writer runs where the system puts it, not on %s: %s", cores, error)


def _tell(pipe: Connection, following: int, answers: list[list[Outcome]]) -> None:
    try:
        pipe.send_bytes(sqlite_wire.of_outcomes(following, answers))
    except OSError:
        return  # nobody hears it any more; the next look at the pipe ends the process


if __name__ == "__main__":
    main(*sys.argv[1:])
