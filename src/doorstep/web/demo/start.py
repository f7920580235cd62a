"""What the demo's first page shows: the line in steps, who can be become, the district, the clock."""

from __future__ import annotations

from typing import Any, Final

from django.utils import translation

from doorstep.kernel.clock import instant
from doorstep.web.demo import pages, picture
from doorstep.web.demo.steps import STEPS, WHO
from doorstep.web.refusals import words
from doorstep.web.tour import cards, houses, main_number

_SCALES: Final = {"shown": "tour.scale-shown", "full": "tour.scale-full"}
"""What the counts of the demo's records are beside the reports' own, as message keys."""


def context(request: Any) -> dict[str, Any]:
    store, language, people = request.store, translation.get_language(), cards(request.store)
    line = [card for card in people if card.account in WHO or not card.title]
    return {
        "cards": line, "houses": houses([card for card in people if card not in line]),
        "number": main_number(store), "now": instant(store.clock.now()),
        "steps": [(step, words(WHO[step.account], language)) for step in STEPS],
        "picture": picture.draw(store), "width": picture.WIDTH, "height": picture.HEIGHT,
        "people": store.setting("demo.residents", ""), "made": store.setting("demo.day", ""),
        "may_reset": pages.may_reset(), "half": store.setting("demo.half", ""),
        "scale": words(_SCALES.get(store.setting("demo.scale", ""), "tour.scale-shown"), language),
    }  # fmt: skip
