"""How many come back for each that goes up."""

from typing import Final

from doorstep.measures.indicator import RATIO, START, Definition, Indicator, Says
from doorstep.measures.indicators import referral_down

INDICATOR: Final = Indicator(
    "referral-ratio", "referral", RATIO, "measures.unit-percent", ("hospital",),
    Says(
        "measures.referral-ratio",
        "measures.referral-ratio-says",
        "measures.referral-ratio-n",
        "measures.referral-ratio-d",
        "measures.referral-ratio-not",
    ),
    (Definition(1, START, f"""
SELECT 'Task/' || t.id AS kase, t.asked AS institution, t.asking AS other, a.happened, 0 AS n, 1 AS d, '' AS label
FROM task t JOIN (SELECT target, min(occurred) AS happened FROM act
  WHERE workflow = 'referral' AND act = 'arrive' GROUP BY target) a
  ON a.target = 'Task/' || t.id
WHERE t.workflow = 'referral' AND a.happened >= $since AND a.happened < $until
UNION ALL
SELECT kase, institution, other, happened, 1, 0, '' FROM (
{referral_down.INDICATOR.definitions[0].sql.strip()}
)
"""),),
    better="up",
)  # fmt: skip
