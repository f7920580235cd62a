"""A connection to PostgreSQL whose statements travel together and stay prepared.

The driver's own pipeline looks at the socket after each statement, and what it has prepared ends with every ROLLBACK.
So statements are gathered here and sent in one trip, over the same driver's libpq; its adapters write the parameters
and read the rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import abc
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import tuple_row
from psycopg.waiting import Ready, Wait

Row = tuple[Any, ...]
Key = tuple[bytes, tuple[int, ...]]
"""A statement's text and the types of its parameters."""

_OFTEN: Final = 3
"""The server is asked to keep a statement when it comes for this time."""
_KEPT: Final = 500
"""How many statements a connection knows: those that came last."""


@lru_cache(maxsize=4096)
def numbered(sql: str) -> bytes:
    """The project's ``?`` statements as the server wants them."""
    first, *others = sql.split("?")
    return (first + "".join(f"${at}{piece}" for at, piece in enumerate(others, 1))).encode()


class Answer:
    """What one statement found or changed; nothing until its trip is over."""

    __slots__ = ("rowcount", "rows")

    def __init__(self) -> None:
        self.rowcount = -1
        self.rows: list[Row] = []


class _Asked(NamedTuple):
    """A statement as it is sent."""

    answer: Answer
    key: Key
    params: Sequence[Any] | None
    formats: Sequence[Format] | None


class Lane(psycopg.Connection[Row]):
    """One connection, for one thread at a time."""

    def __init__(self, pgconn: Any, row_factory: Any = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self._known: OrderedDict[Key, int | bytes] = OrderedDict()
        """How often a statement came, or the name under which the server keeps it."""
        self._named = 0
        self._gone: list[bytes] = []
        self._transformer: abc.Transformer | None = None

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """One statement, which is a transaction of its own outside of one; its rows."""
        trip = Trip(self)
        return trip.ask(sql, params)

    @contextmanager
    def changing(self, begin: str = "BEGIN") -> Iterator[Trip]:
        """A transaction. It begins with the first trip, is committed at the block's end, and undone by an exception."""
        trip = Trip(self)
        trip.run(begin)
        try:
            yield trip
            trip.run("COMMIT")
            trip.go()
        except BaseException:
            if self.pgconn.status == ConnStatus.OK and self.pgconn.transaction_status != TransactionStatus.IDLE:
                self.ask("ROLLBACK")
            raise

    def written(self, sql: str, params: Sequence[Any]) -> _Asked:
        """A statement with its parameters as the server reads them."""
        if not params:
            return _Asked(Answer(), (numbered(sql), ()), None, None)
        by = self._by()
        values = by.dump_sequence(params, [PyFormat.AUTO] * len(params))
        return _Asked(Answer(), (numbered(sql), by.types or ()), values, by.formats)

    def exchange(self, asked: Sequence[_Asked]) -> None:
        """Send statements together and fill their answers. The first error ends all behind it and is raised."""
        if self.pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError("the connection is closed")
        expected, found = self.wait(self._travel(asked))
        by = self._by()
        error: PGresult | None = None
        for (key, answer), result in zip(expected, found, strict=False):
            if result.status == ExecStatus.TUPLES_OK and answer is not None:
                by.set_pgresult(result)
                answer.rows = by.load_rows(0, result.ntuples, tuple)
                answer.rowcount = result.ntuples
            elif result.status == ExecStatus.COMMAND_OK:
                if answer is not None:
                    answer.rowcount = result.command_tuples or 0
            else:
                if key is not None:
                    self._known.pop(key, None)
                error = error or result
        if self.pgconn.status != ConnStatus.OK or len(found) != len(expected):
            lost = psycopg.OperationalError(self.pgconn.get_error_message())
            self.close()  # what may still come belongs to nobody
            raise lost
        if error is not None:
            raise error_from_result(error, self.info.encoding)

    def _by(self) -> abc.Transformer:
        if self._transformer is None:
            self._transformer = Transformer(self)
        return self._transformer

    def _travel(self, asked: Sequence[_Asked]) -> PQGen[tuple[list[tuple[Key | None, Answer | None]], list[PGresult]]]:
        """What is expected of the server, and what it said; less when the connection was lost."""
        server = self.pgconn
        expected: list[tuple[Key | None, Answer | None]] = []
        outside = server.transaction_status == TransactionStatus.IDLE
        server.enter_pipeline_mode()
        ends = 1
        if self._gone and outside:
            for name in self._gone:
                server.send_query_params(b"DEALLOCATE " + name, None)
                expected.append((None, None))
            self._gone.clear()
            server.pipeline_sync()  # else what follows would be in one transaction with them
            ends += 1
        for each in asked:
            expected += self._send(each)
        server.pipeline_sync()
        while server.flush():
            if (yield Wait.RW) & Ready.R:
                server.consume_input()
        found: list[PGresult] = []
        silent = False
        while ends:
            while server.is_busy():
                yield Wait.R
                server.consume_input()
            result = server.get_result()
            if result is None:
                if silent:  # nothing will come any more
                    return expected, found
                silent = True
                continue
            silent = False
            if result.status == ExecStatus.PIPELINE_SYNC:
                ends -= 1
            else:
                found.append(result)
        server.exit_pipeline_mode()
        return expected, found

    def _send(self, asked: _Asked) -> list[tuple[Key | None, Answer | None]]:
        """Send one statement; for each answer of the server what was prepared, or whose answer it is."""
        server = self.pgconn
        known = self._known.get(asked.key, 0)
        if isinstance(known, bytes):
            self._known.move_to_end(asked.key)
            server.send_query_prepared(known, asked.params, asked.formats)
            return [(None, asked.answer)]
        text, types = asked.key
        if known + 1 < _OFTEN:
            self._know(asked.key, known + 1)
            server.send_query_params(text, asked.params, types, asked.formats)
            return [(None, asked.answer)]
        self._named += 1
        name = b"lane%d" % self._named
        self._know(asked.key, name)
        server.send_prepare(name, text, types)
        server.send_query_prepared(name, asked.params, asked.formats)
        return [(asked.key, None), (None, asked.answer)]

    def _know(self, key: Key, what: int | bytes) -> None:
        self._known[key] = what
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            _, oldest = self._known.popitem(last=False)
            if isinstance(oldest, bytes):
                self._gone.append(oldest)


class Trip:
    """Statements that are gathered and sent together."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._waiting: list[_Asked] = []

    def run(self, sql: str, params: Sequence[Any] = ()) -> Answer:
        """Gather a statement; its answer is there after the next ``go``."""
        asked = self._lane.written(sql, params)
        self._waiting.append(asked)
        return asked.answer

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """A statement whose rows decide what comes next: whatever was gathered goes with it."""
        answer = self.run(sql, params)
        self.go()
        return answer.rows

    def go(self) -> None:
        """Send what was gathered and wait for its end; the first error is raised, and nothing behind it was done."""
        gathered, self._waiting = self._waiting, []
        if gathered:
            self._lane.exchange(gathered)
