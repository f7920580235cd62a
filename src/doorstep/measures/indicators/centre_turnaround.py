"""How long from the order to the report."""

from typing import Final

from doorstep.measures.indicator import SPREAD, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "centre-turnaround", "centre", SPREAD, "measures.unit-minutes", ("laboratory", "hospital"),
    Says(
        "measures.centre-turnaround",
        "measures.centre-turnaround-says",
        "measures.centre-turnaround-n",
        "",
        "measures.centre-turnaround-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || t.id AS kase, t.asked AS institution, t.asking AS other, a.happened,
  (a.happened - t.authored) / 60000000.0 AS n, 1 AS d, t.item AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow IN ('order', 'study') AND act IN ('report', 'release', 'review') GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow IN ('order', 'study') AND a.happened >= $since AND a.happened < $until
"""),),
    better="down",
)  # fmt: skip
