"""The buttons that open an app from a resident's page."""

from __future__ import annotations

from typing import Any

from django import template

from doorstep.web.smart.launch import launchable

register = template.Library()


@register.inclusion_tag("smart/open.html", takes_context=True)
def open_in_app(context: Any, resident: str, encounter: str = "") -> dict[str, Any]:
    """One button for each app that can be opened from here; nothing when there is none."""
    return {"apps": launchable(), "resident": resident, "encounter": encounter, "request": context["request"],
            "csrf_token": context.get("csrf_token")}  # fmt: skip
