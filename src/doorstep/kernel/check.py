"""Does the record agree with itself?

The texts are the truth. Derived rows must be what the texts say, history must be complete, every id must be where
reads look for it, and the sealed audit chain must hold. References that point at nothing are listed apart: a bulk load
may leave them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorstep.kernel import alias, audit, audit_heads, exact, index, repair, rows
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Engine
from doorstep.kernel.errors import Refusal
from doorstep.kernel.keyset import either
from doorstep.kernel.puts import derive
from doorstep.kernel.read import type_names
from doorstep.kernel.refs import Ref, part_of_id, part_of_resident
from doorstep.kernel.writeset import Put

_PAGE = 1000
_AT_ONCE = 100
"""Keys that are looked up by one statement."""


@dataclass(slots=True)
class Report:
    """What was looked at and what was wrong. ``clean`` is the exit status of ``doorstep check``."""

    resources: int = 0
    versions: int = 0
    sealed: int = 0
    unsealed: int = 0
    unsealed_age_s: float = 0
    heads: int = 0
    set_back: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    dangling: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.errors


@dataclass(slots=True)
class _Looked:
    """What was found about one resource. ``put`` has the rows that follow from its text; None when that is unreadable.

    ``beyond`` counts the problems at the end of the list that no derived row can mend.
    """

    problems: list[str]
    put: Put | None = None
    beyond: int = 0


Derived = Counter[tuple[str, tuple[Any, ...]]]
"""(table, row) -> how often it is there."""


def check(
    engine: Engine,
    *,
    now: int,
    heads: Sequence[Path] = (),
    mend: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Read everything once and compare. Runs beside a server: a row that changes meanwhile is looked at again.

    ``heads`` are files in which heads of the audit chain were written down outside of the record. ``mend`` makes the
    derived rows of what disagrees anew from its text, each in a commit of its own, so it may be stopped at any time.
    """
    report = Report()
    for chunk in _resources(engine):
        stored, located = _stored_rows(engine, chunk), _located(engine, {row[1:3] for row in chunk})
        moved = alias.everybody(engine.once)
        named: list[tuple[str, str]] = []
        for row in chunk:
            looked = _resource(row, stored.get(row[:3], Counter()), located, moved)
            _tell(engine, report, row, looked, mend)
            if looked.put is not None and looked.put.rows is not None:
                label = f"{looked.put.type_name}/{looked.put.id}"
                named += [(f"{label} {element}", target) for element, target in looked.put.rows.references]
                report.dangling += [f"{label} {element} -> {name}" for element, name in looked.put.rows.urns]
        absent = _absent(engine, {target for _, target in named})
        report.dangling += [f"{element} -> {target}" for element, target in named if target in absent]
        report.resources += len(chunk)
        if progress:
            progress(report.resources)
    _history(engine, report)
    _orphans(engine, report, mend)
    _audit(engine, report, now)
    for file in heads:
        _heads(engine, report, file)
    return report


def _tell(engine: Engine, report: Report, row: tuple[Any, ...], looked: _Looked, mend: bool) -> None:
    """The problems of a resource that is still what was read go into the report, as errors or as mended."""
    if not looked.problems or not _still(engine, row):
        return
    mendable = len(looked.problems) - looked.beyond
    if mend and mendable and looked.put is not None and repair.derive_again(engine, looked.put):
        report.repaired += looked.problems[:mendable]
        report.errors += looked.problems[mendable:]
    else:
        report.errors += looked.problems


def _resources(engine: Engine) -> Iterator[list[tuple[Any, ...]]]:
    part, type_, id_ = -1, 0, ""
    while True:
        chunk = engine.once(
            "SELECT part, type, id, version, deleted, updated, custodian, sens, body, label, several FROM resource"
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


def _resource(
    row: tuple[Any, ...], stored: Derived, located: dict[tuple[int, str], int], moved: alias.Moved
) -> _Looked:
    """What is wrong with a resource, and what should be there."""
    part, type_, id_, version, deleted, _, custodian, sens, body, *marks = row
    name = type_names().get(type_, str(type_))
    label = f"{name}/{id_}"
    put = Put(part, type_, name, id_, 0, version, 0, custodian, sens, bool(deleted), "", b"", False, None)
    put.located = part_of_id(id_) is None
    put.moved = moved
    place, beyond = _place(part, type_, id_, label, located)
    if deleted and body:
        return _Looked([f"{label}: a deleted resource has a text"])
    if deleted:
        return _Looked(([f"{label}: a deleted resource has index rows"] if stored else []) + place, put, beyond)
    try:
        resource = exact.decode(body)
    except Refusal as refusal:
        return _Looked([f"{label}: its text cannot be read ({refusal})"])
    problems = []
    meta = resource.get("meta", {})
    if resource.get("resourceType") != name or resource.get("id") != id_ or meta.get("versionId") != str(version):
        return _Looked([f"{label}: its text names another type, id or version"])
    derive(put, resource)
    put.sens = index.sensitivity(resource)
    if (sens, *marks) != (put.sens, put.label, int(put.several)):
        problems.append(f"{label}: its sensitivity does not agree with its text")
    expected = Counter((table, value) for table, values in rows.index_rows(put) for value in values)
    expected.update(("subject", value) for value in rows.subject_rows(put))
    if expected != stored:
        wrong = {table for table, _ in (expected - stored) + (stored - expected)}
        problems += [f"{label}: rows in {table} do not agree with its text" for table in sorted(wrong)]
    return _Looked(problems + place, put, beyond)


def _stored_rows(engine: Engine, chunk: list[tuple[Any, ...]]) -> dict[tuple[int, int, str], Derived]:
    """The derived rows of a run of resources, one statement a table: (part, type, id) -> them, each as often as it is.

    On PostgreSQL nothing in an index table forbids a row twice; a search would count its resource twice.
    """
    found: dict[tuple[int, int, str], Derived] = {}
    ends = [*chunk[0][:3], *chunk[-1][:3]]
    for table, columns in rows.INDEX_TABLES.items():
        sql = f"SELECT {columns} FROM {table} WHERE (part, type, id) >= (?, ?, ?) AND (part, type, id) <= (?, ?, ?)"
        for row in engine.once(sql, ends):
            found.setdefault((row[0], row[1], row[2]), Counter())[table, tuple(row)] += 1
    sql = (
        f"SELECT rpart, type, id, {rows.SUBJECT_COLUMNS} FROM subject"
        " WHERE (rpart, type, id) >= (?, ?, ?) AND (rpart, type, id) <= (?, ?, ?)"
    )
    for part, type_, id_, *values in engine.once(sql, ends):
        found.setdefault((part, type_, id_), Counter())["subject", tuple(values)] += 1
    task = definitions().number["Task"]
    tasks = [(row[0], row[2]) for row in chunk if row[1] == task]
    if tasks:
        sql = f"SELECT {rows.TASK_COLUMNS} FROM task_row WHERE (part, id) >= (?, ?) AND (part, id) <= (?, ?)"
        for row in engine.once(sql, [*tasks[0], *tasks[-1]]):
            found.setdefault((row[0], task, row[1]), Counter())["task_row", tuple(row)] += 1
    return found


def _located(engine: Engine, names: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """(type, id) -> part, of ids that clients chose, as reads find them."""
    chosen = sorted(name for name in names if part_of_id(name[1]) is None)
    found: dict[tuple[int, str], int] = {}
    for start in range(0, len(chosen), _AT_ONCE):
        some = chosen[start : start + _AT_ONCE]
        where, values = either(engine.dialect, ("type", "id"), some)
        for type_, id_, part in engine.once(f"SELECT type, id, part FROM locator WHERE {where}", values):
            found[type_, id_] = part
    return found


def _place(part: int, type_: int, id_: str, label: str, located: dict[tuple[int, str], int]) -> tuple[list[str], int]:
    """What is wrong with where a resource lies, and how much of that no derived row can mend."""
    carried = part_of_id(id_)
    if carried is not None:
        wrong = [] if carried == part else [f"{label}: it is not in the part that its id names"]
    elif type_ == definitions().number["Patient"] and part != part_of_resident(id_):
        wrong = [f"{label}: it is not in its resident's part"]
    elif (type_, id_) not in located:
        return [f"{label}: the locator does not find it"], 0
    else:
        wrong = [] if located[type_, id_] == part else [f"{label}: the locator finds it elsewhere"]
    return wrong, len(wrong)


def _absent(engine: Engine, references: set[str]) -> set[str]:
    """Those of some references whose targets are not there, or deleted."""
    targets: dict[str, tuple[int, str]] = {}
    for reference in references:
        target = Ref.parse(reference)
        targets[reference] = (definitions().number.get(target.type, 0), target.id)
    located = _located(engine, set(targets.values()))
    keys = {}
    for reference, (type_, id_) in targets.items():
        part = part_of_id(id_)
        if part is None:
            is_resident = type_ == definitions().number["Patient"]
            part = part_of_resident(id_) if is_resident else located.get((type_, id_), -1)
        keys[reference] = (part, type_, id_)
    wanted = sorted(set(keys.values()))
    there: set[tuple[int, int, str]] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        where, values = either(engine.dialect, ("part", "type", "id"), some)
        sql = f"SELECT part, type, id FROM resource WHERE deleted = 0 AND {where}"
        there.update((row[0], row[1], row[2]) for row in engine.once(sql, values))
    return {reference for reference, key in keys.items() if key not in there}


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


def _orphans(engine: Engine, report: Report, mend: bool) -> None:
    """Derived rows whose resource is not there."""
    places = dict.fromkeys(rows.INDEX_TABLES, "r.part = i.part AND r.type = i.type")
    places["subject"] = "r.part = i.rpart AND r.type = i.type"
    places["task_row"] = f"r.part = i.part AND r.type = {definitions().number['Task']}"
    places["locator"] = "r.part = i.part AND r.type = i.type"
    for table, place in places.items():
        count = engine.once(
            f"SELECT count(*) FROM {table} i LEFT JOIN resource r ON {place} AND r.id = i.id WHERE r.id IS NULL"
        )[0][0]
        if count:
            told = report.repaired if mend else report.errors
            told.append(f"{table}: {count} rows of resources that are not there")
            if mend:
                repair.remove_orphans(engine, table, place)


def _audit(engine: Engine, report: Report, now: int) -> None:
    report.errors += [f"audit row {broken.seq}: {broken.reason}" for broken in audit.verify(engine)]
    report.sealed = int(engine.once("SELECT count(*) FROM audit_sealed")[0][0])
    count, oldest = engine.once("SELECT count(*), coalesce(min(at), 0) FROM audit")[0]
    report.unsealed = int(count)
    report.unsealed_age_s = round(max(0, now - oldest) / 1e6, 1) if count else 0.0


def _heads(engine: Engine, report: Report, file: Path) -> None:
    """What was written down outside is still what the chain holds."""
    found = audit_heads.read(file)
    report.heads += len(found)
    report.set_back += [head.at for head in found if head.set_back]
    report.errors += [
        f"audit row {head.seq}: not the one written down at {head.at} in {file}"
        for head in audit_heads.missing(engine, found)
    ]
