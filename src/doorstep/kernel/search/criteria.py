"""A criterion's name and value -> a node: parameter, modifier, chain, reverse chain (R4 3.1.1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from doorstep.kernel.definitions import SearchParameter
from doorstep.kernel.errors import BadRequest, NotSupported, TooCostly
from doorstep.kernel.search import composites, limits, near, ordered, references, special, strings, tokens, uris
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Back, Branch, Link, Node
from doorstep.kernel.search.references import is_canonical

KINDS: Mapping[str, Callable[[Asked, Context], Node]] = {
    "token": tokens.token,
    "reference": references.reference,
    "string": strings.string,
    "date": ordered.date,
    "number": ordered.number,
    "quantity": ordered.quantity,
    "uri": uris.uri,
    "composite": composites.composite,
    "special": near.near,
}
OWN: Mapping[str, Callable[[Asked, Context], Node]] = {
    "_id": special.ids,
    "_lastUpdated": special.last_updated,
    "_text": special.text,
    "_content": special.text,
}
MODIFIERS = frozenset((
    "missing", "exact", "contains", "not", "text", "in", "not-in", "above", "below", "identifier", "of-type",
))  # fmt: skip
"""All modifiers of R4 that are words; a resource type is one too, on references."""


def criterion(types: Sequence[str], name: str, value: str, context: Context) -> Node | None:
    """The node of one parameter on one or several types; None when there is no such parameter on them."""
    return _step(types, name, value, name, 0, context)


def _step(types: Sequence[str], rest: str, value: str, name: str, depth: int, context: Context) -> Node | None:
    if depth > limits.MAX_DEPTH:
        raise TooCostly("search.chain-too-deep", element=name, parameter=name, limit=limits.MAX_DEPTH)
    if rest.startswith("_has:"):
        return _has(types, rest, value, name, depth, context)
    head, dot, after = rest.partition(".")
    code, colon, modifier = head.partition(":")
    parameters = _parameters(types, code, name, context)
    if parameters is None:
        return None
    if colon and not modifier:
        raise NotSupported("search.unknown-modifier", element=name, parameter=name, modifier="")
    if dot:
        return _chain(parameters, modifier, after, value, name, depth, context)
    return _leaf(Asked(name, parameters, modifier, value), context)


def _parameters(types: Sequence[str], code: str, name: str, context: Context) -> tuple[SearchParameter, ...] | None:
    """The parameter on each of the types; None unless all have it."""
    found = [context.table.search[type_name].get(code) for type_name in types]
    known = tuple(parameter for parameter in found if parameter is not None)
    if len(known) != len(found):
        return None
    if len({parameter.kind for parameter in known}) != 1:
        raise NotSupported("search.kinds-differ", element=name, parameter=name)
    return known


def _leaf(asked: Asked, context: Context) -> Node:
    known = MODIFIERS | {strings.WHOLE}
    if asked.modifier and asked.modifier not in known and asked.modifier not in context.table.number:
        raise NotSupported("search.unknown-modifier", element=asked.name, parameter=asked.name, modifier=asked.modifier)
    if asked.modifier == "missing":
        return special.missing(asked, context)
    if asked.code in OWN:
        return OWN[asked.code](asked, context)
    if asked.modifier == "text" and asked.kind in ("token", "reference"):
        return strings.text(asked, context)
    if asked.modifier == "identifier" and asked.kind == "reference":
        return tokens.identifier(asked, context)
    if asked.kind not in KINDS:
        raise NotSupported("search.not-offered", element=asked.name, parameter=asked.name)
    return KINDS[asked.kind](asked, context)


def _chain(
    parameters: tuple[SearchParameter, ...], type_name: str, rest: str, value: str, name: str, depth: int,
    context: Context,
) -> Node:  # fmt: skip
    """``subject:Patient.name``, or ``subject.name`` over the target types that have the parameter."""
    asked = Asked(name, parameters, type_name, value)
    if asked.kind != "reference":
        raise BadRequest("search.chain-needs-reference", element=name, parameter=name, code=asked.code)
    targets = asked.targets() or context.table.resources
    if type_name and type_name not in targets:
        raise BadRequest("search.chain-to-wrong-type", element=name, parameter=name, type=type_name)
    branches = []
    for target in (type_name,) if type_name else targets:
        url_key = _url_key(parameters[0], target, context)
        if not _knows(target, rest, context) or url_key is None:
            continue
        context.branch(name)
        node = _step((target,), rest, value, name, depth + 1, context)
        if node is not None:
            branches.append(Branch(context.table.number[target], target, node, url_key))
    if not branches:
        raise BadRequest("search.unknown-in-chain", element=name, parameter=name, rest=rest[:80])
    return Link(asked.keys(), tuple(branches))


def _knows(target: str, rest: str, context: Context) -> bool:
    """Whether a type has the first parameter of what follows in a chain."""
    code = rest.partition(".")[0].partition(":")[0]
    return code == "_has" or code in context.table.search[target]


def _has(types: Sequence[str], rest: str, value: str, name: str, depth: int, context: Context) -> Node:
    """``_has:Observation:patient:code``: resources to which another refers (R4 3.1.1.4.4)."""
    parts = rest.split(":", 3)
    if len(parts) != 4 or not parts[3] or len(types) != 1:
        raise BadRequest("search.bad-has", element=name, parameter=name)
    _, source, code, after = parts
    search = context.table.search.get(source)
    parameter = search.get(code) if search else None
    if parameter is None or parameter.kind != "reference":
        raise BadRequest("search.bad-has", element=name, parameter=name)
    (type_name,) = types
    if parameter.targets and type_name not in parameter.targets:
        raise BadRequest("search.chain-to-wrong-type", element=name, parameter=name, type=type_name)
    context.branch(name)
    node = _step((source,), after, value, name, depth + 1, context)
    if node is None:
        raise BadRequest("search.unknown-in-chain", element=name, parameter=name, rest=after[:80])
    url_key = _url_key(parameter, type_name, context)
    if url_key is None:
        raise BadRequest("search.chain-to-wrong-type", element=name, parameter=name, type=type_name)
    numbers = context.table.number
    return Back(numbers[source], parameter.key, numbers[type_name], type_name, node, url_key)


def _url_key(parameter: SearchParameter, target: str, context: Context) -> int | None:
    """0 for a literal reference; for a canonical one the number of the target's ``url``, None when it has none."""
    if not is_canonical(parameter, context.table):
        return 0
    url = context.table.search[target].get("url")
    return url.key if url is not None and url.kind == "uri" else None
