"""Referrals up that were sent."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "referral-sent", "referral", COUNT, "measures.unit-cases", ("township",),
    Says(
        "measures.referral-sent",
        "measures.referral-sent-says",
        "measures.referral-sent-n",
        "",
        "measures.referral-sent-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened, 1 AS n, 1 AS d, item AS label
FROM task WHERE workflow = 'referral' AND authored >= $since AND authored < $until
"""),),
    better="",
)  # fmt: skip
