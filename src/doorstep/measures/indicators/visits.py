"""Visits: people who were seen."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "visits", "volume", COUNT, "measures.unit-cases", ("township", "hospital"),
    Says(
        "measures.visits",
        "measures.visits-says",
        "measures.visits-n",
        "",
        "measures.visits-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || id AS kase, institution, '' AS other, start AS happened, 1 AS n, 1 AS d, class AS label
FROM encounter WHERE class IN ('AMB', 'EMER') AND status NOT IN ('cancelled', 'entered-in-error', 'planned')
  AND start >= $since AND start < $until
"""),),
    better="",
)  # fmt: skip
