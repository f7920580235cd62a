"""Addresses: readable and stable, so that a colleague can send one."""

from django.urls import include, path
from django.views.i18n import set_language

from doorstep.web import (
    alarms,
    bulk,
    critical_page,
    listing,
    lookups,
    pages,
    print_form,
    print_several,
    recognition_page,
    style,
    task_page,
    view,
)
from doorstep.web.clinic import decision_page, finding, prints, visit_page

urlpatterns = [
    # what is asked most comes first: every pattern before it is tried in vain
    path("now/", alarms.now),
    path("w/<str:name>/", listing.show),
    path("w/<str:name>/do/<str:act>/", bulk.act),
    path("t/<str:task>/", task_page.show),
    path("t/<str:task>/preview/", task_page.preview),
    path("t/<str:task>/take-over/", task_page.take_over),
    path("t/<str:task>/<str:act>/", task_page.act),
    path("", pages.home),
    path("", include("doorstep.web.accounts.urls")),
    path("", include("doorstep.web.smart.urls")),
    path("", include("doorstep.web.demo.urls")),
    path("", include("doorstep.web.persons.urls")),
    path("recognition/", recognition_page.figures),
    path("admin/recognition/", recognition_page.library),
    path("admin/recognition/<str:act>/", recognition_page.act),
    path("", include("doorstep.web.lab.urls")),
    path("", include("doorstep.web.launched.urls")),
    path("admin/", include("doorstep.web.admin.urls")),
    path("", include("doorstep.web.resident.urls")),
    path("", include("doorstep.web.privacy.urls")),
    path("", include("doorstep.web.front.urls")),
    path("", include("doorstep.web.referral.urls")),
    path("", include("doorstep.web.ward.urls")),
    path("", include("doorstep.web.alliance.urls")),
    path("", include("doorstep.web.reading.urls")),
    path("", include("doorstep.web.home_team.urls")),
    path("", include("doorstep.web.voice.urls")),
    path("language/", set_language),
    path("view/", view.choose),
    path("look/residents/", lookups.residents),
    path("look/<str:which>/", lookups.catalogue),
    path("style/", style.show),
    path("style/look/", style.look),
    path("style/<str:shell>/", style.shell),
    path("clinic/", finding.clinic),
    path("clinic/find/", finding.find),
    path("clinic/open/<str:resident>/", finding.open_visit),
    path("", include("doorstep.web.history.urls")),
    path("v/<str:encounter>/", visit_page.show),
    path("v/<str:encounter>/note/<str:composition>/", prints.version),
    path("p/visit/<str:encounter>/<str:what>/", prints.of_visit),
    path("p/report/<str:report>/", prints.report),
    path("recognition/decision/<str:task>/", decision_page.show),
    path("recognition/decision/<str:task>/<str:act>/", decision_page.act),
    path("v/<str:encounter>/<str:act>/", visit_page.act),
    path("p/several/", print_several.show),
    path("p/referral/<str:task>/", print_form.referral),
    path("p/critical/", critical_page.register),
]
handler404 = "doorstep.web.pages.not_found"
handler500 = "doorstep.web.pages.broken"
