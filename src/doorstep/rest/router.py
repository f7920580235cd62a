"""From a path to a row of the interaction table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import BadRequest, MethodNotAllowed, NotFound
from doorstep.kernel.refs import is_id
from doorstep.rest.routes import ROUTES, Route

_FIXED: Final = frozenset({"metadata", "openapi.json", ".well-known/smart-configuration"})
_LONGEST_PATH: Final = 5

_BY_SHAPE: Final[dict[str, dict[str, list[Route]]]] = {}
for _route in ROUTES:
    _BY_SHAPE.setdefault(_route.shape, {}).setdefault(_route.method, []).append(_route)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route of a path below the base, and its variable segments.

    Raises NotFound for an address or type that does not exist, MethodNotAllowed with the methods that do.
    """
    shape, args = _shape(path)
    methods = _BY_SHAPE.get(shape)
    if methods is None:
        operation = next((part for part in path.split("/") if part.startswith("$")), "")
        if operation:
            raise NotFound("rest.no-such-operation", name=operation)
        raise NotFound("rest.no-such-address", path=path)
    _check_types(shape, args)
    routes = methods.get("GET" if method == "HEAD" else method)
    if routes is None:
        raise MethodNotAllowed("rest.method-not-allowed", method=method, allowed=", ".join(sorted(allowed(methods))))
    for route in routes:
        if not route.types or args[0] in route.types:
            return route, args
    raise NotFound("rest.operation-of-other-type", name=routes[0].code, type=args[0])


def allowed(methods: Iterable[str]) -> set[str]:
    """The methods of an address; HEAD wherever there is GET."""
    found = set(methods)
    return found | {"HEAD"} if "GET" in found else found


def _shape(path: str) -> tuple[str, tuple[str, ...]]:
    """ "Patient/1/_history" -> "{type}/{id}/_history" and ("Patient", "1"). One slash at the end is forgiven."""
    if path.endswith("/"):
        path = path[:-1]
    if not path or path in _FIXED:
        return path, ()
    segments = path.split("/")
    if len(segments) > _LONGEST_PATH:
        raise NotFound("rest.no-such-address", path=path)
    shape, args = [], []
    for place, segment in enumerate(segments):
        if segment[:1] in ("_", "$"):
            shape.append(segment)
            continue
        args.append(segment)
        if place == 0 or (place == 2 and shape[1] == "{id}"):
            shape.append("{type}")
        elif place == 1:
            shape.append("{id}")
        else:
            shape.append("{vid}")
    return "/".join(shape), tuple(args)


def _check_types(shape: str, args: tuple[str, ...]) -> None:
    known = definitions().number
    for name, value in zip((part for part in shape.split("/") if part[0:1] == "{"), args, strict=True):
        if name == "{type}" and value not in known and not (value == "*" and args[0] != "*"):
            near = next((real for real in known if real.lower() == value.lower()), "")
            if near:
                raise NotFound("rest.type-letter-case", type=value, meant=near)
            raise NotFound("rest.unknown-type", type=value)
        if name == "{id}" and not is_id(value):
            raise BadRequest("rest.bad-id", element="id", id=value)
