"""How much one expression may ask for. Each limit is far above what R4's own expressions need."""

from __future__ import annotations

MAX_EXPRESSION = 16_384
"""Characters of one expression; R4's longest has 1,386."""

MAX_NESTING = 60
"""Depth of the syntax tree while reading: parentheses, indexes, arguments, signs."""

MAX_DEPTH = 200
"""Depth of the syntax tree, chains of operators included."""

MAX_WORK = 2_000_000
"""Items that one evaluation may visit: ``descendants()`` within ``descendants()`` grows fast."""

MAX_STRING = 8_000_000
"""Characters of one computed string."""

MAX_REPEAT = 1_000_000
"""Items in one result."""
