"""Addresses of the desk and of the registry."""

from django.urls import path

from doorstep.web.persons import arriving, desk, review

urlpatterns = [
    path("desk/register/", desk.show),
    path("desk/register/new/", desk.register),
    path("desk/newborn/", arriving.newborn),
    path("desk/unnamed/", arriving.unnamed),
    path("desk/unnamed/<str:resident>/", arriving.named),
    path("desk/duplicates/", review.waiting),
    path("desk/duplicates/<str:task>/", review.show),
    path("desk/duplicates/<str:task>/<str:act>/", review.act),
]
