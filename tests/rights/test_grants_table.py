"""Given the table of who may read whom, when the commands are read, then each grant has its row and each row its grant."""

import ast
from pathlib import Path

import doorstep.workflows
from doorstep.kernel.grants import REASONS
from doorstep.terms.policies import policies
from doorstep.workflows.grants_table import BARS, OPENINGS, WITHOUT_A_ROW
from tools import access

FOLDER = Path(doorstep.workflows.__file__).parent


def called(verb: str, folder: Path = FOLDER) -> set[tuple[str, str]]:
    """("module.function", reason) of every call of a verb on a transaction; reason "" when it is not a literal."""
    found = set()
    for path in sorted(folder.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == verb:
                    reason = next((k.value for k in call.keywords if k.arg == "reason"), None)
                    text = reason.value if isinstance(reason, ast.Constant) else ""
                    found.add((f"{path.stem}.{function.name}", str(text)))
    return found


def test_every_grant_that_a_command_gives_has_its_row_and_the_other_way_round() -> None:
    rows = {(event, opening.reason) for opening in OPENINGS for event in opening.opens}
    given = called("grant")
    spoken = {(event, reason) for event, reason in given if reason}
    variable = {event for event, reason in given if not reason}
    assert spoken - rows == set()
    assert {(event, reason) for event, reason in rows if event not in variable} - spoken == set()
    assert variable - {event for event, _ in rows} == set()


def test_every_end_of_a_grant_is_in_the_table_and_the_other_way_round() -> None:
    rows = {event for opening in OPENINGS for event in opening.ends if not event.startswith("programme._open")}
    assert {event for event, _ in called("end_grants")} == rows


def test_the_refusal_is_in_the_table() -> None:
    assert {event for event, _ in called("bar")} == {bars for bars, _ in BARS}
    assert {event for event, _ in called("unbar")} == {lifts for _, lifts in BARS}


def test_every_row_names_a_reason_of_the_record_and_limits_that_are_known() -> None:
    assert {opening.reason for opening in OPENINGS} | set(WITHOUT_A_ROW) <= REASONS.keys()
    known = {row.key for row in policies()}
    assert [key for opening in OPENINGS for key in opening.until if key not in known] == []


def test_nothing_outside_the_workflows_gives_or_ends_a_right() -> None:
    package = FOLDER.parent
    outside = [path for path in package.rglob("*.py") if "kernel" not in path.parts and path.parent != FOLDER]
    assert [path.name for path in outside if ".end_grants(" in path.read_text(encoding="utf-8")] == []
    assert [path.name for path in outside if ".grant(resident" in path.read_text(encoding="utf-8").replace("(\n", "(").replace("( ", "(")] == []


def test_the_page_is_what_the_table_prints() -> None:
    assert access.FILE.read_text(encoding="utf-8") == access.page(), "run `make docs`"


def test_the_trial_sees_a_grant_without_a_row(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text('def give(tx):\n    tx.grant(resident="1", reason="visit", org="o", source="s")\n')
    assert called("grant", tmp_path) == {("new.give", "visit")}
