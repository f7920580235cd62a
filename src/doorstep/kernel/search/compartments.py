"""Compartments: everything about one patient, one encounter, one practitioner ... (R4 2.41, 3.1.1.2)."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest
from doorstep.kernel.refs import part_of_resident
from doorstep.kernel.search import ranks, special
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.model import Arm, Match, Node, Resident, Some

ITSELF = "{def}"


def within(
    compartment: tuple[str, str], type_name: str | None, types: tuple[str, ...], context: Context
) -> tuple[tuple[str, ...], Node]:
    """(types, node) of a search in a compartment; ``type_name`` None is ``*``, ``types`` what ``_type`` keeps."""
    name, id_ = compartment
    members = context.table.compartments.get(name)
    if members is None:
        raise BadRequest("search.no-compartment", element=name[:80], type=name[:80])
    if type_name is not None and type_name not in members:
        raise BadRequest("search.not-in-compartment", element=type_name, type=type_name, compartment=name)
    wanted = tuple(each for each in sorted(members) if not types or each in types)
    if not wanted:
        raise BadRequest("search.not-in-compartment", element="_type", type=",".join(types)[:80], compartment=name)
    if name == "Patient":
        return wanted, Resident(context.slot((part_of_resident(id_), id_)), direct=False)
    return wanted, _referring(name, id_, wanted, context)


def _referring(name: str, id_: str, types: tuple[str, ...], context: Context) -> Node:
    """Resources that refer to the compartment's owner by one of its parameters, and the owner itself."""
    search = context.table.search
    codes = {each: context.table.compartments[name][each] for each in types}
    keys = tuple(sorted({search[each][code].key for each in types for code in codes[each] if code in search[each]}))
    arm = Arm(("rid", "rtype"), "", 1)
    found: list[Node] = (
        [Match("ix_reference", keys, (arm,), context.slot((id_, name)), ranks.REFERENCE)] if keys else []
    )
    if any(ITSELF in codes[each] for each in types):
        found.append(special.one_of([id_], context.table.number[name], context))
    return found[0] if len(found) == 1 else Some(tuple(found))
