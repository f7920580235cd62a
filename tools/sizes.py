"""How big our files and functions are: medians, and the longest, for whoever is about to add a line."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent


def code_lines(path: Path) -> int:
    """Lines that are neither empty nor comment only."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def functions(path: Path) -> list[tuple[int, str]]:
    """(lines, name) of every function of a file, docstring left out."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = node.body[0] if ast.get_docstring(node) is not None else None
            spoken = (doc.end_lineno or 0) - doc.lineno + 1 if doc else 0
            found.append(((node.end_lineno or 0) - node.lineno + 1 - spoken, node.name))
    return found


def python_files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "_definitions" not in path.parts)


def main() -> int:
    code, tests = python_files("src"), python_files("tests")
    sizes = {path: code_lines(path) for path in code}
    named = ((lines, f"{path.relative_to(ROOT)} {name}") for path in code for lines, name in functions(path))
    lengths = sorted(named, reverse=True)
    total, tested = sum(sizes.values()), sum(code_lines(path) for path in tests)
    print(f"{len(code)} files, {total} lines; median file {median(sizes.values()):.0f} lines")
    print(f"{len(lengths)} functions; median {median(lines for lines, _ in lengths):.0f} lines")
    print(f"{tested} test lines, {tested / total:.2f} a code line")
    for path, lines in sorted(sizes.items(), key=lambda item: -item[1])[:5]:
        print(f"  {lines:5} {path.relative_to(ROOT)}")
    for lines, where in lengths[:5]:
        print(f"  {lines:5} {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
