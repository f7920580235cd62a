"""The acts of the privacy officer's desk by their names, as ``acting`` wants them: command, and the boxes it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import alarms, breakglass, cases, consent, presence, programme

Data = Mapping[str, str]
Command = Callable[[Tx, str, Data], Any]

WITNESS: Final[dict[tuple[str, str], tuple[Command, tuple[str, ...]]]] = {
    ("presence", "explain"): (
        lambda tx, task, data: presence.explain(tx, task=task, note=data.get("note", "")), ("note",)),
    ("presence", "doubt"): (
        lambda tx, task, data: presence.doubt(tx, task=task, note=data.get("note", "")), ("note",)),
    ("emergency", "confirm"): (lambda tx, task, data: breakglass.confirm(tx, task=task), ()),
    ("emergency", "justify"): (
        lambda tx, task, data: breakglass.justify(tx, task=task, note=data.get("note", "")), ("note",)),
    ("emergency", "reject"): (
        lambda tx, task, data: breakglass.reject(
            tx, task=task, consequence=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("question", "take"): (lambda tx, task, data: cases.take(tx, task=task), ()),
    ("question", "answer"): (
        lambda tx, task, data: cases.answer(tx, task=task, finding=data.get("reason", ""), note=data.get("note", "")),
        ("reason", "note")),
    ("question", "withdraw"): (lambda tx, task, data: cases.withdraw(tx, task=task), ()),
    ("alarm", "clear"): (lambda tx, task, data: alarms.clear(tx, task=task, note=data.get("note", "")), ("note",)),
    ("alarm", "confirm"): (lambda tx, task, data: alarms.confirm(tx, task=task, note=data.get("note", "")), ("note",)),
    ("consent", "withdraw"): (
        lambda tx, id_, data: consent.withdraw(tx, consent=id_, scan=data.get("scan", "")), ("scan",)),
    ("programme", "keep"): (lambda tx, id_, data: programme.keep(tx, episode=id_), ()),
    ("programme", "exit"): (
        lambda tx, id_, data: programme.leave(tx, episode=id_, reason=data.get("reason", "")), ("reason",)),
}  # fmt: skip
