"""Addresses of the directory."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

from doorstep.web.admin import codes, importing, institutions, people, places, policies, posts, services
from doorstep.web.guard import with_right


@with_right("people")
def home(request: Any) -> HttpResponse:
    """Where an administrator begins: the alliance at its institutions, an institution at its people."""
    where = "institutions" if request.person.role == institutions.RULES else "people"
    return HttpResponseRedirect(f"/admin/{where}/")


urlpatterns = [
    path("", home),
    path("institutions/", institutions.show),
    path("institutions/open/", institutions.open_one),
    path("institutions/<str:organization>/", institutions.one),
    path("institutions/<str:organization>/<str:act>/", institutions.act),
    path("people/", people.show),
    path("people/register/", people.register),
    path("people/print/", people.paper),
    path("people/<str:practitioner>/", people.one),
    path("people/<str:practitioner>/<str:act>/", people.act),
    path("posts/<str:post>/", posts.show),
    path("posts/<str:post>/<str:act>/", posts.act),
    path("places/", places.show),
    path("places/add/", places.add),
    path("places/<str:location>/", places.one),
    path("places/<str:location>/<str:act>/", places.act),
    path("centres/", services.centres),
    path("centres/serve/", services.serve),
    path("centres/open/", services.open_service),
    path("agreements/", services.agreements),
    path("agreements/agree/", services.agree),
    path("agreements/join/", services.join),
    path("policies/", policies.show),
    path("policies/<str:key>/", policies.one),
    path("policies/<str:key>/<str:act>/", policies.act),
    path("import/residents/", importing.residents),
    path("import/prices/", importing.prices),
    path("import/clinics/", importing.week),
    path("import/codes/", importing.codes),
    path("codes/", codes.home),
    path("codes/<str:kind>/", codes.show),
    path("codes/<str:kind>/<str:act>/", codes.act),
    path("import/<str:what>/", importing.show),
    path("affiliation/<str:id>/", services.one, {"kind": "affiliation"}),
    path("affiliation/<str:id>/end/", services.end, {"kind": "affiliation"}),
    path("service/<str:id>/", services.one, {"kind": "service"}),
    path("service/<str:id>/end/", services.end, {"kind": "service"}),
]
