"""People who left the hospital."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "discharges", "ward", COUNT, "measures.unit-cases", ("hospital",),
    Says(
        "measures.discharges",
        "measures.discharges-says",
        "measures.discharges-n",
        "",
        "measures.discharges-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || id AS kase, institution, '' AS other, end_ AS happened, 1 AS n, 1 AS d, '' AS label
FROM encounter WHERE class = 'IMP' AND status = 'finished' AND end_ >= $since AND end_ < $until
"""),),
    better="",
)  # fmt: skip
