"""Visits at the township or village, of all visits."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "first-contact", "volume", RATE, "measures.unit-percent", ("township", "hospital"),
    Says(
        "measures.first-contact",
        "measures.first-contact-says",
        "measures.first-contact-n",
        "measures.first-contact-d",
        "measures.first-contact-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || e.id AS kase, e.institution, '' AS other, e.start AS happened,
  CASE WHEN i.kind IN ('township', 'village') THEN 1 ELSE 0 END AS n, 1 AS d, i.kind AS label
FROM encounter e JOIN institution i ON e.institution = 'Organization/' || i.id
WHERE e.class IN ('AMB', 'EMER') AND e.status NOT IN ('cancelled', 'entered-in-error', 'planned')
  AND e.start >= $since AND e.start < $until
"""),),
    better="up",
)  # fmt: skip
