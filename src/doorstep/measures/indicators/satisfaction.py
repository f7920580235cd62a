"""How content those are who answered."""

from typing import Final

from doorstep.measures.indicator import MEAN, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "satisfaction", "voice", MEAN, "measures.unit-percent", ("township", "hospital"),
    Says(
        "measures.satisfaction",
        "measures.satisfaction-says",
        "measures.satisfaction-n",
        "measures.satisfaction-d",
        "measures.satisfaction-not",
    ),
    (Definition(1, START, """
SELECT 'QuestionnaireResponse/' || id AS kase, keeper AS institution, '' AS other, authored AS happened,
  number / 3 * 100 AS n, 1 AS d, '' AS label
FROM answer WHERE question = 'score' AND questionnaire LIKE '%/Questionnaire/satisfaction' AND number IS NOT NULL
  AND authored >= $since AND authored < $until
"""),),
    better="up",
)  # fmt: skip
