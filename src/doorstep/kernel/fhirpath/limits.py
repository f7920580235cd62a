"""How much one expression may ask for. Each limit is far above what R4's own expressions need."""

from __future__ import annotations

MAX_EXPRESSION = 16_384
"""Characters of one expression; R4's longest has 1,386."""

MAX_NESTING = 60
"""Depth of the syntax tree while reading: parentheses, indexes, arguments, signs."""

MAX_DEPTH = 200
"""Depth of the syntax tree, chains of operators included."""

MAX_WORK = 250_000
"""Items that one evaluation may visit: ``descendants()`` within ``descendants()`` grows fast. The most that a rule or
parameter of R4 visits in any official example is 77,990."""

MAX_STRING = 8_000_000
"""Characters of one computed string."""

MAX_REPEAT = 1_000_000
"""Items in one result."""
