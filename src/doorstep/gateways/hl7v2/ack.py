"""The answer to a message: HL7 v2.5.1 section 2.9.2 (original mode), with the named error in MSA-3 and ERR."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from doorstep.gateways.hl7v2.er7 import Message, escape
from doorstep.kernel.clock import HOME

ACCEPT, ERROR, REJECT = "AA", "AE", "AR"
_CODES: Final = {
    "lab.hl7-type": ("200", "Unsupported message type"), "lab.hl7-version": ("203", "Unsupported version id"),
    "lab.hl7-processing": ("202", "Unsupported processing id"), "lab.hl7-no-control": ("101", "Required field missing"),
    "lab.feed-no-order": ("204", "Unknown key identifier"), "lab.feed-unknown-code": ("103", "Table value not found"),
    "lab.hl7-sender": ("207", "Application internal error"),
}  # fmt: skip
_SEGMENT: Final = ("100", "Segment sequence error")
_OTHER: Final = ("207", "Application internal error")


def answer(message: Message | None, code: str, *, now: int, key: str = "", text: str = "", element: str = "") -> bytes:
    """One acknowledgement, in the character set of what it answers."""
    head = message.header if message else lambda *_: ""
    version = head(12) or "2.5.1"
    moment = datetime.fromtimestamp(now / 1_000_000, HOME).strftime("%Y%m%d%H%M%S%z")
    named = _charset(message)
    said = escape(text)
    segments = [
        "|".join(("MSH", "^~\\&", "DOORSTEP", escape(head(6)), escape(head(3)), escape(head(4)), moment, "",
                  "ACK^R01" if version < "2.3.1" else "ACK^R01^ACK", f"A{now}", "P", version, *[""] * 5, named)),
        "|".join(("MSA", code, escape(head(10)), *((said,) if said else ()))),
    ]  # fmt: skip
    if code != ACCEPT:
        number, label = _CODES.get(key, _OTHER if key.startswith("lab.feed") else _SEGMENT)
        place = element.replace("-", "^1^") if element else ""
        if version < "2.5":
            segments.append(f"ERR|{place}^{number}&{label}&HL70357")
        else:
            segments.append(f"ERR||{place}|{number}^{label}^HL70357|E||||{said}|{escape(key)}")
    return ("\r".join(segments) + "\r").encode(message.charset if message else "utf-8", "replace")


def _charset(message: Message | None) -> str:
    """MSH-18 as it came, so that the answer is read as the question was written."""
    if message is None:
        return "UNICODE UTF-8"
    given = message.header(18)
    return given or {"gb18030": "GB 18030-2000"}.get(message.charset, "UNICODE UTF-8")
