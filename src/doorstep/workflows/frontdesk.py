"""The state tables of booking and waiting, with their acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import booking, checkin, clinics
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (booking.TABLE,)

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
}  # fmt: skip
"""(state table, act) -> (command, boxes)."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{booking.TABLE.name}.deadline": booking.overdue,
    booking.RETURN: booking.give_back,
    clinics.GENERATE: clinics.generate,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
