"""What the tests would have cost that were not done again."""

from typing import Final

from doorstep.measures.indicator import MONEY, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "recognition-saved", "recognition", MONEY, "measures.unit-yuan", ("township", "hospital"),
    Says(
        "measures.recognition-saved",
        "measures.recognition-saved-says",
        "measures.recognition-saved-n",
        "",
        "measures.recognition-saved-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asking AS institution, asked AS other, authored AS happened,
  coalesce(fen, 0) AS n, 1 AS d, item AS label
FROM task t WHERE workflow = 'recognition' AND state = 'recognised'
  AND NOT EXISTS (SELECT 1 FROM task w WHERE w.workflow = 'recognition' AND w.part_of = 'Task/' || t.id)
  AND authored >= $since AND authored < $until
"""),),
    better="up",
)  # fmt: skip
