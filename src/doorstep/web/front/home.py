"""A resident's first page: few large choices, the rest below. The large layout is the same page."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from doorstep.web.guard import resident
from doorstep.web.menu import MENUS, Entry

FIRST: Final = (
    Entry("/me/booking/", "home.see-doctor"),
    Entry("/me/plans/", "home.medicines"),
)
"""What most people come for."""
_TABS: Final = 4
"""So many entries of the menu stand in the bar below every page."""


@resident
def show(request: Any) -> HttpResponse:
    more = MENUS["", request.person.role][_TABS:]
    context = {"choices": FIRST, "more": more, "acting_for": request.person.acting_for_name}
    return render(request, "front/home.html", context)
