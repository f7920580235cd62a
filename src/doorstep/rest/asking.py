"""One consistent look at the record for one request: reads by id, and searches whose cursors any process can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from doorstep.kernel import search
from doorstep.kernel.engine import Reader
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import Page, Query
from doorstep.kernel.terminology import LookedUp
from doorstep.rest.query import Pairs
from doorstep.rest.service import Service


@dataclass(frozen=True, slots=True)
class View:
    """``reads`` has the verbs of a snapshot. Whoever asks here writes the audit row himself."""

    reads: Reads
    reader: Reader
    actor: Actor
    key: bytes

    def parse(
        self, type_name: str | None, pairs: Pairs, *, strict: bool, base: str = "",
        compartment: tuple[str, str] | None = None,
    ) -> Query:
        """A question understood, with the value sets and code systems that this reader may see."""
        terms = LookedUp(self.reads.lookup)
        return search.parse(type_name, pairs, strict=strict, base=base, compartment=compartment, terms=terms)

    def page(self, parsed: Query, cursor: str | None) -> Page:
        """One page of a search."""
        return search.run(self.reader, parsed, self.actor, cursor=cursor, key=self.key)

    def everything(self, patient: str, pairs: Pairs, cursor: str | None) -> Page:
        """One page of a resident's record."""
        return search.everything(self.reader, patient, pairs, self.actor, cursor=cursor, key=self.key)

    def lastn(self, pairs: Pairs, *, strict: bool, base: str) -> Page:
        """The newest observations of each code."""
        return search.lastn(self.reader, pairs, self.actor, strict=strict, base=base, terms=LookedUp(self.reads.lookup))


@contextmanager
def view(service: Service, actor: Actor) -> Iterator[View]:
    """A snapshot of the record as the actor sees it now."""
    store = service.store
    at = actor.judged(store.clock.now())
    with store.engine.reader(at) as reader:
        yield View(Reads(reader, at, store.secret), reader, at, store.secret)
