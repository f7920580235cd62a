"""``_filter``: a condition with and, or, not and parentheses (R4 3.1.3).

Each comparison becomes the node of the ordinary criterion that means the same, so it is planned, bounded and scoped
like one. ``and`` and ``or`` have no precedence: they are read from left to right. A comparison holds when one of an
element's values fits; so ``ne`` of a code or a text would mean "some value is another one", which is refused with its
remedy ``not (... eq ...)``. Texts are compared without regard to case and accents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.search import limits
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.model import Every, Node, Not, Some
from doorstep.kernel.search.strings import WHOLE

NAME: Final = "_filter"
Criterion = Callable[[Sequence[str], str, str, Context], Node | None]

_TOKEN: Final = re.compile(r'\s*(?:([()\[\]])|"((?:[^"\\]|\\.)*)"|([^\s()\[\]"]+))')
_STEP: Final = r"[A-Za-z_][A-Za-z0-9_-]*(?::[A-Z][A-Za-z]*)?"
_PATH: Final = re.compile(rf"{_STEP}(?:\.{_STEP})*")
_ORDERED: Final = {op: ("", op) for op in ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb")}
_MEANS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "string": {"eq": (WHOLE, ""), "co": ("contains", ""), "sw": ("", "")},
    "token": {"eq": ("", ""), "in": ("in", ""), "ni": ("not-in", ""), "ss": ("above", ""), "sb": ("below", "")},
    "reference": {"eq": ("", ""), "re": ("", "")},
    "uri": {"eq": ("", "")},
    "composite": {"eq": ("", "")},
    "date": _ORDERED,
    "number": _ORDERED,
    "quantity": _ORDERED,
}
"""Kind of parameter -> operator -> (modifier, prefix of the value) of the criterion that means the same."""
_OPERATORS: Final = frozenset(
    ("eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re")
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False

    def __bool__(self) -> bool:
        return self.quoted or bool(self.text)


def parse_filter(types: Sequence[str], value: str, context: Context, criterion: Criterion) -> Node:
    """The node of a filter on one or several types. BadRequest, NotSupported or TooCostly for what cannot be."""
    if len(value) > limits.MAX_VALUE:
        raise TooCostly("search.value-too-long", element=NAME, parameter=NAME, limit=limits.MAX_VALUE)
    reading = _Reading(types, _tokens(value), context, criterion)
    node = reading.logic(0)
    if reading.next():
        raise _bad(reading.next().text)
    return node


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _bad(text[at:])
        if match[2] is not None:
            found.append(_Token(re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL), quoted=True))
        else:
            found.append(_Token(match[1] or match[3]))
        at = match.end()
    return found


@dataclass(slots=True)
class _Reading:
    """A recursive descent over the tokens."""

    types: Sequence[str]
    tokens: list[_Token]
    context: Context
    criterion: Criterion
    at: int = 0
    terms: int = 0

    def next(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("")

    def take(self) -> _Token:
        token = self.next()
        self.at += 1
        return token

    def is_word(self, *words: str) -> bool:
        token = self.next()
        return not token.quoted and token.text in words

    def logic(self, depth: int) -> Node:
        """One or several conditions, joined from left to right."""
        if depth > limits.MAX_DEPTH:
            raise TooCostly("search.filter-too-deep", element=NAME, limit=limits.MAX_DEPTH)
        node = self.condition(depth)
        while self.is_word("and", "or"):
            joined = Every if self.take().text == "and" else Some
            other = self.condition(depth)
            before = node.nodes if isinstance(node, joined) else (node,)
            node = joined((*before, other))
        return node

    def condition(self, depth: int) -> Node:
        if self.is_word("not") and self.tokens[self.at + 1 : self.at + 2] == [_Token("(")]:
            self.take()
            return Not(self.group(depth))
        return self.group(depth) if self.is_word("(") else self.comparison()

    def group(self, depth: int) -> Node:
        self.take()
        node = self.logic(depth + 1)
        if not self.is_word(")"):
            raise _bad(self.next().text)
        self.take()
        return node

    def comparison(self) -> Node:
        """``path operator value``."""
        path, operator, value = self.take(), self.take(), self.take()
        if self.tokens[self.at - 2 : self.at - 1] == [_Token("[")]:
            raise NotSupported("search.filter-joint", element=NAME, given=path.text[:80])
        if path.quoted or operator.quoted or not _PATH.fullmatch(path.text) or operator.text not in _OPERATORS:
            raise _bad(f"{path.text} {operator.text}")
        if not value or not value.quoted and value.text in ("(", ")", "[", "]"):
            raise _bad(f"{path.text} {operator.text} {value.text}")
        self.terms += 1
        if self.terms > limits.MAX_CRITERIA:
            raise TooCostly("search.too-many-criteria", element=NAME, parameter=NAME, limit=limits.MAX_CRITERIA)
        return self.compared(path.text, operator.text, value)

    def compared(self, path: str, operator: str, value: _Token) -> Node:
        if operator == "pr":
            if value.text not in ("true", "false"):
                raise _bad(f"{path} pr {value.text}")
            modifier, text = "missing", "false" if value.text == "true" else "true"
        else:
            kind = self.kind(self.types, path)
            if kind == "string" and not value.quoted:
                raise _bad(f"{path} {operator} {value.text}")
            means = _MEANS.get(kind, {}).get(operator)
            if means is None:
                raise NotSupported(
                    "search.filter-operator", element=NAME, operator=operator, parameter=path[:80], kind=kind
                )
            modifier, prefix = means
            text = prefix + value.text.replace("\\", "\\\\").replace(",", "\\,")
        name = f"{path}:{modifier}" if modifier else path
        node = self.criterion(self.types, name, text, self.context)
        if node is None:
            raise BadRequest("search.unknown-parameter", element=NAME, parameter=path[:80])
        return node

    def kind(self, types: Sequence[str], path: str) -> str:
        """The kind of the parameter at the end of a path, the same on all types that it may lead through."""
        head, dot, rest = path.partition(".")
        code, _, only = head.partition(":")
        known = [self.context.table.search[type_name][code] for type_name in types
                 if code in self.context.table.search.get(type_name, {})]  # fmt: skip
        if not known:
            raise BadRequest("search.unknown-parameter", element=NAME, parameter=path[:80])
        if dot:
            targets = {target for each in known for target in each.targets or self.context.table.resources}
            reached = [only] if only else sorted(targets)
            last = rest.partition(".")[0].partition(":")[0]
            return self.kind([each for each in reached if last in self.context.table.search.get(each, {})], rest)
        kinds = {each.kind for each in known}
        if len(kinds) > 1:
            raise NotSupported("search.kinds-differ", element=NAME, parameter=path[:80])
        return kinds.pop()


def _bad(near: str) -> BadRequest:
    return BadRequest("search.bad-filter", element=NAME, near=near[:80])
