"""Numbers and how far they can be judged: identity numbers, credit codes, licences, other documents.

GB 11643 (identity number; check character by ISO 7064, MOD 11-2) and GB 32100 (credit code, MOD 31). The area part of
an identity number is not judged: districts are founded and abolished, and their numbers stay with the people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_AUTHORITIES = "159YA"
"""Who registers: 1 establishment office, 5 civil affairs, 9 commerce, Y others; A is seen on military hospitals."""
_LICENCE = re.compile(r"[0-9A-Z-]{5,40}\Z")
_INSTITUTION = re.compile(r"[0-9A-Z]{8}-?[0-9A-Z]{14}\Z|[0-9A-Z]{9}-[0-9A-Z]{13}\Z")
_DOCUMENT = re.compile(r"[0-9A-Z()-]{4,20}\Z")
_PASSPORT = re.compile(r"[0-9A-Z]{5,17}\Z")
_PERMITS = {"06": re.compile(r"[HM]\d{8,10}\Z"), "07": re.compile(r"\d{8}\Z|\d{10}[A-Z]?\Z")}
_TABLES = ("01", "02", "03", "04", "05", "06", "07", "99")


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

    @property
    def holder(self) -> str:
        """"foreign" for a permanent resident, "hmt" for a residence permit of Hong Kong, Macao or Taiwan, else ""."""
        if self.number[0] == "9":
            return "foreign"
        return "hmt" if self.number[:6] in ("810000", "820000", "830000") else ""


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


def credit_remarks(text: str) -> tuple[str, ...]:
    """What is unusual about a credit code, as message keys: for a person to look at, never to refuse on.

    Real registers hold codes that break the standard, so a form warns and lets a person who has the certificate in
    hand go on; ``credit_code`` is the strict reading.
    """
    try:
        code = credit_code(text)
    except IdentifierError as wrong:
        return (wrong.key,)
    return () if code[0] in _AUTHORITIES else ("terms.credit-authority",)


def licence_number(text: str) -> str:
    """Read the registration number of an institution's practising licence: digits, capitals and hyphens."""
    return _shaped(text, _LICENCE, "terms.licence-shape")


def institution_code(text: str) -> str:
    """Read a health institution code of WS 218: 22 characters, also with the hyphen of the organisation code in it."""
    return _shaped(text, _INSTITUTION, "terms.institution-code-shape").replace("-", "")


def document_number(kind: str, text: str) -> str:
    """Read the number of an identity document of a kind of CV02.01.101. An identity card's is judged in full."""
    if kind not in _TABLES:
        raise IdentifierError("terms.document-kind")
    if kind in ("01", "02"):
        return identity_number(text).number
    shape = _PASSPORT if kind == "03" else _PERMITS.get(kind, _DOCUMENT)
    return _shaped(text, shape, "terms.document-shape")


def _shaped(text: str, shape: re.Pattern[str], key: str) -> str:
    read = text.strip().upper().replace(" ", "")
    if not shape.match(read):
        raise IdentifierError(key)
    return read


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
