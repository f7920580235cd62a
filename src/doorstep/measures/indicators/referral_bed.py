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
SELECT 'Task/' || t.id AS kase, e.institution, t.asking AS other, e.start AS happened,
  (e.start - t.authored) / 60000000.0 AS n, 1 AS d, t.priority AS label
FROM task t JOIN encounter e ON e.based_on = t.focus AND e.class = 'IMP'
WHERE t.workflow = 'referral' AND e.status <> 'cancelled' AND e.start >= $since AND e.start < $until
"""),),
    better="down",
)  # fmt: skip
