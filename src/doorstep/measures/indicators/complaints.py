"""Complaints that were taken in."""

from typing import Final

from doorstep.measures.indicator import COUNT, START, Definition, Indicator, Says

INDICATOR: Final = Indicator(
    "complaints", "voice", COUNT, "measures.unit-cases", ("township", "hospital"),
    Says(
        "measures.complaints",
        "measures.complaints-says",
        "measures.complaints-n",
        "",
        "measures.complaints-not",
    ),
    (Definition(1, START, """
SELECT 'Task/' || id AS kase, asked AS institution, '' AS other, authored AS happened, 1 AS n, 1 AS d, item AS label
FROM task WHERE workflow = 'complaint' AND authored >= $since AND authored < $until
"""),),
    better="down",
)  # fmt: skip
