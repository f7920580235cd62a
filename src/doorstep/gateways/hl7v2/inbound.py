"""One message in, one acknowledgement out: whatever the bytes are, there is an answer and it names what is wrong.

AA: the record has it, or had it before. AE: it is kept and waits in the laboratory's list. AR: it is not kept.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from doorstep import locale_text
from doorstep.gateways.hl7v2 import ack, er7, oru, senders
from doorstep.journeys import result_feed
from doorstep.journeys.result_feed import Outcome
from doorstep.kernel.audit import Access
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

_log = logging.getLogger("doorstep.hl7")


_OURS: Final = 500
"""From which status on a refusal is ours: the sender may send again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The acknowledgement as bytes, its code, and what became of the message (None when it was not kept)."""

    body: bytes
    code: str
    outcome: Outcome | None = None
    key: str = ""


def receive(store: Store, raw: bytes, *, address: str, by: Actor | None = None) -> Answer:
    """Work off one message. ``by`` is somebody who pastes one: the sender must then be of their own institution."""
    message: er7.Message | None = None
    now = store.clock.now()
    try:
        message = er7.parse(raw)
        oru.check_head(message)
        sender = senders.of(store, oru.sender_of(message), address=address, by=by)
        said = oru.read(message)
        outcome = result_feed.take_in(store, sender.actor, key=oru.key_of(message, raw), raw=raw,
                                      charset=message.charset, said=said)  # fmt: skip
    except Refusal as refusal:
        _refused(store, refusal, address)
        issue = refusal.issues[0]
        text = locale_text.text(issue.key, issue.params, _language(message))
        code = ack.ERROR if refusal.status >= _OURS else ack.REJECT
        body = ack.answer(message, code, now=now, key=issue.key, text=text, element=issue.element)
        return Answer(body, code, None, issue.key)
    except Exception:  # noqa: BLE001 - a fault of ours must not leave the sender without an answer; it is in the log
        _log.exception("a message met a fault")
        text = locale_text.text("lab.hl7-fault", {}, _language(message))
        return Answer(ack.answer(message, ack.ERROR, now=now, key="lab.hl7-fault", text=text), ack.ERROR, None,
                      "lab.hl7-fault")  # fmt: skip
    if outcome.state in ("failed", "ownerless") and outcome.key:
        text = locale_text.text(outcome.key, dict(outcome.params), _language(message))
        return Answer(ack.answer(message, ack.ERROR, now=now, key=outcome.key, text=text), ack.ERROR, outcome,
                      outcome.key)  # fmt: skip
    return Answer(ack.answer(message, ack.ACCEPT, now=now), ack.ACCEPT, outcome)


def broken(store: Store, key: str) -> bytes:
    """The answer to bytes that are no frame."""
    text = locale_text.text(key, {}, locale_text.ENGLISH)
    return ack.answer(None, ack.REJECT, now=store.clock.now(), key=key, text=text)


def _refused(store: Store, refusal: Refusal, address: str) -> None:
    _log.warning("message refused: %s from %s", refusal.key, address)
    unknown = Actor("Device/hl7", "", "", "", "hl7", address=address)
    store.audit(Access(unknown, "operation", query=f"hl7 {refusal.key}"[:200], outcome=refusal.status))


def _language(message: er7.Message | None) -> str:
    """Chinese where the message's characters can hold it."""
    chinese = message is not None and message.charset in ("gb18030", "utf-8")
    return locale_text.CHINESE if chinese else locale_text.ENGLISH
