"""Numbers with a check digit: the resident identity number and the unified social credit code.

GB 11643 (identity number; check character by ISO 7064, MOD 11-2) and GB 32100 (credit code, MOD 31). The area part of
an identity number is not judged: districts are founded and abolished, and their numbers stay with the people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A well-formed number and what it says. ``sex`` is a FHIR administrative-gender code."""

    number: str
    born: date
    sex: str

    @property
    def tail(self) -> str:
        """The last four characters: what may be shown in public."""
        return self.number[-4:]


class IdentifierError(ValueError):
    """Not a well-formed number. ``key`` is the message key of the reason."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def identity_number(text: str, *, today: date | None = None) -> IdentityNumber:
    """Read an identity number of 18 characters, or of 15 as issued before 1999. Raises IdentifierError."""
    number = text.strip().upper().replace(" ", "")
    if len(number) == 15 and _digits(number):
        number = _upgrade(number)
    if len(number) != 18 or not _digits(number[:17]) or number[17] not in "0123456789X":
        raise IdentifierError("terms.identity-shape")
    if number[17] != identity_check(number[:17]):
        raise IdentifierError("terms.identity-check")
    born = _date(number[6:14])
    if born is None or born > (today or date.max):
        raise IdentifierError("terms.identity-date")
    return IdentityNumber(number, born, "male" if int(number[16]) % 2 else "female")


def identity_check(first17: str) -> str:
    """The check character of the first seventeen digits."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def credit_code(text: str) -> str:
    """Read a unified social credit code (18 characters of an alphabet without I, O, S, V, Z)."""
    code = text.strip().upper()
    if len(code) != 18 or any(character not in _CREDIT for character in code):
        raise IdentifierError("terms.credit-shape")
    if code[17] != credit_check(code[:17]):
        raise IdentifierError("terms.credit-check")
    return code


def credit_check(first17: str) -> str:
    """The check character of the first seventeen."""
    total = sum(_CREDIT.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return _CREDIT[(31 - total % 31) % 31]


def age(born: date, on: date) -> int:
    """Whole years of age on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _upgrade(old: str) -> str:
    first17 = f"{old[:6]}19{old[6:]}"
    return first17 + identity_check(first17)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
