"""Opening an app from one of our pages: EHR launch of SMART App Launch 2.2."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.kernel.clock import SECOND, real_now
from doorstep.kernel.errors import Invalid, NotFound
from doorstep.kernel.sessions import hashed
from doorstep.web.accounts.limits import seconds
from doorstep.web.guard import somebody
from doorstep.web.smart import connections
from doorstep.web.smart.core import fhir_base
from doorstep.web.smart.models import App, Launch


def launchable() -> list[App]:
    """The apps that can be opened from a resident's page."""
    found = App.objects.filter(disabled=False).exclude(launch_url="").order_by("name")
    return [app for app in found if "launch" in app.ceiling.split()]


@require_POST
@somebody
def launch(request: Any, client: str) -> HttpResponse:
    """Give the app an id for one use, bound to this person, this resident and this visit, and go there."""
    app = next((each for each in launchable() if each.client_id == client), None)
    if app is None:
        raise NotFound("smart.no-such-app")
    patient, encounter = request.POST.get("patient", ""), request.POST.get("encounter", "")
    with request.store.snapshot(request.person.actor) as reads:
        reads.stored("Patient", patient)
        if encounter:
            subject = reads.read("Encounter", encounter).get("subject", {}).get("reference")
            if subject != f"Patient/{patient}":
                raise Invalid("smart.other-resident", element="encounter")
    id_, now = secrets.token_urlsafe(32), real_now()
    Launch.objects.filter(expires__lt=now).delete()
    Launch.objects.create(
        hash=hashed(id_), app=app, account=request.user, patient=patient, encounter=encounter,
        expires=now + seconds("app.launch") * SECOND,
    )  # fmt: skip
    connections.note(request.store, request.person.actor, "app-launch", app, resident=patient)
    joined = "&" if "?" in app.launch_url else "?"
    address = app.launch_url + joined + urlencode({"iss": fhir_base(request), "launch": id_})
    return render(request, "smart/leave.html", {"app": app, "address": address})
