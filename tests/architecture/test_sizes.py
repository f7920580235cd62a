"""Given files and functions, when one grows past one idea, then it is two."""

from tests.architecture.source import ROOT
from tools import sizes

LONGEST_FILE = 400
LONGEST_FUNCTION = 90
CODE = sizes.python_files("src")


def test_no_file_holds_more_than_one_idea() -> None:
    assert {str(path.relative_to(ROOT)): lines for path in CODE if (lines := sizes.code_lines(path)) > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = {f"{path.relative_to(ROOT)} {name}": lines for path in CODE for lines, name in sizes.functions(path)}
    assert {where: lines for where, lines in found.items() if lines > LONGEST_FUNCTION} == {}


def test_a_docstring_does_not_count_and_a_body_does(tmp_path) -> None:
    source = tmp_path / "a.py"
    source.write_text('def f():\n    """One.\n\n    Two.\n    """\n    x = 1\n    return x\n', encoding="utf-8")
    assert sizes.functions(source) == [(3, "f")]
