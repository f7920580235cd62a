"""What an evaluation carries along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.limits import MAX_WORK
from doorstep.kernel.fhirpath.nodes import Items, Node

Resolver = Callable[[str], dict[str, Any] | str | None]
"""Reference text -> the resource, or only its type, or None when it leads nowhere."""

Conforms = Callable[[Any, str], bool | None]
"""(JSON value, profile url) -> whether it conforms; None when the profile is unknown."""

_ZONE = timezone(timedelta(hours=8))
"""Clock of ``now()`` when the caller gives none; R4 wants an offset on every time."""


class Env:
    """One evaluation; ``index`` and ``total`` are those of the innermost iteration."""

    __slots__ = (
        "_moment",
        "conforms",
        "context",
        "index",
        "resolver",
        "resource",
        "root",
        "total",
        "variables",
        "work",
    )

    def __init__(
        self,
        *,
        resource: Node,
        root: Node,
        context: Node,
        resolver: Resolver | None,
        variables: Mapping[str, Any] | None,
        conforms: Conforms | None,
        now: datetime | None,
    ) -> None:
        self.resource = resource
        self.root = root
        self.context = context
        self.resolver = resolver
        self.variables = variables
        self.conforms = conforms
        self._moment = now
        self.index: int | None = None
        self.total: Items | None = None
        self.work = 0

    def spend(self, items: int) -> None:
        """Count items visited. Raises FhirPathError past MAX_WORK."""
        self.work += items
        if self.work > MAX_WORK:
            raise FhirPathError("fhirpath.too-much-work", limit=MAX_WORK)

    @property
    def now(self) -> datetime:
        """The same moment throughout one evaluation (FHIRPath 2.0.0, 5.9.2)."""
        if self._moment is None:
            self._moment = datetime.now(_ZONE)
        return self._moment


Run = Callable[[Env, Items], Items]
"""An expression: (environment, ``$this``) -> result."""

Step = Callable[[Env, Items, Items], Items]
"""A step of a path: (environment, ``$this`` for its arguments, input) -> result."""
