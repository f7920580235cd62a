"""Rules of a type -> one Python function, written as source and compiled once.

The routes of all parameters are merged into a tree of members, so that a member is looked up and converted once however
many parameters want it. The source is made from the definitions alone; no client's text ever enters it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from doorstep.kernel import names
from doorstep.kernel.index import dates, numbers, references, strings, tokens
from doorstep.kernel.index.paths import Given, Leads, Member, Only, Route, Step
from doorstep.kernel.index.rows import IndexRows
from doorstep.kernel.index.rules import Keys, Rule, implied_systems
from doorstep.kernel.index.text import bounded, norm

Extractor = Callable[[dict[str, Any], IndexRows], None]

TOKENS: Mapping[str, str] = {
    "CodeableConcept": "token_concept", "Coding": "token_coding", "Identifier": "token_identifier",
    "ContactPoint": "token_contact", "boolean": "token_boolean",
}  # fmt: skip
DATES: Mapping[str, str] = {"Period": "period", "Timing": "timing"}
LISTS = ("token", "reference", "string", "date", "number", "quantity", "uri", "composite")
STRINGS: Mapping[str, str] = {"HumanName": "string_name", "Address": "string_address"}

NAMESPACE: Mapping[str, Any] = {
    "token_concept": tokens.concept, "token_coding": tokens.coding, "token_identifier": tokens.identifier,
    "token_contact": tokens.contact, "token_boolean": tokens.boolean, "token_plain": tokens.plain,
    "token_code": tokens.code, "target": references.target, "leads_to": references.leads_to,
    "address": references.address, "addresses": references.addresses, "string_name": strings.human_name,
    "string_address": strings.address, "string_plain": strings.plain, "sounds": strings.sounds, "sound": strings.sound,
    "grams": names.bigrams, "moment": dates.moment, "period": dates.period, "timing": dates.timing,
    "number": numbers.number, "number_range": numbers.number_range, "quantity": numbers.quantity,
    "quantity_units": numbers.quantity_units, "span": numbers.range_, "span_units": numbers.range_units,
    "money": numbers.money, "near": numbers.near, "norm": norm, "bounded": bounded,
}  # fmt: skip


@dataclass(slots=True)
class Node:
    """A place in the tree: the rules whose routes end here, and where others go on."""

    type: str
    value_set: str | None = None
    rules: list[Rule] = field(default_factory=list)
    after: dict[Step, Node] = field(default_factory=dict)


class Source:
    """Python source in the making."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.systems: dict[str, Mapping[str, int]] = {}
        self._known: list[dict[str, str]] = [{}]
        self._names = 0

    def fresh(self) -> str:
        """A variable's name not used so far."""
        self._names += 1
        return f"v{self._names}"

    def add(self, line: str) -> None:
        """One line of the block that is open."""
        self.lines.append("    " * len(self._known) + line)

    def once(self, expression: str) -> str:
        """A variable with an expression's value; the same one if this or an outer block has computed it."""
        for known in self._known:
            if expression in known:
                return known[expression]
        name = self.fresh()
        self.add(f"{name} = {expression}")
        self._known[-1][expression] = name
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A head, and what is written within ``with`` as its body."""
        self.add(head)
        self._known.append({})
        yield
        self._known.pop()

    def implied(self, value_set: str | None) -> str:
        """The name of the table that gives a code its implied system."""
        table = implied_systems(value_set)
        name = f"S{zlib.crc32(str(value_set).encode()):08x}" if table else "NO_SYSTEMS"
        self.systems[name] = table
        return name


def compile_rules(type_name: str, rules: Iterable[Rule]) -> Extractor:
    """The function ``f(resource, rows)`` that fills rows by the rules."""
    return build(source_of(type_name, rules))


def source_of(type_name: str, rules: Iterable[Rule]) -> Source:
    """The body of the function, with the tables it needs."""
    root = Node(type_name)
    for rule in rules:
        _plant(root, rule)
    source = Source()
    for name in LISTS:
        source.add(f"add_{name} = rows.{name}.append")
    source.add("mains = []")
    source.add("residents = {}")
    _write(root, "r", source, Sink())
    source.add("if residents:")
    source.add("    rows.residents += residents.items()")
    source.add("if mains:")
    source.add("    rows.date_main = main_date(mains)")
    return source


def build(source: Source) -> Extractor:
    """The source as a function."""
    text = "\n".join(["def extract(r, rows):", *source.lines, ""])
    space: dict[str, Any] = {**NAMESPACE, **source.systems, "main_date": main_date}
    exec(compile(text, "<index>", "exec"), space)  # noqa: S102 - made from the definitions, see the module's text
    made: Extractor = space["extract"]
    return made


def main_date(found: list[tuple[int, int]]) -> int:
    """The low bound of the first main date in the order of preference; EARLIEST when its begin is open."""
    order = min(place for place, _ in found)
    return min(lo for place, lo in found if place == order)


def _plant(root: Node, rule: Rule) -> None:
    node, route = root, rule.route
    for step in route.steps:
        node = node.after.setdefault(step, Node(route.type))
    node.type, node.value_set = route.type, route.value_set
    node.rules.append(rule)


@dataclass(slots=True)
class Sink:
    """Where the values of composite components are gathered: variable names; none for the index rows proper."""

    values: str = ""
    units: str = ""


def _write(node: Node, value: str, source: Source, sink: Sink) -> None:
    """What happens to a value that is known to be there."""
    by_kind: dict[str, list[Rule]] = {}
    for rule in node.rules:
        by_kind.setdefault(rule.kind, []).append(rule)
    composites = by_kind.pop("composite", [])
    for kind, rules in by_kind.items():
        WRITERS[kind](node, rules, value, source, sink)
    for step, then in node.after.items():
        _WAYS[step.__class__](step, then, value, source, sink)
    if composites:
        _composite(node, composites, value, source, sink)


def _member(step: Member, then: Node, value: str, source: Source, sink: Sink) -> None:
    name = source.once(f"{value}.get({step.name!r})")
    if not step.many:
        with source.block(f"if {_guard(then, name)}:"):
            _write(then, name, source, sink)
        return
    with source.block(f"if {name}.__class__ is list:"):
        item = source.fresh()
        part = "" if step.place is None else f"[{step.place}:{step.place + 1}]"
        with source.block(f"for {item} in {name}{part}:"), source.block(f"if {_guard(then, item)}:"):
            _write(then, item, source, sink)


def _guard(node: Node, value: str) -> str:
    """Converters look at what they get; steps onward, composites and whole resources need an object."""
    needs = node.after or node.type == "Resource" or any(rule.kind == "composite" for rule in node.rules)
    return f"{value}.__class__ is dict" if needs else f"{value} is not None"


def _only(step: Only, then: Node, value: str, source: Source, sink: Sink) -> None:
    with source.block(f"if {value}.get({step.member!r}) == {step.literal!r}:"):
        _write(then, value, source, sink)


def _leads(step: Leads, then: Node, value: str, source: Source, sink: Sink) -> None:
    with source.block(f"if leads_to({value}, r) == {step.type!r}:"):
        _write(then, value, source, sink)


def _given(step: Given, then: Node, value: str, source: Source, sink: Sink) -> None:
    name = source.fresh()
    members = ", ".join(f"{value}.get({member!r})" for member in step.members)
    source.add(f"{name} = any(x is not None and x is not False for x in ({members},))")
    _write(then, name, source, sink)


_WAYS: Mapping[type, Callable[[Any, Node, str, Source, Sink], None]] = {
    Member: _member, Only: _only, Leads: _leads, Given: _given,
}  # fmt: skip


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
    own = {"Money": "money", "Range": "span"}.get(node.type, "quantity")
    units = {"Money": "", "Range": "span_units"}.get(node.type, "quantity_units")
    if sink.values:
        source.add(f"{sink.values} += [(c, s, l, h) for l, h, c, s in {own}({value})]")
        if units:
            source.add(f"{sink.units} += [(c, s, l, h) for l, h, c, s in {units}({value})]")
        return
    with source.block(f"for l, h, c, s in {source.once(f'{own}({value})')}:"):
        for rule in rules:
            source.add(f"add_quantity(({rule.keys.own}, l, h, c, s))")
    if units:
        with source.block(f"for l, h, c, s in {units}({value}):"):
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


def _composite(node: Node, rules: list[Rule], value: str, source: Source, sink: Sink) -> None:
    """The second component first: it is the one that is often missing."""
    by_parts: dict[tuple[tuple[str, tuple[Route, ...]], ...], list[Rule]] = {}
    for rule in rules:
        by_parts.setdefault(rule.components, []).append(rule)
    for (first, second), alike in by_parts.items():
        left, right, units = source.fresh(), source.fresh(), source.fresh()
        source.add(f"{left} = []; {right} = []; {units} = []")
        _component(node.type, second, value, source, Sink(right, units))
        with source.block(f"if {right} or {units}:"):
            _component(node.type, first, value, source, Sink(left, left))
            with source.block(f"for c, s, _, _ in {left}:"):
                with source.block(f"for w, y, l, h in {right}:"):
                    for rule in alike:
                        source.add(f"add_composite(({rule.keys.own}, c, s, w, y, l, h))")
                with source.block(f"for w, y, l, h in {units}:"):
                    for rule in alike:
                        source.add(f"add_composite(({rule.keys.extra}, c, s, w, y, l, h))")


def _component(base: str, part: tuple[str, tuple[Route, ...]], value: str, source: Source, sink: Sink) -> None:
    kind, taken = part
    root = Node(base)
    for route in taken:
        _plant(root, Rule(kind, route, Keys(0, 0, 0)))
    _write(root, value, source, sink)


WRITERS: Mapping[str, Callable[[Node, list[Rule], str, Source, Sink], None]] = {
    "token": _token, "code": _code, "reference": _reference, "resident": _resident, "string": _string,
    "phonetic": _phonetic, "date": _date, "main": _main, "number": _number, "special": _special, "quantity": _quantity,
    "uri": _uri,
}  # fmt: skip
