"""A number as Code 128 (ISO/IEC 15417), as the path of an SVG: bars one module wide stay sharp at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from barcode.codex import Code128

QUIET: Final = 10
"""Modules of white on either side that a scanner needs (ISO/IEC 15417, 4.6)."""
HEIGHT: Final = 40


@dataclass(frozen=True, slots=True)
class Bars:
    """``path`` in units of one module; ``width`` with the quiet zones."""

    path: str
    width: int
    height: int = HEIGHT


def bars(number: str) -> Bars:
    """The bars of a number."""
    modules = Code128(number).build()[0]
    found, at = [], QUIET
    while modules:
        run = len(modules) - len(modules.lstrip(modules[0]))
        if modules[0] == "1":
            found.append(f"M{at} 0h{run}v{HEIGHT}h-{run}z")
        at, modules = at + run, modules[run:]
    return Bars("".join(found), at + QUIET)
