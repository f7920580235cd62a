"""A record filled by hand: resources go through extraction and the engine, without the checks of a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from doorstep.kernel import exact, index, search
from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Engine, Reader
from doorstep.kernel.refs import DIRECTORY, Actor, part_of_id, part_of_resident
from doorstep.kernel.writeset import GrantRow, Put, WriteSet
from tests.conftest import ADMIN

KEY = b"k" * 32
NOW = 1_750_000_000_000_000
"""Clock of the tests: 2025-06-15T15:06:40Z."""
HOSPITAL = "Organization/hospital"
DOCTOR = Actor("Practitioner/li", "doctor", "Organization/town", "TREAT", "li", NOW)
STRANGER = Actor("Practitioner/wu", "doctor", "Organization/far", "TREAT", "wu", NOW)

Asked = str | Sequence[tuple[str, str]]


class _Once:
    """Each statement on the latest state."""

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect
        self.rows = engine.once


class Record:
    """One engine and the versions that were put into it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reader: Reader = _Once(engine)
        self.versions: dict[tuple[str, str], int] = {}
        self.parts: dict[tuple[str, str], int] = {}
        self._updated = NOW - 10_000_000_000

    def put(
        self, *resources: dict[str, Any], sens: int | None = None, custodian: str = HOSPITAL, updated: int | None = None
    ) -> None:
        """New versions of resources, in one commit."""
        self.engine.apply(WriteSet(puts=[self._put(each, sens, custodian, updated) for each in resources]))

    def delete(self, type_name: str, id_: str) -> None:
        """A logical delete."""
        put = self._put({"resourceType": type_name, "id": id_}, 0, HOSPITAL, None)
        put.deleted, put.rows, put.home = True, None, ()
        self.engine.apply(WriteSet(puts=[put]))

    def bury(self, type_name: str, id_: str) -> None:
        """Mark as deleted and leave the index rows: a search must not lean on their absence."""
        self.engine.write([("UPDATE resource SET deleted = 1 WHERE type = ? AND id = ?",
                            [definitions().number[type_name], id_])])  # fmt: skip

    def grant(self, resident: str, organization: str, *, level: int = 2) -> None:
        """Let an organisation read a resident, from the beginning to far in the future."""
        self.engine.apply(WriteSet(grants=[GrantRow(
            part_of_resident(resident), resident, f"g-{resident}-{organization[-4:]}", organization, "", level, "TREAT",
            "visit", "Encounter/e", None, 0, 1 << 60, True,
        )]))  # fmt: skip

    def _put(self, resource: dict[str, Any], sens: int | None, custodian: str, updated: int | None) -> Put:
        type_name, id_ = resource["resourceType"], resource["id"]
        rows = index.extract(exact.decode(exact.encode(resource)))
        home = id_ if type_name == "Patient" else index.home_resident(resource)
        carried = part_of_id(id_)
        part = carried if carried is not None else part_of_resident(home) if home else DIRECTORY
        part = self.parts.setdefault((type_name, id_), part)
        version = self.versions.get((type_name, id_), 0)
        self.versions[type_name, id_] = version + 1
        self._updated += 1000
        return Put(
            part, definitions().number[type_name], type_name, id_, version, version + 1,
            self._updated if updated is None else updated, custodian,
            index.sensitivity(resource) if sens is None else sens, False, "PUT", exact.encode(resource),
            carried is None, rows,
            tuple((part_of_resident(each), each, direct) for each, direct in rows.residents),
            label=index.label(resource), several=len({each for each, _ in rows.residents}) > 1,
        )  # fmt: skip

    # -- asking

    def parse(self, type_name: str | None, asked: Asked, **options: Any) -> search.Query:
        options = {"strict": True, "now": NOW, **options}
        return search.parse(type_name, pairs(asked), **options)

    def page(
        self, type_name: str | None, asked: Asked, *, actor: Actor = ADMIN, cursor: str | None = None, **options: Any
    ) -> search.Page:
        query = self.parse(type_name, asked, **options)
        return search.run(self.reader, query, actor, cursor=cursor, key=KEY)

    def ids(self, type_name: str | None, asked: Asked, *, actor: Actor = ADMIN, **options: Any) -> list[str]:
        """Ids of all matches in order, page by page."""
        found: list[str] = []
        cursor = None
        while True:
            page = self.page(type_name, asked, actor=actor, cursor=cursor, **options)
            found += [row.id for row in page.matches]
            cursor = page.next_cursor
            if cursor is None:
                return found

    def refs(self, rows: Iterable[search.Row]) -> list[str]:
        return [f"{row.type_name}/{row.id}" for row in rows]


def pairs(asked: Asked) -> list[tuple[str, str]]:
    """ "a=b&c=d" (percent-encoded where needed) or pairs."""
    return parse_qsl(asked, keep_blank_values=True) if isinstance(asked, str) else list(asked)
