"""Where the time goes between order and reading: one leg after the other."""

from typing import Final

from doorstep.measures.indicator import SPREAD, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "centre-legs", "centre", SPREAD, "measures.unit-minutes", ("laboratory", "hospital"),
    Says(
        "measures.centre-legs",
        "measures.centre-legs-says",
        "measures.centre-legs-n",
        "",
        "measures.centre-legs-not",
    ),
    (Definition(1, START, """
WITH step AS (
  SELECT target, min(occurred) FILTER (act = 'place') AS placed,
    min(occurred) FILTER (act IN ('collect', 'acquire', 'obtain')) AS taken,
    min(occurred) FILTER (act = 'receive') AS received,
    min(occurred) FILTER (act IN ('report', 'release', 'review')) AS reported,
    min(occurred) FILTER (act = 'acknowledge') AS read
  FROM act WHERE workflow IN ('order', 'study') GROUP BY target),
leg AS (
  SELECT target, 'collect' AS label, placed AS began, taken AS happened FROM step
  UNION ALL SELECT target, 'transport', taken, received FROM step
  UNION ALL SELECT target, 'work', coalesce(received, taken, placed), reported FROM step
  UNION ALL SELECT target, 'read', reported, read FROM step)
SELECT leg.target AS kase, t.asked AS institution, t.asking AS other, leg.happened,
  (leg.happened - leg.began) / 60000000.0 AS n,
  1 AS d, leg.label
FROM leg JOIN task t ON leg.target = 'Task/' || t.id
WHERE leg.began IS NOT NULL AND leg.happened >= greatest($since, leg.began) AND leg.happened < $until
"""),),
    better="down",
    whole=False,
)  # fmt: skip
