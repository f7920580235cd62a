"""How wide and how deep a question may be. Beyond a limit it is refused as too costly, naming the parameter.

The figures bound the work of one request; what people and systems really ask stays far below them.
"""

from typing import Final

MAX_CRITERIA: Final = 40
"""Parameters that restrict the result, in one query."""

MAX_VALUES: Final = 1_000
"""Values of all criteria together, counted after splitting at commas."""

MAX_VALUE: Final = 8_192
"""Characters of one parameter's value that are not split (a list may be as long as its values)."""

MAX_DEPTH: Final = 8
"""Links of chains and of ``_has`` in one parameter."""

MAX_BRANCHES: Final = 32
"""Links of all chains of a query, counting each target type of an untyped one (``subject:Patient`` is one)."""

MAX_CODES: Final = 4_096
"""Codes that a value set or a code's descendants may stand for."""

MAX_SORT: Final = 8
"""Sort keys."""

MAX_INCLUDES: Final = 32
"""``_include`` and ``_revinclude`` parameters."""

MAX_ROUNDS: Final = 8
"""Rounds of ``:iterate``; a longer chain of includes is refused."""

MAX_INCLUDED: Final = 5_000
"""Included resources of one page."""

DEFAULT_COUNT: Final = 50
MAX_COUNT: Final = 1_000
"""Matches on a page when nothing is asked, and at most: a larger ``_count`` gets this many (R4 3.1.1.5.3)."""

ESTIMATE_CAP: Final = 10_000
TOTAL_CAP: Final = 1_000_000
"""Where counting stops for ``_total=estimate`` and for ``_total=accurate``."""

GAUGE: Final = 1_000
"""Index rows of a criterion that are counted to see whether it is selective."""

TEXT_CANDIDATES: Final = 50_000
"""Resources whose text ``_text`` and ``_content`` may look through; other criteria must narrow the rest down."""

MAX_LASTN: Final = 100
"""Observations of each code that ``$lastn`` gives."""
