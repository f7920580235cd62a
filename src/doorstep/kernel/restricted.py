"""How many restricted entries of a resident a reader does not see: the number alone, for who reads the record besides.

Types that would betray by being there at all (marks on a person, messages to them) are not counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from doorstep.kernel.access import scoped
from doorstep.kernel.definitions import definitions
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, part_of_resident
from doorstep.kernel.roles import RESTRICTED
from doorstep.kernel.writeset import REPLACED

TYPES: Final = (
    "AllergyIntolerance", "CarePlan", "Composition", "Condition", "DiagnosticReport", "DocumentReference", "Encounter",
    "EpisodeOfCare", "ImagingStudy", "Immunization", "Media", "MedicationRequest", "MedicationStatement", "Observation",
    "Procedure", "QuestionnaireResponse", "ServiceRequest",
)  # fmt: skip


def hidden(reads: Reads, *, resident: str, actor: Actor) -> int:
    """The number of entries about a resident that are restricted to ``actor``. ``reads`` is the record's own."""
    number = definitions().number
    predicate, values = scoped("r", replace(actor, at=actor.at or reads.actor.at))
    types = ", ".join(str(number[name]) for name in TYPES)
    found = reads.reader.rows(
        "SELECT COUNT(DISTINCT r.type || '/' || r.id) FROM subject s JOIN resource r ON r.part = s.rpart"
        " AND r.type = s.type AND r.id = s.id WHERE s.part = ? AND s.resident = ? AND s.direct < ?"
        f" AND s.type IN ({types}) AND r.sens = ? AND r.deleted = 0 AND NOT ({predicate})",
        [part_of_resident(resident), resident, REPLACED, RESTRICTED, *values],
    )
    return int(found[0][0])
