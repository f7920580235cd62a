"""Sent back down with a plan, of those who left the hospital."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "down-rate", "ward", RATE, "measures.unit-percent", ("hospital",),
    Says(
        "measures.down-rate",
        "measures.down-rate-says",
        "measures.down-rate-n",
        "measures.down-rate-d",
        "measures.down-rate-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || e.id AS kase, e.institution, '' AS other, e.end_ AS happened,
  CASE WHEN EXISTS (SELECT 1 FROM task t WHERE t.workflow = 'down' AND t.state <> 'withdrawn'
    AND (t.encounter = 'Encounter/' || e.id OR (t.resident = e.resident AND abs(t.authored - e.end_) < 86400000000)))
    THEN 1 ELSE 0 END AS n, 1 AS d, '' AS label
FROM encounter e WHERE e.class = 'IMP' AND e.status = 'finished' AND e.end_ >= $since AND e.end_ < $until
"""),),
    better="up",
)  # fmt: skip
