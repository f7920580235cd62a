"""Addresses of reading."""

from django.urls import path

from doorstep.web.reading import intake_page, page, pictures, report_page

urlpatterns = [
    path("reading/intake/", intake_page.show),
    path("reading/intake/<str:task>/", intake_page.one),
    path("reading/intake/<str:task>/original/", intake_page.original),
    path("reading/intake/<str:task>/<str:act>/", intake_page.act),
    path("reading/<str:task>/", page.show),
    path("reading/<str:task>/<str:act>/", page.act),
    path("picture/<str:media>/", pictures.picture),
    path("picture/<str:media>/trace.svg", pictures.trace),
    path("picture/<str:media>/original/", pictures.original),
    path("report/<str:report>/", report_page.show),
    path("p/study/<str:report>/", report_page.paper),
]
