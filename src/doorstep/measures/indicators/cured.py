"""Cured or better when they left."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "cured", "ward", RATE, "measures.unit-percent", ("hospital",),
    Says(
        "measures.cured",
        "measures.cured-says",
        "measures.cured-n",
        "measures.cured-d",
        "measures.cured-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || id AS kase, institution, '' AS other, end_ AS happened,
  CASE WHEN outcome IN ('cured', 'improved') THEN 1 ELSE 0 END AS n, 1 AS d, '' AS label
FROM encounter WHERE class = 'IMP' AND status = 'finished' AND end_ >= $since AND end_ < $until
"""),),
    better="up",
)  # fmt: skip
