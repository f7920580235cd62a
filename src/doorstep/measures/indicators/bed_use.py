"""Occupied bed days, of the open ones."""

from typing import Final

from doorstep.measures.indicator import RATE, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "bed-use", "ward", RATE, "measures.unit-percent", ("hospital",),
    Says(
        "measures.bed-use",
        "measures.bed-use-says",
        "measures.bed-use-n",
        "measures.bed-use-d",
        "measures.bed-use-not",
    ),
    (Definition(1, START, """
WITH stay AS (
  SELECT id, institution, start, (start + 28800000000) // 86400000000 AS first,
    (least(coalesce(end_, $now), $now) + 28800000000) // 86400000000 AS gone, end_ IS NOT NULL AS over
  FROM encounter WHERE class = 'IMP' AND status IN ('in-progress', 'onleave', 'finished') AND start < $until),
night AS (
  SELECT id, institution, start, greatest(first, ($since + 28800000000) // 86400000000) AS from_,
    least(CASE WHEN over AND gone = first THEN first ELSE gone - 1 END,
      ($until + 28800000000) // 86400000000 - 1) AS to_ FROM stay)
SELECT 'Encounter/' || id AS kase, institution, '' AS other, start AS happened,
  to_ - from_ + 1 AS n, 0 AS d, 'occupied' AS label
FROM night WHERE to_ >= from_
UNION ALL
SELECT 'Location/' || id, institution, '', $since, 0,
  (least($until, $now) + 28800000000) // 86400000000 - ($since + 28800000000) // 86400000000, 'open'
FROM place WHERE kind = 'bd' AND status = 'active' AND use <> 'C' AND $now > $since
"""),),
    better="",
)  # fmt: skip
