"""What another system's Patient says, as a form of ours would say it: nothing of it is believed to be well made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from doorstep.workflows.other_systems import System
from doorstep.workflows.registration import SEXES

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """Whom a launch means. ``number`` is the identity number, ``own`` the system's own."""

    number: str
    own: str
    name: str
    sex: str
    born: str
    phone: str
    address: str

    def boxes(self) -> dict[str, str]:
        """The boxes of the form of registration."""
        return {"number": self.number, "name": self.name, "sex": self.sex, "born": self.born, "phone": self.phone,
                "address": self.address}  # fmt: skip


def read(patient: dict[str, Any], system: System) -> Said:
    """The first of each that is there and not old."""
    sex, born = _text(patient.get("gender")), _text(patient.get("birthDate"))
    return Said(
        _number(patient, system.identity), _number(patient, system.own) if system.own else "", _name(patient),
        sex if sex in SEXES else "", born if len(born) == 10 else "", _phone(patient), _address(patient),
    )  # fmt: skip


def _number(patient: dict[str, Any], system: str) -> str:
    found = (_text(each.get("value")) for each in _each(patient, "identifier") if each.get("system") == system)
    return next((each for each in found if each), "")


def _name(patient: dict[str, Any]) -> str:
    for name in _each(patient, "name"):
        given = name.get("given")
        parts = [_text(name.get("family")), *(_text(each) for each in (given if isinstance(given, list) else ()))]
        found = _text(name.get("text")) or "".join(parts)
        if found:
            return found
    return ""


def _phone(patient: dict[str, Any]) -> str:
    found = (_text(each.get("value")) for each in _each(patient, "telecom") if each.get("system") == "phone")
    return next((each for each in found if each), "")


def _address(patient: dict[str, Any]) -> str:
    for address in _each(patient, "address"):
        lines = address.get("line")
        parts = [_text(address.get(name)) for name in ("state", "city", "district")]
        parts += [_text(each) for each in (lines if isinstance(lines, list) else ())]
        found = _text(address.get("text")) or "".join(parts)
        if found:
            return found
    return ""


def _each(patient: dict[str, Any], member: str) -> Iterator[dict[str, Any]]:
    found = patient.get(member)
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict) and entry.get("use") != "old":
            yield entry


def _text(value: Any) -> str:
    """Text on one line, short enough for a box."""
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""
