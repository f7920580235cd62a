"""ORU^R01, an unsolicited result: HL7 v2.3 to v2.6, chapter 7 section 7.3 (OBR, OBX), as what it says about orders."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from doorstep.gateways.hl7v2.er7 import Message
from doorstep.journeys.result_feed import Incoming, Value
from doorstep.kernel.errors import BadRequest, RuleBroken
from doorstep.terms import tubes

VERSIONS: Final = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
_NOTE: Final = 500


def check_head(message: Message) -> None:
    """Refuse what is no result for the record, each with the field that says so."""
    kind, event = message.header(9, 1), message.header(9, 2)
    if (kind, event) != ("ORU", "R01"):
        raise RuleBroken("lab.hl7-type", element="MSH-9", given=f"{kind}^{event}")
    if message.header(12) not in VERSIONS:
        raise RuleBroken("lab.hl7-version", element="MSH-12", given=message.header(12))
    if message.header(11) not in ("P", ""):
        raise RuleBroken("lab.hl7-processing", element="MSH-11", given=message.header(11))
    if not message.header(10):
        raise BadRequest("lab.hl7-no-control", element="MSH-10")


def sender_of(message: Message) -> str:
    """Application and facility, as allowed senders are named."""
    return f"{message.header(3)}|{message.header(4)}"


def key_of(message: Message, raw: bytes) -> str:
    """By what a message is known again: its sender, MSH-10, and what follows its header.

    Devices begin to count anew every day, so the number alone would take a new message for an old one.
    """
    body = raw.lstrip(b"\r\n ").replace(b"\n", b"\r").partition(b"\r")[2].strip(b"\r")
    digest = sha256(body).hexdigest()[:32]
    return f"{sender_of(message)} {message.header(10)} {digest}"


def read(message: Message) -> Incoming:
    """What a message says about orders; nothing is looked up."""
    groups: dict[str, list[Value]] = {}
    people: list[str] = []
    name = note = placer = number = ""
    for segment in message.segments[1:]:
        kind = segment[0]
        if kind == "PID":
            people = [message.part(segment, 3, 1, at) for at in range(message.repetitions(segment, 3))]
            people += [message.part(segment, 19), message.part(segment, 2)]
            name = message.part(segment, 5, 1) + message.part(segment, 5, 2)
        elif kind == "ORC":
            placer = _number(message, segment)
        elif kind == "OBR":
            number = _number(message, segment) or placer
            groups.setdefault(number, [])
        elif kind == "OBX":
            groups.setdefault(number, []).append(_value(message, segment))
        elif kind == "NTE":
            note = f"{note} {message.part(segment, 3)}".strip()
    told = {key: tuple(values) for key, values in groups.items() if values}
    return Incoming(sender_of(message), message.header(10), message.header(7), told,
                    tuple(each for each in people if each), name, note[:_NOTE])  # fmt: skip


def _number(message: Message, segment: tuple[str, ...]) -> str:
    """The number on the tube: placer order number, else filler order number; whichever is one of ours."""
    given = [message.part(segment, 2), message.part(segment, 3)]
    whole = [tubes.whole(each) for each in given]
    return next((each for each in whole if each), next((each for each in given if each), ""))


def _value(message: Message, segment: tuple[str, ...]) -> Value:
    """OBX-3 has two codes at most (identifier, alternate): the one in LOINC is the better."""
    code, text, system = (message.part(segment, 3, place) for place in (1, 2, 3))
    other, other_text, other_system = (message.part(segment, 3, place) for place in (4, 5, 6))
    if other_system == "LN" and system != "LN":
        code, text, system = other, other_text or text, other_system
    measured = message.part(segment, 5)
    if message.part(segment, 2) == "SN":  # structured numeric: comparator, number
        measured = message.part(segment, 5, 1).replace("=", "") + message.part(segment, 5, 2)
    return Value(code, system, text, measured, message.part(segment, 6), message.part(segment, 11))
