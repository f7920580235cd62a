"""JSON Patch (RFC 6902) with JSON Pointer (RFC 6901), as R4 3.1.0.7.1 asks. A Parameters resource is a FHIRPath Patch.

Own lines instead of a library: numbers stay Decimal, ``true`` is not 1, a refusal names the operation and the path,
and work is bounded (a chain of "copy" can double a document each time).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Invalid, TooCostly
from doorstep.kernel.exact import MAX_DEPTH

MAX_OPERATIONS: Final = 1_000
MAX_COPIED: Final = 200_000
"""Values that all operations of one patch may copy together."""

_FIELDS: Final = {
    "add": ("path", "value"), "remove": ("path",), "replace": ("path", "value"),
    "move": ("path", "from"), "copy": ("path", "from"), "test": ("path", "value"),
}


def apply(document: Any, operations: Any) -> Any:
    """A changed copy of ``document``; the original stays as it was.

    Raises Invalid naming the operation ("[2]") whose path, form or test fails, TooCostly beyond the limits above.
    """
    if isinstance(operations, dict) and operations.get("resourceType") == "Parameters":
        return _by_fhirpath(document, operations)
    if not isinstance(operations, list):
        raise Invalid("patch.not-a-list")
    if len(operations) > MAX_OPERATIONS:
        raise TooCostly("patch.too-many", limit=MAX_OPERATIONS, count=len(operations))
    copier = _Copier()
    result = copier.copy(document)
    for index, operation in enumerate(operations):
        result = _apply_one(result, operation, f"[{index}]", copier)
    _refuse_deep(result)
    return result


def _by_fhirpath(document: Any, parameters: dict[str, Any]) -> Any:
    # At the first such patch: this brings the FHIRPath engine, which JSON Patch does without.
    from doorstep.kernel import fhirpath_patch

    result = fhirpath_patch.apply(_Copier().copy(document), parameters)
    _refuse_deep(result)
    return result


def _apply_one(document: Any, operation: Any, where: str, copier: _Copier) -> Any:
    name = operation.get("op") if isinstance(operation, dict) else None
    needed = _FIELDS.get(name) if isinstance(name, str) else None
    if needed is None:
        raise Invalid("patch.unknown-operation", element=where, op=str(name))
    for member in needed:
        if member not in operation or (member != "value" and not isinstance(operation[member], str)):
            raise Invalid("patch.missing-member", element=where, op=name, member=member)
    path = _pointer(operation["path"], where)
    if name == "add":
        return _add(document, path, copier.copy(operation["value"]), where)
    if name == "replace":
        _find(document, path, where)
        return _set(document, path, copier.copy(operation["value"]), where)
    if name == "remove":
        return _remove(document, path, where)
    if name == "test":
        if not _same(_find(document, path, where), operation["value"]):
            raise Invalid("patch.test-failed", element=where, path=operation["path"])
        return document
    source = _pointer(operation["from"], where)
    value = _find(document, source, where)
    if name == "copy":
        return _add(document, path, copier.copy(value), where)
    if path[: len(source)] == source and len(path) > len(source):
        raise Invalid("patch.into-itself", element=where, path=operation["path"])
    return _add(_remove(document, source, where), path, value, where)


def _pointer(text: str, where: str) -> list[str]:
    if not text:
        return []
    if text[0] != "/":
        raise Invalid("patch.bad-path", element=where, path=text)
    tokens = text[1:].split("/")
    if len(tokens) > MAX_DEPTH:
        raise TooCostly("patch.too-deep", element=where, limit=MAX_DEPTH)
    return [token.replace("~1", "/").replace("~0", "~") for token in tokens]


def _find(document: Any, path: list[str], where: str) -> Any:
    for token in path:
        if isinstance(document, dict) and token in document:
            document = document[token]
        elif isinstance(document, list):
            document = document[_place(document, token, path, where)]
        else:
            raise _absent(path, where)
    return document


def _place(items: list[Any], token: str, path: list[str], where: str, *, end: bool = False) -> int:
    """An array index (RFC 6901, 4); with ``end`` also the place behind the last item, which "-" names too."""
    if end and token == "-":
        return len(items)
    proper = token.isascii() and token.isdigit() and len(token) < 10 and (token == "0" or token[0] != "0")
    if not proper or int(token) >= len(items) + end:
        raise _absent(path, where)
    return int(token)


def _add(document: Any, path: list[str], value: Any, where: str) -> Any:
    if not path:
        return value
    holder = _find(document, path[:-1], where)
    if isinstance(holder, list):
        holder.insert(_place(holder, path[-1], path, where, end=True), value)
    elif isinstance(holder, dict):
        holder[path[-1]] = value
    else:
        raise _absent(path, where)
    return document


def _set(document: Any, path: list[str], value: Any, where: str) -> Any:
    if not path:
        return value
    holder = _find(document, path[:-1], where)
    holder[_place(holder, path[-1], path, where) if isinstance(holder, list) else path[-1]] = value
    return document


def _remove(document: Any, path: list[str], where: str) -> Any:
    _find(document, path, where)
    if not path:
        return None
    holder = _find(document, path[:-1], where)
    del holder[_place(holder, path[-1], path, where) if isinstance(holder, list) else path[-1]]
    return document


def _same(one: Any, other: Any) -> bool:
    """Equality of RFC 6902, 4.6: numbers by value, ``true`` never a number, objects whatever their order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    return type(one) is type(other) and bool(one == other)


def _absent(path: list[str], where: str) -> Invalid:
    text = "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)
    return Invalid("patch.no-such-path", element=where, path=text)


class _Copier:
    """Deep copies of JSON values, counted over one patch."""

    def __init__(self) -> None:
        self.left = MAX_COPIED

    def copy(self, value: Any, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0:
            raise TooCostly("patch.too-much", limit=MAX_COPIED)
        if depth > 2 * MAX_DEPTH:
            raise TooCostly("patch.too-deep", limit=MAX_DEPTH)
        if isinstance(value, dict):
            return {name: self.copy(member, depth + 1) for name, member in value.items()}
        if isinstance(value, list):
            return [self.copy(member, depth + 1) for member in value]
        return value


def _refuse_deep(document: Any) -> None:
    level, depth = [document], 0
    while level:
        if depth > MAX_DEPTH:
            raise TooCostly("patch.too-deep", limit=MAX_DEPTH)
        level = [
            inner for value in level if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value) if isinstance(inner, dict | list)
        ]
        depth += 1
