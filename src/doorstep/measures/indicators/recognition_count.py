"""Results of others that were recognised instead of a new test."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "recognition-count", "recognition", COUNT, "measures.unit-cases", ("township", "hospital"),
    Says(
        "measures.recognition-count",
        "measures.recognition-count-says",
        "measures.recognition-count-n",
        "",
        "measures.recognition-count-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened, 1 AS n, 1 AS d, item AS label
FROM task t WHERE workflow = 'recognition' AND state = 'recognised'
  AND NOT EXISTS (SELECT 1 FROM task w WHERE w.workflow = 'recognition' AND w.part_of = 'Task/' || t.id)
  AND authored >= $since AND authored < $until
"""),),
    better="up",
)  # fmt: skip
