"""Rules of a type -> one Python function, written as source and compiled once.

The routes of all parameters are merged into a tree of members, so that a member is looked up and converted once however
many parameters want it. The source is made from the definitions alone; no client's text ever enters it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doorstep.kernel import names
from doorstep.kernel.index import dates, numbers, references, strings, tokens
from doorstep.kernel.index.paths import Given, Leads, Member, Only, Route
from doorstep.kernel.index.rows import IndexRows
from doorstep.kernel.index.rules import Keys, Rule
from doorstep.kernel.index.source import Source
from doorstep.kernel.index.text import bounded, norm
from doorstep.kernel.index.tree import Node, Sink, plant
from doorstep.kernel.index.writers import WRITERS, shared

Extractor = Callable[[dict[str, Any], IndexRows], None]

LISTS = ("token", "reference", "string", "date", "number", "quantity", "uri", "composite")

NAMESPACE: Mapping[str, Any] = {
    "token_concept": tokens.concept, "token_coding": tokens.coding, "token_identifier": tokens.identifier,
    "token_contact": tokens.contact, "token_boolean": tokens.boolean, "token_plain": tokens.plain,
    "token_code": tokens.code, "target": references.target, "leads_to": references.leads_to,
    "address": references.address, "addresses": references.addresses, "string_name": strings.human_name,
    "string_address": strings.address, "string_plain": strings.plain, "sounds": strings.sounds, "sound": strings.sound,
    "grams": names.bigrams, "moment": dates.moment, "period": dates.period, "timing": dates.timing,
    "number": numbers.number, "number_range": numbers.number_range, "quantity": numbers.quantity,
    "span": numbers.range_, "money": numbers.money, "NO_TOKENS": tokens.NONE, "NO_QUANTITIES": numbers.NONE,
    "near": numbers.near, "norm": norm, "bounded": bounded,
}  # fmt: skip


def compile_rules(type_name: str, rules: Iterable[Rule]) -> Extractor:
    """The function ``f(resource, rows)`` that fills rows by the rules."""
    return build(source_of(type_name, rules))


def source_of(type_name: str, rules: Iterable[Rule]) -> Source:
    """The body of the function, with the tables it needs."""
    root = Node(type_name)
    for rule in rules:
        plant(root, rule)
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


def _write(node: Node, value: str, source: Source, sink: Sink) -> None:
    """What happens to a value that is known to be there."""
    by_kind: dict[str, list[Rule]] = {}
    for rule in node.rules:
        by_kind.setdefault(rule.kind, []).append(rule)
    composites = by_kind.pop("composite", [])
    _share(composites, value, source)
    for kind, rules in by_kind.items():
        WRITERS[kind](node, rules, value, source, sink)
    for step, then in node.after.items():
        _WAYS[step.__class__](step, then, value, source, sink)
    if composites:
        _composite(node, composites, value, source, sink)


def _share(composites: list[Rule], value: str, source: Source) -> None:
    """Convert what a composite reads before anything else, so that the plain parameters have the same result."""
    for kind, taken in (part for rule in composites for part in rule.components):
        for route in taken:
            step = route.steps[0]
            if len(route.steps) == 1 and isinstance(step, Member) and not step.many:
                name = source.once(f"{value}.get({step.name!r})")
                conversion, nothing = shared(kind, Node(route.type, route.value_set), name, source)
                if conversion:
                    source.once(conversion, unless=f"{name} is None", then=nothing)


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
        plant(root, Rule(kind, route, Keys(0, 0, 0)))
    _write(root, value, source, sink)
