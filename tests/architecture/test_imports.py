"""Given the import contracts of .importlinter, when the package is read, then every import goes down."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

RUN = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"
WRONG = [
    ("kernel/errors.py", "import doorstep.rest", "Imports only go down"),
    ("measures/beds.py", "import doorstep.workflows", "Measures only read"),
    ("workflows/visit.py", "from doorstep.web import pages", "Imports only go down"),
    ("web/pages.py", "import sqlite3", "Only the kernel opens a database"),
    ("web/pages.py", "import duckdb", "Only the figures ask DuckDB"),
    ("demo/people.py", "import psycopg", "Only the kernel opens a database"),
    ("web/pages.py", "from doorstep.kernel import sqlite", "Only the kernel holds an engine"),
    ("rest/read.py", "from doorstep.kernel.postgres import pool", "Only the kernel holds an engine"),
    ("helpers.py", "", "Imports only go down"),
]


def lint(source: Path) -> str:
    """What import-linter prints about the package ``doorstep`` found in ``source``."""
    done = subprocess.run([sys.executable, "-c", RUN, str(ROOT / ".importlinter")], cwd=source, check=False, text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(source)})
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_every_import_contract_is_kept() -> None:
    printed = lint(ROOT / "src")
    assert " 0 broken" in printed, printed


def small_house(root: Path) -> Path:
    """A package of the same shape in which every import is allowed."""
    house = root / "doorstep"
    for folder in ("", "kernel", "terms", "workflows", "journeys", "measures", "gateways", "rest", "web", "demo"):
        (house / folder).mkdir(exist_ok=True)
        (house / folder / "__init__.py").touch()
    (house / "kernel" / "sqlite.py").write_text("import sqlite3\n", encoding="utf-8")
    (house / "kernel" / "postgres.py").write_text("import psycopg\npool = psycopg\n", encoding="utf-8")
    for name in ("sqlite_apply.py", "postgres_apply.py"):
        (house / "kernel" / name).touch()
    (house / "kernel" / "store.py").write_text("from doorstep.kernel import postgres, sqlite\n", encoding="utf-8")
    (house / "web" / "pages.py").write_text("from doorstep.kernel import store\n", encoding="utf-8")
    return house


def test_a_house_whose_imports_go_down_passes(tmp_path: Path) -> None:
    small_house(tmp_path)
    printed = lint(tmp_path)
    assert " 0 broken" in printed, printed


@pytest.mark.parametrize(("file", "line", "contract"), WRONG)
def test_an_import_that_goes_up_is_found(tmp_path: Path, file: str, line: str, contract: str) -> None:
    (small_house(tmp_path) / file).write_text(line + "\n", encoding="utf-8")
    assert f"{contract} BROKEN" in lint(tmp_path)


WITHIN = {
    ("order", "correction"): "whoever read what is corrected is told by the correction itself, whoever calls the command",
    ("misfiled", "correction"): "whoever read an entry about the wrong resident is told by the move itself",
    ("order", "critical"): "a value beyond the limits cannot be released without its alarm, whoever calls the command",
    ("order", "recognition"): "a line cannot be ordered past an undecided earlier result, whoever calls the command",
    ("recognition", "critical"): "a result with an open alarm cannot be recognised",
    ("recheck", "recognition"): "what is checked afterwards is checked by the same rule",
    ("critical", "callback"): "the last rung of an alarm is the laboratory's telephone",
    ("critical", "contact"): "an alarm whose patient has left becomes a search for them",
    ("study", "recognition"): "a study that is done again carries the reason that a laboratory line carries",
    ("queue", "booking"): "a booked person's number comes from their booking",
    ("ward_note", "stay"): "a note is written into a stay that is running",
    ("ward_drug", "stay"): "a drug is ordered within a stay that is running",
    ("queue", "visit"): "calling a number opens the visit",
}
"""Workflows that begin, or ask about, a case within another's act; what several do side by side is a journey."""


def test_workflows_do_not_import_each_other() -> None:
    """What several share (the table, coordination, affiliation) has no state table of its own."""
    folder = ROOT / "src" / "doorstep" / "workflows"
    with_table = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")
                  if "\nTABLE: Final = Table(" in path.read_text(encoding="utf-8")}
    assert len(with_table) > 1
    imported = {(name, other) for name, text in with_table.items() for other in with_table
                if other != name and re.search(rf"workflows\.{other} import|from doorstep\.workflows import (\([^)]*|[^\n]*)\b{other}\b", text)}
    assert sorted(imported - WITHIN.keys()) == []
    assert sorted(WITHIN.keys() - imported) == []
