"""How selective a kind of criterion is by experience: the lowest drives a statement unless counting says otherwise."""

from typing import Final

ID: Final = 0
RESIDENT: Final = 1
IDENTIFIER: Final = 2
"""Up to here a criterion is taken to be selective without counting."""
LIST: Final = 3
REFERENCE: Final = 4
URI: Final = 5
STRING: Final = 6
COMPOSITE: Final = 7
TOKEN: Final = 8
CHAIN: Final = 9
QUANTITY: Final = 10
NUMBER: Final = 11
DATE: Final = 12
NEVER: Final = 99
"""Negations and presence: they restrict, but cannot drive."""
