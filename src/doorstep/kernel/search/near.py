"""Location.near: places within a distance (R4 Location, search parameter near)."""

from __future__ import annotations

from math import cos, radians

from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.search import ranges, ranks
from doorstep.kernel.search.arms import Arms
from doorstep.kernel.search.context import Asked, Context
from doorstep.kernel.search.model import Match, Node
from doorstep.kernel.search.syntax import split, unescape

DEFAULT_KM = 10.0
"""The distance when none is given; the standard leaves it to the server."""

_KM = {"km": 1.0, "m": 0.001, "[mi_us]": 1.609347, "[mi_i]": 1.609344}
_DEGREE_KM = 111.195


def near(asked: Asked, context: Context) -> Node:
    """``latitude|longitude|distance|units``: on a plane, which is exact enough for a district (not near the poles)."""
    if asked.modifier:
        raise asked.refuse_modifier()
    if asked.code != "near":
        raise NotSupported("search.not-offered", element=asked.name, parameter=asked.name)
    arms = Arms()
    for value in context.alternatives(asked.value, asked.name):
        latitude, longitude, distance = _place(value, asked.name)
        north, east = distance / _DEGREE_KM, distance / (_DEGREE_KM * max(cos(radians(latitude)), 0.01))
        arms.test(
            "{x}.lo >= ? AND {x}.lo <= ? AND {x}.hi >= ? AND {x}.hi <= ?"
            " AND ({x}.lo - ?) * ({x}.lo - ?) * ? + ({x}.hi - ?) * ({x}.hi - ?) * ? <= 1.0",
            latitude - north, latitude + north, longitude - east, longitude + east,
            latitude, latitude, 1 / max(north * north, 1e-18), longitude, longitude, 1 / max(east * east, 1e-18),
        )  # fmt: skip
    done, values = arms.done()
    return Match("ix_number", asked.keys(), done, context.slot(values), ranks.NUMBER)


def _place(value: str, name: str) -> tuple[float, float, float]:
    """(latitude, longitude, kilometres)."""
    parts = [unescape(part, name) for part in split(value, "|")] + ["", ""]
    latitude, longitude = (ranges.implicit(part, name)[0] for part in parts[:2])
    distance = ranges.implicit(parts[2], name)[0] if parts[2] else DEFAULT_KM
    unit = _KM.get(parts[3] or "km")
    if len(parts) > 6 or unit is None or abs(latitude) > 90 or abs(longitude) > 180 or distance < 0:
        raise BadRequest("search.bad-near", element=name, parameter=name, given=value[:80])
    return latitude, longitude, distance * unit
