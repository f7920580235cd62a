"""Complaints that were answered within five working days."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "complaints-in-time", "voice", RATE, "measures.unit-percent", ("township", "hospital"),
    Says(
        "measures.complaints-in-time",
        "measures.complaints-in-time-says",
        "measures.complaints-in-time-n",
        "measures.complaints-in-time-d",
        "measures.complaints-in-time-not",
    ),
    (Definition(1, START, """
WITH told AS (
  SELECT t.id, t.asked, t.authored, min(a.occurred) AS answered FROM task t
  LEFT JOIN act a ON a.target = 'Task/' || t.id AND a.workflow = 'complaint' AND a.act = 'answer'
  WHERE t.workflow = 'complaint' AND t.state <> 'withdrawn' AND t.authored >= $since AND t.authored < $until
  GROUP BY ALL),
days AS (
  SELECT id, asked, authored, answered, (SELECT count(*) FROM range(
      (authored + 28800000000) // 86400000000 + 1, (coalesce(answered, $now) + 28800000000) // 86400000000 + 1) r(x)
    WHERE (x + 3) % 7 < 5) AS working FROM told)
SELECT 'Task/' || id AS kase, asked AS institution, '' AS other, authored AS happened,
  CASE WHEN answered IS NOT NULL AND working <= 5 THEN 1 ELSE 0 END AS n, 1 AS d, '' AS label
FROM days WHERE answered IS NOT NULL OR working > 5
"""),),
    better="up",
)  # fmt: skip
