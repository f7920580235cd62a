"""Addresses of the family team."""

from django.urls import path

from doorstep.web.home_team import contract_page, form_page, list_page

urlpatterns = [
    path("follow/", list_page.show),
    path("follow/enrol/", list_page.enrol),
    path("follow/enrol/do/", list_page.do_enrol),
    path("follow/<str:task>/", form_page.show),
    path("follow/<str:task>/record/", form_page.record_it),
    path("follow/<str:task>/verdict/", form_page.verdict),
    path("follow/<str:task>/refer/", form_page.refer),
    path("follow/<str:task>/do/<str:act>/", form_page.act),
    path("contracts/", contract_page.show),
    path("contracts/sign/", contract_page.sign),
    path("contracts/<str:episode>/paper/", contract_page.photo),
    path("contracts/<str:episode>/<str:act>/", contract_page.act),
]
