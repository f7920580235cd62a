"""A resource as rows of the index tables (R4 3.1.1), by one compiled function a type.

``extract`` gives the rows of every search parameter of the resource's type, whom it is about, and what it refers to.
What the search side must do likewise: ``norm`` strings, ``bounded`` texts for equality, ``fold`` codes, ``date_range``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from doorstep.kernel.definitions import Definitions, definitions
from doorstep.kernel.index.compiler import Extractor, compile_rules
from doorstep.kernel.index.dates import EARLIEST, LATEST, ZONE_HOURS, date_range
from doorstep.kernel.index.interpret import interpret
from doorstep.kernel.index.numbers import HIGHEST, LOWEST
from doorstep.kernel.index.rows import IndexRows
from doorstep.kernel.index.rules import BY_COLUMN, has_grams, rules_of
from doorstep.kernel.index.sensitivity import label, sensitivity
from doorstep.kernel.index.subjects import home_resident
from doorstep.kernel.index.survey import survey
from doorstep.kernel.index.text import bounded, norm
from doorstep.kernel.names import pinyin

__all__ = [
    "BY_COLUMN", "EARLIEST", "HIGHEST", "INDEX_VERSION", "LATEST", "LOWEST", "ZONE_HOURS", "IndexRows", "bounded",
    "date_range", "extract", "fold", "has_grams", "home_resident", "label", "norm", "sensitivity", "warm",
]  # fmt: skip

INDEX_VERSION = 2
"""Raised whenever the same resource would give other rows; rows of an older version are rebuilt."""


def extract(resource: dict[str, Any]) -> IndexRows:
    """The rows of a decoded resource (``exact.decode``) whose type is one of R4's.

    Values that are not what the type's definition says are left out; refusing them is the validator's work.
    """
    rows = IndexRows()
    type_name = resource["resourceType"]
    extractor(type_name)(resource, rows)
    if type_name == "Patient":
        _own(resource, rows)
    token = rows.token
    for key, code, system in token[:]:
        folded = code.casefold()
        if folded != code:
            token.append((key, folded, system))
    survey(resource, rows)
    return rows


def fold(code: str) -> str:
    """A code without its case. Each token that has upper-case letters has a second row so folded (R4: when in doubt,
    tokens are compared without case); a search for ``code in (given, folded)`` finds both spellings.
    """
    return bounded(code).casefold()


def warm() -> None:
    """Make every type's function and load the readings of Chinese characters, so that no request waits for them."""
    for type_name in definitions().resources:
        extractor(type_name)
    pinyin({"text": chr(0x5355)})  # any Chinese name loads the tables of sounds


@cache
def extractor(type_name: str) -> Extractor:
    """The function that fills the rows of a concrete type's parameters; KeyError for a name that is none."""
    return make_extractor(type_name, definitions())


def make_extractor(type_name: str, table: Definitions) -> Extractor:
    """The same, from given definitions. Parameters that cannot be compiled go through the FHIRPath engine."""
    rules, left = rules_of(type_name, table)
    compiled = compile_rules(type_name, rules)
    if not left:
        return compiled

    def both(resource: dict[str, Any], rows: IndexRows) -> None:
        compiled(resource, rows)
        for parameter in left:
            interpret(parameter, resource, rows, table)

    return both


def _own(patient: dict[str, Any], rows: IndexRows) -> None:
    """A Patient is in its own compartment."""
    id_ = patient.get("id")
    if id_.__class__ is str:
        rows.residents = [(id_, 1), *((other, 0) for other, _ in rows.residents if other != id_)]
