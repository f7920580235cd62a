"""Followed up within seven days of leaving the hospital."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "followup-week", "ward", RATE, "measures.unit-percent", ("township",),
    Says(
        "measures.followup-week",
        "measures.followup-week-says",
        "measures.followup-week-n",
        "measures.followup-week-d",
        "measures.followup-week-not",
    ),
    (Definition(1, START, """
SELECT 'Encounter/' || e.id AS kase, e.institution, '' AS other, e.end_ AS happened,
  CASE WHEN EXISTS (SELECT 1 FROM act a JOIN task t ON a.target = 'Task/' || t.id WHERE t.resident = e.resident
    AND ((a.workflow = 'plan' AND a.act = 'complete') OR (a.workflow = 'chronic' AND a.act = 'record'))
    AND a.occurred >= e.end_ AND a.occurred < e.end_ + 604800000000) THEN 1 ELSE 0 END AS n, 1 AS d, '' AS label
FROM encounter e WHERE e.class = 'IMP' AND e.status = 'finished' AND e.end_ >= $since AND e.end_ < $until
  AND e.end_ + 604800000000 <= $now AND e.outcome <> 'died'
"""),),
    better="up",
)  # fmt: skip
