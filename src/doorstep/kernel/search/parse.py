"""Name-value pairs -> a Query. Pure: nothing is read but the definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from doorstep.kernel.clock import real_now
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest, Issue, NotFound, NotSupported, TooCostly
from doorstep.kernel.search import compartments, control, filters, includes, limits, lists, remembered
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.criteria import criterion
from doorstep.kernel.search.model import Include, Node, Own, Query, Shape, SortKey
from doorstep.kernel.search.syntax import check_pairs
from doorstep.kernel.search.terms import DefinitionTerms, Terms

CURSOR = "_cursor"
"""The parameter that carries the place in the answer; it belongs to paging and is not part of the question."""

PRESENTATION = frozenset(("_format", "_pretty", CURSOR))
REFUSED = frozenset(("_query", "_containedType"))
"""Parameters of R4 that are understood and not offered."""

SINGLE = frozenset(("_count", "_total", "_summary", "_elements", "_type", "_contained"))


def parse(
    type: str | None, pairs: Sequence[tuple[str, str]], *, strict: bool, compartment: tuple[str, str] | None = None,
    base: str = "", terms: Terms | None = None, now: int = 0,
) -> Query:  # fmt: skip
    """Understand a search on a type, on everything (type None), or within a compartment ("Patient", id).

    ``base`` is the server's own address, ``now`` what ``ap`` of dates measures from (microseconds; 0 is the real
    clock). An unknown parameter is refused when ``strict``, else it becomes a warning; whatever else is not understood
    is refused with the parameter named (BadRequest, NotSupported, TooCostly).
    """
    table = definitions()
    if type is not None and type not in table.number:
        raise NotFound("search.unknown-type", element=type[:80], type=type[:80])
    context = Context(table, terms or DefinitionTerms(table), strict, base.rstrip("/"), now or real_now())
    check_pairs(pairs)
    return _Parser(type, context, compartment).query(pairs)


@dataclass(slots=True)
class _Parser:
    """State of one parse: what has been understood so far."""

    type: str | None
    context: Context
    compartment: tuple[str, str] | None
    types: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list)
    sort: tuple[SortKey, ...] = ()
    includes: list[Include] = field(default_factory=list)
    controls: dict[str, str] = field(default_factory=dict)
    used: list[tuple[str, str]] = field(default_factory=list)

    def query(self, pairs: Sequence[tuple[str, str]]) -> Query:
        self._take_types(pairs)
        if self.compartment is not None:
            self.types, node = compartments.within(self.compartment, self.type, self.types, self.context)
            self.nodes.append(node)
        for name, value in pairs:
            if name in PRESENTATION:
                continue
            if self._take(name, value):
                self.used.append((name, value))
        return self._done()

    @property
    def asked_types(self) -> tuple[str, ...]:
        """The types that a parameter has to exist on."""
        return self.types or self.context.table.resources

    def _take_types(self, pairs: Sequence[tuple[str, str]]) -> None:
        if self.type is not None:
            self.types = (self.type,)
            return
        for name, value in pairs:
            if name == "_type":
                found = tuple(dict.fromkeys(value.split(",")))
                unknown = [each for each in found if each not in self.context.table.number]
                if unknown:
                    raise BadRequest("search.unknown-type", element="_type", type=unknown[0][:80])
                self.types = tuple(sorted(found))

    def _take(self, name: str, value: str) -> bool:
        """Understand one pair; False when it was left out with a warning."""
        if name in SINGLE:
            self._take_control(name, value)
        elif name == "_sort":
            self.sort += control.sort(self.asked_types, value, self.context)
        elif includes.is_include(name):
            found = includes.include(self.types, name, value, len(self.includes), self.context)
            if found not in self.includes:
                self.includes.append(found)
        elif name in REFUSED:
            raise NotSupported("search.not-offered", element=name, parameter=name)
        elif not value:
            return self._leave_out("search.no-value", name)
        else:
            return self._take_criterion(name, value)
        return True

    def _take_control(self, name: str, value: str) -> None:
        if name in self.controls:
            raise BadRequest("search.repeated", element=name, parameter=name)
        if name == "_type" and self.type is not None:
            raise BadRequest("search.type-twice", element=name, parameter=name)
        if name == "_contained" and value != "false":
            raise NotSupported("search.not-offered", element=name, parameter=name)
        self.controls[name] = value

    def _take_criterion(self, name: str, value: str) -> bool:
        if len(self.nodes) >= limits.MAX_CRITERIA:
            raise TooCostly(
                "search.too-many-criteria", element=name[:80], parameter=name[:80], limit=limits.MAX_CRITERIA
            )
        if name == "_list":
            node: Node | None = lists.listed(name, value, self._one_type(name), self.context)
        elif name == filters.NAME:
            node = filters.parse_filter(self.asked_types, value, self.context, criterion)
        else:
            node = remembered.criterion(self.asked_types, name, value, self.context)
        if node is None:
            return self._leave_out("search.unknown-parameter", name)
        self.nodes.append(node)
        return True

    def _one_type(self, name: str) -> str:
        if len(self.types) != 1:
            raise NotSupported("search.needs-one-type", element=name, parameter=name)
        return self.types[0]

    def _leave_out(self, key: str, name: str) -> bool:
        """What cannot be used is refused when strict, else told."""
        shown = name[:80]
        if self.context.strict:
            raise BadRequest(key, element=shown, parameter=shown)
        self.context.warnings.append(Issue("warning", "not-supported", key, {"parameter": shown}, shown))
        return False

    def _done(self) -> Query:
        controls, context = self.controls, self.context
        count = control.count(controls["_count"]) if "_count" in controls else limits.DEFAULT_COUNT
        summary = control.one_of(controls.get("_summary", "false"), control.SUMMARIES, "_summary")
        return Query(
            type=self.type,
            shape=self._shape(),
            args=tuple(context.args),
            count=count,
            total=control.one_of(controls.get("_total", "none"), control.TOTALS, "_total"),
            summary=summary,
            elements=control.elements(controls["_elements"]) if "_elements" in controls else (),
            includes=tuple(self.includes),
            pairs=tuple(self.used),
            compartment=self.compartment,
            warnings=context.warnings,
        )

    def _shape(self) -> Shape:
        numbers = tuple(self.context.table.number[each] for each in self.types)
        code = self.context.table.search[self.types[0]].get("code") if len(self.types) == 1 else None
        return Shape(numbers, tuple(self.nodes), self._order(), code is not None, code.key if code else 0)

    def _order(self) -> tuple[SortKey, ...]:
        """The order asked for; what asks for nothing but a time of change comes in that order, which has an index."""
        if not self.sort and self.nodes and all(isinstance(node, Own) for node in self.nodes):
            return (control.LAST_UPDATED,)
        return self.sort
