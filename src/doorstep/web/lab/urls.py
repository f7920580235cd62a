"""Addresses of the laboratory's pages."""

from django.urls import path

from doorstep.web.lab import bench, boxes, collect, feeds, label, limits, registers, rota

urlpatterns = [
    path("lab/", bench.show),
    path("lab/receive/", bench.receive),
    path("lab/analysers/add/", bench.add),
    path("lab/control/<str:analyser>/", bench.judge),
    path("lab/collect/", collect.show),
    path("lab/collect/scan/", collect.scan),
    path("lab/boxes/", boxes.show),
    path("lab/boxes/pack/", boxes.pack),
    path("lab/boxes/scan/", boxes.scan),
    path("lab/boxes/<str:task>/", boxes.one),
    path("lab/boxes/<str:task>/<str:act>/", boxes.act),
    path("lab/messages/", feeds.show),
    path("lab/messages/paste/", feeds.paste),
    path("lab/messages/<str:task>/", feeds.one),
    path("lab/messages/<str:task>/map/", feeds.map_code),
    path("lab/messages/<str:task>/<str:act>/", feeds.act),
    path("p/label/<str:task>/", label.one),
    path("p/label/<str:task>/printed/", label.printed),
    path("p/labels/<str:encounter>/", label.visit),
    path("p/labels/<str:encounter>/printed/", label.visit_printed),
    path("p/box/<str:task>/", boxes.contents),
    path("p/specimens/", registers.specimens),
    path("admin/duty/", rota.show),
    path("admin/duty/<str:act>/", rota.act),
    path("admin/critical/", limits.show),
    path("admin/critical/<str:code>/", limits.one),
    path("admin/critical/<str:code>/<str:act>/", limits.act),
]
