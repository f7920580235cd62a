"""The state tables of booking and waiting, with their acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import booking, booking_texts, checkin, clinics, downtime, queue
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (booking.TABLE, queue.TABLE, downtime.TABLE)

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("booking", "cancel"): (
        lambda tx, id_, data: booking.cancel(tx, appointment=id_, reason=data.get("reason", "")), ("reason",)),
    ("booking", "call-off"): (
        lambda tx, id_, data: booking.call_off(tx, appointment=id_, reason=data.get("reason", "")), ("reason",)),
    ("booking", "move"): (
        lambda tx, id_, data: booking.move(tx, appointment=id_, slot=data.get("slot", "")), ("slot",)),
    ("booking", "offer"): (lambda tx, id_, data: checkin.offer(tx, appointment=id_), ()),
    ("booking", "take-offer"): (
        lambda tx, id_, data: booking.take_offer(tx, appointment=id_, slot=data.get("slot", "")), ("slot",)),
    ("booking", "arrive"): (lambda tx, id_, data: checkin.arrive(tx, appointment=id_), ()),
    ("booking", "see"): (lambda tx, id_, data: checkin.see(tx, appointment=id_), ()),
    ("booking", "leave"): (
        lambda tx, id_, data: checkin.leave(tx, appointment=id_, reason=data.get("reason", "")), ("reason",)),
    ("queue", "call"): (lambda tx, id_, data: queue.call(tx, task=id_, room=data.get("room", "")), ("room",)),
    ("queue", "repeat"): (lambda tx, id_, data: queue.repeat(tx, task=id_), ()),
    ("queue", "pass"): (lambda tx, id_, data: queue.pass_over(tx, task=id_), ()),
    ("queue", "aside"): (lambda tx, id_, data: queue.aside(tx, task=id_), ()),
    ("queue", "send"): (lambda tx, id_, data: queue.send(tx, task=id_), ()),
    ("queue", "finish"): (lambda tx, id_, data: queue.finish(tx, task=id_), ()),
    ("queue", "back"): (lambda tx, id_, data: queue.back(tx, task=id_), ()),
    ("queue", "prefer"): (
        lambda tx, id_, data: queue.prefer(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
    ("queue", "transfer"): (
        lambda tx, id_, data: queue.transfer(tx, task=id_, room=data.get("room", "")), ("room",)),
    ("queue", "leave"): (lambda tx, id_, data: queue.leave(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
    ("downtime", "spoil"): (
        lambda tx, id_, data: downtime.spoil(tx, task=id_, reason=data.get("reason", "")), ("reason",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{booking.TABLE.name}.deadline": booking.overdue,
    f"{queue.TABLE.name}.deadline": queue.lapse,
    f"{downtime.TABLE.name}.deadline": downtime.REMIND,
    booking.RETURN: booking.give_back,
    booking_texts.REMIND: booking_texts.remind,
    clinics.GENERATE: clinics.generate,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
