"""Tokens -> syntax tree, by precedence climbing (FHIRPath 2.0.0, section 6.8 operator precedence and appendix A)."""

from __future__ import annotations

from decimal import Decimal

from doorstep.kernel.fhirpath import syntax
from doorstep.kernel.fhirpath.dates import temporal
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.lexer import Token, tokens
from doorstep.kernel.fhirpath.limits import MAX_DEPTH, MAX_NESTING
from doorstep.kernel.fhirpath.quantity import CALENDAR, Quantity

_PRECEDENCE = {
    **dict.fromkeys(("*", "/", "div", "mod"), 100),
    **dict.fromkeys(("+", "-", "&"), 90),
    **dict.fromkeys(("is", "as"), 80),
    "|": 70,
    **dict.fromkeys((">", "<", ">=", "<="), 60),
    **dict.fromkeys(("=", "~", "!=", "!~"), 50),
    **dict.fromkeys(("in", "contains"), 40),
    "and": 30,
    **dict.fromkeys(("or", "xor"), 20),
    "implies": 10,
}
_SIGN = 110
_WORDS = frozenset(word for word in _PRECEDENCE if word.isalpha())
_NAMES_TOO = frozenset(("as", "is", "in", "contains"))


def parse(expression: str) -> syntax.Node:
    """The syntax tree of an expression. Raises FhirPathError with the place of the first mistake."""
    return _Parser(expression).whole()


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = tokens(expression)
        self._place = 0
        self._nesting = 0

    def whole(self) -> syntax.Node:
        tree = self._expression(0)
        if self._now.kind != "end":
            raise self._unexpected()
        if syntax.depth(tree) > MAX_DEPTH:
            raise FhirPathError("fhirpath.too-deep", limit=MAX_DEPTH)
        return tree

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _unexpected(self) -> FhirPathError:
        token = self._now
        if token.kind == "end":
            return FhirPathError("fhirpath.unexpected-end", at=token.at)
        return FhirPathError("fhirpath.unexpected-token", at=token.at, found=token.text)

    def _at_symbol(self, *symbols: str) -> bool:
        return self._now.kind == "symbol" and self._now.text in symbols

    def _expect(self, symbol: str) -> None:
        if not self._at_symbol(symbol):
            raise self._unexpected()
        self._place += 1

    def _operator(self) -> str:
        token = self._now
        if token.kind == "symbol" or (token.kind == "name" and token.text in _WORDS):
            return token.text
        return ""

    def _expression(self, floor: int) -> syntax.Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise FhirPathError("fhirpath.too-deep", limit=MAX_NESTING)
        left = self._prefix()
        while (power := _PRECEDENCE.get(symbol := self._operator(), 0)) > floor:
            self._place += 1
            if symbol in ("is", "as"):
                left = syntax.TypeTest(symbol, left, self._type_name())
            else:
                left = syntax.Binary(symbol, left, self._expression(power))
        self._nesting -= 1
        return left

    def _prefix(self) -> syntax.Node:
        if self._at_symbol("+", "-"):
            return syntax.Sign(self._next().text, self._expression(_SIGN))
        return self._path()

    def _path(self) -> syntax.Node:
        head, steps = self._head()
        while True:
            if self._at_symbol("."):
                self._place += 1
                steps.append(self._invocation())
            elif self._at_symbol("["):
                self._place += 1
                steps.append(syntax.Indexer(self._expression(0)))
                self._expect("]")
            elif steps:
                return syntax.Path(head, tuple(steps))
            else:
                assert head is not None
                return head

    def _head(self) -> tuple[syntax.Node | None, list[syntax.Member | syntax.Call | syntax.Indexer]]:
        token = self._now
        match token.kind:
            case "name" if token.text in ("true", "false"):
                self._place += 1
                return syntax.Literal((token.text == "true",)), []
            case "name" if token.text not in _WORDS or token.text in _NAMES_TOO:
                return None, [self._invocation()]
            case "quoted":
                return None, [self._invocation()]
            case "symbol" if token.text == "(":
                self._place += 1
                inner = self._expression(0)
                self._expect(")")
                return inner, []
            case "symbol" if token.text == "{":
                self._place += 1
                self._expect("}")
                return syntax.Literal(()), []
            case "symbol" | "name" | "end":
                raise self._unexpected()
        self._place += 1
        return self._term(token), []

    def _term(self, token: Token) -> syntax.Node:
        match token.kind:
            case "string":
                return syntax.Literal((token.text,))
            case "number":
                return self._number(token)
            case "variable":
                return syntax.Variable(token.text)
            case "special":
                return syntax.This() if token.text == "this" else syntax.Special(token.text)
        value = temporal(token.text[1:])
        if value is None:
            raise FhirPathError("fhirpath.no-such-date", at=token.at, found=token.text)
        return syntax.Literal((value,))

    def _number(self, token: Token) -> syntax.Node:
        unit = self._now
        if unit.kind == "string":
            self._place += 1
            return syntax.Literal((Quantity(Decimal(token.text), unit.text),))
        if unit.kind == "name" and unit.text in CALENDAR:
            self._place += 1
            return syntax.Literal((Quantity(Decimal(token.text), CALENDAR[unit.text]),))
        return syntax.Literal((Decimal(token.text) if "." in token.text else int(token.text),))

    def _invocation(self) -> syntax.Member | syntax.Call:
        token = self._next()
        if token.kind == "quoted":
            return syntax.Member(token.text)
        if token.kind != "name":
            self._place -= 1
            raise self._unexpected()
        if not self._at_symbol("("):
            return syntax.Member(token.text)
        self._place += 1
        arguments: list[syntax.Node] = []
        if not self._at_symbol(")"):
            arguments.append(self._expression(0))
            while self._at_symbol(","):
                self._place += 1
                arguments.append(self._expression(0))
        self._expect(")")
        return syntax.Call(token.text, tuple(arguments))

    def _type_name(self) -> syntax.TypeName:
        first = self._identifier()
        if first in ("FHIR", "System") and self._at_symbol("."):
            self._place += 1
            return syntax.TypeName(first, self._identifier())
        return syntax.TypeName("", first)

    def _identifier(self) -> str:
        token = self._now
        if token.kind not in ("name", "quoted"):
            raise self._unexpected()
        self._place += 1
        return token.text
