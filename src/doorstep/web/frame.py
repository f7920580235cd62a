"""What every page shows around its content: menu, person, language, view, alarms, the server's time."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.functional import SimpleLazyObject

from doorstep.kernel.clock import instant
from doorstep.web import alarms, corrections
from doorstep.web.demo.pages import strip
from doorstep.web.menu import MENUS, PERSONAL, Entry, landing, menu
from doorstep.web.view import view_of

__all__ = ["MENUS", "Entry", "frame", "landing", "menu"]


def frame(request: Any) -> dict[str, Any]:
    """Context of every template."""
    language = translation.get_language() or "zh-hans"
    other = "en" if language == "zh-hans" else "zh-hans"
    person = getattr(request, "person", None)
    store = getattr(request, "store", None)
    return {
        "person": person,
        "acting_for": person.acting_for_name if person else "",
        "menu": menu(person) if person else (),
        "personal": PERSONAL if person else (),
        "here": request.path,
        "demo": getattr(request, "demo", False),
        "language": language,
        "html_language": "zh-Hans" if language == "zh-hans" else "en",
        "other_language": other,
        "other_language_name": translation.get_language_info(other)["name_local"],
        "other_html_language": "zh-Hans" if other == "zh-hans" else "en",
        "may_find": bool(person and person.kind == "township" and person.role == "doctor"),
        "view": view_of(request),
        "now": instant(store.clock.now()) if store else "",
        "tour": SimpleLazyObject(lambda: strip(request)),
        "alarm_mark": SimpleLazyObject(lambda: alarms.mark(request)),
        "alarms": SimpleLazyObject(lambda: alarms.of(request)),
        "corrections": SimpleLazyObject(lambda: corrections.of(request)),
        "help_phone": SimpleLazyObject(lambda: store.setting("help.phone", "") if store else ""),
    }
