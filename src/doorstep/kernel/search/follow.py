"""Includes: the resources that a page's matches refer to, and those that refer to them (R4 3.1.1.5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from doorstep.kernel.definitions import SearchParameter, definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.errors import TooCostly
from doorstep.kernel.keyset import values_list
from doorstep.kernel.refs import Actor
from doorstep.kernel.search import limits
from doorstep.kernel.search.arms import padded
from doorstep.kernel.search.model import Include, Row
from doorstep.kernel.search.probe import located
from doorstep.kernel.search.references import is_canonical
from doorstep.kernel.search.special import part_in
from doorstep.kernel.search.sql import SCOPE, Build, Piece, Scope, conjunction, crossed, fill

CHUNK = 256
"""Resources that one statement starts from."""

_COLUMNS = "r.part, r.type, r.id, r.version, r.updated, r.body"


def follow(reader: Reader, includes: Sequence[Include], actor: Actor, matches: Sequence[Row]) -> list[Row]:
    """All includes of a page, each resource once and none that is a match.

    ``:iterate`` goes on from what was included; TooCostly when that takes too many rounds or gives too many resources.
    """
    return _Follow(reader, actor, matches).all(includes, matches)


class _Follow:
    """What has been found so far."""

    def __init__(self, reader: Reader, actor: Actor, matches: Sequence[Row]) -> None:
        self._reader = reader
        self._scope, self._scope_values = Scope.of(actor)
        self._table = definitions()
        self._names = {number: name for name, number in self._table.number.items()}
        self._seen = {(row.type_name, row.id) for row in matches}
        self._found: list[Row] = []

    def all(self, includes: Sequence[Include], matches: Sequence[Row]) -> list[Row]:
        asked, start = list(includes), list(matches)
        for _ in range(limits.MAX_ROUNDS):
            start = [row for include in asked for row in self._one(include, start)]
            asked = [include for include in asked if include.iterate]
            if not start or not asked:
                return self._found
        name = asked[0].name
        if any(self._one(include, start) for include in asked):
            raise TooCostly("search.too-many-rounds", element=name, parameter=name, limit=limits.MAX_ROUNDS)
        return self._found

    def _one(self, include: Include, start: Sequence[Row]) -> list[Row]:
        """What one include adds."""
        rows = self._referring(include, start) if include.reverse else self._referred(include, start)
        added = []
        for row in rows:
            if (row.type_name, row.id) not in self._seen:
                self._seen.add((row.type_name, row.id))
                added.append(row)
        self._found += added
        if len(self._found) > limits.MAX_INCLUDED:
            raise TooCostly(
                "search.too-many-included", element=include.name, parameter=include.name, limit=limits.MAX_INCLUDED
            )
        return added

    # -- forward

    def _referred(self, include: Include, start: Sequence[Row]) -> Iterator[Row]:
        sources = [row for row in start if include.source in ("", row.type_name)]
        wanted: dict[str, dict[str, None]] = {}
        for chunk in _chunks(sources):
            for type_name, id_ in self._targets(include, chunk):
                if (type_name, id_) not in self._seen:
                    wanted.setdefault(type_name, {})[id_] = None
        addresses = list(wanted.pop("", ()))
        for type_name in sorted(wanted):
            if type_name in self._table.number:
                for ids in _chunks(list(wanted[type_name])):
                    yield from self._by_id(type_name, ids)
        for some in _chunks(addresses):
            yield from self._by_url(include, some)

    def _targets(self, include: Include, sources: Sequence[Row]) -> list[tuple[Any, ...]]:
        """(type, id) of every reference along the include; ("", url) of canonical ones."""
        numbers = self._table.number
        values = _pad([(row.part, numbers[row.type_name], row.id) for row in sources])
        keys = [self._table.search[include.source][code].key for code in include.codes]
        conditions = "x.part = v.column1 AND x.type = v.column2 AND x.id = v.column3"
        if keys:
            conditions += f" AND x.key IN ({', '.join(map(str, keys))})"
        if include.target:
            conditions += f" AND x.rtype IN ('', '{include.target}')"
        return self._reader.rows(
            f"SELECT DISTINCT x.rtype, x.rid FROM ({values_list(len(values), 3)}) v CROSS JOIN ix_reference x"
            f" WHERE {conditions}",
            _flat(values),
        )

    def _by_id(self, type_name: str, ids: Sequence[str]) -> Iterator[Row]:
        number = self._table.number[type_name]
        values = _pad([(id_, part_in(type_name, id_)) for id_ in ids])
        listed = f"({values_list(len(values), 2)}) v"
        return self._fetch(
            listed, f"r.part = {located('v', number)} AND r.type = {number} AND r.id = v.column1", values
        )

    def _by_url(self, include: Include, urls: Sequence[str]) -> Iterator[Row]:
        """Canonical references: every visible resource with that url, of whatever version."""
        types = (include.target,) if include.target else self._canonical_types(include)
        search = self._table.search
        keys = [
            search[name]["url"].key for name in types if "url" in search[name] and search[name]["url"].kind == "uri"
        ]
        if not keys:
            return iter(())
        values = _pad([(url,) for url in urls])
        listed = (
            f"(SELECT DISTINCT x.part AS part, x.type AS type, x.id AS id FROM ({values_list(len(values), 1)}) v"
            f" CROSS JOIN ix_uri x WHERE x.key IN ({', '.join(map(str, keys))}) AND x.value = v.column1) d"
        )
        return self._fetch(listed, "r.part = d.part AND r.type = d.type AND r.id = d.id", values)

    def _canonical_types(self, include: Include) -> Sequence[str]:
        found = [self._table.search[include.source][code].targets for code in include.codes]
        known = [name for targets in found for name in targets]
        return known or self._table.resources

    # -- backward

    def _referring(self, include: Include, start: Sequence[Row]) -> Iterator[Row]:
        search = self._table.search[include.source]
        codes = include.codes or [code for code, parameter in search.items() if parameter.kind == "reference"]
        keys = ", ".join(str(search[code].key) for code in codes)
        numbers = self._table.number
        for chunk in _chunks([row for row in start if include.target in ("", row.type_name)]):
            values = _pad([(row.part, numbers[row.type_name], row.id, row.type_name) for row in chunk])
            rows = f"({values_list(len(values), 4)}) v"
            found = "SELECT DISTINCT x.part AS part, x.type AS type, x.id AS id FROM"
            literal = f"x.key IN ({keys}) AND x.rid = v.column3 AND x.rtype = v.column4"
            listed = f"{found} {rows} CROSS JOIN ix_reference x WHERE {literal}"
            urls = self._url_keys({row.type_name for row in chunk}, [search[code] for code in codes])
            if urls:
                own = f"u.part = v.column1 AND u.type = v.column2 AND u.id = v.column3 AND u.key IN ({urls})"
                canonical = f"{own} AND x.key IN ({keys}) AND x.rid = u.value AND x.rtype = ''"
                listed += f" UNION {found} {rows} CROSS JOIN ix_uri u CROSS JOIN ix_reference x WHERE {canonical}"
                values = [*values, *values]
            yield from self._fetch(f"({listed}) d", "r.part = d.part AND r.type = d.type AND r.id = d.id", values)

    def _url_keys(self, types: set[str], parameters: Sequence[SearchParameter]) -> str:
        """Numbers of ``url`` of the types, if any of the parameters is a canonical reference; "" otherwise."""
        if not any(is_canonical(parameter, self._table) for parameter in parameters):
            return ""
        known = (self._table.search[name].get("url") for name in sorted(types))
        return ", ".join(str(url.key) for url in known if url is not None and url.kind == "uri")

    def _fetch(self, listed: str, joined: str, values: Sequence[tuple[Any, ...]]) -> Iterator[Row]:
        """The visible resources that a list leads to, a few more than may be included at most."""
        table, alive = Build(self._reader.dialect, self._scope).resource("r", joined)
        made = fill(
            "SELECT {} FROM {} WHERE {} ORDER BY r.type, r.part, r.id LIMIT {}",
            _COLUMNS, crossed(listed, table), conjunction(alive), Piece("?"),
        )  # fmt: skip
        scope = self._scope_values if SCOPE in made.runs else []
        limit = limits.MAX_INCLUDED + len(self._seen) + 1
        for row in self._reader.rows(made.text, [*_flat(values), *scope, limit]):
            yield Row(row[0], self._names[row[1]], row[2], row[3], row[4], row[5], "include")


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _pad(values: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The list, its last item repeated up to the next power of two."""
    return values + [values[-1]] * (padded(len(values)) - len(values))


def _flat(values: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [value for row in values for value in row]
