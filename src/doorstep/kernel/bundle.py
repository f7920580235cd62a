"""Transactions: R4 3.1.0.11.2. A bundle of changes is one command: all of it holds, or none.

Order of work, whatever the order of the entries: conditions are resolved, ids are given to what is new, names of
entries become references; then DELETE, POST, PUT and PATCH. What is only asked (GET, operations) is checked here and
answered afterwards, on the committed record. The same resource twice is refused. A refusal names its entry:
``Bundle.entry[2]...``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from doorstep.kernel import exact, search
from doorstep.kernel.bundle_entries import Entry, Pairs, Plan, if_match, inside, operations, placed, read
from doorstep.kernel.bundle_links import is_condition, rewrite
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import (
    BadRequest,
    BrokenReference,
    Invalid,
    MultipleMatches,
    NotFound,
    PreconditionFailed,
    Refusal,
    TooCostly,
)
from doorstep.kernel.refs import Stored, is_id
from doorstep.kernel.tx import Tx

_REFERENCE: Final = re.compile(rb'"reference"\s*:\s*"([A-Za-z]+/[A-Za-z0-9\-.]{1,64})"')

__all__ = ["Done", "Entry", "Pairs", "Plan", "locate", "operations", "read", "transaction"]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one entry. ``status`` is the HTTP status; ``stored`` what was written or matched."""

    index: int
    status: int
    stored: Stored | None = None
    version: int | None = None
    """Of the tombstone, after a delete."""


def transaction(tx: Tx, plan: Plan | bytes, *, delete_many: bool = False) -> list[Done]:
    """Carry out every change of a transaction; the results in the order of the entries, questions not among them."""
    if isinstance(plan, bytes):
        plan = read(exact.decode(plan), plan)
    work = _Work(tx, plan, delete_many)
    work.resolve()
    work.name()
    done = [result for method in ("DELETE", "POST", "PUT", "PATCH") for result in work.carry_out(method)]
    work.check_reads()
    return sorted(done, key=lambda result: result.index)


def locate(plan: Plan, refusal: Refusal) -> Refusal:
    """A reference that was found broken at the commit, with the entry that holds it."""
    target = str(refusal.params.get("reference", "")).encode()
    if isinstance(refusal, BrokenReference) and not any(name.startswith("Bundle.") for name in refusal.elements):
        for entry in plan.entries:
            if b'"' + target + b'"' in entry.raw:
                return placed(refusal, entry)
    return refusal


class _Work:
    """One run of a transaction. Nothing of the plan is changed: the command may have to run again."""

    def __init__(self, tx: Tx, plan: Plan, delete_many: bool) -> None:
        self._tx = tx
        self._entries = plan.entries
        self._delete_many = delete_many
        self._targets: dict[str, str] = {}
        """fullUrl or condition -> "Type/id"."""
        self._ids: dict[int, str] = {}
        """Entry -> id of the resource that it is about (a conditional delete may be about several: _deleted)."""
        self._found: dict[int, Stored] = {}
        self._deleted: dict[int, list[str]] = {}
        self._ready: dict[int, tuple[dict[str, Any], bytes]] = {}
        self._gone: set[str] = set()

    # -- what each entry is about

    def resolve(self) -> None:
        """Find what conditions match and refuse two entries for one resource."""
        taken: dict[str, Entry] = {}
        for entry in self._entries:
            with inside(entry):
                for name in self._identities(entry):
                    if taken.get(name, entry) is not entry:
                        raise Invalid("bundle.same-resource", what=name, other=taken[name].where)
                    taken[name] = entry

    def _identities(self, entry: Entry) -> Iterator[str]:
        """What no other entry may name too."""
        if entry.only_asks:
            return
        if entry.full_url and entry.method in ("POST", "PUT"):
            yield entry.full_url
        if entry.method == "DELETE" and not entry.id:
            self._deleted[entry.index] = self._matches(entry)
            yield from (f"{entry.type}/{id_}" for id_ in self._deleted[entry.index])
            return
        condition = self._conditions(entry) if not entry.id else []
        id_ = entry.id or self._resolved(entry, condition)
        if id_:
            self._ids[entry.index] = id_
            self._names(entry, id_)
            if entry.method != "POST":
                yield f"{entry.type}/{id_}"
        elif condition:
            yield f"{entry.type}?{sorted(condition)}"

    def _conditions(self, entry: Entry) -> Pairs:
        if entry.method != "POST":
            return entry.pairs
        text = entry.request.get("ifNoneExist", "")
        return parse_qsl(text.partition("?")[2] or text, keep_blank_values=True)

    def _resolved(self, entry: Entry, condition: Pairs) -> str:
        """The id that a condition leads to; "" when the resource will be a new one."""
        if not condition:
            return ""
        found = self._tx.match(entry.type, condition)
        if found is not None:
            self._found[entry.index] = found
            return found.id
        if entry.method == "PATCH":
            raise NotFound("bundle.matches-none", type=entry.type)
        given = entry.resource.get("id") if entry.method == "PUT" else None
        return given if isinstance(given, str) else ""

    def _matches(self, entry: Entry) -> list[str]:
        page = self._tx.page(entry.type, [*entry.pairs, ("_count", "100")], strict=True)
        found = [row.id for row in page.matches]
        if len(found) > 1 and not self._delete_many:
            raise MultipleMatches("tx.several-match", type=entry.type, count=len(found))
        if page.next_cursor is not None:
            raise TooCostly("bundle.too-many-deletes", limit=100)
        return found

    # -- names become references

    def name(self) -> None:
        """Give ids to what is new and replace names of entries, each when all that it names is known.

        Residents come first: an id carries the part of the resident whom its resource is about. Where entries name
        each other in a circle, one gets its id before its links are complete.
        """
        self._resolve_conditions()
        waiting = {entry.index: entry for entry in self._entries if self._is_written(entry)}
        for entry in waiting.values():
            if entry.type == "Patient":
                self._give_id(entry, entry.resource)
        missing = {
            index: {link.target for link in entry.links if link.target not in self._targets}
            for index, entry in waiting.items()
        }
        askers: dict[str, list[int]] = {}
        for index, names in missing.items():
            for name in names:
                askers.setdefault(name, []).append(index)
        ready = deque(index for index, names in missing.items() if not names)
        circle = iter(list(waiting.values()))
        while waiting:
            if ready:
                entry = waiting.pop(ready.popleft())
                with inside(entry):
                    self._ready[entry.index] = resource, _ = self._rewritten(entry)
                    self._give_id(entry, resource)
            else:
                entry = next((each for each in circle if each.index not in self._ids), None) or self._unknown(waiting)
                self._give_id(entry, self._rewritten(entry)[0])
            for index in askers.pop(entry.full_url, ()):
                missing[index].discard(entry.full_url)
                if not missing[index]:
                    ready.append(index)

    def _is_written(self, entry: Entry) -> bool:
        if entry.only_asks:
            return False
        return entry.method == "PUT" or (entry.method == "POST" and entry.index not in self._found)

    def _resolve_conditions(self) -> None:
        for entry in self._entries:
            for link in entry.links:
                if link.target not in self._targets and is_condition(link.target):
                    with inside(entry):
                        self._targets[link.target] = self._referred(link.target)

    def _referred(self, condition: str) -> str:
        type_name, _, query = condition.partition("?")
        page = self._tx.page(type_name, [*parse_qsl(query, keep_blank_values=True), ("_count", "2")], strict=True)
        if not page.matches:
            raise PreconditionFailed("bundle.reference-matches-none", condition=condition)
        if len(page.matches) > 1:
            raise MultipleMatches("bundle.reference-matches-several", condition=condition)
        return f"{type_name}/{page.matches[0].id}"

    def _give_id(self, entry: Entry, resource: dict[str, Any]) -> None:
        if entry.index not in self._ids:
            self._ids[entry.index] = self._tx.fresh_id(resource)
            self._names(entry, self._ids[entry.index])

    def _names(self, entry: Entry, id_: str) -> None:
        if entry.full_url:
            self._targets[entry.full_url] = f"{entry.type}/{id_}"

    def _rewritten(self, entry: Entry) -> tuple[dict[str, Any], bytes]:
        if not entry.links:
            return entry.resource, entry.raw
        raw = rewrite(entry.raw, entry.links, self._targets)
        return exact.again(raw), raw

    def _unknown(self, waiting: dict[int, Entry]) -> NoReturn:
        """All that could get an id has one: what still waits names something that is not in the bundle."""
        entry = next(iter(waiting.values()))
        name = next(link.target for link in entry.links if link.target not in self._targets)
        raise placed(BrokenReference("bundle.unknown-name", name=name), entry)

    # -- the changes

    def carry_out(self, method: str) -> Iterator[Done]:
        """All entries of one method, in the order of the bundle."""
        act = {"DELETE": self._delete, "POST": self._create, "PUT": self._update, "PATCH": self._patch}[method]
        for entry in self._entries:
            if entry.method == method and not entry.only_asks:
                with inside(entry):
                    done = act(entry)
                    self._check_deleted(entry, done)
                yield done

    def _check_deleted(self, entry: Entry, done: Done) -> None:
        """What this bundle deletes, nothing that it writes may refer to."""
        if entry.method == "DELETE":
            self._gone.update(f"{entry.type}/{id_}" for id_ in self._deleted.get(entry.index, [entry.id]))
        elif self._gone and done.stored is not None:
            for found in _REFERENCE.findall(done.stored.body):
                if found.decode() in self._gone:
                    raise BrokenReference("tx.broken-reference", element=entry.type, reference=found.decode())

    def _delete(self, entry: Entry) -> Done:
        if entry.index in self._deleted:
            for id_ in self._deleted[entry.index]:
                self._tx.delete(entry.type, id_)
            return Done(entry.index, 204)
        return Done(entry.index, 204, version=self._tx.delete(entry.type, entry.id, if_match=if_match(entry)))

    def _create(self, entry: Entry) -> Done:
        if entry.index in self._found:
            return Done(entry.index, 200, self._found[entry.index])
        resource, raw = self._ready[entry.index]
        return Done(entry.index, 201, self._tx.create(resource, raw=raw, id=self._ids[entry.index]))

    def _update(self, entry: Entry) -> Done:
        resource, raw = self._ready[entry.index]
        id_, given = self._ids[entry.index], resource.get("id")
        if given != id_:
            if entry.id or given is not None:
                raise BadRequest("bundle.id-differs", element=f"{entry.type}.id", given=given, expected=id_)
            if entry.index not in self._found:
                return Done(entry.index, 201, self._tx.create(resource, raw=raw, id=id_))
            resource = {**resource, "id": id_}
        stored, created = self._tx.update(resource, raw=raw, if_match=if_match(entry))
        return Done(entry.index, 201 if created else 200, stored)

    def _patch(self, entry: Entry) -> Done:
        stored = self._tx.patch(entry.type, self._ids[entry.index], operations(entry), if_match=if_match(entry))
        return Done(entry.index, 200, stored)

    def check_reads(self) -> None:
        """Refuse the whole when a read would find nothing or a search cannot be understood."""
        for entry in self._entries:
            if entry.method in ("GET", "HEAD"):
                with inside(entry):
                    if is_id(entry.id) and not entry.query:
                        self._tx.stored(entry.type, entry.id)
                    elif entry.path in definitions().number:
                        search.parse(entry.path, entry.pairs, strict=False)


