"""Referrals up whose patient arrived: the number that counts as referred up."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-arrived", "referral", COUNT, "measures.unit-cases", ("hospital",),
    Says(
        "measures.referral-arrived",
        "measures.referral-arrived-says",
        "measures.referral-arrived-n",
        "",
        "measures.referral-arrived-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || t.id AS kase, t.asking AS institution, t.asked AS other, a.happened, 1 AS n, 1 AS d, t.item AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow = 'referral' AND act IN ('arrive') GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow = 'referral' AND a.happened >= $since AND a.happened < $until
"""),),
    better="",
)  # fmt: skip
