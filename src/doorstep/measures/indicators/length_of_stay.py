"""How long they stayed."""

from typing import Final

from doorstep.measures.indicator import MEAN, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "length-of-stay", "ward", MEAN, "measures.unit-days", ("hospital",),
    Says(
        "measures.length-of-stay",
        "measures.length-of-stay-says",
        "measures.length-of-stay-n",
        "measures.length-of-stay-d",
        "measures.length-of-stay-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || id AS kase, institution, '' AS other, end_ AS happened,
  greatest((end_ + 28800000000) // 86400000000 - (start + 28800000000) // 86400000000, 1) AS n, 1 AS d, '' AS label
FROM encounter WHERE class = 'IMP' AND status = 'finished' AND end_ >= $since AND end_ < $until
"""),),
    better="down",
)  # fmt: skip
