"""Addresses of the demo alone."""

from django.urls import path

from doorstep.web.demo import pages

urlpatterns = [
    path("demo/enter/", pages.enter),
    path("demo/clock/", pages.clock),
    path("demo/step/", pages.step),
    path("demo/hints/", pages.hints),
    path("demo/reset/", pages.reset),
    path("demo/boot/", pages.boot),
    path("demo/fhir/<str:at>/", pages.resource),
]
