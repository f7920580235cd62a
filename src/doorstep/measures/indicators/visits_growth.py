"""Growth of visits against the period before."""

from typing import Final

from doorstep.measures.indicator import GROWTH, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "visits-growth", "volume", GROWTH, "measures.unit-percent", ("township", "hospital"),
    Says(
        "measures.visits-growth",
        "measures.visits-growth-says",
        "measures.visits-growth-n",
        "measures.visits-growth-d",
        "measures.visits-growth-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || id AS kase, institution, '' AS other, start AS happened,
  CASE WHEN start >= $since THEN 1 ELSE 0 END AS n, CASE WHEN start < $since THEN 1 ELSE 0 END AS d, '' AS label
FROM encounter WHERE class IN ('AMB', 'EMER') AND status NOT IN ('cancelled', 'entered-in-error', 'planned')
  AND start >= $before AND start < $until
"""),),
    better="",
)  # fmt: skip
