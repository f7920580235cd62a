"""The writer in a process of its own, on a core of its own: SQLite takes no turn of those who answer.

Write sets are closed and outcomes are values, so both go through a pipe as they are. The process holds the data's lock
with the server and ends by itself when the server is gone, after the commit that it was about.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from doorstep.kernel import sqlite_wire, sqlite_writer
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.sqlite_writer import Outcome, Work

_log = logging.getLogger("doorstep.writer")
_END_S = 15.0
"""How long a clean stop waits for the process: longer than any commit."""


class Apart:
    """A ``sqlite_writer.Writer`` in another process. For one thread, as that one is."""

    def __init__(self, file: Path, synchronous: str, *, lock: int | None, cores: Sequence[int]) -> None:
        self._arguments = [str(file), synchronous, ",".join(map(str, cores))]
        self._lock = () if lock is None else (lock,)
        self._process: subprocess.Popen[bytes] | None = None
        self._begin()

    def commit(self, works: Sequence[Work]) -> list[Outcome]:
        """As ``Writer.commit``. When the process is lost meanwhile they are refused; the next begin another one."""
        try:
            self._stand_by()
        except Exception as error:  # noqa: BLE001 - the writer must outlive every bug: its sender hears of it
            return [Outcome(0, error)] * len(works)
        try:
            outcomes = self._sent(works)
        except (EOFError, OSError) as error:
            _log.error("the writer's process is lost: %r", error)
            self._end()
            return [Outcome(0, Unavailable("store.writer-lost"))] * len(works)
        except Exception as error:  # noqa: BLE001 - the writer must outlive every bug: its sender hears of it
            outcomes = [Outcome(0, error)]
        if len(outcomes) != len(works):  # one of them does not go through the pipe
            return [self.commit([work])[0] for work in works]
        return outcomes

    def close(self) -> None:
        """Returns when the process has ended."""
        self._end()

    def _sent(self, works: Sequence[Work]) -> list[Outcome]:
        """An outcome for each; a single one when they could not be read there, and nothing was written."""
        self._pipe.send_bytes(sqlite_wire.of_works(works))
        return self._hear()

    def _stand_by(self) -> None:
        """Another process when there is none any more; raises what keeps it from beginning."""
        if self._process is not None and self._process.poll() is not None:
            _log.error("the writer's process ended by itself: %s", self._process.returncode)
            self._end()
        if self._process is None:
            self._begin()

    def _begin(self) -> None:
        try:
            started = self._started()
        except (EOFError, OSError) as error:
            self._end()
            raise Unavailable("store.unavailable", reason=f"{__name__}: {error!r}") from error
        for outcome in started:
            if outcome.error is not None:
                self._end()
                raise outcome.error

    def _started(self) -> list[Outcome]:
        """A new process, and why it cannot work; nothing when it can."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # -P: nothing is imported from the folder in which the server was started
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), *self._arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(theirs.fileno(), *self._lock),
            )  # fmt: skip
        self._pipe = Connection(ours.detach())
        return self._hear()

    def _hear(self) -> list[Outcome]:
        self.next, outcomes = sqlite_wire.outcomes(self._pipe.recv_bytes())
        return outcomes

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._pipe.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            _log.error("the writer's process does not end")
            process.kill()
            process.wait()


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
        _tell(pipe, 0, [Outcome(0, error)])
        return
    gc.freeze()
    _tell(pipe, writer.next, [])
    while (sent := _next(pipe)) is not None:
        try:
            outcomes = writer.commit(sqlite_wire.works(sent))
        except Exception as error:  # noqa: BLE001 - as everywhere in the writer: the sender hears of it
            outcomes = [Outcome(0, error)]
        _tell(pipe, writer.next, outcomes)
    writer.close()


def _take(cores: str) -> None:
    try:
        if cores:
            os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    except OSError as error:  # taken away since: any other core will do
        _log.warning("the writer runs where the system puts it, not on %s: %s", cores, error)


def _next(pipe: Connection) -> bytes | None:
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        return None


def _tell(pipe: Connection, following: int, outcomes: list[Outcome]) -> None:
    try:
        pipe.send_bytes(sqlite_wire.of_outcomes(following, outcomes))
    except OSError:
        return  # nobody hears it any more; the next look at the pipe ends the process


if __name__ == "__main__":
    main(*sys.argv[1:])
