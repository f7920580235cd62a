"""Addresses of residents about their own record."""

from django.urls import path

from doorstep.web.resident import readers_page, rights_page

urlpatterns = [
    path("me/readers/", readers_page.show),
    path("me/readers/question/<str:task>/withdraw/", readers_page.withdraw),
    path("me/readers/<str:entry>/", readers_page.entry),
    path("me/readers/<str:entry>/ask/", readers_page.ask),
    path("me/consents/", rights_page.consents),
    path("me/consents/<str:consent_>/withdraw/", rights_page.take_back),
    path("me/consents/<str:act>/", rights_page.give),
    path("me/items/", rights_page.items),
    path("me/items/<str:act>/<str:kind>/<str:id_>/", rights_page.relabel),
    path("me/proxies/", rights_page.proxies),
    path("me/proxies/name/", rights_page.name_proxy),
    path("me/proxies/<str:related>/end/", rights_page.end_proxy),
    path("me/messages/", rights_page.post),
]
