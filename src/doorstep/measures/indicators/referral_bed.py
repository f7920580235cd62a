"""How long it takes from the referral to the bed."""

from typing import Final

from doorstep.measures.indicator import SPREAD, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-bed", "referral", SPREAD, "measures.unit-minutes", ("hospital",),
    Says(
        "measures.referral-bed",
        "measures.referral-bed-says",
        "measures.referral-bed-n",
        "",
        "measures.referral-bed-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || t.id AS kase, t.asked AS institution, t.asking AS other, a.happened,
  (a.happened - t.authored) / 60000000.0 AS n, 1 AS d, t.priority AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow = 'referral' AND act = 'bed' GROUP BY target) a ON a.target = 'Task/' || t.id
WHERE t.workflow = 'referral' AND a.happened >= $since AND a.happened < $until
"""),),
    better="down",
)  # fmt: skip
