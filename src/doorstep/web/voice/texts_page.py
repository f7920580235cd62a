"""What telephones were told in the name of an institution, with what became of it; in the demo every text in full."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from doorstep.gateways.sms.carriers import logged
from doorstep.kernel import exact
from doorstep.kernel.errors import NotFound
from doorstep.web.voice.desk_page import office
from doorstep.workflows import messages
from doorstep.workflows.identity import card

STATES: Final = {
    "completed": ("sms.sent", "done"), "in-progress": ("sms.waiting", "warn"), "not-done": ("sms.failed", "back"),
}  # fmt: skip
"""Communication.status -> (message key, tone)."""
SHOWN: Final = 60


@require_safe
@office
def sent(request: Any) -> HttpResponse:
    """The last messages in the name of this institution."""
    query = [("sender", request.person.organization), ("medium", messages.MEDIUM["code"]), ("_sort", "-sent"),
             ("_include", "Communication:patient"), ("_count", str(SHOWN))]  # fmt: skip
    with request.store.snapshot(request.person.actor) as reads:
        page = reads.page("Communication", query, strict=True)
    people = {f"Patient/{entry.id}": card(exact.decode(entry.body)) for entry in page.includes
              if entry.type_name == "Patient"}  # fmt: skip
    language, rows = translation.get_language() or "", []
    for entry in page.matches:
        found = exact.decode(entry.body)
        why = found.get("statusReason", {}).get("coding", [{}])[0].get("code", "")
        who = people.get(found["subject"]["reference"])
        rows.append((found["sent"], who, messages.text_of(found, language), *STATES[found["status"]], why))
    return render(request, "voice/texts.html", {"rows": rows})


@require_safe
def log(request: Any) -> HttpResponse:
    """The demo's telephones: what would have been sent. There is no such page outside a demo."""
    if not request.demo:
        raise NotFound("web.no-such-page")
    rows = [{**row, "link": _link(str(row["text"]))} for row in logged(request.store)]
    return render(request, "voice/log.html", {"rows": rows})


def _link(text: str) -> str:
    """The link in a text, as an address of ours."""
    found = text.partition("/voice/")[2].partition("/")[0]
    return f"/voice/{found}/" if found else ""
