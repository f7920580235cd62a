"""Who of the residents was shown in one answer: an access is written down once for each, so that each finds it.

A list of fifty people is fifty rows, each with what was shown of that resident and the grants that allowed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.engine import Reader
from doorstep.kernel.explain import grants_for
from doorstep.kernel.index.sensitivity import DIRECTORY
from doorstep.kernel.keyset import either
from doorstep.kernel.refs import Actor, part_of_id, part_of_resident
from doorstep.kernel.roles import ADMINISTRATOR

Share = tuple[str, tuple[str, ...], str]
"""(resident, refs, grants): one row of the audit."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_STEP = 100


def by_resident(
    reader: Reader, actor: Actor, refs: Iterable[str], about: Mapping[str, str] = NOTHING
) -> list[Share]:
    """What an answer showed, by resident; what is about nobody stands with "" and only when there is nothing else.

    ``about`` says of some refs whom they name, so that those need not be looked up.
    """
    refs = tuple(dict.fromkeys(refs))
    ungranted = actor.role == ADMINISTRATOR  # who sees all by the role, and nothing by a grant
    keys = {ref: _key(reader, ref) for ref in refs if not (ungranted and ref in about)}
    named = _residents(reader, sorted({key for ref, key in keys.items() if key and ref not in about}))
    shares: dict[str, list[str]] = {}
    for ref in refs:
        key = keys.get(ref)
        for resident in (about[ref],) if ref in about else named[key] if key in named else ():
            shares.setdefault(resident, []).append(ref)
    if not shares:
        return [("", refs, "")]
    grants: dict[str, list[str]] = {}
    for ground in () if ungranted else grants_for(reader, actor, sorted({key for key in keys.values() if key})):
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
