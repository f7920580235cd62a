"""Units in which the same value may be written: a quantity asked in one is found in the others (R4 3.1.1.4.11).

Only units of one group are converted, by their exact sizes from UCUM (2.1, tables 2 to 22): a group is one kind of
laboratory or bedside value, so that nothing is converted merely because its dimension is alike, no mass into an amount
of substance, and no temperature, whose zero differs. The searched value is converted, with its implicit precision; what
is stored stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Final

from doorstep.kernel.fhirpath.ucum import measure

UCUM: Final = "http://unitsofmeasure.org"
GROUPS: Final = tuple(
    tuple(line.split())
    for line in (
        "kg g mg ug ng pg [lb_av] [oz_av]",
        "kg/L g/L mg/L ug/L ng/L pg/L g/dL mg/dL ug/dL ng/dL pg/dL g/mL mg/mL ug/mL ng/mL pg/mL",
        "mol/L mmol/L umol/L nmol/L pmol/L mmol/dL umol/dL nmol/dL mmol/mL umol/mL nmol/mL pmol/mL",
        "mol mmol umol nmol",
        "L dL cL mL uL nL pL fL",
        "km m dm cm mm um nm [in_i] [ft_i]",
        "m2 cm2 mm2",
        "mm[Hg] cm[H2O] kPa hPa Pa",
        "wk d h min s ms",
        "10*12/L 10*9/L 10*6/L 10*3/uL 10*6/uL 10*3/mL 10*6/mL /L /mL /uL",
        "U/L mU/L kU/L U/mL ukat/L nkat/L",
        "[IU]/L m[IU]/L k[IU]/L [IU]/mL m[IU]/mL u[IU]/mL",
        "kcal cal kJ J",
        "L/h L/min L/s mL/h mL/min mL/s",
    )
)


def same(code: str) -> Mapping[str, Fraction]:
    """The other units of a unit's group, and how many of them make one of it; none for a unit of no group."""
    return _table().get(code, {})


@cache
def _table() -> dict[str, dict[str, Fraction]]:
    found: dict[str, dict[str, Fraction]] = {}
    for group in GROUPS:
        sizes = {code: _size(code) for code in group}
        for code, size in sizes.items():
            found[code] = {other: size / each for other, each in sizes.items() if other != code}
    return found


def _size(code: str) -> Fraction:
    known = measure(code)
    if known is None or known.zero:
        raise ValueError(code)
    return known.factor
