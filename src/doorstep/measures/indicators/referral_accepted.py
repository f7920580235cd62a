"""Referrals up that the receiving side accepted."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-accepted", "referral", COUNT, "measures.unit-cases", ("hospital",),
    Says(
        "measures.referral-accepted",
        "measures.referral-accepted-says",
        "measures.referral-accepted-n",
        "",
        "measures.referral-accepted-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || t.id AS kase, t.asking AS institution, t.asked AS other, a.happened, 1 AS n, 1 AS d, t.item AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow = 'referral' AND act IN ('accept') GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow = 'referral' AND a.happened >= $since AND a.happened < $until
"""),),
    better="",
)  # fmt: skip
