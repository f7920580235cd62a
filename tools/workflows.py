"""Print the state tables of the workflows as docs/workflows/*.md. A test holds files and tables equal."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from doorstep import workflows
from doorstep.locale_text import CHINESE, ENGLISH, text
from doorstep.terms.policies import policies
from doorstep.workflows.table import Act, State, Table

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "workflows"


def tables() -> dict[str, Table]:
    """Module name -> state table, of every workflow module that has one."""
    names = sorted(module.name for module in pkgutil.iter_modules(workflows.__path__))
    found = {name: getattr(importlib.import_module(f"{workflows.__name__}.{name}"), "TABLE", None) for name in names}
    return {name: table for name, table in found.items() if isinstance(table, Table)}


def both(key: str) -> str:
    """A label in Chinese and English."""
    return f"{text(key, {}, CHINESE)} · {text(key, {}, ENGLISH)}"


def limit(state: State) -> str:
    """The policies that give a state's deadline, with their amounts."""
    rows = []
    for key in filter(None, (state.limit, state.early)):
        prefix = key.partition("{")[0]
        rows += [row for row in policies() if row.key == key or ("{" in key and row.key.startswith(prefix))]
    return "; ".join(f"`{row.key}` {row.amount} {row.unit}" for row in rows)


def state_row(state: State) -> str:
    cells = (f"`{state.code}`", both(state.label), state.task, state.request, state.owner, limit(state))
    return f"| {' | '.join(cells)} |"


def act_row(act: Act) -> str:
    refusals = "; ".join(text(key, {}, ENGLISH) for key in act.refusals)
    source = ", ".join(f"`{code}`" for code in act.source)
    cells = (source, both(act.label), act.who, f"`{act.target}`", ", ".join(act.needs), refusals)
    return f"| {' | '.join(cells)} |"


def page(module: str, table: Table) -> str:
    """One workflow as Markdown."""
    return "\n".join([
        f"# {both(table.label)}",
        "",
        f"`src/doorstep/workflows/{module}.py` · {table.request} + Task · parties: {', '.join(table.parties)}",
        "",
        "Printed by `make docs` from the state table that code, buttons and tests read; not edited by hand.",
        "",
        "| state | | Task | request | next actor | deadline |",
        "|---|---|---|---|---|---|",
        *(state_row(state) for state in table.states),
        "",
        "| from | act | who | to | boxes that may not be empty | refused when |",
        "|---|---|---|---|---|---|",
        *(act_row(act) for act in table.acts),
        "",
    ])


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for module, table in tables().items():
        (FOLDER / f"{module}.md").write_text(page(module, table), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
