"""What happens to a text message: written into the record as the institution's own, carried, tried again, or given up.

A message is one Communication under an id that follows from the effect, so that a second delivery finds the first.
Whoever is not reached becomes a Task of the institution; whoever is not to be told is not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from doorstep import locale_text
from doorstep.gateways.sms.carriers import PUBLIC, Carrier, Down, Refused
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.due import Due
from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, named_id, part_of_resident
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms.policies import policy
from doorstep.workflows import messages, undelivered
from doorstep.workflows.coordination import day

SENT, WAITING, FAILED = "completed", "in-progress", "not-done"
"""Communication.status: carried, tried again, given up."""
_LANGUAGES: Final = (locale_text.CHINESE, locale_text.ENGLISH)


@dataclass(frozen=True, slots=True)
class _Letter:
    """One message as it is about to be sent."""

    id: str
    resident: str
    institution: str
    key: str
    params: dict[str, str]
    phone: str
    language: str

    def text(self, language: str = "", *, kept: bool = False) -> str:
        """The sentence; ``kept``: as the record keeps it, without what is for the telephone alone."""
        given = {name: "…" if kept and name in messages.SECRET else value for name, value in self.params.items()}
        return locale_text.text(self.key, given, language or self.language)


def register(store: Store, carrier: Carrier) -> None:
    """Tell the due runner how text messages are delivered."""
    store.runner.delivery(messages.SMS, lambda due: deliver(store, carrier, due))


def deliver(store: Store, carrier: Carrier, due: Due) -> None:
    """One try. A carrier that is down raises, and the runner tries again later; the last try gives up."""
    letter = _letter(store, due)
    if letter is None:
        return
    actor = Actor("Device/sms", "gateway", letter.institution, "TREAT", "sms")
    if not letter.phone:
        store.run(actor, _give_up, letter, "sms.no-phone")
        return
    try:
        carrier.send(phone=letter.phone, text=letter.text(), key=letter.id)
    except Refused:
        store.run(actor, _give_up, letter, "sms.refused")
    except Down:
        with store.snapshot(SYSTEM, audited=False) as reads:
            most = policy("sms.attempts", on=day(store.clock.now()), reads=reads).amount
        if due.attempts + 1 < most:
            store.run(actor, _write, letter, WAITING, "sms.tried")
            raise
        store.run(actor, _give_up, letter, "sms.unreachable")
    else:
        store.run(actor, _write, letter, SENT, "")


def _letter(store: Store, due: Due) -> _Letter | None:
    """What is to be sent, read at the last moment; None when it must not be, or was."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        try:
            patient = reads.read("Patient", Ref.parse(due.ref).id)
        except (NotFound, Gone):
            return None
        if messages.flagged(reads, resident=due.ref, code=messages.QUIET) or patient.get("deceasedBoolean"):
            return None
        id_ = named_id(part_of_resident(Ref.parse(due.ref).id), f"sms {due.id}")
        if reads.exists("Communication", id_) and reads.read("Communication", id_)["status"] == SENT:
            return None
        most = policy("sms.daily", on=day(store.clock.now()), reads=reads).amount
        if _today(reads, due.ref, store.clock.now()) >= most:
            return None
    phones = [str(way["value"]) for way in patient.get("telecom", ()) if way.get("system") == "phone"]
    payload = due.payload
    here = os.environ.get(PUBLIC, "").rstrip("/")
    params = {name: here + value if name == "link" else value for name, value in payload["params"].items()}
    return _Letter(id_, due.ref, str(payload["institution"]), str(payload["key"]), params,
                   phones[0] if phones else "", _language(patient))  # fmt: skip


def _today(reads: Reads, resident: str, now: int) -> int:
    """How many messages went to a resident since midnight."""
    since = datetime.combine(day(now), time(), HOME).isoformat()
    query = [("subject", resident), ("medium", messages.MEDIUM["code"]), ("status", SENT), ("sent", f"ge{since}")]
    return len(reads.search("Communication", query))


def _language(patient: dict[str, Any]) -> str:
    spoken = [each for each in patient.get("communication", ()) if each.get("preferred")]
    codings = [coding for each in spoken for coding in each.get("language", {}).get("coding", ())]
    english = any(str(each.get("code", "")).startswith("en") for each in codings)
    return locale_text.ENGLISH if english else locale_text.CHINESE


def _write(tx: Tx, letter: _Letter, status: str, why: str) -> str:
    told: dict[str, Any] = {
        "resourceType": "Communication", "id": letter.id, "status": status,
        "topic": {"coding": [{"system": messages.TOPIC, "code": letter.key}]},
        "medium": [{"coding": [messages.MEDIUM]}],
        "subject": {"reference": letter.resident}, "recipient": [{"reference": letter.resident}],
        "sender": {"reference": letter.institution}, "sent": instant(tx.now),
        "payload": [{"contentString": letter.text(language, kept=True)} for language in _LANGUAGES],
    }  # fmt: skip
    if why:
        told["statusReason"] = {"coding": [{"system": messages.TOPIC, "code": why}]}
    tx.update(told)
    return f"Communication/{letter.id}"


def _give_up(tx: Tx, letter: _Letter, why: str) -> None:
    message = _write(tx, letter, FAILED, why)
    undelivered.ask(tx, message=message, resident=letter.resident, institution=letter.institution,
                    said=letter.text(locale_text.CHINESE, kept=True))  # fmt: skip
