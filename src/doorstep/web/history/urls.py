"""Addresses of a resident's history."""

from django.urls import path

from doorstep.web.history import misfiled, page

urlpatterns = [
    path("r/<str:resident>/", page.show),
    path("r/<str:resident>/misfiled/", misfiled.show),
    path("r/<str:resident>/Encounter/<str:id_>/", page.episode, {"kind": "Encounter"}),
    path("r/<str:resident>/DiagnosticReport/<str:id_>/", page.episode, {"kind": "DiagnosticReport"}),
    path("p/record/<str:resident>/", page.printed),
    path("me/record/", page.mine),
]
