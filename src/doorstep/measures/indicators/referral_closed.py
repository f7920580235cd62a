"""Referrals that were closed with a reply, of those sent."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-closed", "referral", RATE, "measures.unit-percent", ("township",),
    Says(
        "measures.referral-closed",
        "measures.referral-closed-says",
        "measures.referral-closed-n",
        "measures.referral-closed-d",
        "measures.referral-closed-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened,
  CASE WHEN state = 'closed' THEN 1 ELSE 0 END AS n, 1 AS d, '' AS label
FROM task WHERE workflow = 'referral' AND state <> 'withdrawn' AND authored >= $since AND authored < $until
"""),),
    better="up",
)  # fmt: skip
