"""Scopes as a ceiling on every interaction: SMART App Launch 2.2, scopes for requesting FHIR resources.

A token of an app may do at most what its scopes say, whatever its holder may do. What is asked for directly and lies
outside is 403 with the scope named; what would only come along (an include, a link of a chain, an entry of a history)
is not there, because the record's own predicate knows the scopes too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from doorstep.kernel.errors import Forbidden
from doorstep.kernel.refs import Actor
from doorstep.kernel.scopes import may
from doorstep.kernel.search import Query
from doorstep.kernel.search.model import Back, Branch, Every, Link, Listed, Node, Not, Some
from doorstep.rest.request import Request

INSUFFICIENT: Final = "smart.insufficient-scope"

LETTERS: Final = {
    "read": "r", "vread": "r", "history-instance": "r", "history-type": "s", "create": "c", "update": "u", "patch": "u",
    "delete": "d", "search-type": "s", "$everything": "r", "$lastn": "s", "$validate": "r", "$meta": "r",
    "$meta-add": "u", "$meta-delete": "u", "$expand": "r", "$lookup": "r", "$subsumes": "r", "$validate-code": "r",
    "search-compartment": "s", "search-system": "s", "history-system": "s",
    "$events": "r", "$status": "r", "$export": "rs",
}  # fmt: skip
"""Interaction -> the letters of c, r, u, d, s that it needs on its type. One that is not here needs all of them."""
FREE: Final = frozenset(
    {"capabilities", "openapi", "smart-configuration", "transaction", "$process-message", "$export-status"}
)
"""Public documents; a bundle, whose entries are checked each; how far an export is that one has begun oneself."""
_ALL: Final = "cruds"


def check(request: Request, code: str) -> None:
    """Refuse an interaction that the scopes of the token do not cover."""
    actor = request.actor
    if not actor.scopes or code in FREE:
        return
    if code == "search-system":
        _need(actor, "s", _named(request))
    elif code == "history-system":
        _need(actor, "s", ("*",))
    elif code == "$export-file":
        _need(actor, "rs", (request.args[1],))
    elif code == "search-compartment":
        _need_any(actor, request.args[0])
        _need(actor, "s", (request.args[2],))
    else:
        type_name = request.args[0] if request.args else "*"
        _need(actor, LETTERS.get(code, _ALL) + ("s" if _is_conditional(request, code) else ""), (type_name,))
        if code == "$everything":
            for name in _named(request):
                _need_any(actor, name)


def check_query(actor: Actor, query: Query) -> None:
    """Refuse a search whose criteria lead only through types outside the scopes, or that names such types."""
    if not actor.scopes:
        return
    if query.type is None:
        for name, value in query.pairs:
            if name == "_type":
                _need(actor, "s", value.split(","))
    for node in query.shape.nodes:
        _walk(actor, node)


def _walk(actor: Actor, node: Node) -> None:
    if isinstance(node, Link):
        open_ = [branch for branch in node.branches if _readable(actor, branch.type_name)]
        if not open_:
            _refuse(actor, node.branches[0].type_name, "s")
        for branch in open_:
            _walk_branch(actor, branch)
    elif isinstance(node, Back):
        from doorstep.kernel.search.run import type_names

        source = type_names()[node.source]
        if not _readable(actor, source):
            _refuse(actor, source, "s")
        _walk(actor, node.node)
    elif isinstance(node, Listed):
        if not _readable(actor, "List"):
            _refuse(actor, "List", "s")
    elif isinstance(node, Some | Every):
        for each in node.nodes:
            _walk(actor, each)
    elif isinstance(node, Not):
        _walk(actor, node.node)


def _walk_branch(actor: Actor, branch: Branch) -> None:
    _walk(actor, branch.node)


def _readable(actor: Actor, type_name: str) -> bool:
    return may(actor.scopes, type_name, "r") or may(actor.scopes, type_name, "s")


def _named(request: Request) -> list[str]:
    return [name for key, value in request.pairs if key == "_type" for name in value.split(",")]


def _is_conditional(request: Request, code: str) -> bool:
    """Whether what is changed is found by a search."""
    if code == "create":
        return bool(request.header("If-None-Exist"))
    return code in ("update", "patch", "delete") and len(request.args) == 1


def _need(actor: Actor, letters: str, types: Iterable[str]) -> None:
    for type_name in types:
        for letter in letters:
            if not may(actor.scopes, type_name, letter):
                _refuse(actor, type_name, letter)


def _need_any(actor: Actor, type_name: str) -> None:
    if not _readable(actor, type_name):
        _refuse(actor, type_name, "r")


def _refuse(actor: Actor, type_name: str, letter: str) -> None:
    context = "patient" if actor.patient else "system" if actor.role == "gateway" else "user"
    raise Forbidden(INSUFFICIENT, scope=f"{context}/{type_name}.{letter}")
