"""Given an answer, when it is written down, then each resident whom it shows has a row, also where nothing is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.kernel import search
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import statement
from doorstep.kernel.search.model import Row
from doorstep.kernel.shown import by_resident
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx

ADMIN = Actor("Device/doorstep", "administrator", "Organization/one", "HOPERAT", "admin")
DOCTOR = Actor("Practitioner/one", "doctor", "Organization/one", "TREAT", "one")
QUESTIONS = (
    "patient=Patient/kept", "patient=Patient/old", "patient=Patient/third", "patient=Patient/kept&code=urn:s|29463-7&_sort=-date",
    "patient=Patient/third&code=urn:s|29463-7", "code=urn:s|29463-7&_sort=-date", "code=urn:s|29463-7", "patient=Patient/kept&_sort=date",
)  # fmt: skip


def weight(id_: str, *residents: str) -> dict[str, Any]:
    """A measurement of the first, by the others."""
    found: dict[str, Any] = {
        "resourceType": "Observation", "id": id_, "status": "final", "effectiveDateTime": "2026-11-01",
        "code": {"coding": [{"system": "urn:s", "code": "29463-7"}, {"system": "urn:t", "code": "27113001"}]},
        "subject": {"reference": f"Patient/{residents[0]}"},
    }  # fmt: skip
    return found | {"performer": [{"reference": f"Patient/{each}"} for each in residents[1:]]} if residents[1:] else found


@pytest.fixture
def record(store: Store) -> Store:
    """Two entries of one person; a third; a measurement of the third made by the first."""
    def make(tx: Tx) -> None:
        for name in ("kept", "old", "third"):
            tx.update({"resourceType": "Patient", "id": name})
        for each in (("k1", "kept"), ("o1", "old"), ("t1", "third"), ("t2", "third", "kept")):
            tx.update(weight(*each))

    store.run(ADMIN, make)
    store.run(ADMIN, lambda tx: tx.join_to("old", "kept"))
    return store


def answers(store: Store, actor: Actor) -> Iterator[tuple[str, list[Row], Any]]:
    """Question, rows, reader."""
    for question in QUESTIONS:
        pairs = [(name, value) for name, _, value in (each.partition("=") for each in question.split("&"))]
        with store.engine.reader() as reader:
            yield question, search.run(reader, search.parse("Observation", pairs, strict=True), actor).matches, reader


def wrong(store: Store, actor: Actor) -> list[str]:
    """Questions of which an access would be written down otherwise than by looking up whom each row names."""
    found = []
    for question, rows, reader in answers(store, actor):
        refs = [f"Observation/{row.id}" for row in rows]
        about = {ref: row.resident for ref, row in zip(refs, rows, strict=True) if row.resident}
        if by_resident(reader, actor, refs, about) != by_resident(reader, actor, refs):
            found.append(question)
    return found


@pytest.mark.parametrize("actor", [ADMIN, DOCTOR])
def test_what_the_answer_knows_is_what_would_be_looked_up(record: Store, actor: Actor) -> None:
    assert wrong(record, actor) == []


def test_of_most_rows_nothing_is_looked_up(record: Store) -> None:
    known = {question: {row.id: row.resident for row in rows} for question, rows, _ in answers(record, ADMIN)}
    assert known["patient=Patient/third&code=urn:s|29463-7"] == {"t1": "third", "t2": ""}
    assert known["code=urn:s|29463-7&_sort=-date"] == {"k1": "kept", "o1": "", "t1": "third", "t2": ""}


def test_control_the_resident_who_led_there_is_not_enough(record: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "_ALONE", "s.resident")
    statement.page.cache_clear()
    try:
        assert wrong(record, ADMIN)
    finally:
        statement.page.cache_clear()
