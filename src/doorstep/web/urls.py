"""Addresses: readable and stable, so that a colleague can send one."""

from django.urls import path
from django.views.i18n import set_language

from doorstep.web import listing, pages, print_form, session, task_page
from doorstep.web.clinic import finding, resident_page, visit_page

urlpatterns = [
    path("", pages.home),
    path("sign-in/", session.sign_in),
    path("sign-out/", session.sign_out),
    path("language/", set_language),
    path("demo/enter/", session.demo_enter),
    path("demo/clock/", session.demo_clock),
    path("clinic/", finding.clinic),
    path("clinic/find/", finding.find),
    path("clinic/open/<str:resident>/", finding.open_visit),
    path("r/<str:resident>/", resident_page.show),
    path("v/<str:encounter>/", visit_page.show),
    path("v/<str:encounter>/<str:act>/", visit_page.act),
    path("w/<str:name>/", listing.show),
    path("t/<str:task>/", task_page.show),
    path("t/<str:task>/<str:act>/", task_page.act),
    path("p/referral/<str:task>/", print_form.referral),
]
handler404 = "doorstep.web.pages.not_found"
handler500 = "doorstep.web.pages.broken"
