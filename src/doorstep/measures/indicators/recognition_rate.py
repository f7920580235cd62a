"""Recognised, of those that could have been."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "recognition-rate", "recognition", RATE, "measures.unit-percent", ("township", "hospital"),
    Says(
        "measures.recognition-rate",
        "measures.recognition-rate-says",
        "measures.recognition-rate-n",
        "measures.recognition-rate-d",
        "measures.recognition-rate-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened,
  CASE WHEN state = 'recognised' THEN 1 ELSE 0 END AS n, 1 AS d, item AS label
FROM task t WHERE workflow = 'recognition'
  AND (state = 'recognised' OR (state = 'refused' AND reason NOT IN ('98', '99')))
  AND NOT EXISTS (SELECT 1 FROM task w WHERE w.workflow = 'recognition' AND w.part_of = 'Task/' || t.id)
  AND authored >= $since AND authored < $until
"""),),
    better="up",
)  # fmt: skip
