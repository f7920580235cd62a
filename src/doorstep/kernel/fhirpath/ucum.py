"""Units of measure by their UCUM codes: size and dimension (UCUM 2.1, sections 2 to 4).

Reads products, quotients, powers, prefixes, integer factors, parentheses and annotations. The mole is a dimension of
its own here (UCUM: a number), so that an amount of substance never equals a count; arbitrary units equal themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from doorstep.kernel.fhirpath.ucum_units import BASE, CUSTOMARY, METRIC

Dimension = tuple[tuple[str, int], ...]
"""Base units with their powers, sorted, none zero."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the unit is ``factor`` of the base units of ``dimension``, counted from ``zero`` (temperatures)."""

    factor: Fraction
    dimension: Dimension = ()
    zero: Fraction = Fraction(0)

    def base(self, value: Decimal) -> Fraction:
        """A value of this unit in base units, exactly."""
        return Fraction(value) * self.factor + self.zero

    def of_base(self, value: Fraction) -> Fraction:
        """A value of base units in this unit, exactly."""
        return (value - self.zero) / self.factor


_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_TEMPERATURES = {
    "Cel": Measure(Fraction(1), (("K", 1),), Fraction(27315, 100)),
    "[degF]": Measure(Fraction(5, 9), (("K", 1),), Fraction(45967, 180)),
}
_PREFIXED_ARBITRARY = frozenset(("[iU]", "[IU]"))
_ARBITRARY = re.compile(r"\[[A-Za-z0-9_'\-.]+\]|\[pH\]|[BN]p?|bit|By|Bd")
_TOKEN = re.compile(r"\{[^{}]*\}|10[*^]|\d+|[+-]\d+|[./()]|(?:[A-Za-z%]|\[[^\[\]]*\]|'|_)+")
_MAX_CODE = 200
_MAX_POWER = 40


@lru_cache(maxsize=4096)
def measure(code: str) -> Measure | None:
    """The measure of a UCUM code (case sensitive); None when it is not one, or not known here."""
    if code in _TEMPERATURES:
        return _TEMPERATURES[code]
    if not code or len(code) > _MAX_CODE:
        return None
    reader = _Reader(code)
    found = reader.term(0) if reader.tokens else None
    return found if found is not None and reader.place == len(reader.tokens) else None


class _Reader:
    """Reads one code, left to right; every method gives None for what it cannot read."""

    def __init__(self, code: str) -> None:
        self.tokens = _TOKEN.findall(code)
        self.place = 0
        if sum(map(len, self.tokens)) != len(code):
            self.tokens = []

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def term(self, depth: int) -> Measure | None:
        if depth > 10:
            return None
        result: Measure | None = Measure(Fraction(1))
        sign = 1
        if self.peek() == "/":
            self.place, sign = self.place + 1, -1
        while result is not None:
            part = self.component(depth)
            result = None if part is None else _times(result, part, sign)
            if self.peek() not in (".", "/"):
                return result
            sign = 1 if self.take() == "." else -1
        return None

    def component(self, depth: int) -> Measure | None:
        token = self.take()
        if token == "(":
            inner = self.term(depth + 1)
            return inner if self.take() == ")" else None
        if token[:1] == "{":
            return Measure(Fraction(1))
        found = Measure(Fraction(int(token))) if token.isdigit() else _atom(token)
        if found is None or not found.factor:
            return None
        power = 1
        if re.fullmatch(r"[+-]?\d+", self.peek()) and not token.isdigit():
            power = int(self.take())
        if self.peek()[:1] == "{":
            self.place += 1
        return _power(found, power) if abs(power) <= _MAX_POWER else None


@lru_cache(maxsize=1024)
def _atom(code: str) -> Measure | None:
    found = _plain(code)
    if found is not None:
        return found
    for size in (2, 1):
        exponent, rest = _PREFIXES.get(code[:size]), code[size:]
        if exponent is not None and (rest in BASE or rest in METRIC or rest in _PREFIXED_ARBITRARY):
            whole = _plain(rest)
            return whole and _times(Measure(Fraction(10) ** exponent), whole, 1)
    return Measure(Fraction(1), ((code, 1),)) if _ARBITRARY.fullmatch(code) else None


def _plain(code: str) -> Measure | None:
    if code in BASE:
        return Measure(Fraction(1), ((code, 1),))
    meaning = METRIC.get(code) or CUSTOMARY.get(code)
    if meaning:
        return measure(meaning)
    if code in _PREFIXED_ARBITRARY:
        return Measure(Fraction(1), (("[iU]", 1),))
    return None


def _times(left: Measure, right: Measure, sign: int) -> Measure:
    powers = dict(left.dimension)
    for unit, power in right.dimension:
        powers[unit] = powers.get(unit, 0) + sign * power
    dimension = tuple(sorted((unit, power) for unit, power in powers.items() if power))
    return Measure(left.factor * right.factor if sign > 0 else left.factor / right.factor, dimension)


def _power(found: Measure, power: int) -> Measure:
    return Measure(found.factor**power, tuple((unit, power * times) for unit, times in found.dimension if power))
