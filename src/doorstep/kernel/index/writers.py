"""How the rows of each kind of parameter are written down as Python.

Every writer gets a node, the rules of one kind that end there, and the name of the variable that holds the value. It
may write any of the names of ``compiler.NAMESPACE``, ``add_token`` and its kin, and those of loops: single letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from doorstep.kernel.index.rules import Rule
from doorstep.kernel.index.source import Source
from doorstep.kernel.index.tree import Node, Sink

TOKENS: Mapping[str, str] = {
    "CodeableConcept": "token_concept", "Coding": "token_coding", "Identifier": "token_identifier",
    "ContactPoint": "token_contact", "boolean": "token_boolean",
}  # fmt: skip
DATES: Mapping[str, str] = {"Period": "period", "Timing": "timing"}
QUANTITIES: Mapping[str, str] = {"Money": "money", "Range": "span"}
STRINGS: Mapping[str, str] = {"HumanName": "string_name", "Address": "string_address"}


def _token(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    found = source.once(_token_call(node, value, source))
    if sink.values:
        source.add(f"{sink.values} += [(c, s, 0.0, 0.0) for c, s in {found}[0]]")
        return
    with source.block(f"for c, s in {found}[0]:"):
        for rule in rules:
            source.add(f"add_token(({rule.keys.own}, c, s))")
    if node.type in ("CodeableConcept", "Coding", "Identifier"):
        with source.block(f"for x in {found}[1]:"):
            _add_string([rule.keys.text for rule in rules], source)
    if node.type == "Identifier":
        with source.block(f"for c, s in {found}[2]:"):
            for rule in rules:
                source.add(f"add_token(({rule.keys.extra}, c, s))")


def _token_call(node: Node, value: str, source: Source) -> str:
    if node.type == "code":
        return f"token_code({value}, {source.implied(node.value_set)})"
    return f"{TOKENS.get(node.type, 'token_plain')}({value})"


def _add_string(keys: Iterable[int], source: Source) -> None:
    source.add("n = norm(x); e = bounded(x)")
    for key in keys:
        source.add(f"add_string(({key}, n, e))")


def _code(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    source.add(f"rows.codes += {source.once(_token_call(node, value, source))}[0]")


def _reference(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    if node.type == "Resource":
        for rule in rules:
            id_ = source.once(f"{value}.get('id')")
            with source.block(f"if {id_}.__class__ is str and {value}.get('resourceType') in {rule.targets!r}:"):
                source.add(f"add_reference(({rule.keys.own}, {value}['resourceType'], {id_}))")
        return
    if node.type != "Reference":
        with source.block(f"for a, b in address({value}):"):
            for rule in rules:
                source.add(f"add_reference(({rule.keys.own}, a, b))")
        return
    name = source.once(f"target({value})")
    if sink.values:
        source.add(f"if {name}: {sink.values}.append((f'{{{name}[0]}}/{{{name}[1]}}', 0, 0.0, 0.0))")
        return
    with source.block(f"if {name}:"):
        source.add(f"a, b = {name}")
        for rule in rules:
            source.add(f"add_reference(({rule.keys.own}, a, b))")
    with source.block(f"if {value}.__class__ is dict:"):
        other = source.once(f"{value}.get('identifier')")
        with source.block(f"if {other} is not None:"), source.block(f"for c, s in token_identifier({other})[0]:"):
            for rule in rules:
                source.add(f"add_token(({rule.keys.extra}, c, s))")
        source.add(f"x = {value}.get('display')")
        with source.block("if x.__class__ is str:"):
            _add_string([rule.keys.text for rule in rules], source)


def _resident(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    direct = max(rule.order for rule in rules)
    name = source.once(f"target({value})")
    with source.block(f"if {name} and {name}[0] == 'Patient':"):
        source.add(f"residents[{name}[1]] = 1" if direct else f"residents.setdefault({name}[1], 0)")


def _string(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    with source.block(f"for x in {STRINGS.get(node.type, 'string_plain')}({value}):"):
        if sink.values:
            source.add(f"{sink.values}.append((norm(x), 0, 0.0, 0.0))")
            return
        _add_string([rule.keys.own for rule in rules], source)
        keys = [rule.keys.extra for rule in rules if rule.keys.extra]
        if keys:
            with source.block("if not n.isascii():"), source.block("for g in grams(n):"):
                for key in keys:
                    source.add(f"add_string(({key}, g, ''))")


def _phonetic(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    with source.block(f"for x in {'sounds' if node.type == 'HumanName' else 'sound'}({value}):"):
        for rule in rules:
            source.add(f"add_string(({rule.keys.own}, x, ''))")


def _date(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    found = source.once(f"{DATES.get(node.type, 'moment')}({value})")
    with source.block(f"for l, h in {found}:"):
        if sink.values:
            source.add(f"{sink.values}.append(('', 0, float(l), float(h)))")
            return
        for rule in rules:
            source.add(f"add_date(({rule.keys.own}, l, h))")


def _main(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    found = source.once(f"{DATES.get(node.type, 'moment')}({value})")
    with source.block(f"for l, h in {found}:"):
        for rule in rules:
            source.add(f"mains.append(({rule.order}, l))")


def _number(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    with source.block(f"for l, h in {'number_range' if node.type == 'Range' else 'number'}({value}):"):
        if sink.values:
            source.add(f"{sink.values}.append(('', 0, l, h))")
            return
        for rule in rules:
            source.add(f"add_number(({rule.keys.own}, l, h))")


def _special(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    with source.block(f"for l, h in near({value}):"):
        for rule in rules:
            source.add(f"add_number(({rule.keys.own}, l, h))")


def _quantity(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    found = source.once(f"{QUANTITIES.get(node.type, 'quantity')}({value})")
    if sink.values:
        source.add(f"{sink.values} += [(c, s, l, h) for l, h, c, s in {found}[0]]")
        source.add(f"{sink.units} += [(c, s, l, h) for l, h, c, s in {found}[1]]")
        return
    with source.block(f"for l, h, c, s in {found}[0]:"):
        for rule in rules:
            source.add(f"add_quantity(({rule.keys.own}, l, h, c, s))")
    with source.block(f"for l, h, c, s in {found}[1]:"):
        for rule in rules:
            source.add(f"add_quantity(({rule.keys.extra}, l, h, c, s))")


def _uri(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    if node.type == "canonical":
        with source.block(f"for x in addresses({value}):"):
            for rule in rules:
                source.add(f"add_uri(({rule.keys.own}, x))")
        return
    with source.block(f"if {value}.__class__ is str and {value}:"):
        for rule in rules:
            source.add(f"add_uri(({rule.keys.own}, bounded({value})))")


def shared(kind: str, node: Node, value: str, source: Source) -> tuple[str, str]:
    """(conversion, its result for no value) of a member that a composite reads as well; ("", "") when it is cheap."""
    if kind == "token":
        return _token_call(node, value, source), "NO_TOKENS"
    if kind == "quantity":
        return f"{QUANTITIES.get(node.type, 'quantity')}({value})", "NO_QUANTITIES"
    return (f"{DATES.get(node.type, 'moment')}({value})", "()") if kind == "date" else ("", "")


WRITERS: Mapping[str, Callable[[Node, list[Rule], str, Source, Sink], None]] = {
    "token": _token, "code": _code, "reference": _reference, "resident": _resident, "string": _string,
    "phonetic": _phonetic, "date": _date, "main": _main, "number": _number, "special": _special, "quantity": _quantity,
    "uri": _uri,
}  # fmt: skip
