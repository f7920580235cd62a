"""Who of the residents was shown in one answer: an access is written down once for each, so that each finds it.

A list of fifty people is fifty rows, each with what was shown of that resident and the grants that allowed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.explain import grants_for
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.keyset import either
from doorstep.kernel.refs import Actor, part_of_id, part_of_resident

Share = tuple[str, tuple[str, ...], str]
"""(resident, refs, grants): one row of the audit."""
_STEP = 100


def by_resident(reader: Reader, actor: Actor, refs: Iterable[str]) -> list[Share]:
    """What an answer showed, by resident; what is about nobody stands with "" and only when there is nothing else."""
    refs = tuple(refs)
    keys = {ref: key for ref in refs if (key := _key(reader, ref)) is not None}
    asked = sorted(set(keys.values()))
    named = _residents(reader, asked)
    shares: dict[str, list[str]] = {}
    for ref, key in keys.items():
        for resident in named.get(key, ()):
            shares.setdefault(resident, []).append(ref)
    if not shares:
        return [("", refs, "")]
    grants: dict[str, list[str]] = {}
    for ground in grants_for(reader, actor, asked):
        grants.setdefault(ground.resident, []).append(ground.grant)
    return [(who, tuple(own), " ".join(grants.get(who, ()))) for who, own in shares.items()]


def _key(reader: Reader, ref: str) -> tuple[int, int, str] | None:
    """(part, type number, id) of a reference to something that may be about a resident."""
    type_name, _, rest = ref.partition("/")
    table = definitions().number
    if type_name not in table or type_name in DIRECTORY or not rest:
        return None
    id_ = rest.partition("/")[0]
    part = part_of_id(id_)
    if part is None and type_name == "Patient":
        part = part_of_resident(id_)
    if part is None:
        found = reader.rows("SELECT part FROM locator WHERE type = ? AND id = ?", [table[type_name], id_])
        part = int(found[0][0]) if found else None
    return None if part is None else (part, table[type_name], id_)


def _residents(reader: Reader, keys: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int, str], dict[str, None]]:
    """Each once, though a resource has a row for each of its codes: to sort that out here costs half."""
    named: dict[tuple[int, int, str], dict[str, None]] = {}
    for start in range(0, len(keys), _STEP):
        wanted, values = either(reader.dialect, ("rpart", "type", "id"), keys[start : start + _STEP])
        found: list[tuple[Any, ...]] = reader.rows(
            f"SELECT rpart, type, id, resident FROM subject WHERE {wanted}", values
        )
        for part, type_, id_, resident in found:
            named.setdefault((part, type_, id_), {})[resident] = None
    return named
