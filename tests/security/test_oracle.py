"""Given random records, grants and refusals, when anybody asks anything, then the answer is that of a record which
holds only what the slow oracle says they may see."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import explain as explaining
from doorstep.kernel import read, search
from doorstep.kernel.errors import Gone, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.search import sql as search_sql
from doorstep.kernel.search import statement
from doorstep.kernel.store import Store
from doorstep.kernel.store import open as open_store
from tests.conftest import ADMIN
from tests.security import world as made
from tests.security.world import NOW, World

QUERIES = (
    ("Patient", ""), ("Patient", "family=li"), ("Patient", "_sort=family"), ("Observation", ""),
    ("Observation", "code=2823-3"), ("Observation", "patient.family=li"), ("Observation", "patient=Patient/r1"),
    ("Observation", "patient=Patient/r2&code=8480-6&_sort=-date"), ("Observation", "encounter.status=finished"),
    ("Observation", "encounter:Encounter.service-provider=Organization/a"), ("Observation", "value-quantity=gt4"),
    ("Patient", "_has:Observation:patient:code=2823-3"), ("Patient", "_has:Encounter:subject:_has:Observation:encounter:code=8480-6"),
    ("Patient", "_has:Condition:patient:code:text=cough"), ("Encounter", "_has:Observation:encounter:code=8480-6"),
    ("Encounter", "status=finished&_include=Encounter:patient"), ("Patient", "_revinclude=Observation:patient"),
    ("Patient", "_revinclude=Task:patient&_revinclude:iterate=Provenance:target"), ("Task", "_include=Task:focus"),
    ("Task", "_include=Task:focus&_include:iterate=ServiceRequest:subject"), ("Condition", ""),
    ("Task", "patient.general-practitioner=Practitioner/p1"), ("Appointment", ""), ("Appointment", "patient=Patient/r2"),
    ("Appointment", "actor:Patient.family=wang"), ("Provenance", "target:Observation.code=2823-3"), ("RelatedPerson", ""),
    ("Provenance", "_include=Provenance:target"), ("MedicationRequest", "patient:missing=false"), ("Flag", ""),
    ("Organization", "_sort=name"), ("Practitioner", "_revinclude=Provenance:agent"),
    ("Organization", "_has:Encounter:service-provider:status=finished"), ("Patient", "_id=r1,r3"),
)  # fmt: skip
"""Roots, chains, reverse chains, includes both ways, order, and what is sorted and counted."""

Answer = tuple[Any, ...]


def asked(store: Store, actor: Actor, query: tuple[str, str]) -> Answer:
    """What somebody is told: matches in order, includes, and the count."""
    type_name, text = query
    pairs = [tuple(pair.split("=", 1)) for pair in f"{text}&_total=accurate&_count=1000".strip("&").split("&")]
    who = replace(actor, at=NOW)
    with store.engine.reader(who) as reader:
        page = Reads(reader, who, store.secret).page(type_name, pairs, strict=True)
    return [row.id for row in page.matches], sorted(f"{row.type_name}/{row.id}" for row in page.includes), page.total


def shown(store: Store, actor: Actor, ref: str) -> str:
    """Whether a read by id, a history and a version are given; refusals look the same for the absent."""
    type_name, id_ = ref.split("/")
    told = []
    who = replace(actor, at=NOW)
    with store.engine.reader(who) as reader:
        reads = Reads(reader, who, store.secret)
        for road in (reads.stored, lambda t, i: reads.vread(t, i, 1), lambda t, i: reads.history(t, i, count=5)):
            try:
                road(type_name, id_)
                told.append("shown")
            except (NotFound, Gone) as refusal:
                told.append(f"{refusal.status} {refusal.key}")
        told.append(str(reads.exists(type_name, id_)))
        told.append(str(f"{type_name}/{id_}" in {str(entry.stored.ref) for entry in reads.history(count=500).entries}))
    return " ".join(told)


def everything(store: Store, actor: Actor, resident: str) -> list[str]:
    """A resident's whole record as somebody sees it."""
    who = replace(actor, at=NOW)
    with store.engine.reader(who) as reader:
        try:
            Reads(reader, who, store.secret).stored("Patient", resident)
            page = search.everything(reader, resident, [("_count", "500")], who, cursor=None, key=store.secret)
        except Refusal as refusal:
            return [refusal.key]
        return sorted(f"{row.type_name}/{row.id}" for row in (*page.matches, *page.includes))


def differences(store: Store, world: World, actor: Actor, *, chance: random.Random, folder: Path) -> list[str]:
    """Every question of a sample that the record answers otherwise than the record of what may be seen."""
    allowed = [entry for entry in world.entries if made.visible(world, actor, entry)]
    alone = open_store(f"sqlite:///{folder}", synchronous="OFF")
    root = replace(ADMIN, at=NOW)
    found = []
    try:
        made.fill(alone, world, allowed, grants=False)
        for query in chance.sample(QUERIES, 14):
            told, expected = asked(store, actor, query), asked(alone, root, query)
            if told != expected:
                found.append(f"{actor.role} {query}: {told} != {expected}")
        for entry in chance.sample(world.entries, 20):
            told, expected = shown(store, actor, entry.ref), shown(alone, root, entry.ref)
            if told != expected:
                found.append(f"{actor.role} {entry.ref}: {told} != {expected}")
        resident = chance.choice(made.RESIDENTS)
        if everything(store, actor, resident) != everything(alone, root, resident):
            found.append(f"{actor.role} everything of {resident}")
    finally:
        alone.close()
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_answer_is_that_of_a_record_which_holds_only_what_may_be_seen(
    store: Store, tmp_path: Path, seed: int
) -> None:
    world, chance = made.make(seed), random.Random(seed)
    made.fill(store, world, world.entries, grants=True)
    found = [
        line
        for number, actor in enumerate(made.actors(seed))
        for line in differences(store, world, actor, chance=chance, folder=tmp_path / str(number))
    ]
    assert found == []


@pytest.mark.parametrize("seed", [4, 5])
def test_what_is_explained_is_what_is_allowed(store: Store, seed: int) -> None:
    world = made.make(seed)
    made.fill(store, world, world.entries, grants=True)
    wrong = []
    with store.engine.reader() as reader:
        reads = Reads(reader, replace(ADMIN, at=NOW), store.secret)
        for actor in made.actors(seed):
            for entry in world.entries:
                told = explaining.explain(reads, actor, Ref.parse(entry.ref))
                expected = made.visible(world, actor, entry)
                if told.allowed != expected or bool(told.grounds) != expected or bool(told.refusals) == expected:
                    wrong.append((actor.role, entry.ref, told))
    assert wrong == []


def _open(alias: str, actor: Actor) -> tuple[str, list[Any]]:
    return "1=1", []


def _links_open(real: Callable[..., Any]) -> Callable[..., Any]:
    def scoped(alias: str, actor: Actor) -> tuple[str, list[Any]]:
        if alias == "r":
            return real(alias, actor)  # type: ignore[no-any-return]
        _, values = real(alias, actor)
        return "(1=1" + " OR CAST(? AS TEXT) IS NULL" * len(values) + ")", values

    return scoped


@contextmanager
def _road_off(road: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The rule switched off on one road."""
    with monkeypatch.context() as patch:
        if road == "read":
            patch.setattr(read, "scoped", _open)
        elif road == "links":
            patch.setattr(search_sql, "scoped", _links_open(search_sql.scoped))
        elif road == "includes":
            patch.setattr(import_module("doorstep.kernel.search.follow"), "Scope", _OpenScope)
        else:
            patch.setattr(import_module("doorstep.kernel.search.run"), "Scope", _OpenScope)
        _forget_statements()
        yield
    _forget_statements()


def _forget_statements() -> None:
    """Statements are kept by the text of the rule for the leading table; here the same text hides another rule."""
    for kept in vars(statement).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


class _OpenScope:
    """A scope that holds nobody back."""

    @staticmethod
    def of(actor: Actor) -> tuple[Any, list[Any]]:
        return search_sql.Scope.of(replace(ADMIN, at=NOW))


@pytest.mark.parametrize("road", ["read", "links", "includes", "root"])
def test_a_road_without_the_rule_is_noticed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    world, chance = made.make(1), random.Random(1)
    made.fill(store, world, world.entries, grants=True)
    found: list[str] = []
    monkeypatch.setattr(store.engine, "_locked", None, raising=False)  # the second lock would hold it back
    with _road_off(road, monkeypatch):
        for number, actor in enumerate(made.actors(1)):
            found += differences(store, world, actor, chance=chance, folder=tmp_path / str(number))
            if found:
                return
    raise AssertionError(f"nothing noticed that {road} was open")


@pytest.mark.parametrize("seed", [1, 6])
def test_the_second_lock_alone_gives_the_same_answers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    if store.engine.dialect == "sqlite":
        pytest.skip("SQLite has no row-level security")
    world, chance = made.make(seed), random.Random(seed)
    made.fill(store, world, world.entries, grants=True)
    found: list[str] = []
    monkeypatch.setattr(store.engine, "locks_searches", True)
    with monkeypatch.context() as patch:
        for place in (read, search_sql):
            patch.setattr(place, "scoped", _open)
        _forget_statements()
        for number, actor in enumerate(made.actors(seed)):
            found += differences(store, world, actor, chance=chance, folder=tmp_path / str(number))
    _forget_statements()
    assert found == []


@pytest.mark.parametrize("lock", [True, False])
def test_a_read_by_id_goes_through_the_second_lock_without_being_asked_to(
    store: Store, monkeypatch: pytest.MonkeyPatch, lock: bool
) -> None:
    if store.engine.dialect == "sqlite":
        pytest.skip("SQLite has no row-level security")
    made.fill(store, made.make(1), made.make(1).entries, grants=False)
    monkeypatch.setattr(read, "scoped", _open)
    if not lock:
        monkeypatch.setattr(store.engine, "_locked", None)
    stranger = Actor("Practitioner/p9", "doctor", "Organization/nowhere", "TREAT", "x", NOW)
    if lock:
        with pytest.raises(NotFound):
            store.read_once(stranger, "Patient", "r1")
    else:
        assert store.read_once(stranger, "Patient", "r1").id == "r1"
