"""Addresses of wards and of the way home."""

from django.urls import path

from doorstep.web.ward import admit_page, board, discharge_page, papers, stay_page

urlpatterns = [
    path("ward/", board.show),
    path("ward/admit/", admit_page.page),
    path("ward/bed/<str:bed>/cleaned/", board.cleaned),
    path("ward/<str:encounter>/", stay_page.show),
    path("ward/<str:encounter>/discharge/", discharge_page.page),
    path("ward/<str:encounter>/home/", discharge_page.again),
    path("ward/<str:encounter>/<str:act>/", stay_page.act),
    path("p/plan/<str:plan>/", papers.plan),
    path("p/discharge/<str:encounter>/", papers.summary),
    path("me/plans/", papers.mine),
]
