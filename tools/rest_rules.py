"""Print what clients may write over FHIR as docs/rest-rules.md. A test holds the file and the tables equal."""

from __future__ import annotations

import sys
from pathlib import Path

from doorstep.journeys.acting import ACTS, BEGINS
from doorstep.kernel import roles
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.locale_text import CHINESE, ENGLISH, text
from doorstep.rest.bulk import PURPOSES
from doorstep.rest.rules import RULES
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK, Table

FILE = Path(__file__).resolve().parent.parent / "docs" / "rest-rules.md"


def both(key: str) -> str:
    """A sentence in Chinese and English."""
    said = {"type": "…"}
    return f"{text(key, said, CHINESE)} · {text(key, said, ENGLISH)}"


def role_rows() -> list[str]:
    found = []
    for role in roles.ROLES.values():
        writes = "everything but the directory" if role.writes is None else ", ".join(sorted(role.writes - DIRECTORY))
        found.append(f"| `{role.code}` | {writes or 'nothing'} | {', '.join(sorted(role.rights)) or ''} |")
    return found


def rule_rows() -> list[str]:
    return [
        f"| {', '.join(rule.types) or 'all'} | {', '.join(sorted(rule.verbs))} | {rule.field} | `{rule.key}`"
        f" {both(rule.key)} |"
        for rule in RULES
    ]


def table_rows() -> list[str]:
    return [row for table in TABLES.values() for row in _acts(table)]


def _acts(table: Table) -> list[str]:
    found = []
    for act in table.acts:
        if act.who == CLOCK:
            continue
        if not act.source:
            beginning = BEGINS.get(table.name)
            how = "POST Task, input: " + ", ".join(beginning.boxes) if beginning else "not over FHIR"
        else:
            doing = ACTS.get((table.name, act.code))
            how = "not over FHIR" if doing is None else ", ".join(doing.boxes)
        source = ", ".join(act.source) or "new"
        found.append(f"| {table.name} | {act.code} | {source} → {act.target} | {act.who} | {how} |")
    return found


def page() -> str:
    """The whole document."""
    purposes = [f"| `{role}` | {', '.join(given)} |" for role, given in PURPOSES.items()]
    return "\n".join([
        "# What a client may write over FHIR", "",
        "Printed by `make docs` from `src/doorstep/rest/rules.py`, `src/doorstep/kernel/roles.py` and the state tables;"
        " not edited by hand.", "",
        "Every create, update, patch and delete passes one gate, in whatever form it comes (conditional, `$meta-add`,"
        " batch, transaction): first the role and the token's scopes, then the state tables, then the rules, and only"
        " the institution that keeps a resource changes it (403). What is invisible is absent (404). The local operator"
        " (`administrator`) stands under the state tables alone. A first version under a client's own id is the local"
        " operator's: for everybody else it would tell whether somebody has that id.", "",
        "## Which role writes which types", "", "| role | types | named rights |", "|---|---|---|", *role_rows(), "",
        "## Rules", "", "| types | change | field | refusal |", "|---|---|---|---|", *rule_rows(), "",
        "## Acts of the state tables", "",
        "A Task of a state table changes only as one act: `businessStatus` names the new state (a second coding of the"
        " table's act system names the act), new `output` entries, `statusReason` and one new `note` fill its boxes."
        " What the Task is about (`focus`) changes through it alone. Everything else is 422 and names the acts that are"
        " possible.", "",
        "| table | act | states | who | boxes |", "|---|---|---|---|---|", *table_rows(), "",
        "## Bulk export", "", "Who has the right `export` may export, for these purposes:", "",
        "| role | purposes |", "|---|---|", *purposes, "",
    ])  # fmt: skip


def main() -> int:
    FILE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
