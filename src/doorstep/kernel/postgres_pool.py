"""Connections to PostgreSQL: a few that all take turns on, and more for whoever waits too long for one of those.

Only one thread of a process can run Python at a time, and a server of few cores does less the more questions it turns
between: with four connections instead of sixteen the same two cores answered a tenth more, and the slowest of a hundred
claims waited half as long; with three it waited another eighth less. A question that takes seconds holds nobody up for
more than a moment all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from psycopg_pool import ConnectionPool, PoolTimeout

from doorstep.kernel.postgres_lane import Lane

FEW: Final = 3
PATIENCE_S: Final = 0.1
_TIMEOUT_S: Final = 10


class Pool:
    """At most ``size`` connections, each prepared by ``configure``; PoolTimeout when none can be had."""

    def __init__(self, dsn: str, size: int, configure: Callable[[Lane], None]) -> None:
        self._few, self._more = (
            ConnectionPool[Lane](
                dsn, connection_class=Lane, min_size=least, max_size=most, timeout=_TIMEOUT_S, configure=configure,
                open=True, check=None, reconnect_timeout=30,
            )
            for least, most in ((1, min(FEW, size)), (0, max(size - FEW, 1)))
        )  # fmt: skip

    @contextmanager
    def connection(self) -> Iterator[Lane]:
        """A connection for the block, which ends what it begins."""
        pool = self._few
        try:
            found = pool.getconn(PATIENCE_S)
        except PoolTimeout:
            pool = self._more
            found = pool.getconn()
        try:
            yield found
        finally:
            pool.putconn(found)

    def waiting(self) -> int:
        """Who waits for a connection."""
        return sum(int(pool.get_stats().get("requests_waiting", 0)) for pool in (self._few, self._more))

    def check(self) -> None:
        """Drop connections that are dead."""
        self._few.check()
        self._more.check()

    def close(self) -> None:
        self._few.close()
        self._more.close()
