"""Addresses of opening from another system."""

from django.urls import path

from doorstep.web.launched import admin, pages

urlpatterns = [
    path("open/launch/", pages.there),
    path("open/back/", pages.back),
    path("open/keys.json", pages.keys),
    path("admin/systems/", admin.show),
    path("admin/systems/register/", admin.register),
    path("admin/systems/<str:id>/", admin.one),
    path("admin/systems/<str:id>/<str:act>/", admin.act),
]
