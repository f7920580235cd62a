"""What a resident's telephone is told about a booking: when and where, never at which department or why."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from doorstep.kernel.clock import HOME
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.keys import whole
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policy
from doorstep.workflows import messages
from doorstep.workflows.coordination import day, moment

Resource = dict[str, Any]

REMIND: Final = "booking.remind"
"""Due work: a booked visit is near."""


def confirm(tx: Tx, appointment: Resource, institution: str) -> None:
    """It is booked; a reminder comes when there is time for one."""
    _send(tx, appointment, "sms.booked", institution)
    _remind_later(tx, appointment)


def moved(tx: Tx, appointment: Resource, institution: str) -> None:
    """It is at another time now."""
    _send(tx, appointment, "sms.moved", institution)
    _remind_later(tx, appointment)


def called_off(tx: Tx, appointment: Resource, institution: str) -> None:
    """The clinic has taken it back."""
    _send(tx, appointment, "sms.called-off", institution)


def stopped(tx: Tx, appointment: Resource, institution: str) -> None:
    """The clinic does not take place; the resident chooses anew, by telephone if they like."""
    phone = _phone(tx, institution)
    if phone:
        _send(tx, appointment, "sms.stopped", institution, phone=phone)
    else:
        _send(tx, appointment, "sms.stopped-choose", institution)


def remind(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The visit is near, if it still is booked."""
    try:
        found = tx.read("Appointment", Ref.parse(ref).id)
    except (NotFound, Gone):
        return
    if found["status"] == "booked" and found["start"] == payload["start"]:
        clinic = next(ref for ref in _parts(found) if ref.startswith("HealthcareService/"))
        institution = tx.read("HealthcareService", Ref.parse(clinic).id)["providedBy"]["reference"]
        _send(tx, found, "sms.reminder", institution)


def _remind_later(tx: Tx, appointment: Resource) -> None:
    at = moment(appointment["start"]) - policy("sms.remind", on=day(tx.now), reads=tx).microseconds
    if at > tx.now:
        tx.due(at, REMIND, ref=f"Appointment/{appointment['id']}", payload={"start": appointment["start"]})


def _send(tx: Tx, appointment: Resource, key: str, institution: str, **more: str) -> None:
    when = datetime.fromisoformat(appointment["start"]).astimezone(HOME)
    resident = next(ref for ref in _parts(appointment) if ref.startswith("Patient/"))
    name = str(whole(tx).read("Organization", Ref.parse(institution).id)["name"])
    messages.text(tx, resident=resident, key=key, institution=institution,
                  params={"institution": name, "day": f"{when:%m-%d}", "hour": f"{when:%H:%M}", **more})  # fmt: skip


def _parts(appointment: Resource) -> list[str]:
    return [str(each.get("actor", {}).get("reference", "")) for each in appointment.get("participant", ())]


def _phone(tx: Tx, institution: str) -> str:
    found = whole(tx).read("Organization", Ref.parse(institution).id)
    phones = [str(way["value"]) for way in found.get("telecom", ()) if way.get("system") == "phone"]
    return phones[0] if phones else ""
