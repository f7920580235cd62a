"""Given what the documents say, when a newcomer follows them, then it is so."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, below, name
from tools import workflows

COVERAGE = ROOT / "docs" / "coverage.md"
READMES = (ROOT / "README.md", ROOT / "README.zh.md")
STATES = ("works", "partly", "not yet")
SECTIONS = {"A": 23, "B": 25, "C": 20, "D": 20, "E": 27, "F": 12, "G": 19}
ROWS = [f"{letter}{number:02}" for letter, count in SECTIONS.items() for number in range(1, count + 1)]
FUNCTIONS = 36
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
_MAKE = re.compile(r"(?:`|^)make ([a-z]+)\b", re.MULTILINE)
_MADE = re.compile(r"^([a-z]+):", re.MULTILINE)
_NAMED = re.compile(r"`((?:src/doorstep|kernel|terms|workflows|journeys|measures|gateways|rest|web|demo|tests|tools|docs|bench)/[\w./-]*)`")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def documents() -> list[Path]:
    return [path for path in [*ROOT.glob("*.md"), *below("docs", suffixes=(".md",))] if path.exists()]


def table_rows(heading: str) -> list[list[str]]:
    """The rows of all tables below a "## " heading of coverage.md, without heads."""
    section = re.split(r"^## ", read(COVERAGE), flags=re.MULTILINE)
    body = next(part for part in section if part.startswith(heading))
    lines = [line for line in body.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for at, row in enumerate(cells) if not _rule(row) and not (at + 1 < len(cells) and _rule(cells[at + 1]))]


def _rule(row: list[str]) -> bool:
    return set("".join(row)) <= {"-", ":", " "}


def names_tests(cell: str) -> bool:
    """Whether a cell names at least one test file, and all that it names are there."""
    named = re.findall(r"`(tests/[^`]+)`", cell)
    return bool(named) and all((ROOT / path).exists() for path in named)


def made() -> set[str]:
    return set(_MADE.findall(read(ROOT / "Makefile")))


def test_every_row_of_the_mission_is_counted_once() -> None:
    assert Counter(row[0] for row in table_rows("The reports")) == Counter(ROWS)


def test_every_function_of_the_official_list_is_counted_once() -> None:
    assert [row[0] for row in table_rows("The official function list")] == [str(n) for n in range(1, FUNCTIONS + 1)]


@pytest.mark.parametrize("heading", ["The reports", "The official function list"])
def test_what_works_names_a_page_and_a_test_that_exist(heading: str) -> None:
    for row in table_rows(heading):
        state, page, test = row[3:6]
        assert state in STATES, row
        if state == "not yet":
            assert (page, test) == ("", ""), row
        else:
            assert page, row
            assert names_tests(test), row


@pytest.mark.parametrize("heading", [
    "The record, slice by slice", "The rule, accounts and audit, slice by slice", "The main line, slice by slice",
])
def test_every_slice_is_open_or_done_and_done_means_tested(heading: str) -> None:
    assert table_rows(heading)
    for row in table_rows(heading):
        state, test = row[1], row[3]
        assert state in ("open", "done"), row
        assert state == "open" or names_tests(test), row


@pytest.mark.parametrize("readme", READMES, ids=name)
def test_the_two_commands_of_the_readme_are_what_make_and_ci_run(readme: Path) -> None:
    block = re.search(r"```sh\n(.*?)```", read(readme), re.DOTALL)
    assert block
    assert set(_MAKE.findall(block[1])) == {"demo", "test"}
    assert {"demo", "test"} <= made()
    assert re.search(r"^make test\b", read(ROOT / ".ci" / "run"), re.MULTILINE)


@pytest.mark.parametrize("readme", READMES, ids=name)
def test_a_readme_fits_on_a_screen(readme: Path) -> None:
    assert len(read(readme).splitlines()) <= 75


def test_every_make_target_that_a_document_names_exists() -> None:
    assert {target for path in documents() for target in _MAKE.findall(read(path))} - made() == set()


def test_make_prints_what_it_would_do() -> None:
    for target in ("demo", "test"):
        printed = subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        assert "tools/venv" in printed


def test_every_link_in_a_document_leads_somewhere() -> None:
    broken = [f"{name(path)}: {link}" for path in documents() for link in _LINK.findall(read(path))
              if not (path.parent / link).exists()]
    assert broken == []


def test_every_file_that_a_document_names_exists() -> None:
    missing = []
    for path in documents():
        for named in _NAMED.findall(read(path)):
            places = (ROOT / named, ROOT / "src" / "doorstep" / named, path.parent / named)
            if "NAME" not in named and not any(place.exists() for place in places):
                missing.append(f"{name(path)}: {named}")
    assert missing == []


def test_the_workflow_pages_are_what_the_state_tables_print() -> None:
    printed = {f"{module}.md": workflows.page(module, table) for module, table in workflows.tables().items()}
    kept = {path.name: read(path) for path in below("docs/workflows", suffixes=(".md",))}
    assert printed
    assert kept == printed, "run `make docs`"


def test_decisions_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "adr"
    kept = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(each[:4]) for each in kept] == list(range(1, len(kept) + 1))
    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", read(folder / "README.md")) == kept
