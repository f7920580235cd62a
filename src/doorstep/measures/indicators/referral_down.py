"""Patients sent back down with a plan."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-down", "referral", COUNT, "measures.unit-cases", ("hospital",),
    Says(
        "measures.referral-down",
        "measures.referral-down-says",
        "measures.referral-down-n",
        "",
        "measures.referral-down-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened, 1 AS n, 1 AS d, item AS label
FROM task WHERE workflow = 'down' AND state <> 'withdrawn' AND authored >= $since AND authored < $until
UNION ALL
SELECT 'Task/' || t.id, t.asked, t.asking, a.happened, 1, 1, t.item
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow = 'referral' AND act = 'return' GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow = 'referral' AND a.happened >= $since AND a.happened < $until
  AND NOT EXISTS (SELECT 1 FROM task b WHERE b.workflow = 'down' AND b.resident = t.resident
    AND b.state <> 'withdrawn' AND abs(b.authored - a.happened) < 86400000000)
"""),),
    better="up",
)  # fmt: skip
