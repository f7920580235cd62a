"""Recorded clips that the hall screen speaks a call with: an operator's folder, named by a manifest, and nowhere else.

``DOORSTEP_VOICE`` names a folder with ``clips.json``: ``{"please": "qing.wav", "digits": ["0.wav", ... "9.wav"],
"to": "dao.wav", "rooms": {"1": "1.wav"}}``. A call is "please", the number's digits, "to" and the room; a room without
a clip of its own is not said. Nobody's name is ever said aloud.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from doorstep.kernel.errors import NotFound
from doorstep.web.front import screens
from doorstep.web.middleware import POLICY
from doorstep.workflows.line import Ticket

VARIABLE: Final = "DOORSTEP_VOICE"
MANIFEST: Final = "clips.json"
KINDS: Final = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg"}
MOST: Final = 2 * 1024 * 1024
SPEAKING: Final = f"{POLICY}; media-src 'self'"
"""The policy of a page that plays them."""


@dataclass(frozen=True, slots=True)
class Clips:
    """What can be said. ``files`` is clip name -> file."""

    files: dict[str, Path] = field(default_factory=dict)

    @property
    def speak(self) -> bool:
        """Whether a number can be said."""
        return all(str(digit) in self.files for digit in range(10))

    @property
    def first(self) -> str:
        """What is said when the voice is turned on, so that whoever does it hears it."""
        return "please" if "please" in self.files else "0"

    def call(self, ticket: Ticket) -> str:
        """The clips of a call, in order, separated by bars; "" when the number cannot be said."""
        if not self.speak:
            return ""
        room = f"room-{ticket.room}"
        said = ["please", *(each for each in ticket.number if each.isdigit())]
        said += ["to", room] if room in self.files else []
        return "|".join(each for each in said if each in self.files)


def clips() -> Clips:
    """The folder as it is now; without one, or with a manifest that says nothing usable, nothing is said."""
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        return Clips()
    try:
        told = json.loads((Path(folder) / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return Clips()
    if not isinstance(told, dict):
        return Clips()
    named = {name: told.get(name) for name in ("please", "to")}
    named |= {str(place): name for place, name in enumerate(_list(told.get("digits")))}
    rooms = told.get("rooms")
    named |= {f"room-{room}": name for room, name in (rooms.items() if isinstance(rooms, dict) else ())}
    found = {name: Path(folder) / file for name, file in named.items() if isinstance(file, str)}
    return Clips({name: file for name, file in found.items() if _usable(file, Path(folder))})


@require_safe
def clip(request: Any, screen: str, name: str) -> HttpResponse:
    """One clip, for a screen whose address we gave."""
    screens.clinic_of(request.store, screen)
    file = clips().files.get(name)
    if file is None:
        raise NotFound("web.no-such-page")
    kept = {"Cache-Control": "private, max-age=86400"}
    return HttpResponse(file.read_bytes(), content_type=KINDS[file.suffix.lower()], headers=kept)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) and len(value) == 10 else []


def _usable(file: Path, folder: Path) -> bool:
    """A sound of a sensible size, inside the folder."""
    if file.suffix.lower() not in KINDS or not file.is_file() or file.stat().st_size > MOST:
        return False
    return file.resolve().is_relative_to(folder.resolve())
