"""Bulk loading: NDJSON and Bundles, plain or compressed, resumable.

Resources are prepared (read, validated, indexed) in worker processes and committed in large write sets by one. The
position in each file is kept in the record by the file's content; a chunk that was committed but not yet counted is
recognised, so loading a file again changes nothing. References may dangle here (a file may name what comes later);
``check`` lists those that still do.

The entries of another Bundle are loaded like lines, once the names by which they refer to each other are replaced. A
Bundle that is a transaction is carried out as one, all or nothing, and once: its content is a key that the same
commit takes.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from doorstep.kernel import bundle, exact, load_bundle, load_file, rows
from doorstep.kernel.errors import Malformed, Refusal
from doorstep.kernel.keyset import either
from doorstep.kernel.load_helpers import helpers
from doorstep.kernel.load_position import Position
from doorstep.kernel.puts import home_part, put_of
from doorstep.kernel.refs import DIRECTORY, Actor, is_id, new_id, part_of_id
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx, checked
from doorstep.kernel.writeset import Put, WriteSet

_LOADED: Final = "load"
"""The kind of key that a transaction takes for good when it is loaded."""
_ENTRY: Final = re.compile(r"Bundle\.entry\[(\d+)\]")

Prepared = tuple[list[Put], list[tuple[int, Refusal]], int]


@dataclass(slots=True)
class Loaded:
    """What came of one file. ``refused`` names the line (or entry) and why."""

    file: str
    written: int = 0
    unchanged: int = 0
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    skipped: int = 0


def load(
    store: Store, actor: Actor, file: Path, *, processes: int = 2, progress: Callable[[int, int], None] | None = None
) -> Loaded:
    """Load one file. A refused line does not stop the others; it is reported with its number.

    ``progress(done, total)`` is called in bytes for NDJSON, in entries for a Bundle.
    """
    result = Loaded(file.name)
    if load_file.is_ndjson(file):
        _load_lines(store, actor, file, result, processes, progress)
    else:
        _load_bundle(store, actor, file, result, progress)
    return result


def _load_bundle(
    store: Store, actor: Actor, file: Path, result: Loaded, progress: Callable[[int, int], None] | None
) -> None:
    raw = load_file.whole(file)
    try:
        content = exact.decode(raw)
    except Refusal as refusal:
        result.refused.append((1, refusal))
        return
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        _commit(store, actor, prepare([(1, raw)], actor.organization, store.clock.now(), _digest(raw)), result)
        return
    if content.get("type") in ("transaction", "batch"):
        _load_transaction(store, actor, content, raw, result)
        return
    name = _digest(raw)
    try:
        entries = load_bundle.entries(raw, name)
    except Refusal as refusal:
        result.refused.append((1, refusal))
        return
    for start in range(0, len(entries), load_file.CHUNK):
        some = entries[start : start + load_file.CHUNK]
        _commit(store, actor, prepare(some, actor.organization, store.clock.now(), name), result)
        if progress:
            progress(start + len(some), len(entries))


def _load_transaction(store: Store, actor: Actor, content: dict[str, Any], raw: bytes, result: Loaded) -> None:
    plan = None
    try:
        plan = bundle.read(content, raw)
        result.written += len(store.run(actor, _once, plan, _digest(raw)))
    except Refusal as refusal:
        if plan and refusal.key == "claims.not-unique" and refusal.params.get("kind") == _LOADED:
            result.unchanged += len(plan.entries)
            return
        located = bundle.locate(plan, refusal) if plan else refusal
        entry = _ENTRY.match(located.issues[0].element)
        result.refused.append((int(entry[1]) + 1 if entry else 1, located))


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _once(tx: Tx, plan: bundle.Plan, content: str) -> list[bundle.Done]:
    tx.unique(_LOADED, content, "load")
    return bundle.transaction(tx, plan)


def _load_lines(
    store: Store, actor: Actor, file: Path, result: Loaded, processes: int, progress: Callable[[int, int], None] | None
) -> None:
    content = load_file.fingerprint(file)
    name = f"load.{content[:24]}"
    position = Position.parse(store.setting(name, "0"))
    result.skipped = position.done - len(position.refused)
    total = file.stat().st_size
    chunks = load_file.chunks(file, Position(position.done, set(position.refused)).wants)

    def settle(chunk: load_file.Chunk, prepared: Prepared) -> None:
        _commit(store, actor, prepared, result)
        position.settle((number for number, _ in chunk.lines), (number for number, _ in prepared[1]))
        store.set_setting(name, str(position))
        if progress:
            progress(chunk.read, total)

    # The first chunk is prepared here: a small file needs no helpers, and those of a larger one begin with what is
    # compiled for its types.
    for first in islice(chunks, 1):
        settle(first, prepare(first.lines, actor.organization, store.clock.now(), content))
    for second in islice(chunks, 1):
        waiting: deque[tuple[load_file.Chunk, Future[Prepared]]] = deque()
        with helpers(processes) as pool:
            for chunk in chain([second], chunks):
                now = store.clock.now()
                waiting.append((chunk, pool.submit(prepare, chunk.lines, actor.organization, now, content)))
                if len(waiting) > processes * 2:
                    _settle_next(waiting, settle)
            while waiting:
                _settle_next(waiting, settle)


def _settle_next(
    waiting: deque[tuple[load_file.Chunk, Future[Prepared]]], settle: Callable[[load_file.Chunk, Prepared], None]
) -> None:
    chunk, future = waiting.popleft()
    settle(chunk, future.result())


def prepare(lines: list[tuple[int, bytes]], organization: str, now: int, content: str = "") -> Prepared:
    """(number, text) of resources as puts that expect nothing yet; those refused with their numbers.

    ``content`` names the file: a line without an id then gets the same one each time.
    """
    puts: list[Put] = []
    refused: list[tuple[int, Refusal]] = []
    moment = now - now % 1000
    for number, raw in lines:
        try:
            puts.append(_put(raw, organization, moment, f"{content}:{number}" if content else ""))
        except Refusal as refusal:
            refused.append((number, refusal))
    return puts, refused, len(lines)


def _put(raw: bytes, organization: str, moment: int, name: str) -> Put:
    resource = exact.decode(raw)
    if not isinstance(resource, dict):
        raise Malformed("load.not-a-resource")
    checked(resource)
    type_name, id_ = resource["resourceType"], resource.get("id")
    if id_ is None:
        id_ = load_bundle.own_id(resource, name)
    elif not isinstance(id_, str) or not is_id(id_):
        raise Malformed("tx.id-missing", element=f"{type_name}.id")
    carried = part_of_id(id_)
    return put_of(
        resource,
        raw,
        part=home_part(resource) if carried is None else carried,
        id=id_,
        expected=0,
        updated=moment,
        custodian=organization,
        method="PUT",
    )


def _commit(store: Store, actor: Actor, prepared: Prepared, result: Loaded) -> None:
    puts, refused, _ = prepared
    result.refused += refused
    fresh: dict[tuple[str, str], Put] = {}
    known = _known(store, puts)
    for put in puts:
        there = known.get((put.type, put.id))
        if there is None:
            fresh[put.type_name, put.id] = put
        elif _same(there[2], put.body):
            result.unchanged += 1
        else:
            fresh[put.type_name, put.id] = _next(put, there)
    if not fresh:
        return
    # A file may hold one resource twice in a chunk; the last line is the one that stands, as if they came one by one.
    work = WriteSet(puts=list(fresh.values()), now=store.clock.now())
    work.audits.append(
        rows.audit_row(
            actor, id=new_id(DIRECTORY), at=work.now, action="batch", refs=f"{len(fresh)} resources", outcome=200
        )
    )
    store.engine.apply(work)
    result.written += len(fresh)


def _known(store: Store, puts: list[Put]) -> dict[tuple[int, str], tuple[int, int, str, int]]:
    """(type, id) -> (part, version, body, updated) of what is already there."""
    found: dict[tuple[int, str], tuple[int, int, str, int]] = {}
    dialect = store.engine.dialect
    for start in range(0, len(puts), 100):
        some = puts[start : start + 100]
        chosen = [put for put in some if put.located]
        if chosen:
            wanted, values = either(dialect, ("type", "id"), [(put.type, put.id) for put in chosen])
            located = store.engine.once(f"SELECT type, id, part FROM locator WHERE {wanted}", values)
            parts = {(row[0], row[1]): row[2] for row in located}
            for put in chosen:
                put.part = parts.get((put.type, put.id), put.part)
            some = [put for put in some if not put.located or (put.type, put.id) in parts]
        if some:
            wanted, values = either(dialect, ("part", "type", "id"), [(put.part, put.type, put.id) for put in some])
            there = store.engine.once(
                f"SELECT type, id, part, version, body, updated FROM resource WHERE {wanted}", values
            )
            found |= {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in there}
    return found


def _next(put: Put, there: tuple[int, int, str, int]) -> Put:
    part, version, _, updated = there
    return put_of(
        exact.decode(put.body),
        put.body,
        part=part,
        id=put.id,
        expected=version,
        updated=max(put.updated, updated + 1000),
        custodian=put.custodian,
        method="PUT",
    )


def _same(old: str, new: bytes) -> bool:
    """Equal but for what the server sets."""
    if not old:
        return False
    one, other = exact.decode(old), exact.decode(new)
    for resource in (one, other):
        meta = resource.get("meta") or {}
        meta.pop("versionId", None)
        meta.pop("lastUpdated", None)
        if not meta:
            resource.pop("meta", None)
    return exact.encode(one) == exact.encode(other)
