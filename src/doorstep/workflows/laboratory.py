"""The state tables of the laboratory, with the acts of tubes and boxes, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import correction, escalation, feed, inquiry, recheck, recognition, specimen, transport
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (transport.TABLE, correction.TABLE, feed.TABLE, recheck.TABLE, inquiry.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("order", "print"): (lambda tx, task, data: specimen.printed(tx, task=task), ()),
    ("order", "collect"): (
        lambda tx, task, data: specimen.collect(
            tx, task=task, resident=data.get("resident", ""), code=data.get("code", "")),
        ("resident", "code")),
    ("order", "send"): (lambda tx, task, data: specimen.send(tx, task=task), ()),
    ("order", "receive"): (lambda tx, task, data: specimen.receive(tx, task=task), ()),
    ("order", "miss"): (lambda tx, task, data: specimen.miss(tx, task=task), ()),
    ("order", "claim"): (lambda tx, task, data: specimen.claim(tx, task=task), ()),
    ("transport", "put"): (lambda tx, task, data: transport.put(tx, task=task, code=data.get("code", "")), ("code",)),
    ("transport", "take-out"): (
        lambda tx, task, data: transport.take_out(tx, task=task, code=data.get("code", "")), ("code",)),
    ("transport", "seal"): (lambda tx, task, data: transport.seal(tx, task=task), ()),
    ("transport", "depart"): (
        lambda tx, task, data: transport.depart(
            tx, task=task, courier=data.get("courier", ""), temperature=data.get("temperature", ""),
            note=data.get("note", "")),
        ("courier", "temperature", "note")),
    ("transport", "arrive"): (
        lambda tx, task, data: transport.arrive(
            tx, task=task, temperature=data.get("temperature", ""), note=data.get("note", "")),
        ("temperature", "note")),
    ("transport", "check"): (
        lambda tx, task, data: transport.check(tx, task=task, code=data.get("code", "")), ("code",)),
    ("transport", "close"): (lambda tx, task, data: transport.close(tx, task=task), ()),
    ("transport", "shorten"): (lambda tx, task, data: transport.shorten(tx, task=task), ()),
    ("transport", "abandon"): (
        lambda tx, task, data: transport.abandon(tx, task=task, note=data.get("note", "")), ("note",)),
    ("correction", "know"): (lambda tx, task, data: correction.know(tx, task=task), ()),
    ("recheck", "know"): (lambda tx, task, data: recheck.know(tx, task=task), ()),
    ("inquiry", "answer"): (
        lambda tx, task, data: inquiry.answer(tx, task=task, note=data.get("note", "")), ("note",)),
    ("inquiry", "retract"): (
        lambda tx, task, data: inquiry.retract(tx, task=task, note=data.get("note", "")), ("note",)),
    ("inquiry", "know"): (lambda tx, task, data: inquiry.know(tx, task=task), ()),
    ("inquiry", "withdraw"): (lambda tx, task, data: inquiry.withdraw(tx, task=task), ()),
    ("feed", "propose"): (
        lambda tx, task, data: feed.propose(tx, task=task, number=data.get("number", "")), ("number",)),
    ("feed", "disagree"): (lambda tx, task, data: feed.disagree(tx, task=task), ()),
    ("feed", "discard"): (
        lambda tx, task, data: feed.discard(tx, task=task, reason=data.get("reason", "")), ("reason",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{transport.TABLE.name}.deadline": transport.remind,
    f"{correction.TABLE.name}.deadline": escalation.raise_task,
    f"{feed.TABLE.name}.deadline": feed.remind,
    f"{inquiry.TABLE.name}.deadline": escalation.raise_task,
    f"{recheck.TABLE.name}.deadline": escalation.raise_within,
    recognition.RECHECK: recheck.again,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
