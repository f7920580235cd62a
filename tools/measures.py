"""Print the indicators as docs/measures.md, from their definitions. A test holds file and definitions equal."""

from __future__ import annotations

import sys
from pathlib import Path

from doorstep.locale_text import CHINESE, ENGLISH, text
from doorstep.measures.indicator import Indicator
from doorstep.measures.library import TOPICS, of_topic
from doorstep.measures.views import VIEWS

FILE = Path(__file__).resolve().parent.parent / "docs" / "measures.md"


def both(key: str) -> str:
    return f"{text(key, {}, CHINESE)} · {text(key, {}, ENGLISH)}"


def section(indicator: Indicator) -> list[str]:
    """One indicator: what it says, what is counted, from whom, and the SQL of each version."""
    says = indicator.says
    found = [
        f"### {both(says.name)}", "", f"`{indicator.code}` · {indicator.kind} · {both(indicator.unit)} ·"
        f" from {', '.join(indicator.sources)}", "", both(says.sentence), "",
        f"- numerator: {both(says.counts)}",
    ]  # fmt: skip
    found += [f"- denominator: {both(says.of)}"] if says.of else []
    found += [f"- not counted: {both(says.leaves_out)}"]
    for each in indicator.definitions:
        found += ["", f"Version {each.version}, for periods from {each.since.isoformat()}:", "", "```sql",
                  each.sql.strip(), "```"]  # fmt: skip
    return [*found, ""]


def page() -> str:
    """The whole file."""
    lines = [
        "# The figures", "",
        "Printed by `make docs` from `src/doorstep/measures/`; not edited by hand. Each statement answers one row a"
        " counted case: `kase`, whose", "figure it is (`institution`), with whom (`other`), when it `happened`, what it"
        " adds to numerator (`n`) and denominator (`d`), and a", "`label`. A figure is the sum (or the median and 90th"
        " percentile) of these rows, so a number opens exactly the rows it was made of.",
        "`tests/measures/` counts each again from the resources by a road of its own.", "", "## Views", "",
        "| view | of | columns |", "|---|---|---|",
        *(f"| `{view.name}` | {view.type} | {', '.join(view.columns)} |" for view in VIEWS.values()), "",
    ]  # fmt: skip
    for topic, label in TOPICS.items():
        lines += [f"## {both(label)}", ""]
        for indicator in of_topic(topic):
            lines += section(indicator)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    sys.exit(0)
