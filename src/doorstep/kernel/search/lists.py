"""``_list``: items of a List resource, or of a functional list that the record makes itself (R4 3.1.1.4.16).

The functional lists of R4 are conditions on the resources that would be their items, so nobody has to keep a List:
what is active and was neither refuted nor entered in error. Whose list it is, the other criteria say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from doorstep.kernel.errors import NotSupported
from doorstep.kernel.search.context import Context
from doorstep.kernel.search.criteria import criterion
from doorstep.kernel.search.model import Every, Listed, Node
from doorstep.kernel.search.special import known, part_in
from doorstep.kernel.search.syntax import unescape

_SOUND: Final = (("verification-status:not", "refuted,entered-in-error"),)
_CURRENT: Final = (("clinical-status", "active,recurrence,relapse"), *_SOUND)

FUNCTIONAL: Final[Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]]] = {
    "$current-problems": {"Condition": (*_CURRENT, ("category:not", "encounter-diagnosis"))},
    "$current-allergies": {"AllergyIntolerance": (("clinical-status", "active"), *_SOUND)},
    "$current-drug-allergies": {
        "AllergyIntolerance": (("clinical-status", "active"), *_SOUND, ("category", "medication"))
    },
    "$current-medications": {
        "MedicationStatement": (("status", "active"),),
        "MedicationRequest": (("status", "active"), ("intent", "order,original-order,reflex-order,instance-order")),
    },
}
"""List -> type of its items -> what holds of them."""


def listed(name: str, value: str, type_name: str, context: Context) -> Node:
    """The node of one functional list, or of items of List resources."""
    wanted = [unescape(each, name) for each in context.alternatives(value, name)]
    if any(each.startswith("$") for each in wanted):
        return _functional(name, wanted, type_name, context)
    ids, table = known([each.removeprefix("List/") for each in wanted]), context.table
    slot = context.slot([value for id_ in ids for value in (id_, part_in("", id_))])
    return Listed(
        table.search["List"]["item"].key, table.number[type_name], type_name, table.number["List"], len(ids), slot
    )


def _functional(name: str, wanted: list[str], type_name: str, context: Context) -> Node:
    items = FUNCTIONAL.get(wanted[0], {}) if len(wanted) == 1 else {}
    if not items:
        raise NotSupported(
            "search.functional-list", element=name, parameter=name, given=",".join(wanted)[:80],
            known=", ".join(FUNCTIONAL),
        )  # fmt: skip
    if type_name not in items:
        raise NotSupported(
            "search.functional-list-type", element=name, given=wanted[0], type=type_name, types=", ".join(items)
        )
    nodes = [criterion((type_name,), code, value, context) for code, value in items[type_name]]
    return Every(tuple(node for node in nodes if node is not None))
