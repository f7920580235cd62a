"""Template words of the components: flags, clocks and steps, each always with a word besides its colour."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django import template
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString

from doorstep.kernel.clock import HOME
from doorstep.web.refusals import words

register = template.Library()

FLAGS: Final = {
    "critical": "part.flag-critical",
    "green": "part.flag-green",
    "identity": "worklist.flag-identity",
    "stat": "web.priority-stat",
    "urgent": "web.priority-urgent",
    "late": "part.flag-late",
    "same-name": "part.flag-same-name",
    "recognised": "part.flag-recognised",
    "unchecked": "part.flag-unchecked",
    "corrected": "part.flag-corrected",
    "new": "part.flag-new",
}
"""Flag -> message key. Solid red belongs to "critical" and "stat" alone."""

_STEPS: Final = {"done": "part.step-done", "now": "part.step-now", "next": "part.step-next", "off": "part.step-off"}


@register.filter
def flag_word(flag: str) -> str:
    """A flag in words; one that is not in the table is shown as it is written."""
    return words(FLAGS[flag], translation.get_language()) if flag in FLAGS else flag


@register.filter
def step_word(state: str) -> str:
    """Whether a step is done, under way or still to come."""
    return words(_STEPS[state], translation.get_language()) if state in _STEPS else ""


@register.filter
def clock_words(clock: Any) -> str:
    """Time left or time over, in the largest unit that still says something."""
    side = "late" if clock.late else "left"
    if clock.minutes >= 2880:
        return words(_CLOCK[side, "days"], translation.get_language(), n=clock.days)
    if clock.minutes >= 120:
        return words(_CLOCK[side, "hours"], translation.get_language(), n=clock.hours)
    return words(_CLOCK[side, "minutes"], translation.get_language(), n=clock.minutes)


_CLOCK: Final = {
    ("late", "days"): "web.late-days",
    ("late", "hours"): "web.late-hours",
    ("late", "minutes"): "web.late-minutes",
    ("left", "days"): "web.left-days",
    ("left", "hours"): "web.left-hours",
    ("left", "minutes"): "web.left-minutes",
}


@register.simple_tag
def clock_patterns() -> dict[str, str]:
    """What the script needs to go on counting in the reader's language: "%n" stands for the number."""
    return {f"{side}-{unit}": words(key, translation.get_language(), n="%n") for (side, unit), key in _CLOCK.items()}


@register.simple_tag
def row_html(row: Any, one_resident: Any = "", compact: Any = "", name: Any = "", bulk: Any = "") -> SafeString:
    """One line of a list. The same line for the same reader's words is made once: a list is opened again and again."""
    today = datetime.now(HOME).date().isoformat()
    return _row(
        row, str(translation.get_language()), today, bool(one_resident), bool(compact), str(name or ""), bool(bulk)
    )


@lru_cache(maxsize=5000)
def _row(row: Any, language: str, today: str, one_resident: bool, compact: bool, name: str, bulk: bool) -> SafeString:
    """All that the line says is in the arguments: row (with clock and lock), language, day (of ages), kind of list."""
    return render_to_string("parts/row.html", {
        "row": row, "one_resident": one_resident, "compact": compact, "from": name, "bulk": bulk,
    })  # fmt: skip


@register.filter
def said(ticket: Any, voice: Any) -> str:
    """The clips that speak a call."""
    return str(voice.call(ticket)) if voice else ""
