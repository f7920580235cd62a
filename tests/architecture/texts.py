"""Message keys and their sentences: what the code uses, what the two languages hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from doorstep.kernel import errors
from tests.architecture.source import PACKAGE, below, called, calls, name, text_of, tree

LANGUAGES = ("en", "zh_Hans")
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9]+(-[a-z0-9]+)*)+\Z")
REFUSALS = frozenset(each for each, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception))
_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_PLACE = re.compile(r"\{(\w*)[^}]*\}")
_HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef\U00020000-\U0003ffff]")


def sentences(language: str, root: Path = PACKAGE / "locale") -> dict[str, str]:
    """Key -> text of one language, over all areas; a key twice is an error."""
    found: dict[str, str] = {}
    for path in sorted((root / language / "LC_MESSAGES").glob("*.po")):
        for key, text in _ENTRY.findall(path.read_text(encoding="utf-8")):
            key, text = _joined(key), _joined(text)
            if key:
                assert key not in found, f"{key} stands twice in {language}"
                assert key.split(".")[0] == path.stem, f"{key} stands in {path.name}"
                found[key] = text
    return found


def _joined(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.split("\n") if line.strip())


def places(text: str) -> set[str]:
    """The {placeholders} of a sentence."""
    return set(_PLACE.findall(text))


def refusal_texts(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """(where, first literal argument) of every refusal that the code makes, and the key of every Issue.

    A class that some module derives from a refusal is known by what it is raised with.
    """
    for path in paths:
        for node in ast.walk(tree(path)):
            raised = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(raised, ast.Call) and raised.args and KEY.match(text_of(raised.args[0]) or ""):
                yield f"{name(path)}:{node.lineno}", str(text_of(raised.args[0]))
        for call in calls(path):
            which = called(call)
            if which in REFUSALS:
                argument = call.args[0] if call.args else None
            elif which == "Issue":
                argument = call.args[2] if len(call.args) > 2 else next((k.value for k in call.keywords if k.arg == "key"), None)
            else:
                continue
            text = text_of(argument)
            if text is not None:
                yield f"{name(path)}:{call.lineno}", text


def literals(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """(where, text) of every string literal that is not a docstring."""
    for path in paths:
        docs = {id(node.value) for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield f"{name(path)}:{node.lineno}", node.value


def chinese(text: str) -> bool:
    return _HAN.search(text) is not None


def package_code() -> list[Path]:
    return below("src/doorstep")
