"""Print docs/access.md: which event opens and ends which right to read a resident. A test holds the two equal."""

from __future__ import annotations

import sys
from pathlib import Path

from doorstep.kernel.grants import REASONS
from doorstep.locale_text import CHINESE, ENGLISH, text
from doorstep.terms.policies import policies
from doorstep.workflows.grants_table import BARS, OPENINGS, WITHOUT_A_ROW, Opening

FILE = Path(__file__).resolve().parent.parent / "docs" / "access.md"

HEAD = """# Who may read a resident's record

Printed by `make docs` from `src/doorstep/workflows/grants_table.py`, which a test holds against every command that
opens or ends a grant; not edited by hand. The rule itself is in `src/doorstep/kernel/access.py`: a person sees a record
if it is the directory, if their own institution wrote it, if it is about themselves, or if their institution or they in
person hold a current grant on every resident whom it names, whose level covers its sensitivity. The role is a ceiling.

Levels: 1 the identity card, 2 the ordinary record, 3 restricted (one category, or all). "Firm" grounds are not taken
away by the resident's refusal.

| reason | | who | level | what | opened by | ended by | ends by itself | basis | firm |
|---|---|---|---|---|---|---|---|---|---|"""


def both(key: str) -> str:
    return f"{text(key, {}, CHINESE)} · {text(key, {}, ENGLISH)}"


def limits(keys: tuple[str, ...]) -> tuple[str, str]:
    """(the policies with their amounts, what they rest on)."""
    rows = [row for key in keys for row in policies() if row.key == key]
    amounts = "; ".join(f"`{row.key}` {row.amount} {row.unit}" for row in rows)
    return amounts, "; ".join(dict.fromkeys(f"{row.kind}: {row.basis}" for row in rows))


def line(opening: Opening) -> str:
    reason = REASONS[opening.reason]
    amounts, basis = limits(opening.until)
    cells = (
        f"`{opening.reason}`", both(reason.label), both(opening.who), opening.level, both(opening.scope),
        _code(opening.opens), _code(opening.ends), amounts, basis, "yes" if reason.firm else "",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The document."""
    grounds = "; ".join(f"`{code}` {both(REASONS[code].label)}" for code in WITHOUT_A_ROW)
    refusals = "; ".join(f"`{bars}` until `{lifts}`" for bars, lifts in BARS)
    return "\n".join([
        HEAD, *(line(opening) for opening in OPENINGS), "",
        f"Without a grant: {grounds}.", "",
        f"The resident's refusal: {refusals}; it takes away every ground above that is not firm.", "",
    ])  # fmt: skip


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    FILE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
