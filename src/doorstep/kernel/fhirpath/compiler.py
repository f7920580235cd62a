"""Syntax tree -> closures. A closure takes (environment, ``$this``) and gives the collection."""

from __future__ import annotations

from doorstep.kernel.fhirpath import functions, model, syntax, typing_
from doorstep.kernel.fhirpath.environment import Env, Run, Step
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.members import member
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.operators import BINARY, SIGNS
from doorstep.kernel.fhirpath.registry import FUNCTIONS, Function
from doorstep.kernel.fhirpath.singleton import NONE, integer
from doorstep.kernel.fhirpath.variables import variable

assert functions.LOADED


def run(node: syntax.Node) -> Run:
    """The closure of an expression. Raises FhirPathError for unknown functions, types and numbers of arguments."""
    match node:
        case syntax.Literal(values):
            return _constant(list(values))
        case syntax.This():
            return lambda env, this: this
        case syntax.Special(name):
            return _index if name == "index" else _total
        case syntax.Variable(name):
            return variable(name)
        case syntax.Path(head, steps):
            return _path(head, steps)
        case syntax.Sign(symbol, operand):
            return _sign(symbol, run(operand))
        case syntax.Binary(symbol, left, right):
            return BINARY[symbol](run(left), run(right))
        case syntax.TypeTest(symbol, left, type_):
            return _type_test(symbol, run(left), type_)
    raise FhirPathError("fhirpath.not-an-expression")


def _constant(values: Items) -> Run:
    return lambda env, this: values


def _index(env: Env, this: Items) -> Items:
    return NONE if env.index is None else [env.index]


def _total(env: Env, this: Items) -> Items:
    return env.total or NONE


def _sign(symbol: str, operand: Run) -> Run:
    work = SIGNS[symbol]
    return lambda env, this: work(operand(env, this))


def _type_test(symbol: str, left: Run, type_: syntax.TypeName) -> Run:
    test = typing_.is_ if symbol == "is" else typing_.as_
    step = test(type_)
    return lambda env, this: step(env, this, left(env, this))


def _path(head: syntax.Node | None, parts: tuple[syntax.Member | syntax.Call | syntax.Indexer, ...]) -> Run:
    steps = [_step(part) for part in parts]
    if head is None and isinstance(parts[0], syntax.Member) and _names_type(parts[0].name):
        steps[0] = typing_.root(parts[0].name)
    if head is None:
        return _from_this(steps)
    return _from_head(run(head), steps)


def _names_type(name: str) -> bool:
    """Elements begin with a small letter; so do primitive types ("code"), which no path begins with."""
    return name[:1].isupper() and model.is_type(name)


def _from_this(steps: list[Step]) -> Run:
    if len(steps) == 1:
        only = steps[0]
        return lambda env, this: only(env, this, this)

    def path(env: Env, this: Items) -> Items:
        items = this
        for step in steps:
            items = step(env, this, items)
        return items

    return path


def _from_head(head: Run, steps: list[Step]) -> Run:
    if len(steps) == 1:
        only = steps[0]
        return lambda env, this: only(env, this, head(env, this))

    def path(env: Env, this: Items) -> Items:
        items = head(env, this)
        for step in steps:
            items = step(env, this, items)
        return items

    return path


def _step(part: syntax.Member | syntax.Call | syntax.Indexer) -> Step:
    match part:
        case syntax.Member(name):
            return member(name)
        case syntax.Indexer(index):
            return _indexer(run(index))
        case syntax.Call(name, arguments):
            return _call(name, arguments)


def _indexer(index: Run) -> Step:
    def step(env: Env, this: Items, items: Items) -> Items:
        place = integer(index(env, this), "[]")
        return items[place : place + 1] if place is not None and 0 <= place < len(items) else NONE

    return step


def _call(name: str, arguments: tuple[syntax.Node, ...]) -> Step:
    if name in typing_.FUNCTIONS:
        if len(arguments) != 1:
            raise FhirPathError("fhirpath.arguments", use=name, least=1, most=1, found=len(arguments))
        return typing_.FUNCTIONS[name](_as_type(arguments[0]))
    function = FUNCTIONS.get(name)
    if function is None:
        raise FhirPathError("fhirpath.unknown-function", name=name)
    if not function.least <= len(arguments) <= function.most:
        raise FhirPathError(
            "fhirpath.arguments", use=name, least=function.least, most=function.most, found=len(arguments)
        )
    return _bound(function, [run(argument) for argument in arguments])


def _as_type(argument: syntax.Node) -> syntax.TypeName:
    match argument:
        case syntax.Path(None, (syntax.Member(name),)):
            return syntax.TypeName("", name)
        case syntax.Path(None, (syntax.Member("FHIR" | "System" as namespace), syntax.Member(name))):
            return syntax.TypeName(namespace, name)
    raise FhirPathError("fhirpath.not-a-type")


def _bound(function: Function, arguments: list[Run]) -> Step:
    body = function.body
    if not arguments:
        return lambda env, this, items: body(env, items)
    if function.lazy:
        return lambda env, this, items: body(env, items, *arguments)
    if len(arguments) == 1:
        only = arguments[0]
        return lambda env, this, items: body(env, items, only(env, this))
    return lambda env, this, items: body(env, items, *[argument(env, this) for argument in arguments])
