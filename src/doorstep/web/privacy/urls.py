"""Addresses of the privacy officer's desk, and of breaking the glass."""

from django.urls import path

from doorstep.web.privacy import desk_page, emergency_page, why_page

urlpatterns = [
    path("privacy/", desk_page.show),
    path("privacy/why/", why_page.show),
    path("privacy/<str:name>/", desk_page.show),
    path("privacy/<str:name>/<str:task>/", desk_page.case),
    path("privacy/<str:name>/<str:task>/<str:act>/", desk_page.act),
    path("r/<str:resident>/emergency/", emergency_page.show),
    path("r/<str:resident>/emergency/open/", emergency_page.open_record),
    path("r/<str:resident>/emergency/<str:task>/confirm/", emergency_page.confirm),
]
