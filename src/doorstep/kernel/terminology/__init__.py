"""Terminology on what is loaded: the package's value sets and code systems, and those that the store holds.

Every verb takes ``lookup``, a callable from a canonical url to the stored ValueSet or CodeSystem (or None), so that
this package needs no store. The store's own definition wins over the package's.
"""

from doorstep.kernel.terminology.concepts import Concept, Designation, Lookup, System, display, nothing, system
from doorstep.kernel.terminology.expansion import MAX_PAGE, expand
from doorstep.kernel.terminology.members import Members, members
from doorstep.kernel.terminology.terms import LookedUp
from doorstep.kernel.terminology.verdicts import Verdict, code_in_system, concept_of, subsumes, validate_code

__all__ = [
    "MAX_PAGE",
    "Concept",
    "Designation",
    "LookedUp",
    "Lookup",
    "Members",
    "System",
    "Verdict",
    "code_in_system",
    "concept_of",
    "display",
    "expand",
    "members",
    "nothing",
    "subsumes",
    "system",
    "validate_code",
]
