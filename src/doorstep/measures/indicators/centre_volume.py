"""Reports that the centres issued."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "centre-volume", "centre", COUNT, "measures.unit-cases", ("laboratory", "hospital"),
    Says(
        "measures.centre-volume",
        "measures.centre-volume-says",
        "measures.centre-volume-n",
        "",
        "measures.centre-volume-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || t.id AS kase, t.asked AS institution, t.asking AS other, a.happened, 1 AS n, 1 AS d, t.item AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow IN ('order', 'study') AND act IN ('report', 'release', 'review') GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow IN ('order', 'study') AND a.happened >= $since AND a.happened < $until
"""),),
    better="",
)  # fmt: skip
