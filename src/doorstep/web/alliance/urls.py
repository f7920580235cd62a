"""Addresses of the alliance's figures."""

from django.urls import path

from doorstep.web.alliance import pages

urlpatterns = [
    path("alliance/", pages.overview),
    path("alliance/frozen/", pages.months),
    path("alliance/freeze/", pages.freeze),
    path("alliance/<str:code>/", pages.figure),
    path("alliance/<str:code>/ask/", pages.ask),
]
