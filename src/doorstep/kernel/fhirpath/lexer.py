"""Text of an expression -> tokens (FHIRPath 2.0.0, section 7, lexical elements)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_EXPRESSION

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\r\n]*|/\*.*?\*/)
    | (?P<datetime>@\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)
    | (?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
    | (?P<date>@\d{4}(?:-\d\d(?:-\d\d)?)?)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | %(?P<variable>(?:vs|ext)-[A-Za-z0-9\-]+|[A-Za-z_][A-Za-z0-9_]*|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"[^"\\]*")
    | \$(?P<special>this|index|total)\b
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><=|>=|!=|!~|[-+*/|&=~<>.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CONTROL = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}
_LITERAL = frozenset("'\"`\\/")


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is a group of the pattern above, or "end"; ``text`` is unescaped for strings and quoted names."""

    kind: str
    text: str
    at: int


def tokens(expression: str) -> list[Token]:
    """All tokens and a last one of kind "end". Raises FhirPathError where no token begins."""
    if len(expression) > MAX_EXPRESSION:
        raise FhirPathError("fhirpath.too-long", limit=MAX_EXPRESSION)
    found: list[Token] = []
    at, end = 0, len(expression)
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None:
            raise FhirPathError("fhirpath.unexpected-character", at=at, found=expression[at : at + 10])
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, _text(kind, match[kind], at), at))
        at = match.end()
    found.append(Token("end", "", end))
    return found


def _text(kind: str, text: str, at: int) -> str:
    if kind in ("string", "quoted") or (kind == "variable" and text[0] in "'`\""):
        return unescape(text[1:-1], at)
    return text


def unescape(text: str, at: int = 0) -> str:
    """The characters that a string literal stands for. Raises FhirPathError for an escape that does not exist."""

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if code in _LITERAL:
            return code
        if code in _CONTROL:
            return _CONTROL[code]
        raise FhirPathError("fhirpath.unknown-escape", at=at, found=match[0])

    return _ESCAPE.sub(replace, text) if "\\" in text else text
