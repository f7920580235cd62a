"""Whether two entries may be one person: field by field, in words that a reviewer can check, and as one weight.

A number with a right check digit is rarely a slip of the hand: two right numbers that differ speak against. A telephone
or an address is often shared by a family, so neither says much; a name that sounds alike was often typed by ear.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from rapidfuzz.distance import OSA

from doorstep.kernel import names
from doorstep.terms import documents, systems
from doorstep.terms.identifiers import IdentifierError, identity_number

SAME, SOUNDS, CLOSE, DIFFERS, MISSING = "same", "sounds", "close", "differs", "missing"

_WEIGHTS: Final = {
    "number": {SAME: 12.0, CLOSE: 5.0, DIFFERS: -6.0},
    "document": {SAME: 8.0},
    "name": {SAME: 4.5, SOUNDS: 3.5, CLOSE: 1.5, DIFFERS: -4.0},
    "born": {SAME: 4.0, CLOSE: 1.5, DIFFERS: -4.0},
    "sex": {SAME: 0.5, DIFFERS: -3.0},
    "phone": {SAME: 2.5},
    "address": {SAME: 1.5, CLOSE: 0.5},
}
DOUBTFUL: Final = 6.0
"""From this weight on a person is asked."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is compared of one entry; "" and () where nothing is known."""

    id: str
    name: str
    sound: str
    born: str
    sex: str
    number: str
    documents: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    address: str = ""

    @property
    def has_right_number(self) -> bool:
        """Whether the number is one: its check digit and its date are right."""
        return _right(self.number)


@dataclass(frozen=True, slots=True)
class Line:
    """One field side by side and what it says; ``field`` and ``says`` are codes that a page has words for."""

    field: str
    left: str
    right: str
    says: str

    @property
    def weight(self) -> float:
        return _WEIGHTS[self.field].get(self.says, 0.0)


def features(patient: dict[str, Any]) -> Features:
    """The features of a Patient."""
    identifiers = [(entry.get("system", ""), str(entry.get("value", ""))) for entry in patient.get("identifier", ())]
    name = _name(patient)
    return Features(
        id=str(patient.get("id", "")), name=name, sound=sound(name), born=str(patient.get("birthDate", "")),
        sex=str(patient.get("gender", "")),
        number=next((_eighteen(value) for system, value in identifiers if system == systems.IDENTITY_NUMBER), ""),
        documents=tuple(sorted(f"{system}|{value}" for system, value in identifiers
                               if system in documents.UNIQUE and system != systems.IDENTITY_NUMBER)),
        phones=tuple(sorted({_digits(entry.get("value", "")) for entry in patient.get("telecom", ())
                             if entry.get("system") == "phone"} - {""})),
        address=_address(patient),
    )  # fmt: skip


def sound(name: str) -> str:
    """How a name is most likely said, without spaces: "zhangmin"."""
    spoken = names.read(*names.split(name)) if names.has_cjk(name) else []
    return spoken[0] if spoken else "".join(name.lower().split())


def compare(left: Features, right: Features) -> tuple[Line, ...]:
    """Every field of two entries."""
    return (
        Line("number", left.number, right.number, _number(left, right)),
        Line("document", *_shown(left.documents, right.documents), _shared(left.documents, right.documents)),
        Line("name", left.name, right.name, _names(left, right)),
        Line("born", left.born, right.born, _born(left.born, right.born)),
        Line("sex", left.sex, right.sex, _equal(left.sex, right.sex)),
        Line("phone", *_shown(left.phones, right.phones), _shared(left.phones, right.phones)),
        Line("address", left.address, right.address, _addresses(left.address, right.address)),
    )


def weight(lines: Iterable[Line]) -> float:
    """All that speaks for one person, less all that speaks against."""
    return sum(line.weight for line in lines)


def certain(lines: Iterable[Line]) -> bool:
    """Whether no person need be asked: one right number, a name that fits it, nothing that speaks against."""
    says = {line.field: line.says for line in lines}
    right = next((_right(line.left) for line in lines if line.field == "number"), False)
    fits = says["name"] in (SAME, SOUNDS) and DIFFERS not in (says["born"], says["sex"])
    return right and says["number"] == SAME and fits


def _number(left: Features, right: Features) -> str:
    if not left.number or not right.number:
        return MISSING
    if left.number == right.number:
        return SAME
    if left.has_right_number and right.has_right_number:
        return DIFFERS
    return CLOSE if OSA.distance(left.number, right.number, score_cutoff=2) <= 2 else DIFFERS


def _names(left: Features, right: Features) -> str:
    if not left.name or not right.name:
        return MISSING
    if left.name == right.name:
        return SAME
    if left.sound == right.sound:
        return SOUNDS
    near = OSA.distance(left.sound, right.sound, score_cutoff=1) <= 1
    alike = len(left.name) == len(right.name) > 2 and OSA.distance(left.name, right.name) == 1
    return CLOSE if near or alike else DIFFERS


def _born(left: str, right: str) -> str:
    if not left or not right:
        return MISSING
    if left == right:
        return SAME
    return CLOSE if OSA.distance(left, right, score_cutoff=1) <= 1 else DIFFERS


def _equal(left: str, right: str) -> str:
    if left in ("", "unknown") or right in ("", "unknown"):
        return MISSING
    return SAME if left == right else DIFFERS


def _addresses(left: str, right: str) -> str:
    if not left or not right:
        return MISSING
    if left == right:
        return SAME
    return CLOSE if OSA.normalized_similarity(left, right) >= 0.8 else DIFFERS


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> str:
    if not left or not right:
        return MISSING
    return SAME if set(left) & set(right) else DIFFERS


def _shown(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, str]:
    return (", ".join(each.rpartition("|")[2] for each in left), ", ".join(each.rpartition("|")[2] for each in right))


def _name(patient: dict[str, Any]) -> str:
    found = patient.get("name") or [{}]
    whole = found[0].get("text") or found[0].get("family", "") + "".join(found[0].get("given", ()))
    return "".join(str(whole).split())


def _address(patient: dict[str, Any]) -> str:
    found = patient.get("address") or [{}]
    return "".join(str(found[0].get("text") or "".join(found[0].get("line", ()))).split())


def _digits(text: Any) -> str:
    return "".join(letter for letter in str(text) if letter.isdigit())[-11:]


def _eighteen(number: str) -> str:
    try:
        return identity_number(number).number
    except IdentifierError:
        return number.strip().upper()


def _right(number: str) -> bool:
    try:
        return identity_number(number).number == number
    except IdentifierError:
        return False
