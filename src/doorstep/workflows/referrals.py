"""The state tables around a referral, with their acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import beds, escalation, green, opinion, outside_link, referral, signing
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (green.TABLE, opinion.TABLE, signing.TABLE, outside_link.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("green", "pack"): (lambda tx, task, data: _tick(tx, task, data, "pack"), ("item", "undo")),
    ("green", "prepare"): (lambda tx, task, data: _tick(tx, task, data, "prepare"), ("item", "undo")),
    ("green", "depart"): (lambda tx, task, data: _stamp(tx, task, data, "depart"), ("node", "at")),
    ("green", "stamp"): (lambda tx, task, data: _stamp(tx, task, data, "stamp"), ("node", "at")),
    ("green", "eta"): (
        lambda tx, task, data: green.expect(tx, task=task, minutes=data.get("minutes", "")), ("minutes",)),
    ("green", "finish"): (lambda tx, task, data: green.finish(tx, task=task), ()),
    ("green", "stop"): (lambda tx, task, data: green.stop(tx, task=task), ()),
    ("opinion", "answer"): (
        lambda tx, task, data: opinion.answer(tx, task=task, opinion=data.get("opinion", "")), ("opinion",)),
    ("opinion", "decline"): (
        lambda tx, task, data: opinion.decline(tx, task=task, reason=data.get("reason", "")), ("reason",)),
    ("opinion", "read"): (lambda tx, task, data: opinion.read(tx, task=task, note=data.get("note", "")), ("note",)),
    ("opinion", "give-up"): (
        lambda tx, task, data: opinion.give_up(tx, task=task, note=data.get("note", "")), ("note",)),
    ("opinion", "withdraw"): (lambda tx, task, data: opinion.withdraw(tx, task=task), ()),
    ("link", "answer"): (
        lambda tx, task, data: outside_link.answered(tx, task=task, who=data.get("who", "")), ("who",)),
    ("link", "revoke"): (lambda tx, task, data: outside_link.revoke(tx, task=task), ()),
    ("signing", "sign"): (
        lambda tx, task, data: signing.sign(tx, task=task, agreed_by=data.get("agreed-by", "")), ("agreed-by",)),
    ("signing", "refuse"): (
        lambda tx, task, data: signing.refuse(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{referral.TABLE.name}.deadline": referral.overdue,
    f"{green.TABLE.name}.deadline": green.run_out,
    f"{opinion.TABLE.name}.deadline": escalation.raise_task,
    f"{signing.TABLE.name}.deadline": escalation.raise_task,
    f"{outside_link.TABLE.name}.deadline": outside_link.expire,
    beds.LAPSE: referral.bed_lapsed,
}
"""Kind of due work -> command(tx, *, ref, payload)."""


def _tick(tx: Tx, task: str, data: Data, act: str) -> Stored:
    return green.tick_as(tx, task=task, thing=data.get("item", ""), act=green.TABLE.act(act),
                         undo=data.get("undo") == "yes")  # fmt: skip


def _stamp(tx: Tx, task: str, data: Data, act: str) -> Stored:
    return green.stamp_as(tx, task=task, node=data.get("node", ""), at=data.get("at", ""), act=green.TABLE.act(act))
