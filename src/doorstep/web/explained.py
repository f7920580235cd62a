"""Why somebody may or may not see an entry, in words: the kernel's explanation as sentences of a page's language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.explain import Ground, Refused, explain
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.web.refusals import words
from doorstep.web.resident.whose import ROLES, called, language

ASKED: Final = "why "
"""How the audit's query begins when somebody asked this about a colleague."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer in words. ``lines`` are the grounds when ``allowed``, else all that stands in the way."""

    allowed: bool
    lines: tuple[str, ...]


def why(store: Store, who: Actor, entry: Ref, *, full: bool) -> Why:
    """Ask the rule as if somebody asked now. ``full`` names restricted categories: for the resident alone."""
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = explain(reads, replace(who, at=reads.actor.at), entry)
    if found.allowed:
        return Why(True, tuple(_ground(each) for each in found.grounds))
    names = called(store, {str(each.params.get("institution", "")) for each in found.refusals})
    return Why(False, tuple(_refused(each, names, full) for each in found.refusals))


def reference(text: str) -> Ref:
    """What was typed as an entry, "Type/id", with or without a version behind it."""
    try:
        return Ref.parse("/".join(text.strip().split("/")[:2]))
    except ValueError:
        raise Invalid("why.not-an-entry", element="entry") from None


def _ground(ground: Ground) -> str:
    reason = words(f"access.reason-{ground.reason}", language())
    return words("why.until", language(), reason=reason, until=instant(ground.until)[:10]) if ground.until else reason


def _refused(refused: Refused, names: dict[str, str], full: bool) -> str:
    said: dict[str, Any] = dict(refused.params)
    if "institution" in said:
        said["institution"] = names.get(said["institution"], "") or words("why.nobody", language())
    if "reason" in said:
        said["reason"] = words(f"access.reason-{said['reason']}", language())
    if "role" in said:
        said["role"] = words(ROLES.get(said["role"], "me.role-other"), language())
    if "label" in said and not full:
        said["label"] = "R"
    for moment in ("until", "starts"):
        if moment in said:
            said[moment] = str(said[moment])[:16]
    return words(refused.key, language(), **said)
