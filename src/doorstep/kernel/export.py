"""Export: one NDJSON file a type, in key order, resumable.

Stored texts go out as they are. A state file beside them names the last key written of each type, so that an export
that was cut continues where it stopped and the files hold each resource once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from doorstep.kernel.access import scoped
from doorstep.kernel.audit import Access
from doorstep.kernel.read import type_names, type_number
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

_PAGE = 5000
STATE = ".export.json"


def export(
    store: Store,
    actor: Actor,
    directory: Path,
    *,
    types: Sequence[str] = (),
    progress: Callable[[str, int], None] | None = None,
) -> dict[str, int]:
    """Write ``TYPE.ndjson`` for each type that has resources; how many of each. Audited with the row counts."""
    directory.mkdir(parents=True, exist_ok=True)
    state = _read_state(directory)
    present = [row[0] for row in store.engine.once("SELECT DISTINCT type FROM resource ORDER BY type")]
    wanted = [type_number(name) for name in types] or present
    counts = {}
    for number in wanted:
        name = type_names()[number]
        counts[name] = _export_type(store, actor, directory, name, number, state, progress)
    _write_state(directory, {})
    (directory / STATE).unlink()
    summary = ",".join(f"{name}={count}" for name, count in counts.items())
    store.audit(Access(actor, "export", refs=tuple(counts), query=summary))
    return counts


def _export_type(
    store: Store, actor: Actor, directory: Path, name: str, number: int, state: dict[str, list[int | str]],
    progress: Callable[[str, int], None] | None,
) -> int:  # fmt: skip
    part, id_, count, size = state.get(name, [-1, "", 0, 0])
    file = directory / f"{name}.ndjson"
    with file.open("r+b" if file.exists() and size else "wb") as out:
        out.truncate(int(size))
        out.seek(int(size))
        while True:
            predicate, values = scoped("r", actor)
            page = store.engine.once(
                "SELECT r.part, r.id, r.body FROM resource r WHERE r.type = ? AND (r.part, r.id) > (?, ?)"
                f" AND r.deleted = 0 AND {predicate} ORDER BY r.part, r.id LIMIT {_PAGE}",
                [number, part, id_, *values],
            )
            if page:
                out.write(("\n".join([row[2] for row in page]) + "\n").encode())
                part, id_, count = page[-1][0], page[-1][1], int(count) + len(page)
                out.flush()
                os.fsync(out.fileno())
                state[name] = [part, id_, count, out.tell()]
                _write_state(directory, state)
                if progress:
                    progress(name, int(count))
            if len(page) < _PAGE:
                return int(count)


def _read_state(directory: Path) -> dict[str, list[int | str]]:
    file = directory / STATE
    found: dict[str, list[int | str]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found


def _write_state(directory: Path, state: dict[str, list[int | str]]) -> None:
    fresh = directory / (STATE + ".new")
    fresh.write_text(json.dumps(state), "utf-8")
    fresh.replace(directory / STATE)
