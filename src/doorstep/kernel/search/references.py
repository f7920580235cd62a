"""Reference parameters and their modifiers (R4 3.1.1.4.12)."""

from __future__ import annotations

import re
from functools import lru_cache

from doorstep.kernel.definitions import Definitions, SearchParameter
from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.index.paths import routes
from doorstep.kernel.index.text import bounded
from doorstep.kernel.refs import is_id, part_of_resident
from doorstep.kernel.search import ranks
from doorstep.kernel.search.arms import Arms, padded
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node, Resident, Tree
from doorstep.kernel.search.syntax import unescape

TABLE = "ix_reference"
BOTH = ("rid", "rtype")

_TYPED = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")


def reference(asked: Asked, context: Context) -> Node:
    """``id``, ``Type/id`` or a url; ``:Type`` says what an id alone is of."""
    if asked.modifier in ("above", "below"):
        return _hierarchy(asked, context)
    only = ""
    if asked.modifier:
        targets = asked.targets()
        if asked.modifier not in context.table.number or targets and asked.modifier not in targets:
            raise asked.refuse_modifier()
        only = asked.modifier
    found = [target(unescape(value, asked.name), only, asked, context) for value in _alternatives(asked, context)]
    resident = _resident(found, asked, context)
    if resident is not None:
        return Resident(context.slot((part_of_resident(resident), resident)), direct=True)
    arms = Arms()
    for type_name, id_ in found:
        if type_name is None:
            arms.equal(("rid",), id_)
        else:
            arms.equal(BOTH, id_, type_name)
    done, values = arms.done()
    return Match(TABLE, asked.keys(), done, context.slot(values), ranks.REFERENCE)


def _alternatives(asked: Asked, context: Context) -> list[str]:
    return context.alternatives(asked.value, asked.name)


def target(text: str, only: str, asked: Asked, context: Context) -> tuple[str | None, str]:
    """(type, id) that a value means; type None for an id of any type, "" for an address."""
    if context.base and text.startswith(context.base + "/") and _TYPED.match(text[len(context.base) + 1 :]):
        text = text[len(context.base) + 1 :]
    match = _TYPED.match(text)
    if match and match[1] in context.table.number and only in ("", match[1]):
        return match[1], match[2]
    if is_id(text):
        targets = asked.targets()
        return only or (targets[0] if len(targets) == 1 else None), text
    if ":" in text and not only:
        return "", bounded(text)
    raise BadRequest("search.bad-reference", element=asked.name, parameter=asked.name, given=text[:200])


def _resident(found: list[tuple[str | None, str]], asked: Asked, context: Context) -> str | None:
    """The one resident whom the criterion names, if it means the same as the direct rows of the table ``subject``."""
    if len(asked.parameters) != 1 or len(found) != 1 or found[0][0] != "Patient":
        return None
    return found[0][1] if is_direct(asked.parameters[0], context.table) else None


def is_direct(parameter: SearchParameter, table: Definitions) -> bool:
    """Whether a reference to a Patient under this parameter is exactly what marks a subject row as direct.

    ``patient`` always; ``subject`` where there is no ``patient``, or where R4 defines that as the subject who is one.
    """
    patient = table.search[parameter.base].get("patient")
    if parameter.code == "patient":
        return "Patient" in parameter.targets
    if parameter.code != "subject":
        return False
    if patient is None:
        return not parameter.targets or "Patient" in parameter.targets
    return patient.expression in (parameter.expression, f"{parameter.expression}.where(resolve() is Patient)")


@lru_cache(maxsize=1024)
def is_canonical(parameter: SearchParameter, table: Definitions) -> bool:
    """Whether the references of a parameter name urls of definitions, not resources of a server (R4 2.3.0.2)."""
    found = routes(parameter.expression, base=parameter.base, types=table.types)
    return bool(found) and all(route.type in ("canonical", "uri") for route in found or ())


def _hierarchy(asked: Asked, context: Context) -> Node:
    """``:below`` and ``:above``: places in a hierarchy such as Location.partOf (R4 3.1.1.4.13)."""
    targets = asked.targets()
    found = [target(unescape(value, asked.name), "", asked, context) for value in _alternatives(asked, context)]
    types = {type_name or (targets[0] if len(targets) == 1 else "") for type_name, _ in found}
    (type_name,) = types if len(types) == 1 else ("",)
    search = context.table.search.get(type_name, {})
    parent = next((search[code] for code in ("partof", "part-of") if code in search), None)
    if parent is None or type_name not in parent.targets:
        raise NotSupported("search.no-hierarchy", element=asked.name, parameter=asked.name)
    count = padded(len(found))
    ids = [id_ for _, id_ in found] + [found[-1][1]] * (count - len(found))
    number, up = context.table.number[type_name], asked.modifier == "above"
    return Tree(asked.keys(), parent.key, number, type_name, up, count, context.slot(ids))
