"""What a resident is told: a Communication in their own record, in both languages, unless it would endanger them.

The privacy officer may say that somebody is not to be told (violence at home, a threatened person); that is a Flag
which only those see who may read what is restricted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep import locale_text
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden
from doorstep.kernel.keys import amend, whole
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import systems

SMS: Final = "sms"
"""The effect: a text message to a resident's telephone. Its payload is ``{"key", "params", "institution"}``."""
MEDIUM: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "code": "SMSWRIT"}
TEXTS: Final[dict[str, frozenset[str]]] = {
    "sms.booked": frozenset({"institution", "day", "hour"}),
    "sms.reminder": frozenset({"institution", "day", "hour"}),
    "sms.moved": frozenset({"institution", "day", "hour"}),
    "sms.stopped": frozenset({"institution", "day", "hour", "phone"}),
    "sms.stopped-choose": frozenset({"institution", "day", "hour"}),
    "sms.called-off": frozenset({"institution", "day", "hour"}),
    "sms.plan": frozenset({"institution"}),
    "sms.come-again": frozenset({"institution"}),
    "sms.call-us": frozenset({"institution", "phone"}),
    "sms.survey": frozenset({"link"}),
    "sms.complaint-taken": frozenset({"code"}),
    "sms.complaint-answered": frozenset({"code", "phone"}),
}
"""The text messages there are, with their places: a place, a time, a number to call. Nothing of anybody's health."""
SECRET: Final = frozenset({"link"})
"""Places whose value is for the telephone alone and not kept in the record."""

FLAG: Final = f"{systems.BASE}/cs/flag"
QUIET: Final = "quiet"
WATCHED: Final = "watched"
TOPIC: Final = f"{systems.BASE}/cs/message"
_LANGUAGES: Final = (locale_text.CHINESE, locale_text.ENGLISH)
_RESTRICTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


def tell(tx: Tx, *, resident: str, key: str, institution: str, places: Mapping[str, str] | None = None) -> str:
    """Tell the resident what an institution did; the reference of the message, or "" when they are not to be told.

    ``places`` are what the sentence names besides the institution and the moment.
    """
    record = whole(tx)
    if flagged(record, resident=resident, code=QUIET):
        return ""
    name = record.read("Organization", Ref.parse(institution).id)["name"]
    said = {"institution": name, "at": instant(tx.now)[:16], **(places or {})}
    told: dict[str, Any] = {
        "resourceType": "Communication",
        "status": "completed",
        "topic": {"coding": [{"system": TOPIC, "code": key}]},
        "subject": {"reference": resident},
        "recipient": [{"reference": resident}],
        "sender": {"reference": institution},
        "sent": instant(tx.now),
        "payload": [{"contentString": locale_text.text(key, said, language)} for language in _LANGUAGES],
    }
    return str(tx.create(told).ref)


def text(tx: Tx, *, resident: str, key: str, params: dict[str, str], institution: str = "") -> bool:
    """Send a text message to the resident's telephone; false when they are not to be told.

    ``institution`` is in whose name (the actor's when empty). What is sent is written into the record, as that
    institution's own, when it is sent (gateways/sms); whoever cannot be reached becomes somebody's work there.
    """
    if params.keys() != TEXTS[key]:
        raise ValueError(key, sorted(params))
    if flagged(whole(tx), resident=resident, code=QUIET):
        return False
    sender = institution or tx.actor.organization
    tx.emit(SMS, {"key": key, "params": params, "institution": sender}, ref=resident)
    return True


def text_of(message: dict[str, Any], language: str) -> str:
    """A message in the reader's language."""
    texts = [part.get("contentString", "") for part in message.get("payload", ())]
    place = 1 if language.startswith("en") and len(texts) > 1 else 0
    return str(texts[place]) if texts else ""


def flag(tx: Tx, *, resident: str, code: str) -> None:
    """The officer marks a resident: not to be told, or watched over for curious looks."""
    _officer(tx)
    if not flagged(whole(tx), resident=resident, code=code):
        tx.create({
            "resourceType": "Flag", "status": "active", "code": {"coding": [{"system": FLAG, "code": code}]},
            "subject": {"reference": resident}, "period": {"start": instant(tx.now)},
            "author": {"reference": tx.actor.person}, "meta": {"security": [_RESTRICTED]},
        })  # fmt: skip


def unflag(tx: Tx, *, resident: str, code: str) -> None:
    """The mark is taken away."""
    _officer(tx)
    for found in flagged(whole(tx), resident=resident, code=code):
        amend(tx, {**found, "status": "inactive", "period": {**found["period"], "end": instant(tx.now)}})


def flagged(reads: Reads, *, resident: str, code: str) -> list[dict[str, Any]]:
    """The active marks of a kind on a resident."""
    return [found for found in reads.search("Flag", [("patient", resident)])
            if found["status"] == "active" and found["code"].get("coding", [{}])[0].get("code") == code]  # fmt: skip


def _officer(tx: Tx) -> None:
    if tx.actor.role != "auditor":
        raise Forbidden("privacy.officers-only")
