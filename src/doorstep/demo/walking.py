"""What the parts of the walk need of it: who is signed in where, what was made so far, and how it is looked at."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from doorstep.demo.browser import Browser, Page
from doorstep.demo.people import Resident

TASK: Final = re.compile(r"/t/([A-Za-z0-9.-]+)/")


class Walking(Protocol):
    """One walk. ``before`` is how much of each there was when it began, ``since`` the month in which it happens."""

    resident: Resident
    visit: str
    study: str
    green: str
    down: str
    since: str
    before: dict[str, int]

    def person(self, account: str) -> Browser: ...

    def anybody(self) -> Browser: ...

    def at(self, account: str, path: str) -> Page: ...

    def fhir(self, address: str) -> tuple[int, dict[str, Any]]: ...

    def stands(self, task: str, state: str, status: str, owner: str) -> None: ...

    def text(self, what: str) -> str: ...

    def expect(self, found: object, wanted: object) -> None: ...
