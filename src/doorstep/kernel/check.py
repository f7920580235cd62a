"""Does the record agree with itself?

The texts are the truth. Derived rows must be what the texts say, history must be complete, every id must be where
reads look for it, and the sealed audit chain must hold. References that point at nothing are listed apart: a bulk load
may leave them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from doorstep.kernel import audit, exact, rows
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Refusal
from doorstep.kernel.puts import derive
from doorstep.kernel.read import type_names
from doorstep.kernel.refs import Ref, part_of_id, part_of_resident
from doorstep.kernel.writeset import Put

_PAGE = 1000


@dataclass(slots=True)
class Report:
    """What was looked at and what was wrong. ``clean`` is the exit status of ``doorstep check``."""

    resources: int = 0
    versions: int = 0
    sealed: int = 0
    unsealed: int = 0
    unsealed_age_s: float = 0
    errors: list[str] = field(default_factory=list)
    dangling: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.errors


def check(engine: Engine, *, now: int, progress: Callable[[int], None] | None = None) -> Report:
    """Read everything once and compare. Runs beside a server: a row that changes meanwhile is looked at again."""
    report = Report()
    for chunk in _resources(engine):
        for row in chunk:
            problems = _resource(engine, row, report)
            if problems and not _still(engine, row):
                problems = []
            report.errors += problems
        report.resources += len(chunk)
        if progress:
            progress(report.resources)
    _history(engine, report)
    _orphans(engine, report)
    _audit(engine, report, now)
    return report


def _resources(engine: Engine) -> Iterator[list[tuple[Any, ...]]]:
    part, type_, id_ = -1, 0, ""
    while True:
        chunk = engine.once(
            "SELECT part, type, id, version, deleted, updated, custodian, sens, body FROM resource"
            f" WHERE (part, type, id) > (?, ?, ?) ORDER BY part, type, id LIMIT {_PAGE}",
            [part, type_, id_],
        )
        if not chunk:
            return
        yield chunk
        part, type_, id_ = chunk[-1][:3]


def _still(engine: Engine, row: tuple[Any, ...]) -> bool:
    """Whether the row is still the version that was read."""
    found = engine.once("SELECT version FROM resource WHERE part = ? AND type = ? AND id = ?", list(row[:3]))
    return bool(found) and found[0][0] == row[3]


def _resource(engine: Engine, row: tuple[Any, ...], report: Report) -> list[str]:
    part, type_, id_, version, deleted, _, custodian, sens, body = row
    name = type_names().get(type_, str(type_))
    label = f"{name}/{id_}"
    stored = _stored_rows(engine, part, type_, id_)
    if deleted:
        return [f"{label}: a deleted resource has index rows"] if stored else []
    try:
        resource = exact.decode(body)
    except Refusal as refusal:
        return [f"{label}: its text cannot be read ({refusal})"]
    problems = []
    meta = resource.get("meta", {})
    if resource.get("resourceType") != name or resource.get("id") != id_ or meta.get("versionId") != str(version):
        problems.append(f"{label}: its text names another type, id or version")
    put = Put(part, type_, name, id_, 0, version, 0, custodian, sens, False, "", b"", False, None)
    derive(put, resource)
    expected = {(table, value) for table, values in rows.index_rows(put) for value in values}
    expected |= {("subject", value) for value in rows.subject_rows(put)}
    for table in sorted({table for table, _ in expected ^ stored}):
        problems.append(f"{label}: rows in {table} do not agree with its text")
    problems += _place(engine, part, type_, id_, name, label)
    assert put.rows is not None
    report.dangling += [
        f"{label} {element} -> {target}" for element, target in put.rows.references if not _there(engine, target)
    ]
    return problems


def _stored_rows(engine: Engine, part: int, type_: int, id_: str) -> set[tuple[str, tuple[Any, ...]]]:
    found: set[tuple[str, tuple[Any, ...]]] = set()
    for table, columns in rows.INDEX_TABLES.items():
        sql = f"SELECT {columns} FROM {table} WHERE part = ? AND type = ? AND id = ?"
        found |= {(table, tuple(row)) for row in engine.once(sql, [part, type_, id_])}
    if type_names().get(type_) == "Task":
        sql = f"SELECT {rows.TASK_COLUMNS} FROM task_row WHERE part = ? AND id = ?"
        found |= {("task_row", tuple(row)) for row in engine.once(sql, [part, id_])}
    sql = f"SELECT {rows.SUBJECT_COLUMNS} FROM subject WHERE rpart = ? AND type = ? AND id = ?"
    return found | {("subject", tuple(row)) for row in engine.once(sql, [part, type_, id_])}


def _place(engine: Engine, part: int, type_: int, id_: str, name: str, label: str) -> list[str]:
    carried = part_of_id(id_)
    if carried is not None:
        return [] if carried == part else [f"{label}: it is not in the part that its id names"]
    if name == "Patient" and part != part_of_resident(id_):
        return [f"{label}: it is not in its resident's part"]
    located = engine.once("SELECT part FROM locator WHERE type = ? AND id = ?", [type_, id_])
    return [] if located and located[0][0] == part else [f"{label}: the locator does not find it"]


def _there(engine: Engine, reference: str) -> bool:
    target = Ref.parse(reference)
    number = next((n for n, name in type_names().items() if name == target.type), 0)
    part = part_of_id(target.id)
    if part is None and target.type == "Patient":
        part = part_of_resident(target.id)
    if part is None:
        located = engine.once("SELECT part FROM locator WHERE type = ? AND id = ?", [number, target.id])
        part = located[0][0] if located else -1
    found = engine.once(
        "SELECT 1 FROM resource WHERE part = ? AND type = ? AND id = ? AND deleted = 0", [part, number, target.id]
    )
    return bool(found)


def _history(engine: Engine, report: Report) -> None:
    """Versions 1 .. n-1 of every resource are in history, and nothing else is."""
    gaps = engine.once(
        "SELECT r.type, r.id, r.version, count(v.version) FROM resource r LEFT JOIN version v"
        " ON v.part = r.part AND v.type = r.type AND v.id = r.id WHERE r.version > 1"
        " GROUP BY r.part, r.type, r.id, r.version HAVING count(v.version) <> r.version - 1"
    )
    report.errors += [f"{type_names().get(t, t)}/{i}: {n} of {v - 1} earlier versions" for t, i, v, n in gaps]
    lost = engine.once(
        "SELECT v.type, v.id, v.version FROM version v LEFT JOIN resource r"
        " ON r.part = v.part AND r.type = v.type AND r.id = v.id WHERE r.id IS NULL OR r.version <= v.version"
    )
    report.errors += [f"{type_names().get(t, t)}/{i}: version {v} has no later one" for t, i, v in lost]
    report.versions = int(engine.once("SELECT count(*) FROM version")[0][0])


def _orphans(engine: Engine, report: Report) -> None:
    """Index rows whose resource is not there."""
    for table in rows.INDEX_TABLES:
        count = engine.once(
            f"SELECT count(*) FROM {table} i LEFT JOIN resource r ON r.part = i.part AND r.type = i.type"
            " AND r.id = i.id WHERE r.id IS NULL"
        )[0][0]
        if count:
            report.errors.append(f"{table}: {count} rows of resources that are not there")


def _audit(engine: Engine, report: Report, now: int) -> None:
    report.errors += [f"audit row {broken.seq}: {broken.reason}" for broken in audit.verify(engine)]
    report.sealed = int(engine.once("SELECT count(*) FROM audit_sealed")[0][0])
    count, oldest = engine.once("SELECT count(*), coalesce(min(at), 0) FROM audit")[0]
    report.unsealed = int(count)
    report.unsealed_age_s = round(max(0, now - oldest) / 1e6, 1) if count else 0.0
