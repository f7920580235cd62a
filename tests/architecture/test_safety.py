"""Given the source, when it is read for habits that open doors, then none is there; each rule sees its own example."""

import ast
import re
import tomllib

import pytest

from tests.architecture.source import ROOT, below, called, name, text_of, tree

PARSERS = {
    "src/doorstep/kernel/fhirpath/html.py": "narrative; document types are refused before the parser sees them",
    "src/doorstep/kernel/validate/narrative.py": "narrative; a parser that refuses document types, entities and depth",
}
"""The modules that open XML; whoever needs more XML uses one of them."""
_XML = re.compile(r"(?:xml|lxml|expat|pyexpat|defusedxml|xmltodict|bs4)(?:\.|\Z)")
_UNSAFE = {"pickle", "marshal", "shelve", "dill"}
_URL = re.compile(r"\A[a-z]*://|\Ahttps?:|\A//")
URLS = {
    "src/doorstep/kernel/bundle_links.py": "whether a fullUrl is an address at all; nothing is asked there",
    "src/doorstep/kernel/validate/conformance.py": "names of types in the standard's own definitions",
    "src/doorstep/kernel/validate/narrative.py": "names of an XML namespace",
    "src/doorstep/kernel/store.py": "the operator's own url of the store",
}
"""Modules that look at how a url begins, and why nobody is trusted for it."""
SUPPRESSED = {"ValueError", "LostRace", "Conflict"}
"""What may be ignored where it is named: bad numbers, and that somebody else was first. Never a refusal of access."""


def xml_imports(module: ast.Module) -> list[str]:
    named = [alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and not node.level]
    return [each for each in named if _XML.match(each)]


def unsafe(module: ast.Module) -> list[str]:
    """Calls and imports that run or open what they are given."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [each for each in names if each.partition(".")[0] in _UNSAFE]
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            dotted = isinstance(owner, ast.Attribute) and owner.attr == "path" and called(node) == "join"
            if dotted or called(node) in ("mark_safe", "SafeString", "eval") or any(
                keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value) for keyword in node.keywords
            ):
                found.append(called(node))
    return found


def trusting(module: ast.Module) -> list[str]:
    """``startswith`` on what looks like a url."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and called(node) == "startswith" and node.args:
            given = node.args[0].elts if isinstance(node.args[0], ast.Tuple) else [node.args[0]]
            found += [text for each in given if (text := text_of(each)) is not None and _URL.match(text) and text != "//"]
    return found


def swallowed(module: ast.Module) -> list[str]:
    """Failures that are caught and forgotten."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(each, ast.Pass) or isinstance(each, ast.Expr) and text_of(each.value) is not None for each in node.body):
            found.append("except: pass")
        if isinstance(node, ast.Call) and called(node) == "suppress":
            found += [ast.unparse(each) for each in node.args if ast.unparse(each) not in SUPPRESSED]
    return found


def where(rule) -> dict[str, list[str]]:
    return {name(path): found for path in below("src/doorstep") if (found := rule(tree(path)))}


def test_xml_is_opened_in_the_named_modules_alone() -> None:
    assert where(xml_imports).keys() == PARSERS.keys()


def test_nothing_runs_or_opens_what_it_is_given() -> None:
    assert where(unsafe) == {}


def test_nobody_is_trusted_for_how_their_address_begins() -> None:
    assert where(trusting).keys() == URLS.keys()


def test_no_failure_is_swallowed() -> None:
    assert where(swallowed) == {}


def test_no_page_shows_a_text_unescaped() -> None:
    found = [name(path) for path in below("src/doorstep", suffixes=(".html",))
             if re.search(r"\|\s*safe(seq)?\b|autoescape\s+off|<script>(?!\s*</script>)|\son(?:click|load|error|focus|blur|change|submit|input|toggle|key\w+|mouse\w+|pointer\w+)=|javascript:", path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_linter_looks_for_what_bandit_looks_for() -> None:
    chosen = tomllib.loads((ROOT / "ruff.toml").read_text(encoding="utf-8"))["lint"]
    assert {"S", "BLE", "B"} <= set(chosen["select"])
    assert not {each for each in chosen["ignore"] if each.startswith(("S1", "S3", "S6"))} - {"S101", "S603", "S608", "S311", "S105", "S310"}


@pytest.mark.parametrize(("rule", "source"), [
    (xml_imports, "from lxml import etree"), (xml_imports, "import xml.dom.minidom"), (unsafe, "import pickle"),
    (unsafe, "os.path.join(folder, request.name)"), (unsafe, "mark_safe(text)"), (unsafe, "eval(text)"), (unsafe, "run(text, shell=True)"),
    (trusting, "url.startswith('https://ours.example')"), (trusting, "url.startswith(('http:', 'x'))"),
    (swallowed, "try:\n    check()\nexcept Forbidden:\n    pass"), (swallowed, "with suppress(Forbidden):\n    check()"),
    (swallowed, "try:\n    check()\nexcept Forbidden:\n    'it is nothing'"),
])
def test_each_rule_sees_its_example(rule, source: str) -> None:
    assert rule(ast.parse(source)) != []
