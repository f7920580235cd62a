"""Reports that were corrected after somebody had read them: told to that person on every page until they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.pulse import code
from doorstep.kernel.worklist import Ask, Item
from doorstep.web import lists, polling
from doorstep.workflows import correction

_MOST: Final = 50
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One report that reads otherwise now."""

    row: lists.Row
    note: str


def of(request: Any) -> list[Notice]:
    """What the person of this request still has to note."""
    person = getattr(request, "person", None)
    if person is None or not person.organization:
        return []
    asked = Ask(owner=person.organization, code=correction.TABLE.name, state="told")

    def ask() -> list[Item]:
        with request.store.snapshot(person.actor, audited=False) as reads:
            items = reads.waiting(asked, limit=_MOST)
            return [item for item in items if correction.reader_of(reads.read("Task", item.id)) == person.reference]

    mine = polling.counted(request, (code(correction.TABLE.name),), asked, ask)
    if not mine:
        return []
    with request.store.snapshot(person.actor) as reads:
        rows = lists.of_items(reads, mine[:_SHOWN], request.store.clock.now())
        return [Notice(row, _note(reads.read("Task", row.id))) for row in rows]


def _note(task: dict[str, Any]) -> str:
    return next((str(each["valueString"]) for each in task.get("input", ())
                 if each["type"]["coding"][0]["code"] == "note"), "")  # fmt: skip
